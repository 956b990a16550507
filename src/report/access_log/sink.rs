//! The destination of the lines: standard output, or a file that is rotated by size and reopened on
//! request.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Where the lines go.
pub(crate) struct Sink {
    out: Out,
    /// When a failure was told last.
    told: Option<Instant>,
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
        Self { out: Out::Stream(Box::new(out)), told: None }
    }

    /// A file, which is appended to.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn file(path: PathBuf, rotation: Rotation) -> io::Result<Self> {
        let file = open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { out: Out::File { path, file: Some(file), size, rotation }, told: None })
    }

    /// Writes whole lines; answers how many of them were lost.
    pub(super) fn write(&mut self, lines: &[u8]) -> u64 {
        if lines.is_empty() {
            return 0;
        }
        let result = match &mut self.out {
            Out::Stream(stream) => stream.write_all(lines).and_then(|()| stream.flush()),
            Out::File { .. } => self.write_file(lines),
        };
        let Err(error) = result else { return 0 };
        if self.told.is_none_or(|told| told.elapsed() >= TELL_AGAIN) {
            self.told = Some(Instant::now());
            tracing::error!(%error, "lines of the access log are lost");
        }
        memchr::memchr_iter(b'\n', lines).count() as u64
    }

    /// Opens the file anew under its name.
    pub(super) fn reopen(&mut self) {
        if let Out::File { path, file, size, .. } = &mut self.out {
            *file = open(path).ok();
            *size = size_of(file.as_ref());
        }
    }

    fn write_file(&mut self, lines: &[u8]) -> io::Result<()> {
        let Out::File { path, file, size, rotation } = &mut self.out else { return Ok(()) };
        let is_full = |most| *size > 0 && *size + lines.len() as u64 > most;
        if rotation.max_size.is_some_and(is_full) {
            *file = None;
            set_aside(path, rotation.keep)?;
        }
        let open_file = match file {
            Some(file) => file,
            None => {
                let opened = open(path)?;
                *size = size_of(Some(&opened));
                file.insert(opened)
            }
        };
        open_file.write_all(lines)?;
        *size += lines.len() as u64;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
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

    #[test]
    fn line_that_cannot_be_written_is_counted() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(Sink::stream(full).write(b"one\ntwo\n"), 2);
    }
}
