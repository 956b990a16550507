//! What became of the last load of the file, for operators: which one serves, since when, and why a newer
//! one does not.

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

/// What became of the last load.
#[derive(Debug)]
pub(crate) struct Latest {
    file: PathBuf,
    loads: Mutex<Loads>,
    /// Loads that have begun, and the number of the last one that has ended.
    begun: AtomicU64,
    ended: watch::Sender<u64>,
}

/// The load that serves, and the one that was made last.
#[derive(Debug, Clone)]
pub(crate) struct Loads {
    /// Configurations that have served since the process began, the present one included.
    pub(crate) version: u64,
    /// Since when the present one serves.
    pub(crate) since: SystemTime,
    /// When the file was read last.
    pub(crate) read: SystemTime,
    /// What was wrong with it then; none where it serves.
    pub(crate) problems: Option<String>,
}

impl Latest {
    /// The first load of a file has served from now on.
    pub(super) fn new(file: &Path) -> Self {
        let now = SystemTime::now();
        let loads = Loads { version: 1, since: now, read: now, problems: None };
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

    /// What became of its last load.
    pub(crate) fn loads(&self) -> Loads {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many loads have begun: one that begins from now on has a greater number.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    /// The number of the last load that has ended, whenever it changes.
    pub(super) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// A load begins: the file is not read yet.
    pub(super) fn begins(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// A new table serves.
    pub(super) fn succeeded(&self) {
        let now = SystemTime::now();
        self.change(|loads| {
            *loads = Loads { version: loads.version + 1, since: now, read: now, problems: None };
        });
    }

    /// The file has problems; the old table stays.
    pub(super) fn failed(&self, problems: &Problems) {
        let (now, problems) = (SystemTime::now(), Some(problems.to_string()));
        self.change(|loads| (loads.read, loads.problems) = (now, problems));
    }

    fn change(&self, change: impl FnOnce(&mut Loads)) {
        change(&mut self.loads.lock().unwrap_or_else(PoisonError::into_inner));
        self.ended.send_replace(self.begun());
    }
}
