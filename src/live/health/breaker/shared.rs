//! The part of the breaker that replicas share.

use std::time::Duration;

use tokio::time::Instant;

use super::{Breaker, Phase, View};
use crate::live::health::{claim::Claim, reason::Why, told::Told};

impl Breaker {
    /// What all replicas should know.
    pub(in crate::live::health) fn view(&self) -> View {
        match self.phase {
            Phase::Resting { until, why, .. } => Some((until, why)),
            Phase::Closed | Phase::Ramping { .. } => None,
        }
    }

    /// The same as a message.
    pub(in crate::live::health) fn told(&self, now: Instant) -> Told {
        let trips = self.trips;
        match self.phase {
            Phase::Resting { until, rest, why, .. } => {
                Told::Rest { left: until.saturating_duration_since(now), rest, trips, why }
            }
            phase => Told::Well {
                over: match phase {
                    Phase::Ramping { over, .. } => over,
                    _ => Duration::ZERO,
                },
                rest: self.recovered.map(|(_, rest)| rest),
                trips,
            },
        }
    }

    /// Another replica reports a rest.
    pub(in crate::live::health) fn heard_rest(
        &mut self,
        (left, rest): (Duration, Duration),
        trips: u32,
        why: Why,
        now: Instant,
    ) {
        self.trips = self.trips.max(trips);
        self.claim = Claim::None;
        let theirs = now + left;
        match &mut self.phase {
            // Its trial ended without a verdict. A trial of this replica continues.
            Phase::Resting { .. } if left.is_zero() => {}
            Phase::Resting { until, .. } if theirs <= *until => {}
            phase => {
                *phase = Phase::Resting { since: now, until: theirs, rest, why, is_heard: true };
                (self.trial, self.recovered) = (None, None);
            }
        }
    }

    /// Another replica reports recovery, or an operator does.
    pub(in crate::live::health) fn heard_well(
        &mut self,
        over: Duration,
        rest: Option<Duration>,
        trips: u32,
        now: Instant,
    ) {
        if let Phase::Resting { .. } = self.phase {
            self.phase = match over.is_zero() {
                true => Phase::Closed,
                false => Phase::Ramping { since: now, over },
            };
            (self.trial, self.claim) = (None, Claim::None);
            self.failures.clear();
        }
        self.trips = trips;
        self.recovered = rest.map(|rest| (now, rest));
    }

    /// The store has decided which replica makes the trial, and for how long.
    pub(in crate::live::health) fn claimed(
        &mut self,
        elsewhere: Option<Duration>,
        unused: Duration,
        now: Instant,
    ) {
        // The answer is too late; this replica has already decided.
        if let Claim::Asked(_) = self.claim {
            self.claim = match elsewhere {
                Some(left) => Claim::Elsewhere(now + left),
                None => Claim::Granted(now + unused),
            };
        }
    }

    /// The store is not reachable, so this replica decides by itself.
    pub(in crate::live::health) fn decides_claim(&mut self, now: Instant) {
        if let Claim::Asked(until) = &mut self.claim {
            *until = now.min(*until);
        }
    }

    /// Whether a granted trial was not used, so that it is returned.
    pub(in crate::live::health) fn drops_claim(&mut self, now: Instant) -> bool {
        let is_unused = self.claim.is_unused(now);
        if is_unused {
            self.claim = Claim::None;
        }
        is_unused
    }
}
