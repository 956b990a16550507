//! Whether a provider has almost nothing left of a limit, from the headers of its last answers.
//!
//! It reads no headers and no clock itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Until when a provider has almost nothing left.
#[derive(Debug)]
pub(crate) struct Headroom {
    birth: Instant,
    /// Milliseconds since creation; 0 means enough.
    low_until: AtomicU64,
}

impl Headroom {
    /// Enough, until an answer says otherwise.
    pub(crate) fn new(now: Instant) -> Self {
        Self { birth: now, low_until: AtomicU64::new(0) }
    }

    /// Whether almost nothing is left.
    pub(crate) fn is_low(&self, now: Instant) -> bool {
        let until = self.low_until.load(Ordering::Relaxed);
        until != 0 && self.millis(now) < until
    }

    /// Notes an answer: almost nothing left for this long, or enough.
    pub(crate) fn said(&self, low_for: Option<Duration>, now: Instant) {
        let until = low_for.map_or(0, |rest| self.millis(now + rest.min(LONGEST)));
        if self.low_until.load(Ordering::Relaxed) != until {
            self.low_until.store(until, Ordering::Relaxed);
        }
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.birth).as_millis()).unwrap_or(u64::MAX)
    }
}

/// A limit that resets only at the end of a day is tried again after a minute.
const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_until_its_reset_or_until_more_is_said() {
        let now = Instant::now();
        let headroom = Headroom::new(now);
        let second = Duration::from_secs(1);
        assert!(!headroom.is_low(now));
        headroom.said(Some(second * 5), now);
        assert!(headroom.is_low(now + second * 4));
        assert!(!headroom.is_low(now + second * 5));
        headroom.said(Some(second * 86_400), now);
        assert!(headroom.is_low(now + second * 59) && !headroom.is_low(now + second * 60));
        headroom.said(None, now);
        assert!(!headroom.is_low(now));
    }
}
