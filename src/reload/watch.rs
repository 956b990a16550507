//! Whether files have changed: notifications about their directories, and a fingerprint to compare.
//!
//! Directories, not files, are watched: editors, `mv` and Kubernetes replace files, and a watch on
//! a replaced file sees nothing more. It reads no content.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::mpsc::Sender,
    time::SystemTime,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Hint;

/// What tells one state of some files from another, symbolic links followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(Vec<Option<State>>);

#[derive(Debug, PartialEq, Eq)]
struct State {
    resolved: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

/// Watches the directories of some files.
pub(super) struct Watcher {
    inner: Option<RecommendedWatcher>,
    covered: BTreeSet<PathBuf>,
}

impl Fingerprint {
    /// The state of these files now.
    pub(super) fn of(files: &[PathBuf]) -> Self {
        Self(files.iter().map(|file| look(file)).collect())
    }
}

fn look(file: &Path) -> Option<State> {
    let resolved = file.canonicalize().ok()?;
    let metadata = resolved.metadata().ok()?;
    Some(State {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        inode: inode(&metadata),
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

impl Watcher {
    /// A watcher that sends a hint for everything that happens; without the system's help it
    /// sends none, and polling has to do.
    pub(super) fn new(sender: Sender<Hint>) -> Self {
        let notice = move |event: notify::Result<notify::Event>| {
            // Reading is no change; whoever reads after every change would wake itself for ever.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                let _ = sender.send(Hint::Changed);
            }
        };
        let inner = notify::recommended_watcher(notice)
            .inspect_err(|error| tracing::warn!(%error, "no file notifications; polling instead"))
            .ok();
        Self { inner, covered: BTreeSet::new() }
    }

    /// Watches the directories of these files, as they are named and as links lead to them.
    pub(super) fn cover(&mut self, files: &[PathBuf]) {
        let Some(inner) = &mut self.inner else { return };
        let named = files.iter().map(|file| directory(file));
        let linked = files.iter().filter_map(|file| Some(directory(&file.canonicalize().ok()?)));
        let wanted: BTreeSet<PathBuf> = named.chain(linked).collect();
        for gone in self.covered.difference(&wanted) {
            let _ = inner.unwatch(gone);
        }
        for new in wanted.difference(&self.covered) {
            if let Err(error) = inner.watch(new, RecursiveMode::NonRecursive) {
                tracing::warn!(%error, "no file notifications; polling instead");
            }
        }
        self.covered = wanted;
    }
}

fn directory(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
