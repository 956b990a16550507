//! State that outlives the process: the levels of budgets, and of windows longer than a minute. If
//! replicas share limits, a server keeps these and all others.
//!
//! Without such a limit nothing is opened and no thread runs. No request waits for it: a thread
//! writes changes twice a second.

mod entry;
mod terms;
#[cfg(feature = "redis")]
mod shared;
#[cfg(not(feature = "redis"))]
#[path = "store/unshared.rs"]
mod shared;
#[cfg(feature = "store")]
mod file;
#[cfg(feature = "store")]
mod backend;
#[cfg(not(feature = "store"))]
#[path = "store/absent.rs"]
mod file;
#[cfg(test)]
#[cfg(feature = "store")]
mod tests;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use self::{entry::Entry, file::File, shared::Link};
pub(crate) use self::{shared::wrong_address, terms::SharedTerms};
use crate::{
    live::{Meters, Quota, health::news::News, limit::leases::Leases},
    moment,
};

/// Keeps the levels of a table's windows.
#[derive(Debug)]
pub(crate) struct Keeper {
    meters: Arc<Meters>,
    kept: Mutex<Kept>,
}

/// Whose windows they are, such as `key:ann`.
type Holder = String;

#[derive(Debug, Default)]
struct Kept {
    /// Where the levels are kept; `None`: nothing has to be.
    path: Option<PathBuf>,
    /// The open file; absent while it cannot be used.
    file: Option<File>,
    quotas: HashMap<Holder, Quota>,
    /// Holders that the table has no more, until their last answer has ended.
    leaving: Vec<(Holder, Quota)>,
    /// Whether the last attempt to write failed: told once.
    fails: bool,
    /// Whether a thread writes behind.
    is_tended: bool,
    /// Speaks to the shared store, instead of a file.
    link: Option<Link>,
    /// Whether the process is ending.
    has_ended: bool,
}

impl Keeper {
    /// Keeps nothing yet.
    pub(crate) fn new(meters: Arc<Meters>) -> Arc<Self> {
        Arc::new(Self { meters, kept: Mutex::default() })
    }

    /// From now on stores the levels of these windows in a file. Unknown levels are loaded from it.
    ///
    /// # Errors
    /// A sentence for the operator: what is wrong with the file. The previous file stays in use.
    pub(crate) fn keep(
        self: &Arc<Self>,
        path: &Path,
        quotas: Vec<(Holder, Quota)>,
    ) -> Result<(), String> {
        let mut kept = self.kept();
        if kept.has_ended || (quotas.is_empty() && kept.path.is_none()) {
            return Ok(());
        }
        kept.link = None;
        // A holder that comes back must find its last answers.
        self.write_changed(&mut kept);
        if quotas.is_empty() || kept.path.as_deref() == Some(path) {
            if let Some(file) = &kept.file {
                take_up(file, &quotas)?;
            }
            kept.replace(quotas);
            return Ok(());
        }
        let file = opened(path)?;
        take_up(&file, &quotas)?;
        if !kept.is_tended {
            self.tend()?;
            kept.is_tended = true;
        }
        if let Some(before) = kept.file.replace(file) {
            closed(&before);
        }
        kept.path = Some(path.to_owned());
        kept.fails = false;
        kept.replace(quotas);
        // The new file needs all of them.
        kept.all().for_each(Quota::note_changed);
        Ok(())
    }

    /// From now on replicas share all limits and findings about providers through a server, without
    /// a file.
    ///
    /// # Errors
    /// A sentence for the operator: what is wrong with the address.
    pub(crate) fn share(
        &self,
        terms: SharedTerms,
        leases: Arc<Leases>,
        news: Arc<News>,
    ) -> Result<(), String> {
        let mut kept = self.kept();
        if kept.has_ended {
            return Ok(());
        }
        self.write_changed(&mut kept);
        if kept.link.as_ref().is_some_and(|link| link.is_of(&terms)) {
            return Ok(());
        }
        kept.stop();
        let link = Link::start(terms, leases, news, Arc::clone(&self.meters))?;
        kept.link = Some(link);
        Ok(())
    }

    /// Keeps nothing more; what was kept stays in its file.
    pub(crate) fn stop(&self) {
        let mut kept = self.kept();
        self.write_changed(&mut kept);
        kept.stop();
    }

    /// Writes what has changed since it was last written.
    #[cfg(test)]
    fn write(&self) {
        self.write_changed(&mut self.kept());
    }

    /// Writes what has changed, and closes the file for good: the process ends.
    pub(crate) fn close(&self) {
        let mut kept = self.kept();
        self.write_changed(&mut kept);
        kept.has_ended = true;
        kept.stop();
    }

