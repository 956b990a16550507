//! The messages between a replica and the store about one limit.

use std::time::Duration;

/// What a replica tells the store about one limit, and requests. Its numbers are totals, so that a
/// repeated message counts once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ask {
    /// The limit's key in the store.
    pub(crate) key: String,
    /// The slice that asks; one that was forgotten and recreated counts from zero.
    pub(crate) slice: u64,
    /// Later messages have higher numbers.
    pub(crate) seq: u64,
    /// Spent in total, and how much of that the store already knew.
    pub(crate) spent: u64,
    pub(crate) told: u64,
    /// Held by requests or free to be taken.
    pub(crate) out: u64,
    /// What requests wait for, and the least that serves one of them.
    pub(crate) need: u64,
    pub(crate) least: u64,
    /// What will probably be needed soon.
    pub(crate) extra: u64,
    /// The size of the limit.
    pub(crate) limit: u64,
    /// The refill per second.
    pub(crate) per_second: f64,
    /// The part of that which this replica wants for itself, zero for none, and the part that it had until now,
    /// in case the store has lost it.
    pub(crate) inflow: f64,
    pub(crate) inflow_had: f64,
    /// What the store last reported as used, in case it has lost it, and when, in its microseconds.
    pub(crate) known: u64,
    pub(crate) known_at: u64,
    /// How long the store keeps the data, in milliseconds; zero means forever.
    pub(crate) keep_ms: u64,
}

/// The answer of the store.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Answer {
    /// How much more this replica may hand out.
    pub(crate) granted: u64,
    /// What is used, without what replicas hold.
    pub(crate) used: u64,
    /// What all replicas hold.
    pub(crate) held: u64,
    /// The number of replicas that share the limit.
    pub(crate) replicas: u64,
    /// When the least may be free, in microseconds; `None` if unknown.
    pub(crate) wait_us: Option<u64>,
    /// No other replica holds any of it, so an amount that does not fit may be admitted alone.
    pub(crate) is_alone: bool,
    /// Another replica has been refused within the last second.
    pub(crate) is_wanted: bool,
    /// The store's clock.
    pub(crate) now_us: u64,
    /// The part of the rate that this replica has for itself from now on, per second.
    pub(crate) inflow: f64,
}

/// How long the holdings of a replica count after its last message.
pub(crate) const LIVES: Duration = Duration::from_secs(5);
