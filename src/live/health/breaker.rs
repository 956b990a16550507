//! The circuit breaker (Nygard, "Release It!"): closed → resting (open) → half-open → slow start →
//! closed. A plain value that receives events with their times.
//!
//! It has no lock, no clock and no knowledge of probes.

mod shared;

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::claim::Claim;
use super::reason::{Reason, Why};
use super::state::State;
use crate::failure::What;

/// When failures open the breaker, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cooldown {
    /// The failures within the window, with no success between, that start a rest.
    pub(crate) failures: u32,
    /// The length of the sliding window.
    pub(crate) window: Duration,
    /// The first rest.
    pub(crate) duration: Duration,
    /// The growth factor of a rest that soon follows another.
    pub(crate) factor: f64,
    /// The longest rest.
    pub(crate) max_duration: Duration,
    /// The longest `Retry-After` that is followed.
    pub(crate) max_retry_after: Duration,
    /// When a trial interrupts a rest that failures started; at its end if absent.
    pub(crate) trial_after: Option<Duration>,
    /// The slow start of a recovered provider's weight; zero means none.
    pub(crate) slow_start: Duration,
}

impl Default for Cooldown {
    fn default() -> Self {
        Self {
            failures: 3,
            window: Duration::from_secs(60),
            duration: Duration::from_secs(60),
            factor: 2.0,
            max_duration: Duration::from_secs(600),
            max_retry_after: Duration::from_secs(600),
            trial_after: Some(Duration::from_secs(25)),
            slow_start: Duration::from_secs(10),
        }
    }
}

/// The state machine.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    phase: Phase,
    /// The latest failures since the last success, at most as many as start a rest.
    failures: SmallVec<[(Instant, What); 4]>,
    /// Consecutive rests started by failures.
    trips: u32,
    /// When it last recovered, and the length of the rest before.
    recovered: Option<(Instant, Duration)>,
    trial: Option<Slot>,
    trials: u64,
    /// Whether this replica may start a trial, if replicas share their findings.
    claim: Claim,
    /// The end of the provider's `Retry-After`.
    asked_until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Phase {
    #[default]
    Closed,
    /// Half-open from `until` on.
    Resting {
        since: Instant,
        until: Instant,
        rest: Duration,
        why: Why,
        /// Learned from another replica.
        is_heard: bool,
    },
    /// Closed, with a growing weight.
    Ramping { since: Instant, over: Duration },
}

/// The state of the trial. One that runs longer than `duration` is no longer awaited, since a
/// hanging connection must not keep out a recovered provider.
#[derive(Debug, Clone, Copy)]
struct Slot {
    id: u64,
    lost_at: Instant,
}

/// The part of a breaker that replicas share: until when it rests, and why.
pub(super) type View = Option<(Instant, Why)>;

/// Why a trial cannot start.
pub(super) enum NoTrial {
    /// Another request has it, or none is needed.
    Busy,
    /// The store has to decide which replica makes it.
    Asks,
}

