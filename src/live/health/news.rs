//! What this replica has found about providers and not yet told the others, and what it requests
//! from all of them: the trial of a provider, and the turn to probe it.
//!
//! It does not call the store. The task that does takes the messages from here and brings the
//! received ones. Without it, a replica decides by itself.

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

/// The health of one provider, as a subject of messages.
pub(super) trait Subject: Send + Sync + std::fmt::Debug {
    /// The topics that others should know, as bits.
    fn notable(&self) -> u8;
    /// The message about a topic.
    fn told(&self, topic: Topic, now: Instant) -> Told;
    /// Another replica has sent this message, which is not repeated.
    fn heard(&self, told: Told, now: Instant);
    /// The store has decided which replica makes the trial.
    fn claimed(&self, elsewhere: Option<Duration>, unused: Duration, now: Instant);
    /// The store is not reachable: this replica decides about the trial.
    fn decides_claim(&self, now: Instant);
    /// Whether a granted trial was not used.
    fn drops_claim(&self, now: Instant) -> bool;
}

/// The messages of the process.
#[derive(Debug)]
pub(crate) struct News {
    desk: Arc<Desk>,
    known: DashMap<u64, Weak<dyn Subject>>,
    untold: Mutex<Untold>,
    has_news: Notify,
    /// How many tasks speak to a store.
    tellers: AtomicUsize,
}

/// Messages to send, by provider.
#[derive(Debug, Default)]
pub(crate) struct Untold {
    /// The changed topics, as bits.
    changed: BTreeMap<u64, u8>,
    /// The requested trials, with their length.
    pub(crate) trials: BTreeMap<u64, Duration>,
    /// The requested turns to probe, with their length and the receiver of the answer.
    pub(crate) turns: Vec<(u64, Duration, oneshot::Sender<bool>)>,
}

/// The task that speaks to the store; findings are collected while this exists.
#[derive(Debug)]
pub(crate) struct Teller(Arc<News>);

/// The sender for one provider's health.
#[derive(Debug)]
pub(super) struct Outlet {
    news: Arc<News>,
    id: u64,
}

impl News {
    /// No messages yet.
    pub(crate) fn new(desk: Arc<Desk>) -> Arc<Self> {
        Arc::new(Self {
            desk,
            known: DashMap::new(),
            untold: Mutex::default(),
            has_news: Notify::new(),
            tellers: AtomicUsize::new(0),
        })
    }

    /// The sender for the provider with this number, which is the same in all replicas.
    pub(super) fn outlet(self: &Arc<Self>, id: u64) -> Outlet {
        Outlet { news: Arc::clone(self), id }
    }

    /// Adds a provider.
    pub(super) fn add(&self, id: u64, subject: Arc<dyn Subject>) {
        self.known.insert(id, Arc::downgrade(&subject));
        self.changed(id, subject.notable());
    }

    /// A task starts to speak to the store; everything that differs from the initial state is to be
    /// sent.
    pub(crate) fn told_by(self: &Arc<Self>) -> Teller {
        self.tellers.fetch_add(1, Release);
        self.tell_all();
        Teller(Arc::clone(self))
    }

    /// The store has lost its data.
    pub(crate) fn tell_all(&self) {
        self.known.retain(|_, health| health.strong_count() > 0);
        for entry in &self.known {
            let bits = entry.upgrade().map_or(0, |health| health.notable());
            self.changed(*entry.key(), bits);
        }
    }

    /// Resolves when there is something to send.
    pub(crate) async fn coming(&self) {
        self.has_news.notified().await;
    }

    /// Takes what is to be sent.
    pub(crate) fn take(&self) -> Untold {
        std::mem::take(&mut *self.untold())
    }

    /// The changed topics as messages, by provider.
    pub(crate) fn found(&self, untold: &Untold, now: Instant) -> Vec<(u64, Topic, Told)> {
        let mut all = Vec::new();
        for (&id, &bits) in &untold.changed {
            let Some(health) = self.health(id) else { continue };
            let topics = Topic::ALL.into_iter().filter(|topic| bits & *topic as u8 != 0);
            all.extend(topics.map(|topic| (id, topic, health.told(topic, now))));
        }
        all
    }

    /// The store was not reachable: messages stay to be sent, and requests are decided here.
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

    /// Another replica has sent this message.
    pub(crate) fn heard(&self, id: u64, told: Told, now: Instant) {
        if let Some(health) = self.health(id) {
            health.heard(told, now);
        }
    }

    /// The store has decided which replica makes the trial, and for how long.
    pub(crate) fn claimed(&self, id: u64, elsewhere: Option<Duration>, now: Instant) {
        if let Some(health) = self.health(id) {
            health.claimed(elsewhere, UNUSED, now);
        }
    }

    /// Returns granted trials that were not used.
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

    /// How long the store is awaited; `None` if there is none.
    pub(super) fn waits(&self) -> Option<Duration> {
        let is_heard = self.news.is_told() && !self.news.desk.is_out();
        is_heard.then(|| self.news.desk.timeout())
    }

    /// Requests the trial.
    pub(super) fn ask_for_trial(&self, lasts: Duration) {
        self.news.untold().trials.insert(self.id, lasts);
        self.news.has_news.notify_one();
    }

    /// Requests the turn to probe; `true` also if the store does not answer.
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

/// A granted trial that is unused for this long is returned.
const UNUSED: Duration = Duration::from_secs(1);
/// How long a probe waits for the store.
const LONGEST_TURN: Duration = Duration::from_secs(1);
