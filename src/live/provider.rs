//! The state of one provider that outlives a table: limits, health, latency, turn.

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

/// One table's settings for one provider; equal settings change nothing on a reload.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderSettings {
    /// Its own rate and concurrency limits.
    pub limits: LimitSettings,
    /// Its cooldown and its probes.
    pub health: HealthSettings,
    /// The AIMD controller of its share.
    pub(crate) aimd: Option<AimdSettings>,
}

/// A provider on the request path: this table's settings over state that is shared with every other
/// table that has the provider.
#[derive(Debug)]
pub struct Provider {
    identity: u64,
    settings: ProviderSettings,
    limits: Limits,
    /// The queue for its limits, if there is one.
    queue: Option<Arc<Queue>>,
    health: Arc<Health>,
    latency: Arc<PeakEwma>,
    headroom: Arc<Headroom>,
    aimd: Option<Arc<Aimd>>,
    /// Its current weight in smooth weighted round robin; only `choose::RoundRobin` moves it.
    turn: Arc<AtomicI64>,
}

/// The entry of one attempt, through which its outcome reaches the provider's health.
///
/// Dropped without a verdict (the client left, or made a mistake), it changes nothing, and a trial
/// passes to the next attempt.
#[derive(Debug)]
#[must_use = "an entry that is dropped has no verdict"]
pub struct Entry {
    provider: Arc<Provider>,
    started: Instant,
    trial: Option<Trial>,
}

impl Provider {
    /// A new provider. `identity` is a hash that distinguishes it and is the same in every process
    /// with the same file.
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

    /// The same provider with new settings.
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

    /// Identifies the provider for `sticky`.
    pub(crate) fn identity(&self) -> u64 {
        self.identity
    }

    /// The settings.
    pub(crate) fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// Its own limits and its requests in flight.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The queue for its limits, if there is one.
    pub(crate) fn queue(&self) -> Option<&Arc<Queue>> {
        self.queue.as_ref()
    }

    /// Its measured time to first byte.
    pub fn latency(&self) -> &PeakEwma {
        &self.latency
    }

    /// What is left of its limits, from its last answers.
    pub(crate) fn headroom(&self) -> &Headroom {
        &self.headroom
    }

    /// The AIMD controller of its share.
    pub(crate) fn aimd(&self) -> Option<&Aimd> {
        self.aimd.as_deref()
    }

    /// Whether the last attempt with a verdict failed.
    pub(crate) fn last_attempt_failed(&self) -> bool {
        self.health.last_attempt_failed()
    }

    /// Its turn in round robin.
    pub(crate) fn turn(&self) -> &Arc<AtomicI64> {
        &self.turn
    }

    /// Whether it may be asked now.
    #[inline]
    pub fn state(&self, now: Instant) -> State {
        self.health.state(&self.settings.health, now)
    }

    /// Starts an attempt: a normal one if the provider is ready, the trial if its rest is over.
    ///
    /// # Errors
    /// The state in which the provider may not be asked.
    pub fn enter(self: &Arc<Self>, now: Instant) -> Result<Entry, State> {
        let trial = match self.state(now) {
            State::Ready { .. } => None,
            State::HalfOpen { busy: false } => {
                let trial = self.health.try_trial(&self.settings.health, now);
                // Another request was faster, or has already decided.
                Some(trial.ok_or(State::HalfOpen { busy: true })?)
            }
            state => return Err(state),
        };
        Ok(Entry { provider: Arc::clone(self), started: now, trial })
    }

    /// Starts an attempt when it is known which replica makes the trial, if that was requested.
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

    /// Whether it is this replica's turn to probe it, for this long.
    pub(crate) async fn has_turn(&self, lasts: Duration) -> bool {
        self.health.has_turn(lasts).await
    }

    /// Shares its health with other replicas from now on.
    pub(crate) fn tells(&self, news: &Arc<News>) {
        self.health.tells(self.identity, news);
    }

    /// Starts an attempt although it rests, because every other provider rests longer.
    pub(crate) fn enter_resting(self: &Arc<Self>, now: Instant) -> Entry {
        let trial = self.health.try_trial(&self.settings.health, now);
        Entry { provider: Arc::clone(self), started: now, trial }
    }

    /// An operator lets it rest or drains it.
    pub(crate) fn hold(&self, held: Held) {
        self.health.hold(held);
    }

    /// An operator ends that, or a rest that failures started.
    pub(crate) fn wake(&self) {
        self.health.wake();
    }

    /// When the running trial is no longer awaited; `None` if there is none.
    pub(crate) fn trial_until(&self, now: Instant) -> Option<Instant> {
        self.health.trial_until(now)
    }

    /// Resolves when a trial has ended.
    pub(crate) fn decided(&self) -> Notified<'_> {
        self.health.decided()
    }

    /// A probe ended. Returns a change of the verdict.
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

    /// The first byte of a successful answer has arrived.
    pub(crate) fn first_byte(&self, now: Instant) {
        self.first_byte_after(now.saturating_duration_since(self.started), now);
    }

    fn first_byte_after(&self, took: Duration, now: Instant) {
        self.provider.latency.observe(took, now);
    }

    /// The attempt was accepted after it `took` so long, which ends a trial successfully. The rest of the
    /// answer is reported by [`Entry::succeeded`] or [`Entry::failed`].
    pub(crate) fn accepted(&mut self, took: Duration, now: Instant) {
        self.first_byte_after(took, now);
        self.provider.health.note_failed(false);
        let cooldown = &self.provider.settings.health.cooldown;
        if let (Some(trial), Some(cooldown)) = (self.trial.take(), cooldown) {
            trial.succeeded(cooldown, now);
        }
    }

    /// The answer is complete.
    pub fn succeeded(mut self, now: Instant) {
        self.provider.health.note_failed(false);
        let health = &self.provider.settings.health;
        match (self.trial.take(), &health.cooldown) {
            (Some(trial), Some(cooldown)) => trial.succeeded(cooldown, now),
            _ => self.provider.health.succeeded(health, self.started, now),
        }
    }

    /// The attempt failed by the provider's fault. Returns the reason of a rest that this starts,
    /// for the log.
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

    /// An accepted answer broke off. Returns as [`Entry::failed`] does.
    pub(crate) fn broke_off(self, now: Instant, cause: What) -> Option<Reason> {
        let health = &self.provider.settings.health;
        self.provider.health.note_failed(true);
        self.provider.health.failed(health, self.started, now, cause, None)
    }

    /// The credential may not be used for a while, which is not a fault of the provider's health.
    /// Returns as [`Entry::failed`] does.
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

/// A new controller with these settings.
fn fresh(settings: &ProviderSettings) -> Option<Arc<Aimd>> {
    let aimd = settings.aimd.clone()?;
    Some(Arc::new(Aimd::new(aimd, Instant::now())))
}
