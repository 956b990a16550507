//! The files that a load read, each with its state just before.
//!
//! States are compared by time, length, inode and permissions, never by content.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::config::references::{Lookup, System};

/// The files of one load, missing ones included, so that a load that failed for a missing file is
/// retried when the file appears.
#[derive(Debug, Default)]
pub(super) struct Reading(RefCell<BTreeMap<PathBuf, Option<State>>>);

/// The identity of a file's state, with symbolic links followed.
#[derive(Debug, PartialEq, Eq)]
struct State {
    resolved: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
    /// Mode, user and group: a change of permissions may make an unchanged file readable.
    rights: [u32; 3],
}

impl Reading {
    /// The reading of a load that starts with this file.
    pub(super) fn of(file: &Path) -> Self {
        let reading = Self::default();
        reading.note(file);
        reading
    }

    /// Whether any of the files has changed.
    pub(super) fn is_stale(&self) -> bool {
        self.0.borrow().iter().any(|(file, state)| look(file) != *state)
    }

    /// All files, missing ones included.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.0.borrow().keys().cloned().collect()
    }

    /// Notes the state before the file is read; otherwise a change in between would be missed.
    fn note(&self, file: &Path) {
        self.0.borrow_mut().entry(file.to_owned()).or_insert_with(|| look(file));
    }
}

impl Lookup for Reading {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        System.variable(name)
    }

    fn file(&self, path: &Path) -> io::Result<String> {
        self.note(path);
        System.file(path)
    }
}

fn look(file: &Path) -> Option<State> {
    let resolved = file.canonicalize().ok()?;
    let metadata = resolved.metadata().ok()?;
    Some(State {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        inode: inode(&metadata),
        rights: rights(&metadata),
        resolved,
    })
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(unix)]
fn rights(metadata: &std::fs::Metadata) -> [u32; 3] {
    use std::os::unix::fs::MetadataExt as _;
    [metadata.mode(), metadata.uid(), metadata.gid()]
}

#[cfg(not(unix))]
fn rights(metadata: &std::fs::Metadata) -> [u32; 3] {
    [u32::from(metadata.permissions().readonly()), 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_asked_for_may_come_change_and_go() {
        let directory = tempfile::tempdir().unwrap();
        let [main, late] = ["main", "late"].map(|name| directory.path().join(name));
        std::fs::write(&main, "main").unwrap();
        let again = || {
            let reading = Reading::of(&main);
            let found = reading.file(&late).ok();
            assert_eq!(reading.files(), [late.clone(), main.clone()]);
            assert!(!reading.is_stale());
            (reading, found)
        };
        let (before, found) = again();
        assert_eq!(found, None);
        std::fs::write(&late, "here").unwrap();
        assert!(before.is_stale(), "it came");
        let (before, found) = again();
        assert_eq!(found.as_deref(), Some("here"));
        std::fs::write(&late, "here again").unwrap();
        assert!(before.is_stale(), "it changed");
        let (before, _) = again();
        let mut rights = late.metadata().unwrap().permissions();
        rights.set_readonly(true);
        std::fs::set_permissions(&late, rights).unwrap();
        assert!(before.is_stale(), "it may be read by others");
        let (before, _) = again();
        std::fs::remove_file(&late).unwrap();
        assert!(before.is_stale(), "it went");
        let (before, _) = again();
        std::fs::remove_file(&main).unwrap();
        assert!(before.is_stale(), "the file itself went");
    }
}
