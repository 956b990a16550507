//! What outlives a table for one provider: limits, health, latency, its turn.
//!
//! It never knows where the provider is or what it is asked.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use tokio::{sync::futures::Notified, time::Instant};

use crate::failure::What;

use super::aimd::{Aimd, AimdSettings};
use super::ewma::PeakEwma;
use super::headroom::Headroom;
use super::health::{Health, HealthSettings, Held, Reason, State, Trial, Why, news::News};
use super::limit::{LimitSettings, Limits};
use super::queue::Queue;

/// One table's numbers for one provider; equal numbers mean that nothing changes on a reload.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderSettings {
    /// Its own rate and concurrency.
    pub limits: LimitSettings,
    /// Its cooldown and its probes.
    pub health: HealthSettings,
    /// The controller of the share of requests that it is asked first for.
    pub(crate) aimd: Option<AimdSettings>,
}

/// A provider as the request path sees it: this table's numbers over state that is shared with
/// every other table that names the same provider.
#[derive(Debug)]
pub struct Provider {
    identity: u64,
    settings: ProviderSettings,
    limits: Limits,
    /// The requests that wait for these, where any may.
    queue: Option<Arc<Queue>>,
    health: Arc<Health>,
    latency: Arc<PeakEwma>,
    headroom: Arc<Headroom>,
    aimd: Option<Arc<Aimd>>,
    /// Its current weight in smooth weighted round robin; only `choose::RoundRobin` moves it.
    turn: Arc<AtomicI64>,
}

/// One attempt's way in, and the only way its outcome reaches the provider's health.
///
/// Dropped without a verdict (the client went away, or it was the client's fault), it leaves the
/// health as it was, and a trial goes to the next attempt.
#[derive(Debug)]
#[must_use = "an entry that is dropped has no verdict"]
pub struct Entry {
    provider: Arc<Provider>,
    started: Instant,
    trial: Option<Trial>,
}

impl Provider {
    /// A provider that was not asked yet. `identity` is a hash that tells it from its neighbours and
    /// is the same in every process that reads the same file.
    pub fn new(identity: u64, settings: ProviderSettings) -> Self {
        let limits = Limits::new(settings.limits.clone());
        Self {
            identity,
            queue: Queue::of(None, &limits),
            limits,
            aimd: fresh(&settings),
            settings,
            health: Arc::default(),
            latency: Arc::new(PeakEwma::new(Instant::now())),
            headroom: Arc::new(Headroom::new(Instant::now())),
            turn: Arc::default(),
        }
    }

    /// The same provider under new numbers.
    pub(crate) fn successor(&self, settings: ProviderSettings) -> Self {
        let limits = self.limits.successor(settings.limits.clone());
        Self {
            identity: self.identity,
            queue: Queue::of(self.queue.as_ref(), &limits),
            limits,
            aimd: match settings.aimd == self.settings.aimd {
                true => self.aimd.clone(),
                false => fresh(&settings),
            },
            settings,
            health: Arc::clone(&self.health),
            latency: Arc::clone(&self.latency),
            headroom: Arc::clone(&self.headroom),
            turn: Arc::clone(&self.turn),
        }
    }

    /// Tells providers apart, for `sticky`.
    pub(crate) fn identity(&self) -> u64 {
        self.identity
    }

    /// The numbers.
    pub(crate) fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// Its own limits, with the count of requests in flight.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The requests that wait for these, where any may.
    pub(crate) fn queue(&self) -> Option<&Arc<Queue>> {
        self.queue.as_ref()
    }

    /// Its measured time to first byte.
    pub fn latency(&self) -> &PeakEwma {
        &self.latency
    }

    /// What its last answers said of how much is left.
    pub(crate) fn headroom(&self) -> &Headroom {
        &self.headroom
    }

    /// The controller of the share of requests that it is asked first for.
    pub(crate) fn aimd(&self) -> Option<&Aimd> {
        self.aimd.as_deref()
    }

    /// Whether the last attempt that said anything failed.
    pub(crate) fn last_attempt_failed(&self) -> bool {
        self.health.last_attempt_failed()
    }

    /// Its place in the round.
    pub(crate) fn turn(&self) -> &Arc<AtomicI64> {
        &self.turn
    }

    /// Whether it may be asked now.
    #[inline]
    pub fn state(&self, now: Instant) -> State {
        self.health.state(&self.settings.health, now)
    }

    /// Begins an attempt: an ordinary one when the provider is ready, the one trial when its rest is over.
    ///
    /// # Errors
    /// The state in which the provider may not be asked.
    pub fn enter(self: &Arc<Self>, now: Instant) -> Result<Entry, State> {
        let trial = match self.state(now) {
            State::Ready { .. } => None,
            State::HalfOpen { busy: false } => {
                let trial = self.health.try_trial(&self.settings.health, now);
                // Another request was quicker, or has decided meanwhile.
                Some(trial.ok_or(State::HalfOpen { busy: true })?)
            }
            state => return Err(state),
        };
        Ok(Entry { provider: Arc::clone(self), started: now, trial })
    }

