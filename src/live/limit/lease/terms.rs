//! What a shared limit is, and what is known of it here.

use std::time::Duration;

use crate::live::limit::period::Period;

/// What is shared, and how it comes back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    /// How much there may be, over all replicas.
    pub(crate) limit: u64,
    /// How it comes back.
    pub(crate) flow: Flow,
}

/// How what was spent comes back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Flow {
    /// So much of it flows off in a second.
    PerSecond(f64),
    /// All of it at the end of a period.
    Period(Period),
    /// It is held for a time and given back, as a place is.
    Places,
}

/// Why a slice has too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The limit is reached: what is left of it over all replicas, whether it is used up or only held, and
    /// when it is worth asking again.
    Reached {
        /// What is left.
        left: u64,
        /// Whether it is used up.
        is_spent: bool,
        /// `None`: never.
        wait: Option<Duration>,
    },
    /// The slice is used up, and the store was not asked for more.
    NotAsked,
    /// The store has not answered, and no request is served without it.
    NoStore,
}

/// What a limit looks like over all replicas, as far as is known here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    /// How much there may be.
    pub(crate) limit: u64,
    /// What is used.
    pub(crate) used: u64,
    /// What requests of this replica hold.
    pub(crate) held: u64,
    /// What is left for this replica to hand out, or to ask for.
    pub(crate) left: u64,
    /// How long until all of it is free.
    pub(crate) reset: Option<Duration>,
}