    fn write_changed(&self, kept: &mut Kept) {
        let Some(path) = &kept.path else { return };
        let now = moment::now();
        let changed = |(holder, quota): (&Holder, &Quota)| {
            let holder = holder.clone();
            let levels = quota.changed(now)?.into_iter();
            Some(levels.map(move |(window, level)| Entry { holder: holder.clone(), window, level }))
        };
        let leaving = kept.leaving.iter().map(|(holder, quota)| (holder, quota));
        let entries: Vec<Entry> =
            kept.quotas.iter().chain(leaving).filter_map(changed).flatten().collect();
        if entries.is_empty() && !kept.fails {
            kept.leaving.retain(|(_, quota)| quota.is_pending());
            return;
        }
        let written = match &kept.file {
            Some(file) => file.write(&entries),
            // After a failure the file has to be opened anew.
            None => File::open(path, now).and_then(|(file, _)| {
                file.write(&entries)?;
                kept.file = Some(file);
                Ok(())
            }),
        };
        let result = if written.is_ok() { "written" } else { "failed" };
        self.meters.process.store_writes.with_label_values(&[result]).inc();
        match (&written, kept.fails) {
            (Err(why), false) => tracing::error!(
                why,
                "the levels of limits cannot be written to the store; limits go on in memory, and it is \
                 tried again"
            ),
            (Ok(()), true) => tracing::info!("the levels of limits are written to the store again"),
            _ => {}
        }
        kept.fails = written.is_err();
        if kept.fails {
            kept.file = None;
            kept.all().for_each(Quota::note_changed);
        } else {
            kept.leaving.retain(|(_, quota)| quota.is_pending());
        }
    }

    fn tend(self: &Arc<Self>) -> Result<(), String> {
        let keeper = Arc::downgrade(self);
        let thread = thread::Builder::new().name("store".into());
        let started = thread.spawn(move || write_behind(&keeper));
        started.map(drop).map_err(|error| format!("its thread cannot be started: {error}"))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Holders that are no longer there are kept until their last answer has ended; with the last one the
    /// file is closed.
    fn replace(&mut self, quotas: Vec<(Holder, Quota)>) {
        let before = std::mem::replace(&mut self.quotas, quotas.into_iter().collect());
        let is_gone = |holder: &Holder, quota: &Quota| {
            self.quotas.get(holder).is_none_or(|new| !new.shares(quota))
        };
        let gone: Vec<_> =
            before.into_iter().filter(|(holder, quota)| is_gone(holder, quota)).collect();
        self.leaving.retain(|(holder, _)| !self.quotas.contains_key(holder));
        self.leaving.extend(gone);
    }

    /// Whether nothing has to be kept any more, and the thread may end.
    fn is_idle(&mut self) -> bool {
        if self.path.is_some() && (!self.quotas.is_empty() || !self.leaving.is_empty()) {
            return false;
        }
        self.stop();
        self.is_tended = false;
        true
    }

    fn stop(&mut self) {
        self.link = None;
        (self.path, self.fails) = (None, false);
        self.quotas.clear();
        self.leaving.clear();
        if let Some(file) = self.file.take() {
            closed(&file);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Quota> {
        self.quotas.values().chain(self.leaving.iter().map(|(_, quota)| quota))
    }
}

/// An open file, and a note about the previous process.
fn opened(path: &Path) -> Result<File, String> {
    let (file, was_closed) = File::open(path, moment::now())?;
    if !was_closed {
        tracing::warn!(
            "the process before did not shut down: of what limits had counted, the last second may be \
             missing, in the callers' favour, and answers that were under way are not counted"
        );
    }
    Ok(file)
}

fn closed(file: &File) {
    if let Err(why) = file.close() {
        tracing::error!(why, "the store was not closed; the next process will say so");
    }
}

fn take_up(file: &File, quotas: &[(Holder, Quota)]) -> Result<(), String> {
    let now = moment::now();
    let unknown: Vec<_> = quotas.iter().filter(|(_, quota)| quota.has_unknown()).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let holders: Vec<&str> = unknown.iter().map(|(holder, _)| holder.as_str()).collect();
    let levels = file.levels(&holders)?;
    for ((_, quota), levels) in unknown.into_iter().zip(levels) {
        quota.take_up(&levels, now);
    }
    Ok(())
}

fn write_behind(keeper: &Weak<Keeper>) {
    loop {
        let Some(keeper) = keeper.upgrade() else { return };
        let rest = {
            let mut kept = keeper.kept();
            keeper.write_changed(&mut kept);
            if kept.is_idle() {
                return;
            }
            if kept.fails { RETRY_EACH } else { WRITE_EACH }
        };
        drop(keeper);
        thread::sleep(rest);
    }
}

/// Half of what may be lost when the process is killed; the other half is for the disk.
const WRITE_EACH: Duration = Duration::from_millis(500);
/// Opening a file that has failed reads all of it.
const RETRY_EACH: Duration = Duration::from_secs(2);
