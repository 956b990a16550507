//! The breaker: closed → resting → half-open → starting slowly → closed, as a plain value that is
//! told what happened and when.
//!
//! It has no lock, no clock and no knowledge of probes.

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::reason::{Reason, Why};
use super::state::State;
use crate::failure::What;

/// When failures rest a provider, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cooldown {
    /// Failures inside the window, with no success between, that begin a rest.
    pub(crate) failures: u32,
    /// The window that slides over them.
    pub(crate) window: Duration,
    /// The first rest; it doubles with each that follows soon after.
    pub(crate) duration: Duration,
    /// Where doubling ends, and the most that a `Retry-After` is heeded.
    pub(crate) max_duration: Duration,
    /// How long a recovered provider's weight takes to grow back; zero is at once.
    pub(crate) slow_start: Duration,
}

impl Default for Cooldown {
    fn default() -> Self {
        Self {
            failures: 3,
            window: Duration::from_secs(60),
            duration: Duration::from_secs(60),
            max_duration: Duration::from_secs(600),
            slow_start: Duration::from_secs(10),
        }
    }
}

/// The state machine.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    phase: Phase,
    /// The newest failures since the last success, at most as many as begin a rest.
    failures: SmallVec<[(Instant, What); 4]>,
    /// Rests begun by failures, one soon after the other.
    trips: u32,
    /// When it last recovered, and how long the rest before had been.
    recovered: Option<(Instant, Duration)>,
    trial: Option<Slot>,
    trials: u64,
}

#[derive(Debug, Clone, Copy, Default)]
enum Phase {
    #[default]
    Closed,
    /// Half-open from `until` on.
    Resting { since: Instant, until: Instant, why: Why },
    /// Closed, with a weight that grows.
    Ramping { since: Instant, over: Duration },
}

/// Who has the trial. One that has not ended after a whole `duration` is not waited for: a
/// connection that hangs must not keep out a provider that has recovered.
#[derive(Debug, Clone, Copy)]
struct Slot {
    id: u64,
    lost_at: Instant,
}

impl Breaker {
    pub(super) fn state(&mut self, now: Instant) -> State {
        match self.phase {
            Phase::Resting { since, until, why } if now < until => {
                State::Resting { until, reason: Reason { rest: until - since, why } }
            }
            Phase::Resting { .. } => State::HalfOpen { busy: self.trial_until(now).is_some() },
            Phase::Ramping { since, over } => {
                let grown = now.saturating_duration_since(since).div_duration_f32(over);
                if grown >= 1.0 {
                    self.phase = Phase::Closed;
                }
                State::Ready { factor: (SLOWEST + (1.0 - SLOWEST) * grown).min(1.0) }
            }
            Phase::Closed => State::Ready { factor: 1.0 },
        }
    }

    pub(super) fn closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    pub(super) fn noted(&self) -> bool {
        !self.failures.is_empty()
    }

    pub(super) fn try_trial(&mut self, cooldown: &Cooldown, now: Instant) -> Option<u64> {
        let State::HalfOpen { busy: false } = self.state(now) else { return None };
        self.trials += 1;
        self.trial = Some(Slot { id: self.trials, lost_at: now + cooldown.duration });
        Some(self.trials)
    }

    pub(super) fn on_trial(&self) -> bool {
        self.trial.is_some()
    }

    pub(super) fn give_back(&mut self, id: u64) {
        self.trial = self.trial.filter(|slot| slot.id != id);
    }

    /// While resting, only an attempt that began after the rest did says anything new: one that
    /// was made all the same, because nobody else was left.
    pub(super) fn succeeded(&mut self, cooldown: &Cooldown, started: Instant, now: Instant) {
        match self.phase {
            Phase::Resting { since, .. } if started < since => {}
            Phase::Resting { .. } => self.recover(cooldown, now),
            Phase::Closed | Phase::Ramping { .. } => self.failures.clear(),
        }
    }

    pub(super) fn trial_succeeded(&mut self, id: u64, cooldown: &Cooldown, now: Instant) {
        if self.has_trial(id) {
            self.recover(cooldown, now);
        }
    }

    /// While resting, a failure says nothing new (it may have begun before the rest, and only
    /// trials lengthen a rest), but what the provider asks for is heeded.
    pub(super) fn failed(
        &mut self,
        cooldown: &Cooldown,
        started: Instant,
        now: Instant,
        cause: What,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let asked = retry_after.unwrap_or_default().min(cooldown.longest());
        if let Phase::Resting { .. } = self.phase {
            self.extend(now + asked);
            return None;
        }
        if self.recovered.is_none_or(|(at, _)| started >= at) {
            self.note(cooldown, now, cause);
        }
        if self.failures.len() >= cooldown.threshold() {
            let why = self.failures_why(cause);
            return Some(self.trip(cooldown, now, asked, why));
        }
        (!asked.is_zero()).then(|| self.rest(now, asked, Why::Asked(cause)))
    }

