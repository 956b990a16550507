//! How much a model reasons, in words or tokens.

use crate::models::Effort;

/// How much a model reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// Not at all, in a protocol where that is the default.
    Off,
    /// As much as the model likes.
    Adaptive,
    /// In words.
    Effort(Effort),
    /// At most so many tokens.
    Budget(u64),
}

impl Thinking {
    /// As much as the name of an effort says.
    pub(crate) fn in_words(effort: &str) -> Self {
        Self::Effort(Effort::from_name(effort))
    }

    /// Whether reasoning is turned off.
    pub(crate) fn is_off(self) -> bool {
        matches!(self, Self::Off | Self::Effort(Effort::None))
    }

    /// Whether it is lost at a model that cannot reason. `Adaptive` is not: such a model may choose not to reason.
    pub(crate) fn asks_for_some(self) -> bool {
        !self.is_off() && self != Self::Adaptive
    }

    /// As an effort; `None` if there is none.
    pub(crate) fn effort(self) -> Option<Effort> {
        match self {
            Self::Off | Self::Adaptive => None,
            Self::Effort(effort) => Some(effort),
            Self::Budget(tokens) => Some(Effort::from_budget(tokens)),
        }
    }

    /// As a budget in tokens, 0 for none; `None` if the model decides.
    pub(crate) fn budget(self) -> Option<u64> {
        match self {
            Self::Off => Some(0),
            Self::Adaptive => None,
            Self::Effort(effort) => Some(effort.budget()),
            Self::Budget(tokens) => Some(tokens),
        }
    }
}
