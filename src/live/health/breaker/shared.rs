//! The breaker's part in what replicas tell each other.

use std::time::Duration;

use tokio::time::Instant;

use super::{Breaker, Phase, View};
use crate::live::health::{claim::Claim, reason::Why, told::Told};

impl Breaker {
    /// What all replicas should know of it.
    pub(in crate::live::health) fn view(&self) -> View {
        match self.phase {
            Phase::Resting { until, why, .. } => Some((until, why)),
            Phase::Closed | Phase::Ramping { .. } => None,
        }
    }

    /// The same in words.
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

    /// Another replica has found that it rests.
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
            // Its trial has ended without a verdict. One under way here goes on.
            Phase::Resting { .. } if left.is_zero() => {}
            Phase::Resting { until, .. } if theirs <= *until => {}
            phase => {
                *phase = Phase::Resting { since: now, until: theirs, rest, why, is_heard: true };
                (self.trial, self.recovered) = (None, None);
            }
        }
    }

    /// Another replica has found that it is well, or an operator has said so.
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

    /// The store has said who makes the trial: this replica, or another one that has so long.
    pub(in crate::live::health) fn claimed(
        &mut self,
        elsewhere: Option<Duration>,
        unused: Duration,
        now: Instant,
    ) {
        // What comes too late was decided here.
        if let Claim::Asked(_) = self.claim {
            self.claim = match elsewhere {
                Some(left) => Claim::Elsewhere(now + left),
                None => Claim::Granted(now + unused),
            };
        }
    }

    /// The store was not reached: it is decided here.
    pub(in crate::live::health) fn decides_claim(&mut self, now: Instant) {
        if let Claim::Asked(until) = &mut self.claim {
            *until = now.min(*until);
        }
    }

    /// Whether the right to a trial was granted and not used. It is given back then.
    pub(in crate::live::health) fn drops_claim(&mut self, now: Instant) -> bool {
        let is_unused = self.claim.is_unused(now);
        if is_unused {
            self.claim = Claim::None;
        }
        is_unused
    }
}
