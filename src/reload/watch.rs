//! Notifications about the directories of files.
//!
//! Directories are watched, not files: editors, `mv` and Kubernetes replace files, and a watch on a
//! replaced file reports nothing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::mpsc::Sender,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::hints::Hint;

/// Watches the directories of some files.
pub(super) struct Watcher {
    inner: Option<RecommendedWatcher>,
    covered: BTreeSet<PathBuf>,
}

impl Watcher {
    /// Creates a watcher that sends a hint for every event. Without support of the system it sends
    /// none, and polling remains.
    pub(super) fn new(sender: Sender<Hint>) -> Self {
        let notice = move |event: notify::Result<notify::Event>| {
            // Reads are not events; otherwise the loader would wake itself.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                let _ = sender.send(Hint::Changed);
            }
        };
        let inner = notify::recommended_watcher(notice)
            .inspect_err(|error| tracing::warn!(%error, "no file notifications; polling instead"))
            .ok();
        Self { inner, covered: BTreeSet::new() }
    }

    /// Watches the directories of these files, both as named and with links resolved.
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

/// The directory of the file's name, or the nearest existing parent; and the directory of the file
/// itself, if it exists.
///
/// Both are resolved: the system has one watch for each directory, and removing it under one name
/// would end it for another.
fn directories(file: &Path) -> impl Iterator<Item = PathBuf> {
    let beneath = Path::new(".").join(file);
    let named = beneath.ancestors().skip(1).find_map(|it| it.canonicalize().ok());
    let lies = file.canonicalize().ok().and_then(|file| file.parent().map(Path::to_owned));
    named.into_iter().chain(lies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_watched_under_one_name() {
        let here = Path::new(".").canonicalize().unwrap();
        let source = here.join("src");
        for (file, expected) in [
            ("Cargo.toml", &here),
            ("./Cargo.toml", &here),
            ("gone.toml", &here),
            ("src/lib.rs", &source),
            ("src/gone.rs", &source),
            ("src/../gone.toml", &here),
            ("src/gone/gone.rs", &source),
            ("gone/gone/gone.rs", &here),
        ] {
            for file in [PathBuf::from(file), here.join(file)] {
                let found: BTreeSet<_> = directories(&file).collect();
                assert!(found.iter().eq([expected]), "{}: {found:?}", file.display());
            }
        }
    }

    #[test]
    fn what_a_link_leads_to_is_watched_beside_the_link() {
        let outer = tempfile::tempdir().unwrap();
        let outer = outer.path().canonicalize().unwrap();
        std::fs::create_dir(outer.join("inner")).unwrap();
        std::fs::write(outer.join("inner/file"), "").unwrap();
        std::os::unix::fs::symlink("inner/file", outer.join("link")).unwrap();
        let found: Vec<_> = directories(&outer.join("link")).collect();
        assert_eq!(found, [outer.clone(), outer.join("inner")]);
    }
}
