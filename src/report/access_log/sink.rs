//! The destination of the lines: standard output, or a file that is rotated by size and reopened on
//! request.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Where the lines go.
pub(crate) struct Sink {
    out: Out,
    /// When a failure was told last.
    told: Option<Instant>,
    /// Whether the last line was written in part.
    torn: bool,
}

enum Out {
    Stream(Box<dyn Write + Send>),
    File { path: PathBuf, file: Option<File>, size: u64, rotation: Rotation },
}

/// When a file is set aside.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rotation {
    /// The size in bytes from which on; never when absent.
    pub(crate) max_size: Option<u64>,
    /// How many of those that were set aside are kept: `FILE.1` is the newest.
    pub(crate) keep: u32,
}

impl Sink {
    /// Any stream of bytes, such as standard output.
    pub(crate) fn stream(out: impl Write + Send + 'static) -> Self {
        Self { out: Out::Stream(Box::new(out)), told: None, torn: false }
    }

    /// A file, which is appended to.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn file(path: PathBuf, rotation: Rotation) -> io::Result<Self> {
        let file = open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            out: Out::File { path, file: Some(file), size, rotation },
            told: None,
            torn: false,
        })
    }

    /// Writes whole lines; answers how many of them were lost.
    pub(super) fn write(&mut self, lines: &[u8]) -> u64 {
        if lines.is_empty() {
            return 0;
        }
        let mut written = 0;
        let Err(error) = self.put(lines, &mut written) else { return 0 };
        if self.told.is_none_or(|told| told.elapsed() >= TELL_AGAIN) {
            self.told = Some(Instant::now());
            tracing::error!(%error, "lines of the access log are lost");
        }
        let whole = memchr::memrchr(b'\n', &lines[..written]).map_or(0, |at| at + 1);
        self.torn |= written > whole && !self.takes_back(written - whole);
        memchr::memchr_iter(b'\n', &lines[whole..]).count() as u64
    }

    fn put(&mut self, lines: &[u8], written: &mut usize) -> io::Result<()> {
        let Self { out, torn, .. } = self;
        match out {
            Out::Stream(stream) => {
                end_torn(stream, torn)?;
                write_counted(stream, lines, written)?;
                stream.flush()
            }
            Out::File { path, file, size, rotation } => {
                let is_full = |most| *size > 0 && *size + lines.len() as u64 > most;
                if rotation.max_size.is_some_and(is_full) {
                    *file = None;
                    set_aside(path, rotation.keep)?;
                }
                let file = match file {
                    Some(file) => file,
                    None => {
                        let opened = open(path)?;
                        *size = size_of(Some(&opened));
                        file.insert(opened)
                    }
                };
                end_torn(file, torn)?;
                let result = write_counted(file, lines, written);
                *size += *written as u64;
                result
            }
        }
    }

    /// Removes the last bytes, half a line, which would make the next line unreadable.
    fn takes_back(&mut self, bytes: usize) -> bool {
        let Out::File { file: Some(file), size, .. } = &mut self.out else { return false };
        let cut = |file: &File| file.set_len(file.metadata()?.len().saturating_sub(bytes as u64));
        let is_cut = cut(file).is_ok();
        *size = size_of(Some(file));
        is_cut
    }

    /// Opens the file anew under its name.
    pub(super) fn reopen(&mut self) {
        if let Out::File { path, file, size, .. } = &mut self.out {
            *file = open(path).ok();
            *size = size_of(file.as_ref());
        }
    }
}

/// Ends a line that was written in part, so that the next one can be read.
fn end_torn(out: &mut impl Write, torn: &mut bool) -> io::Result<()> {
    if *torn {
        out.write_all(b"\n")?;
        *torn = false;
    }
    Ok(())
}

/// Writes all, and counts what was written before it failed.
fn write_counted(out: &mut impl Write, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    while *written < bytes.len() {
        match out.write(&bytes[*written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => *written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    let is_pipe = fs::metadata(path).is_ok_and(|it| it.file_type().is_fifo());
    if is_pipe {
        // Opened for writing alone, it would wait for its reader.
        return OpenOptions::new().read(true).write(true).open(path);
    }
    OpenOptions::new().create(true).append(true).open(path)
}

fn size_of(file: Option<&File>) -> u64 {
    file.and_then(|file| file.metadata().ok()).map_or(0, |it| it.len())
}

/// `FILE.1` becomes `FILE.2` and so on; the oldest goes.
fn set_aside(path: &Path, keep: u32) -> io::Result<()> {
    let aside = |nth: u32| {
        let mut name = OsString::from(path);
        name.push(format!(".{nth}"));
        PathBuf::from(name)
    };
    if keep == 0 {
        return fs::remove_file(path);
    }
    for nth in (1..keep).rev() {
        match fs::rename(aside(nth), aside(nth + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, aside(1))
}

const TELL_AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_set_aside_at_its_size_and_so_many_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.log");
        let rotation = Rotation { max_size: Some(10), keep: 2 };
        let mut sink = Sink::file(path.clone(), rotation).unwrap();
        for word in ["one\n", "two\n", "three\n", "four\n", "fifth\n", "sixth\n", "7\n"] {
            assert_eq!(sink.write(word.as_bytes()), 0);
        }
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("access.log"), "sixth\n7\n");
        assert_eq!(read("access.log.1"), "fifth\n");
        assert_eq!(read("access.log.2"), "four\n");
        assert!(!dir.path().join("access.log.3").exists());
    }

    #[test]
    fn file_that_was_moved_away_is_opened_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (path, moved) = (dir.path().join("a.log"), dir.path().join("moved"));
        let mut sink = Sink::file(path.clone(), Rotation::default()).unwrap();
        sink.write(b"one\n");
        fs::rename(&path, &moved).unwrap();
        sink.write(b"two\n");
        sink.reopen();
        sink.write(b"three\n");
        assert_eq!(fs::read_to_string(moved).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(path).unwrap(), "three\n");
    }

    /// A disk that has room for so many bytes.
    struct Disk(std::sync::Arc<std::sync::Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let count = bytes.len().min(disk.1);
            disk.1 -= count;
            disk.0.extend_from_slice(&bytes[..count]);
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn line_after_half_a_line_is_a_line_of_its_own_and_each_lost_one_is_counted() {
        let disk = std::sync::Arc::new(std::sync::Mutex::new((Vec::new(), 7)));
        let mut sink = Sink::stream(Disk(std::sync::Arc::clone(&disk)));
        assert_eq!(sink.write(b"one\ntwo two\nthree\n"), 2);
        assert_eq!(sink.write(b"four\n"), 1);
        disk.lock().unwrap().1 = 100;
        assert_eq!(sink.write(b"five\n"), 0);
        assert_eq!(sink.write(b"six\n"), 0);
        assert_eq!(disk.lock().unwrap().0, b"one\ntwo\nfive\nsix\n");
    }

    #[test]
    fn half_a_line_is_removed_from_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let mut sink = Sink::file(path.clone(), Rotation::default()).unwrap();
        sink.write(b"one\ntw");
        assert!(sink.takes_back(2));
        sink.write(b"three\n");
        assert_eq!(fs::read_to_string(path).unwrap(), "one\nthree\n");
    }

    #[test]
    fn line_that_cannot_be_written_is_counted() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(Sink::stream(full).write(b"one\ntwo\n"), 2);
    }
}
