//! Requests in flight: a counter, a cap on it, and the permit that gives its place back.
//!
//! It never queues and never hands a place back twice; where requests wait for a place, it says that one
//! is free.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use super::lease::Lease;

/// How many requests are in flight, and whether one more may be.
///
/// An atomic counter rather than a semaphore: the most that may be in flight belongs to the table
/// and may shrink on a reload, and what is in flight already must count against the new number. A
/// semaphore only knows what is left of the old one. The count is also wanted where there is no
/// cap at all: by `least_busy`, by the metrics.
///
/// Its operations are relaxed: the number orders no other memory.
#[derive(Debug, Default)]
pub struct Cap {
    /// Requests in flight in the lower half, requests that wait in the upper half: a permit that is given
    /// back learns in the same step whether a request waits for it, so that none is missed.
    counts: AtomicU64,
    /// Hears that a place is free; made where requests may wait.
    freed: OnceLock<Box<Notify>>,
}

/// One request's place; dropping it gives the place back.
#[derive(Debug)]
#[must_use = "the place is given back when the permit is dropped"]
pub struct Permit {
    cap: Arc<Cap>,
    /// The slice of what replicas share that the place is of.
    slice: Option<Arc<Lease>>,
}

impl Cap {
    /// One more place, unless `max` are in flight already; `None` is no cap.
    ///
    /// Compared and added in one step, so that a request which is refused never takes, not even
    /// for an instant, the place of one that might have had it.
    pub fn try_acquire(self: &Arc<Self>, max: Option<u32>) -> Option<Permit> {
        let max = max.unwrap_or(u32::MAX);
        self.counts
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |both| {
                (in_flight(both) < max).then_some(both + 1)
            })
            .ok()?;
        Some(Permit { cap: Arc::clone(self), slice: None })
    }

    /// One more place, of a slice where replicas share the cap.
    pub(super) fn shared(self: &Arc<Self>, slice: Option<Arc<Lease>>) -> Permit {
        self.counts.fetch_add(1, Ordering::Relaxed);
        Permit { cap: Arc::clone(self), slice }
    }

    /// How many are in flight now.
    pub(crate) fn in_flight(&self) -> u32 {
        in_flight(self.counts.load(Ordering::Relaxed))
    }

    /// Whether one more may be in flight, and no request waits for that.
    pub(crate) fn has_room(&self, max: u32) -> bool {
        let both = self.counts.load(Ordering::Relaxed);
        in_flight(both) < max && both < WAITS
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> u32 {
        (self.counts.load(Ordering::Relaxed) / WAITS) as u32
    }

    /// One more waits, or one less.
    pub(crate) fn waits(&self, one_more: bool) {
        match one_more {
            true => self.counts.fetch_add(WAITS, Ordering::Relaxed),
            false => self.counts.fetch_sub(WAITS, Ordering::Relaxed),
        };
    }

    /// Hears that a place is free.
    pub(crate) fn freed(&self) -> &Notify {
        self.freed.get_or_init(Box::default)
    }

    #[cold]
    fn wake(&self) {
        self.freed().notify_one();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(slice) = &self.slice {
            slice.settle(1, 0);
        }
        let before = self.cap.counts.fetch_sub(1, Ordering::Relaxed);
        if before >= WAITS {
            self.cap.wake();
        }
    }
}

fn in_flight(both: u64) -> u32 {
    both as u32
}

/// One request that waits.
const WAITS: u64 = 1 << 32;
