//! The wall clock, for calendar windows and levels that outlive the process.
//!
//! It is read once, so a clock that is set later moves no limit.

use std::{
    sync::LazyLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let (began, since) = *BEGAN;
    since.saturating_add(nanos(began.elapsed()))
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// One moment on both clocks.
static BEGAN: LazyLock<(Instant, u64)> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (Instant::now(), nanos(since))
});
