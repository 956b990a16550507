//! Requests in flight: a counter, a cap on it, and the permit that gives its place back.
//!
//! It never queues and never hands a place back twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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
    in_flight: AtomicU32,
}

/// One request's place; dropping it gives the place back.
#[derive(Debug)]
#[must_use = "the place is given back when the permit is dropped"]
pub struct Permit {
    cap: Arc<Cap>,
}

impl Cap {
    /// One more place, unless `max` are in flight already; `None` is no cap.
    ///
    /// Compared and added in one step, so that a request which is refused never takes, not even
    /// for an instant, the place of one that might have had it.
    pub fn try_acquire(self: &Arc<Self>, max: Option<u32>) -> Option<Permit> {
        let max = max.unwrap_or(u32::MAX);
        self.in_flight
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < max).then_some(n + 1))
            .ok()?;
        Some(Permit { cap: Arc::clone(self) })
    }

    /// How many are in flight now.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.cap.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
