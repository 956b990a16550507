//! How long requests have waited in a queue.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Waits by length.
#[derive(Debug, Default)]
pub(super) struct Waited {
    counts: [AtomicU64; BUCKETS],
    /// In nanoseconds.
    together: AtomicU64,
}

impl Waited {
    /// Adds a wait.
    pub(super) fn count(&self, wait: Duration) {
        let seconds = wait.as_secs_f64();
        let at = BOUNDS.iter().position(|most| seconds <= *most).unwrap_or(BOUNDS.len());
        self.counts[at].fetch_add(1, Relaxed);
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.together.fetch_add(nanos, Relaxed);
    }

    /// The number of waits in each bucket.
    pub(super) fn counts(&self) -> [u64; BUCKETS] {
        std::array::from_fn(|at| self.counts[at].load(Relaxed))
    }

    /// The sum of all waits.
    pub(super) fn together(&self) -> Duration {
        Duration::from_nanos(self.together.load(Relaxed))
    }
}

/// The upper bound of each bucket except the last, in seconds.
pub(super) const BOUNDS: [f64; BUCKETS - 1] =
    [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
pub(super) const BUCKETS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_counted_by_their_length() {
        let waited = Waited::default();
        for millis in [0, 5, 6, 60_000, 60_001, 3_600_000] {
            waited.count(Duration::from_millis(millis));
        }
        let counts = waited.counts();
        assert_eq!((counts[0], counts[1], counts[10], counts[11]), (2, 1, 1, 2));
        assert_eq!(waited.together(), Duration::from_millis(3_720_012));
    }
}
