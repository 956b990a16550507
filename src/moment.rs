//! The wall clock, for calendar windows and levels that outlive the process.
//!
//! It is read once, so a clock that is set later moves no limit. Only the beginnings of calendar
//! periods follow a clock that was set, or a machine that slept: a day begins at midnight.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Nanoseconds since 1970, by the clock as it was at the start.
pub(crate) fn now() -> u64 {
    let (began, since) = *BEGAN;
    since.saturating_add(nanos(began.elapsed()))
}

/// Looks whether the clock was set. Returns by how many seconds, if it was; called periodically.
pub(crate) fn follow() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ahead = nanos(since).cast_signed().saturating_sub(now().cast_signed());
    let moved = ahead.saturating_sub(AHEAD.load(Ordering::Relaxed));
    if moved.unsigned_abs() < TOLERATED {
        return None;
    }
    AHEAD.store(ahead, Ordering::Relaxed);
    Some(moved / 1_000_000_000)
}

/// The days from 1970 to a time, in UTC.
pub(crate) fn utc_day(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY
}

/// The beginning of the UTC day of a time.
pub(crate) fn utc_midnight(time: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(utc_day(time) * DAY)
}

/// The start and the end of a period, which is found by the clock as it is now.
pub(crate) fn period_of(now: u64, around: impl Fn(u64) -> (u64, u64)) -> (u64, u64) {
    shifted(now, AHEAD.load(Ordering::Relaxed), around)
}

fn shifted(now: u64, ahead: i64, around: impl Fn(u64) -> (u64, u64)) -> (u64, u64) {
    let (start, end) = around(now.saturating_add_signed(ahead));
    // What has no end has none by any clock.
    let back = |at: u64| if at == u64::MAX { at } else { at.saturating_add_signed(-ahead) };
    (back(start), back(end))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// One moment on both clocks.
static BEGAN: LazyLock<(Instant, u64)> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (Instant::now(), nanos(since))
});
/// By how many nanoseconds the clock was set since then.
static AHEAD: AtomicI64 = AtomicI64::new(0);
/// Clocks are corrected by less all the time.
const TOLERATED: u64 = 2_000_000_000;
/// In seconds.
const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_day_begins_at_midnight() {
        let at = |secs| UNIX_EPOCH + Duration::from_secs(secs);
        for (secs, day) in [(0, 0), (DAY - 1, 0), (DAY, 1), (2 * DAY - 1, 1)] {
            assert_eq!((utc_day(at(secs)), utc_midnight(at(secs))), (day, at(day * DAY)));
        }
    }

    #[test]
    fn period_begins_by_the_clock_that_was_set() {
        let day = 86_400_i64;
        let around = |now: u64| (now / 86_400 * 86_400, (now / 86_400 + 1) * 86_400);
        // At 21:00 by the first clock it is in truth midnight, two days later, or midnight of today.
        for ahead in [2 * day + 3 * 3_600, -21 * 3_600] {
            let now = 10 * 86_400 + 21 * 3_600;
            assert_eq!(shifted(now, ahead, around), (now, now + 86_400));
        }
        assert_eq!(shifted(5, 7, |_| (1, u64::MAX)).1, u64::MAX);
        assert_eq!(follow(), None);
    }
}
