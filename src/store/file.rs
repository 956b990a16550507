//! An embedded database file: redb, whose writes are atomic. It knows only owners, windows and
//! levels.
#![expect(clippy::result_large_err, reason = "what the library says becomes a sentence at once")]

use std::{
    fs::OpenOptions,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use redb::{Builder, Database, DatabaseError, ReadTransaction, StorageError, TableDefinition};

use super::{backend::Backend, entry::Entry};
use crate::live::Level;

/// An open file.
#[derive(Debug)]
pub(super) struct File(Database);

impl File {
    /// Opens a file or makes it, and removes the levels that are over at this moment. Answers also whether
    /// the process before had closed it.
    ///
    /// # Errors
    /// What is wrong with it and what to do, for the operator.
    pub(super) fn open(path: &Path, now: u64) -> Result<(Self, bool), String> {
        let name = path.display();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| unopened(path, &error))?;
        let is_new = file.metadata().is_ok_and(|metadata| metadata.len() == 0);
        let damaged = |why: &str| {
            format!(
                "{name} is damaged, or is not a store ({why}); move it away to begin all budgets and windows \
                 anew, or put back a copy"
            )
        };
        // A file that was written over can break an assertion of the library.
        let open = || -> Result<(Self, bool), DatabaseError> {
            let mut database = builder().create_with_backend(Backend::new(file, path)?)?;
            if !is_new {
                database.check_integrity()?;
            }
            let file = Self(database);
            let state = file.begin(now).map_err(storage)?;
            Ok((file, is_new || state == Some(CLOSED)))
        };
        match quietly(open) {
            Ok(Ok(opened)) => Ok(opened),
            Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => Err(format!(
                "{name} is open in another process; end that one first, or give each process a file of its \
                 own"
            )),
            Ok(Err(DatabaseError::Storage(StorageError::Io(error)))) if !is_nonsense(&error) => {
                if is_new {
                    // Half a store would look like a damaged one.
                    let _ = std::fs::remove_file(path);
                }
                Err(unopened(path, &error))
            }
            Ok(Err(error)) => Err(damaged(&error.to_string())),
            Err(()) => Err(damaged("it cannot be read")),
        }
    }

    /// The levels of each of these holders, by their windows.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn levels(&self, holders: &[&str]) -> Result<Vec<Vec<(String, Level)>>, String> {
        let read = || -> Result<Vec<_>, redb::Error> {
            let reading = self.0.begin_read()?;
            holders.iter().map(|holder| of_holder(&reading, holder)).collect()
        };
        match quietly(read) {
            Ok(Ok(levels)) => Ok(levels),
            Ok(Err(error)) => Err(format!("its levels cannot be read: {error}")),
            Err(()) => Err("its levels cannot be read; move it away to begin anew".to_owned()),
        }
    }

    /// Writes levels atomically and durably.
    ///
    /// # Errors
    /// Why they were not written.
    pub(super) fn write(&self, entries: &[Entry]) -> Result<(), String> {
        let write = || -> Result<(), redb::Error> {
            let writing = self.0.begin_write()?;
            {
                let mut table = writing.open_table(LEVELS)?;
                for Entry { holder, window, level } in entries {
                    let key = (holder.as_str(), window.as_str());
                    table.insert(key, encoded(level).as_slice())?;
                }
            }
            Ok(writing.commit()?)
        };
        match quietly(write) {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(()) => Err("it is damaged".to_owned()),
        }
    }

    /// Notes that nothing is missing: the next process will know it.
    ///
    /// # Errors
    /// Why that could not be written.
    pub(super) fn close(&self) -> Result<(), String> {
        let write = || -> Result<(), redb::Error> {
            let writing = self.0.begin_write()?;
            writing.open_table(MARKS)?.insert(STATE, CLOSED)?;
            Ok(writing.commit()?)
        };
        write().map_err(|error| error.to_string())
    }

    /// Notes that the file is in use; answers the note that it finds.
    fn begin(&self, now: u64) -> Result<Option<u8>, redb::Error> {
        let writing = self.0.begin_write()?;
        let before = {
            let mut marks = writing.open_table(MARKS)?;
            marks.insert(FORMAT, VERSION)?;
            let before = marks.insert(STATE, OPEN)?.map(|mark| mark.value());
            let mut levels = writing.open_table(LEVELS)?;
            levels.retain(|_, level| decoded(level).is_some_and(|level| level.end > now))?;
            before
        };
        writing.commit()?;
        Ok(before)
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    // The format that later versions of the library read, too.
    builder.create_with_file_format_v3(true);
    builder.set_cache_size(CACHE);
    builder
}

fn of_holder(reading: &ReadTransaction, holder: &str) -> Result<Vec<(String, Level)>, redb::Error> {
    let table = reading.open_table(LEVELS)?;
    let after = format!("{holder}\0");
    let mut levels = Vec::new();
    for entry in table.range((holder, "")..(after.as_str(), ""))? {
        let (key, level) = entry?;
        levels.extend(decoded(level.value()).map(|level| (key.value().1.to_owned(), level)));
    }
    Ok(levels)
}

/// The result, or that redb panicked; nothing is used then.
fn quietly<T>(attempt: impl FnOnce() -> T) -> Result<T, ()> {
    catch_unwind(AssertUnwindSafe(attempt)).map_err(drop)
}

fn storage(error: redb::Error) -> DatabaseError {
    DatabaseError::Storage(match error {
        redb::Error::Io(error) => StorageError::Io(error),
        error => StorageError::Corrupted(error.to_string()),
    })
}

/// Whether an error is about the bytes of a file, and not about reading or writing it.
fn is_nonsense(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

fn unopened(path: &Path, error: &io::Error) -> String {
    let name = path.display();
    let what_to_do = match error.kind() {
        io::ErrorKind::NotFound => "make its directory, or name another one",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "name a file in a directory that this user may write to"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on its disk, or name a file on another one"
        }
        _ => "name another file",
    };
    format!("{name} cannot be opened ({error}); {what_to_do}")
}

fn encoded(level: &Level) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..16].copy_from_slice(&level.used.to_le_bytes());
    bytes[16..24].copy_from_slice(&level.at.to_le_bytes());
    bytes[24..32].copy_from_slice(&level.end.to_le_bytes());
    bytes[32] = u8::from(level.warned);
    bytes
}

fn decoded(bytes: &[u8]) -> Option<Level> {
    let (used, rest) = bytes.split_first_chunk::<16>()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (end, rest) = rest.split_first_chunk::<8>()?;
    Some(Level {
        used: u128::from_le_bytes(*used),
        at: u64::from_le_bytes(*at),
        end: u64::from_le_bytes(*end),
        warned: rest.first() == Some(&1),
    })
}

/// By holder and window.
const LEVELS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("levels");
const MARKS: TableDefinition<'_, &str, u8> = TableDefinition::new("marks");
const STATE: &str = "state";
const OPEN: u8 = 1;
const CLOSED: u8 = 2;
const FORMAT: &str = "format";
const VERSION: u8 = 1;
const LENGTH: usize = 33;
/// Of its own it would take a gigabyte.
const CACHE: usize = 8 << 20;
