//! The retry budget (finagle; "Handling Overload" in Google's SRE book). When everything fails,
//! every request is retried, and the retries overload the remaining providers. Each pool has its
//! own budget, which grows with its requests, so that one alias does not use up another's. A limit
//! of the process bounds what pools take in advance.
//!
//! It never waits and reads no clock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

/// What the pools of the process have taken in advance.
#[derive(Debug)]
pub(crate) struct Retries {
    birth: Instant,
    unpaid: AtomicU32,
}

/// The budget of one pool. It allocates memory at its first use.
#[derive(Debug, Default)]
pub(crate) struct PoolRetries(OnceLock<Box<Counted>>);

/// First and further attempts of the last ten seconds, and further ones in progress.
#[derive(Debug, Default)]
struct Counted {
    /// One word for each second: the second in the upper 24 bits, first attempts in the next 20,
    /// further ones in the lowest 20.
    seconds: [AtomicU64; WINDOW as usize],
    under_way: AtomicU32,
}

/// The right to one further attempt, while it lasts.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub(crate) struct Extra {
    pool: Arc<PoolRetries>,
    /// Absent if the pool's requests have earned it.
    unpaid: Option<Arc<Retries>>,
}

impl Retries {
    /// An unused budget.
    pub(crate) fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self { birth: now, unpaid: AtomicU32::new(0) })
    }

    /// A request makes its first attempt.
    pub(crate) fn began(&self, pool: &PoolRetries, now: Instant) {
        pool.counted().add(self.second(now), FIRST);
    }

    /// Takes a further attempt: while they are at most a fifth of the pool's first attempts, or
    /// while fewer than three of the pool and thirty of the process are in progress in advance.
    pub(crate) fn extra(self: &Arc<Self>, pool: &Arc<PoolRetries>, now: Instant) -> Option<Extra> {
        let (counted, second) = (pool.counted(), self.second(now));
        let (first, further) = counted.recent(second);
        let paid = further < first / SHARE;
        take(&counted.under_way, if paid { u32::MAX } else { FLOOR })?;
        // A refusal from here on returns the pool's place.
        let mut extra = Extra { pool: Arc::clone(pool), unpaid: None };
        if !paid {
            take(&self.unpaid, PROCESS_FLOOR)?;
            extra.unpaid = Some(Arc::clone(self));
        }
        counted.add(second, 1);
        Some(extra)
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.birth).as_secs() & SECONDS
    }
}

impl PoolRetries {
    fn counted(&self) -> &Counted {
        self.0.get_or_init(Box::default)
    }
}

impl Counted {
    fn add(&self, second: u64, what: u64) {
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

    fn recent(&self, second: u64) -> (u64, u64) {
        let recent = |cell: &&AtomicU64| {
            second.wrapping_sub(cell.load(Ordering::Relaxed) >> 40) & SECONDS < WINDOW
        };
        self.seconds.iter().filter(recent).fold((0, 0), |(first, further), cell| {
            let counts = cell.load(Ordering::Relaxed);
            (first + ((counts >> 20) & COUNT), further + (counts & COUNT))
        })
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        self.pool.counted().under_way.fetch_sub(1, Ordering::Relaxed);
        if let Some(process) = &self.unpaid {
            process.unpaid.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Takes one place of `most`.
fn take(taken: &AtomicU32, most: u32) -> Option<u32> {
    let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
    taken.fetch_update(set, get, |n| (n < most).then_some(n + 1)).ok()
}

const WINDOW: u64 = 10;
/// One further attempt for this many first ones.
const SHARE: u64 = 5;
/// This many of a pool at once are allowed in advance,
const FLOOR: u32 = 3;
/// as long as those of all pools together are fewer than this.
const PROCESS_FLOOR: u32 = 30;
const FIRST: u64 = 1 << 20;
const COUNT: u64 = (1 << 20) - 1;
const SECONDS: u64 = (1 << 24) - 1;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Alias(Arc<Retries>, Arc<PoolRetries>);

    impl Alias {
        fn of(process: &Arc<Retries>, requests: u32, now: Instant) -> Self {
            let alias = Self(Arc::clone(process), Arc::default());
            (0..requests).for_each(|_| process.began(&alias.1, now));
            alias
        }

        fn all(&self, now: Instant) -> Vec<Extra> {
            std::iter::from_fn(|| self.0.extra(&self.1, now)).collect()
        }

        fn counted(&self, now: Instant) -> (u64, u64) {
            self.1.counted().recent(self.0.second(now))
        }
    }

    fn after(requests: u32) -> (Alias, Instant) {
        let now = Instant::now();
        (Alias::of(&Retries::new(now), requests, now), now)
    }

    #[test]
    fn a_fifth_of_the_requests_may_be_tried_again() {
        let (alias, now) = after(200);
        let held = alias.all(now);
        assert_eq!(held.len(), 40);
        drop(held);
        assert_eq!(alias.all(now).len(), 3, "beyond the share, three at once");
    }

    #[test]
    fn a_quiet_pool_may_always_try_again() {
        let (alias, now) = after(1);
        for _ in 0..100 {
            assert!(alias.0.extra(&alias.1, now).is_some(), "one after the other is no storm");
        }
        assert_eq!(alias.all(now).len(), 3);
    }

    #[test]
    fn one_alias_in_trouble_takes_nothing_of_another() {
        let (troubled, now) = after(100);
        let healthy = Alias::of(&troubled.0, 80, now);
        let held = troubled.all(now);
        assert_eq!(held.len(), 20);
        assert_eq!(healthy.all(now).len(), 16, "a fifth of its own");
        drop(held);
        let held = troubled.all(now);
        assert_eq!(held.len(), 3);
        assert_eq!(healthy.all(now).len(), 3);
    }

    #[test]
    fn many_aliases_in_trouble_stay_within_the_process() {
        let now = Instant::now();
        let process = Retries::new(now);
        let aliases: Vec<_> = (0..100).map(|_| Alias::of(&process, 1, now)).collect();
        let held: Vec<_> = aliases.iter().flat_map(|alias| alias.all(now)).collect();
        assert_eq!(held.len(), PROCESS_FLOOR as usize);
        let busy = Alias::of(&process, 50, now);
        assert_eq!(busy.all(now).len(), 10, "what is paid for is had all the same");
        drop(held);
        assert_eq!(process.unpaid.load(Ordering::Relaxed), 0, "every place is given back");
        assert_eq!(aliases[0].1.counted().under_way.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_window_slides() {
        let (alias, now) = after(100);
        let held = alias.all(now);
        assert_eq!(held.len(), 20);
        let later = now + Duration::from_secs(9);
        assert_eq!(alias.counted(later), (100, 20));
        let later = now + Duration::from_secs(10);
        assert_eq!(alias.counted(later), (0, 0));
        alias.0.began(&alias.1, later);
        assert_eq!(alias.counted(later), (1, 0), "the second that was there is gone");
        drop(held);
    }
}
