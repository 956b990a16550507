//! The result of the last load: which version serves, since when, and why a newer one does not.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use tokio::sync::watch;

use crate::config::Problems;

/// The result of the last load.
#[derive(Debug)]
pub(crate) struct Latest {
    file: PathBuf,
    loads: Mutex<Loads>,
    /// The number of loads started; and below, the number of the last load that ended.
    begun: AtomicU64,
    ended: watch::Sender<u64>,
}

/// The live version and the last load.
#[derive(Debug, Clone)]
pub(crate) struct Loads {
    /// The number of versions that have served since the start, including the live one.
    pub(crate) version: u64,
    /// When the live version was put in place.
    pub(crate) since: SystemTime,
    /// When the file was last read.
    pub(crate) read: SystemTime,
    /// The problems of that load; `None` if it is live.
    pub(crate) problems: Option<String>,
    /// The number of warnings about the live version.
    pub(crate) warnings: usize,
}

impl Latest {
    /// The first load of a file is live from now on.
    pub(super) fn new(file: &Path) -> Self {
        let now = SystemTime::now();
        let loads = Loads { version: 1, since: now, read: now, problems: None, warnings: 0 };
        Self {
            file: file.to_owned(),
            loads: Mutex::new(loads),
            begun: AtomicU64::new(0),
            ended: watch::Sender::new(0),
        }
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The result of its last load.
    pub(crate) fn loads(&self) -> Loads {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of loads started; a later load has a greater number.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    /// Receives the number of each load that ends.
    pub(super) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// A load starts; the file is not read yet.
    pub(super) fn begins(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// The number of warnings about the first table.
    pub(super) fn warned(&self, warnings: usize) {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).warnings = warnings;
    }

    /// A new table is live.
    pub(super) fn succeeded(&self, warnings: usize) {
        let now = SystemTime::now();
        self.change(|loads| {
            let version = loads.version + 1;
            *loads = Loads { version, since: now, read: now, problems: None, warnings };
        });
    }

    /// The file has problems; the old table stays live.
    pub(super) fn failed(&self, problems: &Problems) {
        let (now, problems) = (SystemTime::now(), Some(problems.to_string()));
        self.change(|loads| (loads.read, loads.problems) = (now, problems));
    }

    fn change(&self, change: impl FnOnce(&mut Loads)) {
        change(&mut self.loads.lock().unwrap_or_else(PoisonError::into_inner));
        self.ended.send_replace(self.begun());
    }
}
