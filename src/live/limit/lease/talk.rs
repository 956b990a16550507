//! What a replica and the store say to each other of one limit.

use std::time::Duration;

/// What a replica tells the store of one limit, and asks it for. Numbers of this replica are totals, so that
/// a question that is asked twice counts once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ask {
    /// What the store knows it by.
    pub(crate) key: String,
    /// Which slice of this process asks: one that was forgotten and made anew counts from zero.
    pub(crate) slice: u64,
    /// A later question has a higher number.
    pub(crate) seq: u64,
    /// What was spent in all, and how much of that the store had been told before.
    pub(crate) spent: u64,
    pub(crate) told: u64,
    /// What is held by requests, or free to be taken.
    pub(crate) out: u64,
    /// What requests wait for, and the least that serves one of them.
    pub(crate) need: u64,
    pub(crate) least: u64,
    /// What is likely to be needed soon.
    pub(crate) extra: u64,
    /// How much there may be.
    pub(crate) limit: u64,
    /// How much of it flows off in a second.
    pub(crate) per_second: f64,
    /// What the store said was used when it last answered, in case it has forgotten, and when that was, in its
    /// microseconds.
    pub(crate) known: u64,
    pub(crate) known_at: u64,
    /// How long the store keeps it, in milliseconds; zero: for ever.
    pub(crate) keep_ms: u64,
}

/// What the store says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Answer {
    /// How much more this replica may hand out.
    pub(crate) granted: u64,
    /// What is used, without what replicas hold.
    pub(crate) used: u64,
    /// What all replicas hold.
    pub(crate) held: u64,
    /// How many replicas share the limit.
    pub(crate) replicas: u64,
    /// When the least may be free, in microseconds; `None`: that is not known.
    pub(crate) wait_us: Option<u64>,
    /// No other replica holds any of it, so that what does not fit may be let in alone.
    pub(crate) is_alone: bool,
    /// Another replica has asked in vain within the last second.
    pub(crate) is_wanted: bool,
    /// The store's clock.
    pub(crate) now_us: u64,
}

/// What a replica holds counts for so long after it was last heard of.
pub(crate) const LIVES: Duration = Duration::from_secs(5);
