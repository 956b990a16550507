//! The budget for asking twice, one for the whole process: when everything fails, everybody tries
//! again, and what is left of the providers drowns in it.
//!
//! It never waits and reads no clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tokio::time::Instant;

/// First and further attempts of the last ten seconds, and further ones under way.
#[derive(Debug)]
pub struct Retries {
    birth: Instant,
    /// One for each second: the second in the upper 24 bits, first attempts in the next 20,
    /// further ones in the lowest 20.
    seconds: [AtomicU64; WINDOW as usize],
    under_way: AtomicU32,
}

/// The right to one further attempt, for as long as it lasts.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub struct Extra(Arc<Retries>);

impl Retries {
    /// A budget that nobody has used.
    pub fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self { birth: now, seconds: Default::default(), under_way: AtomicU32::new(0) })
    }

    /// A request makes its first attempt.
    pub fn began(&self, now: Instant) {
        self.add(now, FIRST);
    }

    /// One further attempt: while they are at most a fifth of the first ones, or fewer than three
    /// are under way.
    pub fn extra(self: &Arc<Self>, now: Instant) -> Option<Extra> {
        let (first, further) = self.counted(now);
        let within_share = further < first / SHARE;
        let most = if within_share { u32::MAX } else { FLOOR };
        self.under_way
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1))
            .ok()?;
        self.add(now, 1);
        Some(Extra(Arc::clone(self)))
    }

    fn add(&self, now: Instant, what: u64) {
        let second = self.second(now);
        let cell = &self.seconds[(second % WINDOW) as usize];
        let mut seen = cell.load(Ordering::Relaxed);
        loop {
            let stale = seen >> 40 != second;
            let old = if stale { second << 40 } else { seen };
            let full = (old >> 20) & COUNT == COUNT || old & COUNT == COUNT;
            let new = if full { old } else { old + what };
            let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
            match cell.compare_exchange_weak(seen, new, set, get) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    fn counted(&self, now: Instant) -> (u64, u64) {
        let second = self.second(now);
        let recent = |cell: &&AtomicU64| {
            second.wrapping_sub(cell.load(Ordering::Relaxed) >> 40) & SECONDS < WINDOW
        };
        self.seconds.iter().filter(recent).fold((0, 0), |(first, further), cell| {
            let counts = cell.load(Ordering::Relaxed);
            (first + ((counts >> 20) & COUNT), further + (counts & COUNT))
        })
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.birth).as_secs() & SECONDS
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

const WINDOW: u64 = 10;
/// One further attempt for so many first ones.
const SHARE: u64 = 5;
/// So many at once are always allowed.
const FLOOR: u32 = 3;
const FIRST: u64 = 1 << 20;
const COUNT: u64 = (1 << 20) - 1;
const SECONDS: u64 = (1 << 24) - 1;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn after(requests: u32) -> (Arc<Retries>, Instant) {
        let now = Instant::now();
        let retries = Retries::new(now);
        (0..requests).for_each(|_| retries.began(now));
        (retries, now)
    }

    #[test]
    fn a_fifth_of_the_requests_may_be_tried_again() {
        let (retries, now) = after(200);
        let held: Vec<_> = std::iter::from_fn(|| retries.extra(now)).collect();
        assert_eq!(held.len(), 40);
        drop(held);
        let held: Vec<_> = std::iter::from_fn(|| retries.extra(now)).collect();
        assert_eq!(held.len(), 3, "beyond the share, three at once");
    }

    #[test]
    fn a_quiet_process_may_always_try_again() {
        let (retries, now) = after(1);
        for _ in 0..100 {
            assert!(retries.extra(now).is_some(), "one after the other is no storm");
        }
        let held: Vec<_> = std::iter::from_fn(|| retries.extra(now)).collect();
        assert_eq!(held.len(), 3);
    }

    #[test]
    fn retry_budget_after_its_window_is_whole_again() {
        let (retries, now) = after(100);
        let held: Vec<_> = std::iter::from_fn(|| retries.extra(now)).collect();
        assert_eq!(held.len(), 20);
        let later = now + Duration::from_secs(9);
        assert_eq!(retries.counted(later), (100, 20));
        let later = now + Duration::from_secs(10);
        assert_eq!(retries.counted(later), (0, 0));
        retries.began(later);
        assert_eq!(retries.counted(later), (1, 0), "the second that was there is gone");
        drop(held);
    }
}
