//! What this replica has found of providers and others do not know yet, and what it asks all of them for:
//! the trial of a provider, and the turn to probe it.
//!
//! It speaks to no store: who does takes from here what is to be said, and brings what was heard. While
//! that is not there, a replica finds out for itself.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{
            AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use dashmap::DashMap;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::told::{Told, Topic};
use crate::live::limit::desk::Desk;

/// One provider's health, of which is told.
pub(super) trait Subject: Send + Sync + std::fmt::Debug {
    /// The topics that others should hear of, as bits.
    fn notable(&self) -> u8;
    /// What is to be told of a topic.
    fn told(&self, topic: Topic, now: Instant) -> Told;
    /// Another replica has found this, which is not told again.
    fn heard(&self, told: Told, now: Instant);
    /// The store has said who makes the trial.
    fn claimed(&self, elsewhere: Option<Duration>, unused: Duration, now: Instant);
    /// The store was not reached: whether a trial begins is decided here.
    fn decides_claim(&self, now: Instant);
    /// Whether the right to a trial was granted and not used.
    fn drops_claim(&self, now: Instant) -> bool;
}

/// One for the process.
#[derive(Debug)]
pub(crate) struct News {
    desk: Arc<Desk>,
    known: DashMap<u64, Weak<dyn Subject>>,
    untold: Mutex<Untold>,
    has_news: Notify,
    /// How many speak to a store.
    tellers: AtomicUsize,
}

/// What is to be said, by provider.
#[derive(Debug, Default)]
pub(crate) struct Untold {
    /// The topics, as bits.
    changed: BTreeMap<u64, u8>,
    /// For how long the trial is asked for.
    pub(crate) trials: BTreeMap<u64, Duration>,
    /// For how long the turn to probe is asked for, and who waits for the answer.
    pub(crate) turns: Vec<(u64, Duration, oneshot::Sender<bool>)>,
}

/// Who speaks to the store; what is found is collected while this is held.
#[derive(Debug)]
pub(crate) struct Teller(Arc<News>);

/// Where one provider's health tells what has changed.
#[derive(Debug)]
pub(super) struct Outlet {
    news: Arc<News>,
    id: u64,
}

impl News {
    /// Nothing is told yet.
    pub(crate) fn new(desk: Arc<Desk>) -> Arc<Self> {
        Arc::new(Self {
            desk,
            known: DashMap::new(),
            untold: Mutex::default(),
            has_news: Notify::new(),
            tellers: AtomicUsize::new(0),
        })
    }

    /// Where the health of the provider with this number, which all replicas know it by, tells what changes.
    pub(super) fn outlet(self: &Arc<Self>, id: u64) -> Outlet {
        Outlet { news: Arc::clone(self), id }
    }

    /// From now on this is told of.
    pub(super) fn add(&self, id: u64, subject: Arc<dyn Subject>) {
        self.known.insert(id, Arc::downgrade(&subject));
        self.changed(id, subject.notable());
    }

    /// One speaks to the store from now on, and has to tell all that is not as it is at first.
    pub(crate) fn told_by(self: &Arc<Self>) -> Teller {
        self.tellers.fetch_add(1, Release);
        self.tell_all();
        Teller(Arc::clone(self))
    }

    /// The store has lost what it knew.
    pub(crate) fn tell_all(&self) {
        self.known.retain(|_, health| health.strong_count() > 0);
        for entry in &self.known {
            let bits = entry.upgrade().map_or(0, |health| health.notable());
            self.changed(*entry.key(), bits);
        }
    }

    /// Resolves when there is something to be said.
    pub(crate) async fn coming(&self) {
        self.has_news.notified().await;
    }

    /// What is to be said.
    pub(crate) fn take(&self) -> Untold {
        std::mem::take(&mut *self.untold())
    }

    /// What was found, in words: by provider, all that has changed.
    pub(crate) fn found(&self, untold: &Untold, now: Instant) -> Vec<(u64, Topic, Told)> {
        let mut all = Vec::new();
        for (&id, &bits) in &untold.changed {
            let Some(health) = self.health(id) else { continue };
            let topics = Topic::ALL.into_iter().filter(|topic| bits & *topic as u8 != 0);
            all.extend(topics.map(|topic| (id, topic, health.told(topic, now))));
        }
        all
    }

    /// The store was not reached: what was found stays to be told; what was asked is decided here.
    pub(crate) fn put_back(&self, untold: Untold, now: Instant) {
        for id in untold.trials.keys() {
            if let Some(health) = self.health(*id) {
                health.decides_claim(now);
            }
        }
        let mut all = self.untold();
        for (id, bits) in untold.changed {
            *all.changed.entry(id).or_default() |= bits;
        }
    }

    /// Another replica has found this.
    pub(crate) fn heard(&self, id: u64, told: Told, now: Instant) {
        if let Some(health) = self.health(id) {
            health.heard(told, now);
        }
    }

    /// The store has said who makes the trial: this replica, or another one that has so long.
    pub(crate) fn claimed(&self, id: u64, elsewhere: Option<Duration>, now: Instant) {
        if let Some(health) = self.health(id) {
            health.claimed(elsewhere, UNUSED, now);
        }
    }

    /// What is known of providers that were asked for in vain: a right to a trial that was granted and not
    /// used is given back.
    pub(crate) fn drop_claims(&self, now: Instant) {
        for entry in &self.known {
            if entry.upgrade().is_some_and(|health| health.drops_claim(now)) {
                self.changed(*entry.key(), Topic::Breaker as u8);
            }
        }
    }

    fn changed(&self, id: u64, bits: u8) {
        if bits != 0 && self.is_told() {
            *self.untold().changed.entry(id).or_default() |= bits;
            self.has_news.notify_one();
        }
    }

    fn is_told(&self) -> bool {
        self.tellers.load(Acquire) > 0
    }

    fn health(&self, id: u64) -> Option<Arc<dyn Subject>> {
        self.known.get(&id).and_then(|health| health.upgrade())
    }

    fn untold(&self) -> MutexGuard<'_, Untold> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet {
    pub(super) fn changed(&self, bits: u8) {
        self.news.changed(self.id, bits);
    }

    /// How long the store is waited for; `None`: what others do is not known.
    pub(super) fn waits(&self) -> Option<Duration> {
        let is_heard = self.news.is_told() && !self.news.desk.is_out();
        is_heard.then(|| self.news.desk.timeout())
    }

    /// Asks for the trial.
    pub(super) fn ask_for_trial(&self, lasts: Duration) {
        self.news.untold().trials.insert(self.id, lasts);
        self.news.has_news.notify_one();
    }

    /// Asks for the turn to probe; `true` where it is not known who has it.
    pub(super) async fn has_turn(&self, lasts: Duration) -> bool {
        if self.waits().is_none() {
            return true;
        }
        let (answer, answered) = oneshot::channel();
        self.news.untold().turns.push((self.id, lasts, answer));
        self.news.has_news.notify_one();
        let answered = tokio::time::timeout(LONGEST_TURN, answered).await;
        !matches!(answered, Ok(Ok(false)))
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        if self.0.tellers.fetch_sub(1, Relaxed) == 1 {
            drop(self.0.take());
        }
    }
}

/// A right to a trial that was not used for so long is given back.
const UNUSED: Duration = Duration::from_secs(1);
/// So long waits a probe for the store.
const LONGEST_TURN: Duration = Duration::from_secs(1);
