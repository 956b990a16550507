//! Why a limit says no, and for how long.

use std::time::Duration;

/// Why a limit said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// The bucket is empty; one cell is free after this long.
    Rate(Duration),
    /// As many requests are in flight as may be.
    Concurrency,
    /// A window over tokens is used up, and has some free after this long.
    Tokens(Duration),
    /// A budget is spent; it begins anew after this long, or never.
    Budget(Option<Duration>),
    /// The store that replicas share has not said whether there is more.
    NoStore,
}

impl Limited {
    /// How long it is in the way, where it ends at all.
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