    pub(super) fn trial_failed(
        &mut self,
        id: u64,
        cooldown: &Cooldown,
        now: Instant,
        cause: What,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let asked = retry_after.unwrap_or_default().min(cooldown.longest());
        self.has_trial(id).then(|| self.trip(cooldown, now, asked, Why::Trial(cause)))
    }

    /// A rest that says nothing of the provider's health: its credential may not be used for a
    /// while. Beyond the end of a rest it begins another, and a trial under way then decides
    /// nothing.
    pub(super) fn set_aside(
        &mut self,
        cooldown: &Cooldown,
        now: Instant,
        why: Why,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let asked = retry_after.unwrap_or(match why {
            Why::QuotaSpent => cooldown.longest(),
            Why::CredentialRefused => cooldown.duration,
            _ => UNSAID,
        });
        let asked = asked.min(cooldown.longest());
        match self.phase {
            _ if asked.is_zero() => None,
            Phase::Resting { until, .. } if now < until => {
                self.extend(now + asked);
                None
            }
            _ => Some(self.rest(now, asked, why)),
        }
    }

    pub(super) fn start_slowly(&mut self, cooldown: &Cooldown, now: Instant) {
        if self.closed() && !cooldown.slow_start.is_zero() {
            self.phase = Phase::Ramping { since: now, over: cooldown.slow_start };
        }
    }

    fn note(&mut self, cooldown: &Cooldown, now: Instant, cause: What) {
        self.failures.retain(|(at, _)| now.saturating_duration_since(*at) < cooldown.window);
        self.failures.push((now, cause));
        let surplus = self.failures.len().saturating_sub(cooldown.threshold());
        self.failures.drain(..surplus);
    }

    fn failures_why(&self, last: What) -> Why {
        let alike = self.failures.iter().all(|(_, what)| what.is_alike(last));
        Why::Failures { count: self.failures.len() as u32, last, alike }
    }

    /// Rests longer each time, unless it had been well for longer than it takes to be believed.
    fn trip(&mut self, cooldown: &Cooldown, now: Instant, asked: Duration, why: Why) -> Reason {
        let believed = self.recovered.is_some_and(|(at, rest)| {
            now.saturating_duration_since(at) > rest.max(cooldown.window)
        });
        if believed {
            self.trips = 0;
        }
        let doubled = cooldown.duration.saturating_mul(1 << self.trips.min(MOST_DOUBLINGS));
        self.trips = self.trips.saturating_add(1);
        self.recovered = None;
        self.rest(now, doubled.min(cooldown.longest()).max(asked), why)
    }

    fn rest(&mut self, now: Instant, rest: Duration, why: Why) -> Reason {
        self.trial = None;
        self.phase = Phase::Resting { since: now, until: now + rest, why };
        Reason { rest, why }
    }

    fn extend(&mut self, at_least: Instant) {
        if let Phase::Resting { until, .. } = &mut self.phase {
            *until = at_least.max(*until);
        }
    }

    fn recover(&mut self, cooldown: &Cooldown, now: Instant) {
        if let Phase::Resting { since, until, .. } = self.phase {
            self.recovered = Some((now, until - since));
        }
        self.failures.clear();
        self.trial = None;
        self.phase = Phase::Closed;
        self.start_slowly(cooldown, now);
    }

    /// When the trial under way will not be waited for any more.
    pub(super) fn trial_until(&self, now: Instant) -> Option<Instant> {
        let rested = matches!(self.phase, Phase::Resting { until, .. } if until <= now);
        self.trial.map(|slot| slot.lost_at).filter(|lost_at| rested && now < *lost_at)
    }

    fn has_trial(&self, id: u64) -> bool {
        self.trial.is_some_and(|slot| slot.id == id)
    }
}

impl Cooldown {
    fn threshold(&self) -> usize {
        self.failures.max(1) as usize
    }

    /// Doubling never shortens: a first rest beyond the cap is what the file asks for.
    fn longest(&self) -> Duration {
        self.max_duration.max(self.duration)
    }
}

/// The factor right after a recovery.
const SLOWEST: f32 = 0.1;
/// The rest after a 429 that does not say how long.
const UNSAID: Duration = Duration::from_secs(1);
/// Enough to reach any cap; more would overflow.
const MOST_DOUBLINGS: u32 = 20;
