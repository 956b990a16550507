//! Watches the file, loads and compiles it, and replaces the table or keeps the old one.
//!
//! It runs on its own thread, so no request waits for a file. A file with problems changes nothing.

mod apart;
mod checking;
mod handle;
mod hints;
mod keeping;
mod latest;
mod reading;
mod watch;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant, SystemTime},
};

pub(crate) use self::{
    checking::checked,
    handle::Handle,
    hints::{Hint, Hints},
    latest::Latest,
};
use self::{hints::settle, reading::Reading, watch::Watcher};
use crate::{
    config::{self, Problems, Survey},
    gateway::Gateway,
    live::{Draft, Meters, Registry},
    store::Keeper,
    table::{self, HashKey, Table},
};

/// Loads a file into tables, one after the other, over the same live state.
pub struct Loader {
    path: PathBuf,
    registry: Registry,
    hash_key: HashKey,
    meters: Arc<Meters>,
    /// Persists the levels of limits, in a process that serves.
    keeper: Option<Arc<Keeper>>,
    /// The result of the last load.
    latest: Arc<Latest>,
    /// The start of the process in Unix seconds: the `created` of its models.
    born: u64,
    /// The files that the last load read, whether it succeeded or not.
    reading: Reading,
    /// Replaced tables that requests still use. They are freed here, because freeing a large table
    /// would block a core.
    replaced: Vec<Arc<Table>>,
    /// When the last of them was freed, until the registry has been swept twice.
    ended: Option<Instant>,
}

/// The result of the first load, and the channel that hands the thread the gateway for later loads.
pub(crate) type Started = (Result<Table, Problems>, mpsc::Sender<Arc<Gateway>>);

impl Loader {
    /// Creates a loader for one file.
    pub fn new(path: &Path, meters: Arc<Meters>) -> Self {
        let registry = Registry::new(Arc::clone(&meters));
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let born = since.map_or(0, |since| since.as_secs());
        Self {
            path: path.to_owned(),
            registry,
            hash_key: HashKey::random(),
            meters,
            latest: Arc::new(Latest::new(path)),
            born,
            keeper: None,
            reading: Reading::default(),
            replaced: Vec::new(),
            ended: None,
        }
    }

    /// The result of the last load, updated as long as the file is followed.
    pub(crate) fn latest(&self) -> Arc<Latest> {
        Arc::clone(&self.latest)
    }

    /// Loads the first table on the thread that loads all later ones, which follows the file once
    /// it receives the gateway. On one thread, each table reuses the heap memory of an earlier one.
    ///
    /// # Errors
    /// The thread cannot be started, or it ended.
    pub(crate) fn start(mut self, hints: Hints, watches: bool) -> io::Result<Started> {
        let (tell, told) = mpsc::channel();
        let (serve, served) = mpsc::channel::<Arc<Gateway>>();
        thread::Builder::new().name("reload".into()).spawn(move || {
            let first = self.load();
            give_back();
            let _ = tell.send(first);
            if let Ok(gateway) = served.recv() {
                self.follow(&gateway, hints, watches);
            }
        })?;
        let first = told.recv();
        let first = first.map_err(|_| io::Error::other("loading the configuration broke off"))?;
        Ok((first, serve))
    }

    /// Loads and compiles the file.
    ///
    /// # Errors
    /// Every problem of the file; the live table stays.
    pub fn load(&mut self) -> Result<Table, Problems> {
        let path = self.path.clone();
        let read = || {
            let reading = Reading::of(&path);
            let survey = config::survey_file(&path, &reading);
            (reading, survey)
        };
        apart::made_apart(read, |(reading, survey)| {
            self.reading = reading;
            self.compile(survey?)
        })
    }

    fn compile(&self, Survey { loaded, mut problems }: Survey) -> Result<Table, Problems> {
        let loaded = match loaded {
            Some(loaded) if problems.is_empty() => loaded,
            sound => {
                problems.extend(sound.iter().flat_map(|it| table::problems(it, &self.registry)));
                return Err(problems.into());
            }
        };
        let keep = |draft: &Draft<'_>| self.keep(&loaded, draft);
        let table = table::compile_kept(&loaded, &self.registry, &self.hash_key, self.born, &keep)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.meters.process.loaded_at.set(now.as_secs_f64().floor());
        self.meters.process.last_reload_successful.set(1.0);
        Ok(table)
    }

    /// Follows the file as long as the sender of `hints` exists.
    ///
    /// With `watches` off, it reloads only when an operator asks.
    fn follow(mut self, gateway: &Gateway, hints: Hints, watches: bool) {
        let Hints { sender, receiver } = hints;
        let mut watcher = watches.then(|| Watcher::new(sender));
        let mut asked = false;
        loop {
            // Watch first and compare then, so that a change after the comparison is noticed.
            self.watch(&mut watcher);
            if asked || (watches && self.reading.is_stale()) {
                self.reload(gateway);
                give_back();
                self.sweep();
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

    /// Frees replaced tables that no request uses, and the state that only they named. Probes keep
    /// the old table for a while, so their state is freed in a later sweep.
    fn sweep(&mut self) {
        let before = self.replaced.len();
        self.replaced.retain(|table| Arc::strong_count(table) > 1);
        if self.replaced.len() < before {
            self.ended = Some(Instant::now());
        } else if self.ended.is_none_or(|since| since.elapsed() < POLL) {
            return;
        } else {
            self.ended = None;
        }
        self.registry.sweep();
        give_back();
    }

    /// Reloads once. If the file has problems and is still being written, it retries silently until
    /// the file is quiet.
    fn reload(&mut self, gateway: &Gateway) {
        let problems = loop {
            self.latest.begins();
            match self.load() {
                Ok(table) => {
                    let (aliases, hash) = (table.aliases().len(), table.hash.clone());
                    self.replaced.push(gateway.replace(table));
                    self.latest.succeeded();
                    self.meters.process.reloads.with_label_values(&["success"]).inc();
                    tracing::info!(aliases, %hash, "the configuration was reloaded");
                    return;
                }
                Err(problems) => {
                    thread::sleep(QUIET);
                    if !self.reading.is_stale() {
                        break problems;
                    }
                }
            }
        };
        self.latest.failed(&problems);
        self.meters.process.reloads.with_label_values(&["failure"]).inc();
        self.meters.process.last_reload_successful.set(0.0);
        tracing::error!("the configuration has problems; the old one stays\n{problems}");
    }
}

/// Gives back the free memory in this thread's heap.
fn give_back() {
    onwards_heap::give_back_end();
    onwards_heap::give_back_pages();
}

/// The interval of polling where notifications are missing (network file systems, overflows).
const POLL: Duration = Duration::from_secs(2);
const QUIET: Duration = Duration::from_millis(400);
