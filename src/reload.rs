//! Watch → load → compile → replace, or keep the old.
//!
//! It runs on a thread of its own: no request ever waits for a file. A file with problems changes
//! nothing.

mod hints;
mod reading;
mod watch;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::{Duration, Instant, SystemTime},
};

pub use self::hints::{Hint, Hints};
use self::{hints::settle, reading::Reading, watch::Watcher};
use crate::{
    config::{self, Problems, Survey},
    gateway::Gateway,
    live::{Meters, Registry},
    table::{self, HashKey, Table},
};

/// Turns a file into tables, one after the other, over the same live state.
pub struct Loader {
    path: PathBuf,
    registry: Registry,
    hash_key: HashKey,
    meters: Arc<Meters>,
    /// When the process began, in Unix seconds: what the models it serves were `created`.
    born: u64,
    /// What the last load read, good or not: the file, and what it refers to.
    reading: Reading,
    /// The tables that were replaced, and when, until no request uses them any more. They end here:
    /// freeing a large one takes long, and would hold a core.
    replaced: Vec<(Instant, Arc<Table>)>,
}

impl Loader {
    /// A loader for one file.
    pub fn new(path: &Path, meters: Arc<Meters>) -> Self {
        let registry = Registry::new(Arc::clone(&meters));
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let born = since.map_or(0, |since| since.as_secs());
        Self {
            path: path.to_owned(),
            registry,
            hash_key: HashKey::random(),
            meters,
            born,
            reading: Reading::default(),
            replaced: Vec::new(),
        }
    }

    /// Loads and compiles the file as it is now.
    pub fn load(&mut self) -> Result<Table, Problems> {
        self.reading = Reading::of(&self.path);
        let Survey { loaded, mut problems } = config::survey_file(&self.path, &self.reading)?;
        let loaded = match loaded {
            Some(loaded) if problems.is_empty() => loaded,
            sound => {
                problems.extend(sound.iter().flat_map(|it| table::problems(it, &self.registry)));
                return Err(problems.into());
            }
        };
        let table = table::compile(&loaded, &self.registry, &self.hash_key, self.born)?;
        self.meters.last_reload_successful.set(1.0);
        Ok(table)
    }

    /// Follows the file for as long as somebody holds the sending end of `hints`.
    ///
    /// With `watches` off, only an operator's asking reloads.
    pub fn follow(mut self, gateway: &Gateway, hints: Hints, watches: bool) {
        let Hints { sender, receiver } = hints;
        let mut watcher = watches.then(|| Watcher::new(sender));
        let mut asked = false;
        loop {
            // Watched first and compared then: what happens after the comparison is told.
            self.watch(&mut watcher);
            if asked || (watches && self.reading.is_stale()) {
                self.reload(gateway);
                onwards_heap::give_back_end();
                self.watch(&mut watcher);
            }
            let hint = match receiver.recv_timeout(POLL) {
                Ok(hint) => Some(hint),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            asked = settle(&receiver, hint) == Some(Hint::Asked);
            self.sweep();
        }
    }

    fn watch(&self, watcher: &mut Option<Watcher>) {
        if let Some(watcher) = watcher {
            watcher.cover(&self.reading.files());
        }
    }

    /// Forgets what only tables named whose last request has ended. Probes look at the live table
    /// now and then only, so none is taken for unused at once.
    fn sweep(&mut self) {
        let before = self.replaced.len();
        self.replaced
            .retain(|(since, table)| Arc::strong_count(table) > 1 || since.elapsed() < POLL);
        if self.replaced.len() < before {
            self.registry.sweep();
            onwards_heap::give_back_end();
        }
    }

    /// One reload. A file that has problems and is still being written is tried again, in silence,
    /// until nobody has touched it for a while.
    fn reload(&mut self, gateway: &Gateway) {
        let problems = loop {
            match self.load() {
                Ok(table) => {
                    let aliases = table.pools().len();
                    self.replaced.push((Instant::now(), gateway.replace(table)));
                    self.meters.reloads.with_label_values(&["success"]).inc();
                    tracing::info!(aliases, "the configuration was reloaded");
                    return;
                }
                Err(problems) => {
                    std::thread::sleep(QUIET);
                    if !self.reading.is_stale() {
                        break problems;
                    }
                }
            }
        };
        self.meters.reloads.with_label_values(&["failure"]).inc();
        self.meters.last_reload_successful.set(0.0);
        tracing::error!("the configuration has problems; the old one stays\n{problems}");
    }
}

/// Where no notification comes (network file systems, overflows), looking does.
const POLL: Duration = Duration::from_secs(2);
const QUIET: Duration = Duration::from_millis(400);
