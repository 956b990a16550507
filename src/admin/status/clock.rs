//! One moment on both clocks.

use std::time::SystemTime;

use tokio::time::Instant;

/// The time at which the port was opened. Future times are computed from it, so that they stay
/// equal between renderings.
#[derive(Debug, Clone, Copy)]
pub(in crate::admin) struct Clock {
    instant: Instant,
    time: SystemTime,
}

impl Clock {
    /// This moment.
    pub(in crate::admin) fn new() -> Self {
        Self { instant: Instant::now(), time: SystemTime::now() }
    }

    /// Seconds since it was made.
    pub(in crate::admin) fn uptime(self) -> u64 {
        self.instant.elapsed().as_secs()
    }

    /// When it was made.
    pub(super) fn started(self) -> SystemTime {
        self.time
    }

    /// A time by the wall clock.
    pub(super) fn time(self, moment: Instant) -> SystemTime {
        self.time + moment.saturating_duration_since(self.instant)
    }
}
