//! Why a limit refuses, and for how long.

use std::time::Duration;

/// Why a limit refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// The bucket is empty; the next cell is free after this time.
    Rate(Duration),
    /// The cap on requests in flight is reached.
    Concurrency,
    /// A token window is used up; some of it is free after this time.
    Tokens(Duration),
    /// A budget is exhausted; it resets after this time, or never.
    Budget(Option<Duration>),
    /// The shared store has not answered.
    NoStore,
}

impl Limited {
    /// How long until it may admit, if it ever will.
    pub(crate) fn wait(self) -> Option<Duration> {
        match self {
            Self::Rate(wait) | Self::Tokens(wait) => Some(wait),
            Self::Concurrency => Some(Duration::from_secs(1)),
            // The store is asked meanwhile.
            Self::NoStore => Some(Duration::from_millis(20)),
            Self::Budget(wait) => wait,
        }
    }
}