    /// Begins an attempt once it is known which of several replicas makes the trial, where that was asked.
    ///
    /// # Errors
    /// The state in which the provider may not be asked.
    #[cold]
    pub(crate) async fn enter_in_turn(self: &Arc<Self>, state: State) -> Result<Entry, State> {
        match state {
            State::HalfOpen { busy: true } if self.health.hears_of_trial().await => {
                self.enter(Instant::now())
            }
            state => Err(state),
        }
    }

    /// Whether it is this replica's turn to probe it, for so long.
    pub(crate) async fn has_turn(&self, lasts: Duration) -> bool {
        self.health.has_turn(lasts).await
    }

    /// What it is known by to other replicas, which hear of its health from now on.
    pub(crate) fn tells(&self, news: &Arc<News>) {
        self.health.tells(self.identity, news);
    }

    /// Begins an attempt although it rests, because every other provider rests longer.
    pub(crate) fn enter_resting(self: &Arc<Self>, now: Instant) -> Entry {
        let trial = self.health.try_trial(&self.settings.health, now);
        Entry { provider: Arc::clone(self), started: now, trial }
    }

    /// An operator decides that it rests or is asked no more.
    pub(crate) fn hold(&self, held: Held) {
        self.health.hold(held);
    }

    /// An operator ends that, and a rest that failures began.
    pub(crate) fn wake(&self) {
        self.health.wake();
    }

    /// When the trial under way will not be waited for any more; `None` if there is none.
    pub(crate) fn trial_until(&self, now: Instant) -> Option<Instant> {
        self.health.trial_until(now)
    }

    /// Resolves when a trial has ended, however it did.
    pub(crate) fn decided(&self) -> Notified<'_> {
        self.health.decided()
    }

    /// A probe ended; answers whether that made it healthy or unhealthy.
    pub(crate) fn probed(&self, ok: bool, now: Instant) -> Option<bool> {
        self.health.probed(&self.settings.health, ok, now)
    }
}

impl Entry {
    /// When this attempt began.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Whether this attempt is the trial.
    #[cfg(test)]
    pub(crate) fn is_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// The first byte of an answer that is no failure has come.
    pub(crate) fn first_byte(&self, now: Instant) {
        self.provider.latency.observe(now.saturating_duration_since(self.started), now);
    }

    /// The attempt was accepted, which ends a trial well; how the rest of its answer goes is told
    /// by [`Entry::succeeded`] or [`Entry::failed`].
    pub(crate) fn accepted(&mut self, now: Instant) {
        self.first_byte(now);
        self.provider.health.note_failed(false);
        let cooldown = &self.provider.settings.health.cooldown;
        if let (Some(trial), Some(cooldown)) = (self.trial.take(), cooldown) {
            trial.succeeded(cooldown, now);
        }
    }

    /// The answer has come whole.
    pub fn succeeded(mut self, now: Instant) {
        self.provider.health.note_failed(false);
        let health = &self.provider.settings.health;
        match (self.trial.take(), &health.cooldown) {
            (Some(trial), Some(cooldown)) => trial.succeeded(cooldown, now),
            _ => self.provider.health.succeeded(health, self.started, now),
        }
    }

    /// The attempt failed through the provider's fault. Answers why the provider rests if this is
    /// what began its rest: a line for the log.
    pub(crate) fn failed(
        mut self,
        now: Instant,
        cause: What,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        if cause == What::Timeout {
            self.first_byte(now);
        }
        self.provider.health.note_failed(true);
        let health = &self.provider.settings.health;
        match (self.trial.take(), &health.cooldown) {
            (Some(trial), Some(cooldown)) => trial.failed(cooldown, now, cause, retry_after),
            _ => self.provider.health.failed(health, self.started, now, cause, retry_after),
        }
    }

    /// An accepted answer broke off. Answers as [`Entry::failed`] does.
    pub(crate) fn broke_off(self, now: Instant, cause: What) -> Option<Reason> {
        let health = &self.provider.settings.health;
        self.provider.health.note_failed(true);
        self.provider.health.failed(health, self.started, now, cause, None)
    }

    /// The credential may not be used for a while, for a reason that is no fault of the provider's
    /// health. Answers as [`Entry::failed`] does.
    pub(crate) fn set_aside(
        self,
        now: Instant,
        why: Why,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        self.provider.health.note_failed(true);
        self.provider.health.set_aside(&self.provider.settings.health, now, why, retry_after)
    }
}

/// A controller under these numbers that has seen nothing.
fn fresh(settings: &ProviderSettings) -> Option<Arc<Aimd>> {
    let aimd = settings.aimd.clone()?;
    Some(Arc::new(Aimd::new(aimd, Instant::now())))
}