impl Breaker {
    pub(super) fn state(&mut self, now: Instant) -> State {
        match self.phase {
            Phase::Resting { until, rest, why, is_heard, .. } if now < until => {
                State::Resting { until, reason: Reason { rest, why, is_heard } }
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

    /// Starts the trial, if it is free. `store` is how long to wait for the store, if replicas take
    /// turns.
    pub(super) fn try_trial(
        &mut self,
        cooldown: &Cooldown,
        store: Option<Duration>,
        now: Instant,
    ) -> Result<u64, NoTrial> {
        let State::HalfOpen { busy: false } = self.state(now) else { return Err(NoTrial::Busy) };
        if let Some(timeout) = store.filter(|_| !self.claim.allows(now)) {
            self.claim = Claim::Asked(now + timeout);
            return Err(NoTrial::Asks);
        }
        self.claim = Claim::None;
        self.trials += 1;
        self.trial = Some(Slot { id: self.trials, lost_at: now + cooldown.duration });
        Ok(self.trials)
    }

    pub(super) fn on_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Whether a trial runs, here or at another replica.
    pub(super) fn is_awaited(&self) -> bool {
        self.on_trial() || matches!(self.claim, Claim::Asked(_) | Claim::Elsewhere(_))
    }

    /// Which replica has the trial, as far as is known.
    pub(super) fn claim(&self) -> Claim {
        self.claim
    }

    pub(super) fn give_back(&mut self, id: u64) {
        self.trial = self.trial.filter(|slot| slot.id != id);
    }

    /// Counts a success. During a rest, only attempts that started after its beginning count.
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

    /// Counts a failure. During a rest it changes nothing, since it may have started earlier and
    /// only trials extend a rest; but `Retry-After` is followed.
    pub(super) fn failed(
        &mut self,
        cooldown: &Cooldown,
        started: Instant,
        now: Instant,
        cause: What,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let asked = retry_after.unwrap_or_default().min(cooldown.longest_asked());
        self.asked(now, asked);
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
        (!asked.is_zero()).then(|| self.rest(now, asked, asked, Why::Asked(cause)))
    }

    pub(super) fn trial_failed(
        &mut self,
        id: u64,
        cooldown: &Cooldown,
        now: Instant,
        cause: What,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let asked = retry_after.unwrap_or_default().min(cooldown.longest_asked());
        self.asked(now, asked);
        self.has_trial(id).then(|| self.trip(cooldown, now, asked, Why::Trial(cause)))
    }

    /// Starts a rest that says nothing about health: the credential may not be used for a while. It
    /// replaces an earlier rest that ends sooner, and a running trial then decides nothing.
    pub(super) fn set_aside(
        &mut self,
        cooldown: &Cooldown,
        now: Instant,
        why: Why,
        retry_after: Option<Duration>,
    ) -> Option<Reason> {
        let asked = retry_after.unwrap_or(match why {
            Why::QuotaSpent => cooldown.longest_asked(),
            Why::CredentialRefused | Why::ModelMissing => cooldown.duration,
            _ => UNSAID,
        });
        let asked = asked.min(cooldown.longest_asked());
        self.asked(now, asked);
        match self.phase {
            _ if asked.is_zero() => None,
            Phase::Resting { until, .. } if now < until => {
                self.extend(now + asked);
                None
            }
            _ => Some(self.rest(now, asked, asked, why)),
        }
    }

    /// Probes succeed again, which ends a rest that failures started. Rests by `Retry-After` or
    /// because of the credential remain.
    pub(super) fn answers_again(&mut self, cooldown: &Cooldown, now: Instant, is_news: bool) {
        let by_failures =
            matches!(self.phase, Phase::Resting { why: Why::Failures { .. } | Why::Trial(_), .. });
        if by_failures && self.asked_until.is_none_or(|asked| asked <= now) {
            self.recover(cooldown, now);
        } else if is_news {
            self.start_slowly(cooldown, now);
        }
    }

    fn start_slowly(&mut self, cooldown: &Cooldown, now: Instant) {
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

    /// Starts a rest, longer each time unless the provider was healthy for long enough.
    fn trip(&mut self, cooldown: &Cooldown, now: Instant, asked: Duration, why: Why) -> Reason {
        let believed = self.recovered.is_some_and(|(at, rest)| {
            now.saturating_duration_since(at) > rest.max(cooldown.window)
        });
        if believed {
            self.trips = 0;
        }
        let grown = cooldown.rest(self.trips);
        self.trips = self.trips.saturating_add(1);
        self.recovered = None;
        let until_trial = cooldown.trial_after.map_or(grown, |after| after.min(grown));
        self.rest(now, grown.max(asked), until_trial.max(asked), why)
    }

    fn rest(&mut self, now: Instant, rest: Duration, until_trial: Duration, why: Why) -> Reason {
        (self.trial, self.claim) = (None, Claim::None);
        let is_heard = false;
        self.phase = Phase::Resting { since: now, until: now + until_trial, rest, why, is_heard };
        Reason { rest, why, is_heard }
    }

    fn asked(&mut self, now: Instant, asked: Duration) {
        if !asked.is_zero() {
            self.asked_until = self.asked_until.max(Some(now + asked));
        }
    }

    fn extend(&mut self, at_least: Instant) {
        if let Phase::Resting { since, until, rest, .. } = &mut self.phase {
            *until = at_least.max(*until);
            *rest = (*until - *since).max(*rest);
        }
    }

    fn recover(&mut self, cooldown: &Cooldown, now: Instant) {
        if let Phase::Resting { rest, .. } = self.phase {
            self.recovered = Some((now, rest));
        }
        self.failures.clear();
        (self.trial, self.claim) = (None, Claim::None);
        self.phase = Phase::Closed;
        self.start_slowly(cooldown, now);
    }

    /// When the running trial is no longer awaited.
    pub(super) fn trial_until(&self, now: Instant) -> Option<Instant> {
        let rested = matches!(self.phase, Phase::Resting { until, .. } if until <= now);
        let here = self.trial.map(|slot| slot.lost_at).filter(|lost_at| now < *lost_at);
        here.max(self.claim.busy_until(now)).filter(|_| rested)
    }

    fn has_trial(&self, id: u64) -> bool {
        self.trial.is_some_and(|slot| slot.id == id)
    }
}

impl Cooldown {
    fn threshold(&self) -> usize {
        self.failures.max(1) as usize
    }

    /// The length of a rest after this many others. Growth never shortens: a first rest beyond the
    /// maximum is what the file sets.
    fn rest(&self, trips: u32) -> Duration {
        let longest = self.max_duration.max(self.duration);
        let grown =
            self.duration.as_secs_f64() * self.factor.powi(trips.min(MOST_GROWTHS).cast_signed());
        Duration::try_from_secs_f64(grown)
            .map_or(longest, |grown| grown.clamp(self.duration, longest))
    }

    /// The longest rest that a provider may ask for.
    fn longest_asked(&self) -> Duration {
        self.max_retry_after.max(self.duration)
    }
}

/// The weight factor right after a recovery.
const SLOWEST: f32 = 0.1;
/// The rest after a 429 without `Retry-After`.
const UNSAID: Duration = Duration::from_secs(1);
/// Enough to reach any maximum.
const MOST_GROWTHS: u32 = 64;
