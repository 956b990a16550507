//! Notifications that something happened in the directories of some files.
//!
//! Directories, not files, are watched: editors, `mv` and Kubernetes replace files, and a watch on
//! a replaced file sees nothing more. It reads no content.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::mpsc::Sender,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Hint;

/// Watches the directories of some files.
pub(super) struct Watcher {
    inner: Option<RecommendedWatcher>,
    covered: BTreeSet<PathBuf>,
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
        let wanted: BTreeSet<PathBuf> = files.iter().flat_map(|file| directories(file)).collect();
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

/// The directory in which the file is named, or the nearest one above in which that will come to
/// be; and the one in which the file lies, if it is there.
fn directories(file: &Path) -> impl Iterator<Item = PathBuf> {
    let named = file.parent().unwrap_or(file);
    let named = named.ancestors().find(|it| it.is_dir()).unwrap_or(Path::new("."));
    let linked = file.canonicalize().ok();
    let linked = linked.as_deref().and_then(Path::parent);
    [Some(named.to_owned()), linked.map(Path::to_owned)].into_iter().flatten()
}
