//! `reasoning_translation`, compiled: how efforts are written for one provider.

use serde_json::Value;

use crate::{models::Effort, protocol::Protocol};

/// How efforts are written, by protocol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reasoning(pub(crate) Vec<(Protocol, Efforts)>);

/// What is written for each effort.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Efforts {
    /// Efforts that the provider does not support.
    pub(crate) unsupported: Vec<Effort>,
    /// The values written for the others.
    pub(crate) writes: Vec<Write>,
}

/// One value of the request that depends on the effort.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Write {
    /// The keys on the path.
    pub(crate) path: Vec<Box<str>>,
    /// Its value for each effort.
    pub(crate) values: Vec<(Effort, Value)>,
    /// Whether it is a thinking budget, which the request's output limit must exceed.
    pub(crate) is_budget: bool,
}

impl Reasoning {
    /// The efforts for this protocol.
    pub(crate) fn of(&self, protocol: Protocol) -> Option<&Efforts> {
        self.0.iter().find(|(its, _)| *its == protocol).map(|(_, efforts)| efforts)
    }
}

impl Write {
    /// The value for this effort.
    pub(crate) fn value(&self, effort: Effort) -> Option<&Value> {
        self.values.iter().find(|(its, _)| *its == effort).map(|(_, value)| value)
    }
}
