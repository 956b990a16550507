//! The state of a queue: who waits, for which limit, and how long it will probably take.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};

use super::order::Order;
use crate::live::limit::{Limited, Limits};

/// The waiting requests, and the limits that they wait for.
#[derive(Debug)]
pub(super) struct State {
    /// The limits of the newest table.
    pub(super) newest: Limits,
    /// The order in which requests are served.
    pub(super) order: Order<Arc<Notify>>,
    /// The limit that refused the head of the queue at its last attempt.
    pub(super) in_the_way: Option<Limited>,
    /// When the last one was served, or the first one entered.
    pub(super) last: Instant,
    /// The average time between two served requests since the queue was last empty.
    pub(super) pace: Option<Duration>,
}

impl State {
    /// No request waits.
    pub(super) fn new(newest: Limits) -> Self {
        Self { newest, order: Order::default(), in_the_way: None, last: Instant::now(), pace: None }
    }

    /// Changes the order, and wakes the old and the new head.
    pub(super) fn change<R>(&mut self, change: impl FnOnce(&mut Order<Arc<Notify>>) -> R) -> R {
        let before = self.order.head().cloned();
        let changed = change(&mut self.order);
        let after = self.order.head();
        let is_same = match (&before, after) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        if !is_same {
            before
                .as_deref()
                .into_iter()
                .chain(after.map(|after| &**after))
                .for_each(Notify::notify_one);
        }
        if self.order.count() == 0 {
            self.in_the_way = None;
        }
        changed
    }

    /// Asks the limits. What they would refuse is not taken: returning a permit would notify the
    /// waiting requests without end.
    pub(super) fn ask<T>(
        &self,
        take: &mut impl FnMut(&Limits) -> Result<T, Limited>,
    ) -> Result<T, Limited> {
        match self.newest.limited() {
            Some(limited) => Err(limited),
            None => take(&self.newest),
        }
    }

    /// The limit that refuses now.
    pub(super) fn in_the_way(&self) -> Limited {
        self.newest.limited().or(self.in_the_way).unwrap_or(Limited::Concurrency)
    }

    /// The same with the least time, given this many requests before.
    pub(super) fn at_least(&self, limited: Limited, before: u32) -> Limited {
        match (limited, self.newest.rate()) {
            (Limited::Rate(wait), Some(bucket)) => {
                Limited::Rate(bucket.free_for(before.saturating_add(1)).max(wait))
            }
            (limited, _) => limited,
        }
    }

    /// When all waiting requests will probably be gone: exact for a rate, otherwise at the current
    /// pace. Requests that are not served leave at their deadline.
    pub(super) fn drained(&self, now: Instant) -> Duration {
        let count = self.order.count();
        let by_rate = self.newest.rate().map(|bucket| bucket.free_for(count.saturating_add(1)));
        // Nothing was served since the last one, so the pace is no faster than that.
        let pace = self.pace.unwrap_or_default().max(now.saturating_duration_since(self.last));
        let wait = pace.saturating_mul(count).max(by_rate.unwrap_or_default());
        let longest = self.newest.settings().queue.map_or(SHORTEST, |queue| queue.max_wait);
        wait.min(longest).max(SHORTEST)
    }

    /// A request was served.
    pub(super) fn passed(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.last);
        self.pace = Some(self.pace.map_or(since, |pace| (pace * 7 + since) / 8));
        self.last = now;
    }
}

/// The shortest wait that a client is told.
pub(super) const SHORTEST: Duration = Duration::from_secs(1);
