//! What an operator has decided about a provider: it rests for a while, or is drained.
//!
//! It is independent of the provider's health and ends only by the operator or its time.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    reason::{Reason, Why},
    state::State,
    told::Told,
};

/// An operator's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// A rest: the provider is asked only if no other is left.
    Resting {
        /// When the rest ends.
        until: Instant,
        /// Its whole length; [`Duration::MAX`] means until the operator ends it.
        rest: Duration,
    },
    /// The provider is not asked; requests in flight finish.
    Drained,
}

impl Held {
    /// A rest of this length from now, or an open-ended one.
    pub(crate) fn resting(now: Instant, rest: Option<Duration>) -> Self {
        let until = now.checked_add(rest.unwrap_or(WITHOUT_END)).unwrap_or(now + WITHOUT_END);
        Self::Resting { until, rest: rest.unwrap_or(Duration::MAX) }
    }

    /// The resulting state; `None` once it is over.
    pub(super) fn state(self, now: Instant) -> Option<State> {
        match self {
            Self::Drained => Some(State::Drained),
            Self::Resting { until, rest } if now < until => Some(State::Resting {
                until,
                reason: Reason { rest, why: Why::Operator, is_heard: false },
            }),
            Self::Resting { .. } => None,
        }
    }
}

impl Held {
    /// The same as a message for other replicas.
    pub(super) fn told(self, now: Instant) -> Told {
        match self {
            Self::Drained => Told::Drained,
            Self::Resting { rest: Duration::MAX, .. } => {
                Told::Held { left: None, rest: Duration::MAX }
            }
            Self::Resting { until, rest } => {
                Told::Held { left: Some(until.saturating_duration_since(now)), rest }
            }
        }
    }
}

/// Longer than any process runs.
const WITHOUT_END: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
