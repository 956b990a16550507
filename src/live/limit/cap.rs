//! A cap on requests in flight, with a permit that returns its place.
//!
//! It does not queue; if requests wait for a place, it notifies them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use super::slices::Shared;

/// Requests in flight, and whether another may start.
///
/// It is an atomic counter, not a semaphore. The maximum belongs to the table and may shrink on a
/// reload, and requests already in flight must count against the new maximum; a semaphore knows
/// only what is left of the old one. The count is also needed without a cap, by `least_busy` and
/// the metrics.
///
/// Its operations are relaxed, since the number orders no other memory.
#[derive(Debug, Default)]
pub struct Cap {
    /// Requests in flight in the lower half, waiting requests in the upper half. A permit that is
    /// returned thus learns in one step whether a request waits, so that none is missed.
    counts: AtomicU64,
    /// Notified when a place is free; created only for queues.
    freed: OnceLock<Box<Notify>>,
}

/// The place of one request, returned on drop.
#[derive(Debug)]
#[must_use = "the place is given back when the permit is dropped"]
pub struct Permit {
    cap: Arc<Cap>,
    /// The slices of the shared limits that admitted it.
    shared: Option<Arc<Shared>>,
}

impl Cap {
    /// Takes a place unless `max` are in flight; `None` means no limit.
    ///
    /// Comparing and adding is one step, so a refused request never takes the place of another, not
    /// even for an instant.
    pub fn try_acquire(self: &Arc<Self>, max: Option<u32>) -> Option<Permit> {
        let max = max.unwrap_or(u32::MAX);
        self.counts
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |both| {
                (in_flight(both) < max).then_some(both + 1)
            })
            .ok()?;
        Some(Permit { cap: Arc::clone(self), shared: None })
    }

    /// Takes a place of a slice, if replicas share the cap.
    pub(super) fn shared(self: &Arc<Self>, shared: Arc<Shared>) -> Permit {
        self.counts.fetch_add(1, Ordering::Relaxed);
        Permit { cap: Arc::clone(self), shared: Some(shared) }
    }

    /// How many are in flight now.
    pub(crate) fn in_flight(&self) -> u32 {
        in_flight(self.counts.load(Ordering::Relaxed))
    }

    /// Whether another may start and no request waits for it.
    pub(crate) fn has_room(&self, max: u32) -> bool {
        let both = self.counts.load(Ordering::Relaxed);
        in_flight(both) < max && both < WAITS
    }

    /// The number of waiting requests.
    pub(crate) fn waiting(&self) -> u32 {
        (self.counts.load(Ordering::Relaxed) / WAITS) as u32
    }

    /// Adds or removes a waiting request.
    pub(crate) fn waits(&self, one_more: bool) {
        match one_more {
            true => self.counts.fetch_add(WAITS, Ordering::Relaxed),
            false => self.counts.fetch_sub(WAITS, Ordering::Relaxed),
        };
    }

    /// Notified when a place is free.
    pub(crate) fn freed(&self) -> &Notify {
        self.freed.get_or_init(Box::default)
    }

    #[cold]
    fn wake(&self) {
        self.freed().notify_one();
    }
}

impl Permit {
    /// The request is tried again: what its rate was charged is returned.
    pub(crate) fn never_was(&self) {
        if let Some(shared) = &self.shared {
            shared.never_was();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.ended();
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

/// One waiting request.
const WAITS: u64 = 1 << 32;
