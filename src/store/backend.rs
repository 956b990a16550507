//! The file access under redb, which tests replace by a full disk.

use std::{io, path::Path};

use redb::{DatabaseError, StorageBackend, backends::FileBackend};

/// A file that is locked against other processes.
#[derive(Debug)]
pub(super) struct Backend {
    file: FileBackend,
    /// While there is such a file, the disk is full.
    #[cfg(test)]
    full: std::path::PathBuf,
}

impl Backend {
    /// Locks a file.
    #[cfg_attr(
        not(test),
        expect(unused_variables, reason = "a disk of a test is told by its path")
    )]
    pub(super) fn new(file: std::fs::File, path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self {
            file: FileBackend::new(file)?,
            #[cfg(test)]
            full: path.with_extension("full"),
        })
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "a disk of a test may be full"
    )]
    fn room(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn room(&self) -> io::Result<()> {
        if self.full.exists() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.file.read(offset, len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        // A hole takes no room.
        self.file.set_len(len)
    }

    fn sync_data(&self, eventual: bool) -> io::Result<()> {
        self.file.sync_data(eventual)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room()?;
        self.file.write(offset, data)
    }
}
