//! The state of the store through which replicas share limits: whether it answers, who decides
//! while it does not, and its clock.
//!
//! It does not call the store itself.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicI64, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use tokio::time::Instant;

/// The state, one for the process.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// Whether the store does not answer. Most callers read only this.
    is_out: AtomicBool,
    rules: Mutex<Rules>,
    /// How far the store's clock is ahead, in nanoseconds.
    ahead: AtomicI64,
    /// The number of slices created.
    slices: AtomicU64,
    /// Requests admitted while the store did not answer, and what they spent above limits.
    decided_here: AtomicU64,
    spent_above: AtomicU64,
}

#[derive(Debug)]
struct Rules {
    timeout: Duration,
    decides_here: bool,
    since: Instant,
    outages: u64,
}

/// An outage of the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    /// Distinguishes outages.
    pub(crate) nth: u64,
    /// Its start.
    pub(crate) since: Instant,
    /// Whether this replica continues with its share of each limit, or refuses requests with
    /// limits.
    pub(crate) decides_here: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let timeout = Duration::from_millis(20);
        Self { timeout, decides_here: true, since: Instant::now(), outages: 0 }
    }
}

impl Desk {
    /// A number that is unique in this process.
    pub(super) fn numbered(&self) -> u64 {
        self.slices.fetch_add(1, Relaxed)
    }

    /// Sets the timeout of the store, and what happens when it does not answer.
    pub(crate) fn set(&self, timeout: Duration, decides_here: bool) {
        let mut rules = self.rules();
        (rules.timeout, rules.decides_here) = (timeout, decides_here);
    }

    /// Why slices decide without the store, if they do.
    #[inline]
    pub(super) fn outage(&self) -> Option<Outage> {
        if !self.is_out.load(Acquire) {
            return None;
        }
        let rules = self.rules();
        let Rules { since, decides_here, outages: nth, .. } = *rules;
        Some(Outage { nth, since, decides_here })
    }

    /// Whether slices decide without the store during an outage.
    pub(crate) fn decides_here(&self) -> bool {
        self.rules().decides_here
    }

    /// The timeout of a request.
    pub(crate) fn timeout(&self) -> Duration {
        self.rules().timeout
    }

    /// Whether the store does not answer.
    pub(crate) fn is_out(&self) -> bool {
        self.is_out.load(Acquire)
    }

    /// The store has answered in time. Returns whether this ends an outage.
    pub(crate) fn is_back(&self) -> bool {
        self.is_out.swap(false, Release)
    }

    /// The store has not answered in time.
    pub(crate) fn is_gone(&self) {
        let mut rules = self.rules();
        if !self.is_out.load(Relaxed) {
            rules.since = Instant::now();
            rules.outages += 1;
            self.is_out.store(true, Release);
        }
    }

    /// The store's clock, in nanoseconds since 1970, computed from the local one.
    pub(super) fn now(&self, here: u64) -> u64 {
        here.saturating_add_signed(self.ahead.load(Relaxed))
    }

    /// The store's clock showed `now_us` microseconds when the local one showed `here`.
    pub(crate) fn put_right(&self, now_us: u64, here: u64) {
        let ahead = i128::from(now_us) * 1_000 - i128::from(here);
        self.ahead.store(i64::try_from(ahead).unwrap_or(0), Relaxed);
    }

    pub(super) fn decided_here(&self) {
        self.decided_here.fetch_add(1, Relaxed);
    }

    pub(super) fn spent_above(&self, amount: u64) {
        if amount > 0 {
            self.spent_above.fetch_add(amount, Relaxed);
        }
    }

    /// How many slices were handed out without the store, and how much was spent above limits,
    /// since the last call.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.decided_here.swap(0, Relaxed), self.spent_above.swap(0, Relaxed))
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
