//! Whether a provider may be asked: the circuit breaker, from requests, and the tally, from probes,
//! behind one flag that costs one relaxed load while all is well.
//!
//! It reads no clock and sends nothing: time is an argument, and probes report here.

pub(crate) mod breaker;
mod claim;
pub(crate) mod held;
mod known;
pub(crate) mod news;
mod shared;
pub(crate) mod told;
pub(crate) mod state;
pub(crate) mod reason;
pub(crate) mod tally;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use crate::failure::What;
pub use breaker::Cooldown;
use breaker::{Breaker, NoTrial};
pub(crate) use held::Held;
use known::Known;
use news::Outlet;
pub(crate) use reason::{Reason, Why};
pub(crate) use state::State;
pub(crate) use tally::Probing;
use tally::Tally;
use told::Topic;

/// A table's settings for one provider's health; an absent part is off.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HealthSettings {
    /// When failures start a rest.
    pub cooldown: Option<Cooldown>,
    /// When probes take it out and bring it back.
    pub probing: Option<Probing>,
}

/// One provider's health, shared by every table that names the provider.
#[derive(Debug, Default)]
pub(crate) struct Health {
    flags: AtomicU8,
    /// Whether the last attempt with a verdict failed.
    last_attempt_failed: AtomicBool,
    /// Wakes those that wait for the end of a trial.
    decided: Notify,
    inner: Mutex<Inner>,
    /// Sends changes to other replicas, if there are any.
    outlet: OnceLock<Outlet>,
}

/// The right to be the one request that tests a provider after its rest.
///
/// If it is dropped without a verdict (the client left), the right passes to the next request.
#[derive(Debug)]
#[must_use = "a trial that is dropped has no verdict"]
pub(crate) struct Trial {
    health: Arc<Health>,
    id: u64,
}

#[derive(Debug, Default)]
struct Inner {
    breaker: Breaker,
    tally: Tally,
    held: Option<Held>,
}

impl Health {
    /// Whether the provider may be asked.
    #[inline]
    pub(crate) fn state(&self, settings: &HealthSettings, now: Instant) -> State {
        let heeded =
            settings.cooldown.map_or(0, |_| BREAKER) | settings.probing.map_or(0, |_| UNHEALTHY);
        if self.flags.load(Ordering::Relaxed) & (heeded | HELD) == 0 {
            return State::Ready { factor: 1.0 };
        }
        self.state_in_detail(settings, now)
    }

    #[cold]
    fn state_in_detail(&self, settings: &HealthSettings, now: Instant) -> State {
        // The end of a rest is not a message to others.
        self.locked_in_silence(|inner| {
            if let Some(state) = inner.held.and_then(|held| held.state(now)) {
                return state;
            }
            inner.held = None;
            match inner.tally.unhealthy() {
                Some(probes) if settings.probing.is_some() => State::Unhealthy { probes },
                _ if settings.cooldown.is_some() => inner.breaker.state(now),
                _ => State::Ready { factor: 1.0 },
            }
        })
    }

    /// An operator decides.
    pub(crate) fn hold(&self, held: Held) {
        self.locked(|inner| inner.held = Some(held));
    }

    /// An operator ends a decision, or a rest that failures started. The verdict of probes stays.
    pub(crate) fn wake(&self) {
        self.locked(|inner| {
            inner.held = None;
            inner.breaker = Breaker::default();
        });
        if let Some(outlet) = self.outlet.get() {
            // Others may know of a rest that this replica does not know.
            outlet.changed(Topic::Breaker as u8 | Topic::Operator as u8);
        }
    }

    /// Whether the last attempt with a verdict failed.
    pub(crate) fn last_attempt_failed(&self) -> bool {
        self.last_attempt_failed.load(Ordering::Relaxed)
    }

    /// Notes how the last attempt ended; written only on a change.
    pub(super) fn note_failed(&self, failed: bool) {
        if self.last_attempt_failed.load(Ordering::Relaxed) != failed {
            self.last_attempt_failed.store(failed, Ordering::Relaxed);
        }
    }

    /// The trial, if the provider's rest is over and the trial is free.
    pub(crate) fn try_trial(
        self: &Arc<Self>,
        settings: &HealthSettings,
        now: Instant,
    ) -> Option<Trial> {
        let cooldown = settings.cooldown.as_ref()?;
        let store = self.outlet.get().and_then(|outlet| Some((outlet, outlet.waits()?)));
        let trial = self.locked(|inner| {
            let unhealthy = settings.probing.is_some() && inner.tally.unhealthy().is_some();
            let waits = store.map(|(_, waits)| waits);
            if unhealthy {
                Err(NoTrial::Busy)
            } else {
                inner.breaker.try_trial(cooldown, waits, now)
            }
        });
        if let (Err(NoTrial::Asks), Some((outlet, _))) = (&trial, store) {
            outlet.ask_for_trial(cooldown.duration);
        }
        Some(Trial { health: Arc::clone(self), id: trial.ok()? })
    }

