//! Reads a file that may be something else for a moment: a pipe, a directory, a socket or a device.
//!
//! The wait and the size are bounded, and the error says what was found.

use std::{
    fs::{File, FileType, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// All bytes of a file, or of a pipe that delivers within a second.
///
/// # Errors
/// It cannot be opened or read, is larger than `most` bytes (`size` in words), or is of a kind that
/// holds no text.
pub(super) fn read(path: &Path, most: u64, size: &str) -> io::Result<Vec<u8>> {
    refuse(path.metadata()?.file_type())?;
    // Opening a pipe without a writer would block; with this flag it does not.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    refuse(metadata.file_type())?;
    let mut bytes = Vec::new();
    if metadata.is_file() {
        bytes.reserve(usize::try_from(metadata.len().min(most)).unwrap_or_default());
        file.take(most + 1).read_to_end(&mut bytes)?;
    } else {
        drain(file, most, &mut bytes)?;
    }
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {size}")));
    }
    Ok(bytes)
}

/// Refuses kinds of files that hold no text or never end.
fn refuse(kind: FileType) -> io::Result<()> {
    let what = match () {
        () if kind.is_dir() => "it is a directory",
        () if kind.is_socket() => "it is a socket",
        () if kind.is_block_device() || kind.is_char_device() => "it is a device",
        () => return Ok(()),
    };
    Err(io::Error::other(what))
}

/// Reads a pipe to its end. A pipe without a writer reads as ended, so it waits for a writer.
fn drain(mut pipe: File, most: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut piece = [0; PIECE];
    while bytes.len() as u64 <= most {
        match pipe.read(&mut piece) {
            Ok(0) if !bytes.is_empty() => return Ok(()),
            Ok(0) => {}
            Ok(count) => {
                bytes.extend_from_slice(&piece[..count]);
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if Instant::now() >= deadline {
            return Err(io::Error::other("it is a pipe that does not end within a second"));
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// The longest wait for a pipe.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);
const PIECE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::net::UnixListener, process::Command};

    use super::*;

    fn told(path: &Path) -> String {
        read(path, 10, "10 bytes").unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_file_is_named() {
        let here = tempfile::tempdir().unwrap();
        let socket = here.path().join("socket");
        let _bound = UnixListener::bind(&socket).unwrap();
        assert_eq!(told(here.path()), "it is a directory");
        assert_eq!(told(&socket), "it is a socket");
        for device in ["/dev/null", "/dev/zero", "/dev/tty"] {
            assert!(!told(Path::new(device)).is_empty());
        }
        assert_eq!(told(Path::new("/dev/zero")), "it is a device");
    }

    #[test]
    fn pipe_is_read_to_its_end_and_not_waited_for() {
        let here = tempfile::tempdir().unwrap();
        let pipe = here.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let start = Instant::now();
        assert!(told(&pipe).starts_with("it is a pipe"));
        assert!(start.elapsed() < 3 * PATIENCE);
        let written = |text: &'static str| {
            let pipe = pipe.clone();
            thread::spawn(move || File::create(pipe).unwrap().write_all(text.as_bytes()))
        };
        let writer = written("text");
        assert_eq!(read(&pipe, 10, "10 bytes").unwrap(), b"text");
        writer.join().unwrap().unwrap();
        let writer = written("more than ten bytes");
        assert_eq!(told(&pipe), "it is larger than 10 bytes");
        let _ = writer.join().unwrap();
    }

    #[test]
    fn file_is_read_up_to_its_limit() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789").unwrap();
        assert_eq!(read(file.path(), 10, "10 bytes").unwrap(), b"0123456789");
        std::fs::write(file.path(), "0123456789a").unwrap();
        assert_eq!(told(file.path()), "it is larger than 10 bytes");
    }
}
