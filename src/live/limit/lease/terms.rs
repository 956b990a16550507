//! The definition of a shared limit, and its state as known here.

use std::time::Duration;

use crate::live::limit::period::Period;

/// A shared limit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    /// Its size over all replicas.
    pub(crate) limit: u64,
    /// How spent amounts return.
    pub(crate) flow: Flow,
}

/// How spent amounts return.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Flow {
    /// This much per second.
    PerSecond(f64),
    /// All of it at the end of a period.
    Period(Period),
    /// Held for a time and given back, like a place.
    Places,
}

/// Why a slice is too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The limit is reached. Holds what is left over all replicas, whether it is spent or only
    /// held, and when to try again.
    Reached {
        /// What is left.
        left: u64,
        /// Whether it is spent.
        is_spent: bool,
        /// `None` means never.
        wait: Option<Duration>,
    },
    /// The slice is used up, and the store was not asked for more.
    NotAsked,
    /// The store has not answered, and requests are refused without it.
    NoStore,
}

/// The state of a limit over all replicas, as known here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    /// Its size.
    pub(crate) limit: u64,
    /// What is used.
    pub(crate) used: u64,
    /// What requests of this replica hold.
    pub(crate) held: u64,
    /// What is left for this replica to hand out or to request.
    pub(crate) left: u64,
    /// How long until all of it is free.
    pub(crate) reset: Option<Duration>,
}
