//! How much a model is to reason, in words or in tokens.
//!
//! It never knows which model takes which.

use crate::models::Effort;

/// How much a model is to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// Not at all, said in a protocol where that is the usual case.
    Off,
    /// As much as the model likes.
    Adaptive,
    /// In words.
    Effort(Effort),
    /// At most so many tokens.
    Budget(u64),
}

impl Thinking {
    /// Whether there is to be none.
    pub(crate) fn is_off(self) -> bool {
        matches!(self, Self::Off | Self::Effort(Effort::None))
    }

    /// Whether a model that cannot reason leaves something out: one that is free to reason or not does not.
    pub(crate) fn asks_for_some(self) -> bool {
        !self.is_off() && self != Self::Adaptive
    }

    /// In words; `None` where nothing is to be said.
    pub(crate) fn effort(self) -> Option<Effort> {
        match self {
            Self::Off | Self::Adaptive => None,
            Self::Effort(effort) => Some(effort),
            Self::Budget(tokens) => Some(Effort::from_budget(tokens)),
        }
    }

    /// In tokens, 0 for not at all; `None` where the model is to decide.
    pub(crate) fn budget(self) -> Option<u64> {
        match self {
            Self::Off => Some(0),
            Self::Adaptive => None,
            Self::Effort(effort) => Some(effort.budget()),
            Self::Budget(tokens) => Some(tokens),
        }
    }
}
