//! How much a model is to reason, as one provider is told it: `reasoning_translation`, compiled.

use serde_json::Value;

use crate::{models::Effort, protocol::Protocol};

/// What a provider is told, by the protocol that it is asked in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reasoning(pub(crate) Vec<(Protocol, Efforts)>);

/// What is written for each effort.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Efforts {
    /// Those that the provider does not take.
    pub(crate) unsupported: Vec<Effort>,
    /// What is written for the others.
    pub(crate) writes: Vec<Write>,
}

/// One value of a request that depends on the effort.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Write {
    /// The keys that lead to it.
    pub(crate) path: Vec<Box<str>>,
    /// Its value for each effort.
    pub(crate) values: Vec<(Effort, Value)>,
    /// Whether it is how many tokens may be thought, which the request's own limit must exceed.
    pub(crate) is_budget: bool,
}

impl Reasoning {
    /// What is written in requests of this protocol.
    pub(crate) fn of(&self, protocol: Protocol) -> Option<&Efforts> {
        self.0.iter().find(|(its, _)| *its == protocol).map(|(_, efforts)| efforts)
    }
}

impl Write {
    /// What is written for this effort.
    pub(crate) fn value(&self, effort: Effort) -> Option<&Value> {
        self.values.iter().find(|(its, _)| *its == effort).map(|(_, value)| value)
    }
}
