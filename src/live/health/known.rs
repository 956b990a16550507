//! The part of a provider's health that replicas share, and its changes.

use super::{
    breaker::{Breaker, View},
    held::Held,
    tally::Tally,
    told::Topic,
};

/// What all replicas should know.
#[derive(PartialEq)]
pub(super) struct Known {
    breaker: View,
    is_unhealthy: bool,
    held: Option<Held>,
    is_on_trial: bool,
}

impl Known {
    pub(super) fn of(breaker: &Breaker, tally: &Tally, held: Option<Held>) -> Self {
        Self {
            breaker: breaker.view(),
            is_unhealthy: tally.unhealthy().is_some(),
            held,
            is_on_trial: breaker.on_trial(),
        }
    }

    /// The topics that have changed since.
    pub(super) fn news_since(&self, before: &Self) -> u8 {
        // A running trial is known where it was requested.
        let trial_ended = before.is_on_trial && !self.is_on_trial;
        bits([
            (Topic::Breaker, self.breaker != before.breaker || trial_ended),
            (Topic::Probes, self.is_unhealthy != before.is_unhealthy),
            (Topic::Operator, self.held != before.held),
        ])
    }

    /// The topics that differ from the initial state.
    pub(super) fn notable(&self) -> u8 {
        bits([
            (Topic::Breaker, self.breaker.is_some()),
            (Topic::Probes, self.is_unhealthy),
            (Topic::Operator, self.held.is_some()),
        ])
    }
}

fn bits(topics: [(Topic, bool); 3]) -> u8 {
    topics.into_iter().filter(|(_, is)| *is).fold(0, |bits, (topic, _)| bits | topic as u8)
}
