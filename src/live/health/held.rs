//! What an operator has decided of a provider: it rests for a while, or is asked no more.
//!
//! It says nothing of the provider's health, and ends when the operator says so.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    reason::{Reason, Why},
    state::State,
    told::Told,
};

/// What an operator has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// It rests: it is asked where nothing else is left.
    Resting {
        /// When the rest ends.
        until: Instant,
        /// How long it is in all; [`Duration::MAX`] is until the operator ends it.
        rest: Duration,
    },
    /// It is not asked at all; what is in flight ends by itself.
    Drained,
}

impl Held {
    /// A rest of so long from now on, or one without an end.
    pub(crate) fn resting(now: Instant, rest: Option<Duration>) -> Self {
        let until = now.checked_add(rest.unwrap_or(WITHOUT_END)).unwrap_or(now + WITHOUT_END);
        Self::Resting { until, rest: rest.unwrap_or(Duration::MAX) }
    }

    /// The state that it brings about; `None` once it is over.
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
    /// The same for other replicas.
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

/// Longer than any process lives.
const WITHOUT_END: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
