//! Watch → load → compile → replace, or keep the old.
//!
//! It runs on a thread of its own: no request ever waits for a file. A file with problems changes
//! nothing.

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

/// Turns a file into tables, one after the other, over the same live state.
pub struct Loader {
    path: PathBuf,
    registry: Registry,
    hash_key: HashKey,
    meters: Arc<Meters>,
    /// What keeps levels of limits, in a process that serves.
    keeper: Option<Arc<Keeper>>,
    /// What became of the last load.
    latest: Arc<Latest>,
    /// When the process began, in Unix seconds: what the models it serves were `created`.
    born: u64,
    /// What the last load read, good or not: the file, and what it refers to.
    reading: Reading,
    /// The tables that were replaced, until no request uses them any more. They end here: freeing
    /// a large one takes long, and would hold a core.
    replaced: Vec<Arc<Table>>,
    /// When the last of them ended, until the registry has been swept for the second time.
    ended: Option<Instant>,
}

/// What there is once the first load has ended: the table or why there is none, and how the thread
/// is told whom to hand the next ones to.
pub(crate) type Started = (Result<Table, Problems>, mpsc::Sender<Arc<Gateway>>);

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
            latest: Arc::new(Latest::new(path)),
            born,
            keeper: None,
            reading: Reading::default(),
            replaced: Vec::new(),
            ended: None,
        }
    }

    /// What became of the last load, kept up to date for as long as the file is followed.
    pub(crate) fn latest(&self) -> Arc<Latest> {
        Arc::clone(&self.latest)
    }

    /// Loads the first table on the thread that loads all later ones, and follows the file once it
    /// is handed the gateway. On one thread, each table takes the room in the heap that one before
    /// it has left.
    ///
    /// # Errors
    /// The thread cannot be had, or has ended.
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

    /// Loads and compiles the file as it is now.
    ///
    /// # Errors
    /// Every problem of the file; the table that is live stays.
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

    /// Follows the file for as long as the sending end of `hints` is held.
    ///
    /// With `watches` off, only an operator's asking reloads.
    fn follow(mut self, gateway: &Gateway, hints: Hints, watches: bool) {
        let Hints { sender, receiver } = hints;
        let mut watcher = watches.then(|| Watcher::new(sender));
        let mut asked = false;
        loop {
            // Watched first and compared then: what happens after the comparison is told.
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

    /// Frees the tables whose last request has ended, and forgets what only they named. Probes look
    /// at the live table now and then only, so what they still hold is forgotten a while later.
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

    /// One reload. A file that has problems and is still being written is tried again, in silence,
    /// until it was not touched for a while.
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

/// Gives back what a load or a table that has ended leaves in this thread's heap.
fn give_back() {
    onwards_heap::give_back_end();
    onwards_heap::give_back_pages();
}

/// Where no notification comes (network file systems, overflows), looking does.
const POLL: Duration = Duration::from_secs(2);
const QUIET: Duration = Duration::from_millis(400);