    /// When the running trial is no longer awaited; `None` if there is none.
    pub(crate) fn trial_until(&self, now: Instant) -> Option<Instant> {
        self.locked(|inner| inner.breaker.trial_until(now))
    }

    /// Resolves when a trial has ended. One that ends after this call is not missed.
    pub(crate) fn decided(&self) -> Notified<'_> {
        self.decided.notified()
    }

    /// An attempt that began at `started` succeeded.
    pub(crate) fn succeeded(&self, settings: &HealthSettings, started: Instant, now: Instant) {
        let Some(cooldown) = &settings.cooldown else { return };
        if self.flags.load(Ordering::Relaxed) & (NOTED | BREAKER) != 0 {
            self.locked(|inner| inner.breaker.succeeded(cooldown, started, now));
        }
    }

    /// An attempt that began at `started` failed, possibly with a `Retry-After`. Returns the reason
    /// of a rest that this starts.
    pub(crate) fn failed(
        &self,
        settings: &HealthSettings,
        started: Instant,
        now: Instant,
        cause: What,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let cooldown = settings.cooldown.as_ref()?;
        self.locked(|inner| inner.breaker.failed(cooldown, started, now, cause, retry_after))
    }

    /// The provider is healthy, but its credential may not be used for a while. Returns the reason
    /// of a rest that this starts.
    pub(crate) fn set_aside(
        &self,
        settings: &HealthSettings,
        now: Instant,
        why: Why,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let cooldown = settings.cooldown.as_ref()?;
        self.locked(|inner| inner.breaker.set_aside(cooldown, now, why, retry_after))
    }

    /// A probe ended. Returns a change of the verdict. A provider that becomes healthy starts
    /// slowly, and enough successes end a rest that failures started.
    pub(crate) fn probed(&self, settings: &HealthSettings, ok: bool, now: Instant) -> Option<bool> {
        let probing = settings.probing.as_ref()?;
        self.locked(|inner| {
            let change = inner.tally.count(probing, ok);
            if let Some(cooldown) = &settings.cooldown
                && (change == Some(true) || inner.tally.is_well(probing))
            {
                inner.breaker.answers_again(cooldown, now, change == Some(true));
            }
            change
        })
    }

    /// Accesses the details. Afterwards the flag is updated, those that wait for a trial are woken,
    /// and other replicas get the changes.
    fn locked<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let Some(outlet) = self.outlet.get() else { return self.locked_in_silence(act) };
        let mut news = 0;
        let answer = self.locked_in_silence(|inner| {
            let before = inner.known();
            let answer = act(inner);
            news = inner.known().news_since(&before);
            answer
        });
        outlet.changed(news);
        answer
    }

    /// The same without telling other replicas.
    fn locked_in_silence<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.inner();
        let on_trial = inner.breaker.is_awaited();
        let answer = act(&mut inner);
        let flag = |up: bool, flag: u8| if up { flag } else { 0 };
        let flags = flag(inner.breaker.noted(), NOTED)
            | flag(!inner.breaker.closed(), BREAKER)
            | flag(inner.tally.unhealthy().is_some(), UNHEALTHY)
            | flag(inner.held.is_some(), HELD);
        self.flags.store(flags, Ordering::Relaxed);
        if on_trial && !inner.breaker.is_awaited() {
            self.decided.notify_waiters();
        }
        answer
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn known(&self) -> Known {
        Known::of(&self.breaker, &self.tally, self.held)
    }
}

impl Trial {
    /// The provider is healthy: it may be asked again, slowly at first.
    pub(crate) fn succeeded(self, cooldown: &Cooldown, now: Instant) {
        self.health.locked(|inner| inner.breaker.trial_succeeded(self.id, cooldown, now));
    }

    /// It is not: it rests again, longer. Returns the reason, unless the trial took so long that
    /// another has already decided.
    pub(crate) fn failed(
        self,
        cooldown: &Cooldown,
        now: Instant,
        cause: What,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        self.health
            .locked(|inner| inner.breaker.trial_failed(self.id, cooldown, now, cause, retry_after))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.health.locked(|inner| inner.breaker.give_back(self.id));
    }
}

/// Some failures are counted.
const NOTED: u8 = 1;
/// The breaker is not closed.
const BREAKER: u8 = 2;
/// The probes fail.
const UNHEALTHY: u8 = 4;
/// An operator has decided.
const HELD: u8 = 8;
