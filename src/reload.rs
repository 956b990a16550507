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
    collections::BTreeSet,
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
    config::{self, Problem, Problems, Survey},
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
    /// The warnings about the last table.
    warnings: Problems,
    /// Those that the log has shown.
    told: BTreeSet<String>,
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
            warnings: Problems(Vec::new()),
            told: BTreeSet::new(),
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
            self.latest.warned(self.warnings.0.len());
            self.warn();
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
            let (table, warnings) = self.compile(survey?)?;
            self.warnings = warnings;
            Ok(table)
        })
    }

    fn compile(
        &self,
        Survey { loaded, mut problems }: Survey,
    ) -> Result<(Table, Problems), Problems> {
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
        let is_small = table.aliases().len() <= MOST_LOOKED_THROUGH;
        let warnings = is_small.then(|| table::warnings(&loaded, &table));
        let warnings = warnings.unwrap_or_else(|| Problems(Vec::new()));
        self.meters.process.warnings.set(warnings.0.len() as f64);
        Ok((table, warnings))
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
                    self.latest.succeeded(self.warnings.0.len());
                    self.meters.process.reloads.with_label_values(&["success"]).inc();
                    tracing::info!(aliases, %hash, "the configuration was reloaded");
                    self.warn();
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

impl Loader {
    /// Logs the warnings that `check` prints, one line each, except those of the previous table.
    fn warn(&mut self) {
        let warnings = std::mem::replace(&mut self.warnings, Problems(Vec::new())).0;
        // Without the line, which an edit above changes.
        let of = |warning: &Problem| format!("{}: {}", warning.path, warning.message);
        let new: Vec<_> = warnings.iter().filter(|it| !self.told.contains(&of(it))).collect();
        new.iter().take(MOST_TOLD).for_each(|warning| tracing::warn!("{warning}"));
        if let Some(more) = new.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
            tracing::warn!("{more} more warnings; `onwards check` tells all of them");
        }
        self.told = warnings.iter().map(of).collect();
    }
}

/// Gives back the free memory in this thread's heap, and the code that a load has used.
fn give_back() {
    onwards_heap::give_back_end();
    onwards_heap::give_back_pages();
    onwards_heap::give_back_code();
}

/// The interval of polling where notifications are missing (network file systems, overflows).
const POLL: Duration = Duration::from_secs(2);
/// Looking through a larger table takes longer than a reload may.
const MOST_LOOKED_THROUGH: usize = 5_000;
/// Lines of one load.
const MOST_TOLD: usize = 50;
const QUIET: Duration = Duration::from_millis(400);
