//! The statistics for hedged requests ("The Tail at Scale", Dean and Barroso, 2013): how soon a
//! pool's answers begin, and how many extra attempts its requests have earned.
//!
//! It reads no clock and asks no provider.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

/// The times to first event of one pool, and its credit. It allocates memory only if the pool
/// hedges.
#[derive(Debug, Default)]
pub(crate) struct Hedging(OnceLock<Box<Counted>>);

#[derive(Debug)]
struct Counted {
    /// Answers by their time, in four classes for each doubling.
    classes: [AtomicU32; CLASSES],
    count: AtomicU32,
    /// In thousandths of an attempt.
    credit: AtomicI64,
}

impl Default for Counted {
    fn default() -> Self {
        let classes = std::array::from_fn(|_| AtomicU32::new(0));
        Self { classes, count: AtomicU32::new(0), credit: AtomicI64::new(ATTEMPT) }
    }
}

impl Hedging {
    /// An answer began after this time.
    pub(crate) fn began(&self, taken: Duration) {
        let Counted { classes, count, .. } = self.counted();
        classes[class(taken)].fetch_add(1, Ordering::Relaxed);
        if count.fetch_add(1, Ordering::Relaxed) == MOST {
            // Old answers count half; a lost update does not change a percentile.
            for class in classes {
                class.store(class.load(Ordering::Relaxed) / 2, Ordering::Relaxed);
            }
            count.store(MOST / 2, Ordering::Relaxed);
        }
    }

    /// The time within which `percent` of recent answers began; `None` while there are too few.
    pub(crate) fn percentile(&self, percent: u32) -> Option<Duration> {
        let counts: Vec<u32> =
            self.0.get()?.classes.iter().map(|class| class.load(Ordering::Relaxed)).collect();
        let all: u32 = counts.iter().sum();
        if all < FEWEST {
            return None;
        }
        let wanted = (u64::from(all) * u64::from(percent)).div_ceil(100);
        let mut seen = 0;
        let at = counts.iter().position(|&count| {
            seen += u64::from(count);
            seen >= wanted
        })?;
        Some(upper_end(at))
    }

    /// A request earns its share of an attempt.
    pub(crate) fn pays(&self, share: f64) {
        let paid = (share * ATTEMPT as f64) as i64;
        let _ =
            self.counted().credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |credit| {
                Some((credit + paid).min(MOST_CREDIT))
            });
    }

    /// Takes one extra attempt, if it is earned.
    pub(crate) fn spend(&self) -> bool {
        let spent = |credit: i64| (credit >= ATTEMPT).then_some(credit - ATTEMPT);
        self.counted().credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent).is_ok()
    }

    fn counted(&self) -> &Counted {
        self.0.get_or_init(Box::default)
    }
}

fn class(taken: Duration) -> usize {
    let millis = taken.as_secs_f64() * 1000.0;
    ((libm::log2(millis.max(1.0)) * PER_DOUBLING) as usize).min(CLASSES - 1)
}

fn upper_end(class: usize) -> Duration {
    Duration::from_secs_f64(libm::exp2((class + 1) as f64 / PER_DOUBLING) / 1000.0)
}

/// Up to a little more than four minutes.
const CLASSES: usize = 72;
const PER_DOUBLING: f64 = 4.0;
const MOST: u32 = 1_000;
const FEWEST: u32 = 20;
const ATTEMPT: i64 = 1_000;
const MOST_CREDIT: i64 = 10 * ATTEMPT;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_an_upper_end_and_needs_enough_to_tell() {
        let hedging = Hedging::default();
        for millis in 1..20 {
            hedging.began(Duration::from_millis(millis * 10));
        }
        assert_eq!(hedging.percentile(95), None);
        (20..=100).for_each(|millis| hedging.began(Duration::from_millis(millis * 10)));
        let p50 = hedging.percentile(50).unwrap().as_millis();
        let p95 = hedging.percentile(95).unwrap().as_millis();
        assert!((500..=600).contains(&p50), "{p50}");
        assert!((950..=1_150).contains(&p95), "{p95}");
    }

    #[test]
    fn what_is_long_ago_fades() {
        let hedging = Hedging::default();
        (0..MOST).for_each(|_| hedging.began(Duration::from_secs(10)));
        (0..4 * MOST).for_each(|_| hedging.began(Duration::from_millis(10)));
        assert!(hedging.percentile(90).unwrap() < Duration::from_millis(20));
    }

    #[test]
    fn further_attempts_are_paid_for_by_requests() {
        let hedging = Hedging::default();
        assert!(hedging.spend(), "the first is free");
        assert!(!hedging.spend());
        (0..19).for_each(|_| hedging.pays(0.05));
        assert!(!hedging.spend());
        hedging.pays(0.05);
        assert!(hedging.spend() && !hedging.spend());
        (0..10_000).for_each(|_| hedging.pays(0.05));
        assert_eq!((0..100).filter(|_| hedging.spend()).count(), 10, "credit is not hoarded");
    }
}
