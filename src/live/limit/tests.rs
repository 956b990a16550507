//! Limits under tokio's paused clock: nothing sleeps, every duration is exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use tokio::time::advance;

use super::*;

fn bucket(per_second: f64, burst: u32) -> RateBucket {
    RateBucket::new(Rate { per_second, burst })
}

fn taken(bucket: &RateBucket) -> usize {
    std::iter::from_fn(|| bucket.take().ok()).count()
}

/// Runs a property's body under a clock that stands still unless it is advanced.
fn paused<T>(body: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(body)
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_then_the_rate_decides() {
    let bucket = bucket(10.0, 3);
    assert_eq!(taken(&bucket), 3);
    assert_eq!(bucket.take(), Err(Duration::from_millis(100)));
    advance(Duration::from_millis(40)).await;
    assert_eq!(bucket.take(), Err(Duration::from_millis(60)));
    assert_eq!(bucket.free_in(), Duration::from_millis(60));
    advance(Duration::from_millis(60)).await;
    assert_eq!(bucket.free_in(), Duration::ZERO);
    assert_eq!(bucket.take(), Ok(()));
    assert!(bucket.take().is_err());
    advance(Duration::from_secs(3600)).await;
    assert_eq!(taken(&bucket), 3, "a long rest fills the bucket and no more");
}

#[tokio::test(start_paused = true)]
async fn fractions_of_a_request_per_second_work() {
    let bucket = bucket(0.2, 1);
    assert_eq!(bucket.take(), Ok(()));
    assert_eq!(bucket.take(), Err(Duration::from_secs(5)));
    advance(Duration::from_secs(5)).await;
    assert_eq!(bucket.take(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_level_is_read_without_spending() {
    let bucket = bucket(1.0, 4);
    assert_eq!(bucket.level(), 1.0);
    bucket.take().unwrap();
    bucket.take().unwrap();
    assert_eq!(bucket.level(), 0.5);
    assert_eq!(bucket.level(), 0.5);
    advance(Duration::from_secs(1)).await;
    assert_eq!(bucket.level(), 0.75);
    advance(Duration::from_secs(9)).await;
    assert_eq!(bucket.level(), 1.0);
}

#[tokio::test(start_paused = true)]
async fn numbers_without_sense_make_a_bucket_all_the_same() {
    for per_second in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e300] {
        for burst in [0, 1, u32::MAX] {
            let bucket = bucket(per_second, burst);
            assert_eq!(bucket.take(), Ok(()), "{per_second} {burst}");
            assert!((0.0..=1.0).contains(&bucket.level()));
            assert_eq!(bucket.successor(Rate { per_second, burst }).rate().burst, burst);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn many_threads_take_exactly_the_burst() {
    let bucket = bucket(1e-6, 1000);
    let taken = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    taken.fetch_add(u32::from(bucket.take().is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_spends_nothing_of_the_other_limit() {
    let rate = Rate { per_second: 1.0, burst: 2 };
    let limits = Limits::new(LimitSettings::of_requests(Some(rate), Some(1)));
    let permit = limits.admit().unwrap();
    assert_eq!(limits.limited(), Some(Limited::Concurrency));
    for _ in 0..5 {
        assert_eq!(limits.admit().unwrap_err(), Limited::Concurrency);
    }
    drop(permit);
    assert_eq!(limits.rate().unwrap().level(), 0.5, "five refusals left the bucket alone");

    drop(limits.admit().unwrap());
    assert_eq!(limits.admit().unwrap_err(), Limited::Rate(Duration::from_secs(1)));
    assert_eq!(limits.limited(), Some(Limited::Rate(Duration::from_secs(1))));
    assert_eq!(limits.in_flight(), 0, "a request refused for its rate holds no place");
}

#[tokio::test(start_paused = true)]
async fn a_cap_that_shrinks_counts_what_is_in_flight() {
    let limits = Limits::new(LimitSettings::of_requests(None, Some(3)));
    let mut held: Vec<_> = (0..3).map(|_| limits.admit().unwrap()).collect();
    let smaller = limits.successor(LimitSettings::of_requests(None, Some(2)));
    assert_eq!(smaller.in_flight(), 3);
    held.pop();
    assert_eq!(smaller.admit().unwrap_err(), Limited::Concurrency);
    held.pop();
    held.push(smaller.admit().unwrap());
    assert_eq!(limits.in_flight(), 2, "the old table sees the new one's requests");
    let open = smaller.successor(LimitSettings::default());
    held.push(open.admit().unwrap());
    assert_eq!(open.in_flight(), 3, "counted without a cap too");
    held.clear();
    assert_eq!(limits.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn equal_numbers_share_one_bucket_and_new_limits_start_full() {
    let rate = |burst| Some(Rate { per_second: 1.0, burst });
    let limits = Limits::new(LimitSettings::of_requests(rate(4), None));
    let same = limits.successor(LimitSettings::of_requests(rate(4), Some(9)));
    drop(limits.admit().unwrap());
    assert_eq!(same.rate().unwrap().level(), 0.75);
    let none = limits.successor(LimitSettings::default());
    assert!(none.rate().is_none());
    let again = none.successor(LimitSettings::of_requests(rate(4), None));
    assert_eq!(again.rate().unwrap().level(), 1.0);
}

#[tokio::test(start_paused = true)]
async fn request_that_is_asked_for_anew_is_charged_once() {
    let leases = Arc::new(leases::Leases::default());
    let sharing = Sharing { leases: Arc::clone(&leases), holder: "key:ann".into() };
    let rate = Rate { per_second: 0.01, burst: 2 };
    let settings = LimitSettings::of_requests(Some(rate), Some(9));
    let limits = Limits::new(LimitSettings { sharing: Some(sharing), ..settings });
    assert!(matches!(limits.admit(), Err(Limited::NoStore)), "the store was not asked yet");
    let mut told = 0;
    for lease in [leases.all(), leases.all(), leases.all()].concat() {
        limits.ready(Amount::default()).now_or_never();
        for ask in lease.asks(true) {
            let granted = ask.limit;
            lease.answered(&ask, &lease::Answer { granted, replicas: 1, ..Default::default() });
        }
    }
    for _ in 0..5 {
        limits.admit().unwrap().never_was();
    }
    drop((limits.admit().unwrap(), limits.admit().unwrap()));
    assert!(limits.admit().is_err(), "both were charged");
    for lease in leases.all() {
        told += lease.farewell().map_or(0, |ask| ask.spent);
    }
    assert_eq!(told, 2);
}

#[test]
fn racing_threads_never_exceed_the_cap() {
    let cap = Arc::new(Cap::default());
    let most = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    if let Some(permit) = cap.try_acquire(Some(3)) {
                        most.fetch_max(cap.in_flight(), Ordering::Relaxed);
                        drop(permit);
                    }
                }
            });
        }
    });
    assert!((1..=3).contains(&most.into_inner()));
    assert_eq!(cap.in_flight(), 0);
}

proptest! {
    /// Whatever the order in which permits come and go, the count is that of those alive.
    #[test]
    fn the_count_is_that_of_the_permits_alive(
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..200),
        max in prop::option::of(1u32..8),
    ) {
        let cap = Arc::new(Cap::default());
        let mut held = Vec::new();
        for (acquire, which) in steps {
            if acquire {
                let before = held.len() as u32;
                let got = cap.try_acquire(max);
                prop_assert_eq!(got.is_some(), max.is_none_or(|max| before < max));
                held.extend(got);
            } else if !held.is_empty() {
                drop(held.swap_remove(which.index(held.len())));
            }
            prop_assert_eq!(cap.in_flight(), held.len() as u32);
        }
        drop(held);
        prop_assert_eq!(cap.in_flight(), 0);
    }

    /// Other numbers, the same share used up: to within a cell of either bucket.
    #[test]
    fn a_successor_starts_with_the_used_up_share(
        (old_rate, new_rate) in (0.01f64..5000.0, 0.01f64..5000.0),
        (old_burst, new_burst) in (1u32..500, 1u32..500),
        takes in 0u32..600,
        pause in 0u64..2000,
    ) {
        paused(async {
            let old = bucket(old_rate, old_burst);
            for _ in 0..takes {
                let _ = old.take();
            }
            advance(Duration::from_millis(pause)).await;
            let new = old.successor(Rate { per_second: new_rate, burst: new_burst });
            // A share is held in whole nanoseconds, of which a small and fast bucket has few.
            let nanosecond = new_rate / f64::from(new_burst) / 1e9;
            prop_assert!((new.level() - old.level()).abs() < 1e-6 + nanosecond);
            let cells = (old.level() * f64::from(new_burst)).floor();
            let spent = std::iter::from_fn(|| new.take().ok()).take(1000).count() as f64;
            prop_assert!((spent - cells).abs() <= 1.0, "{} of {}", spent, cells);
            Ok(())
        })?;
    }

    /// No interval of any length sees more than the burst and the refill over it.
    #[test]
    fn never_more_than_burst_and_refill(
        per_second in 0.5f64..200.0,
        burst in 1u32..20,
        pauses in prop::collection::vec(0u64..300, 1..100),
    ) {
        paused(async {
            let bucket = bucket(per_second, burst);
            let (mut passed, mut elapsed) = (0u32, 0.0);
            for pause in pauses {
                advance(Duration::from_millis(pause)).await;
                elapsed += pause as f64 / 1000.0;
                match bucket.take() {
                    Ok(()) => passed += 1,
                    Err(wait) => {
                        prop_assert_eq!(wait, bucket.free_in());
                        prop_assert!(wait.as_secs_f64() <= 1.0 / per_second + 1e-6);
                    }
                }
                prop_assert!(f64::from(passed) <= f64::from(burst) + elapsed * per_second + 1e-3);
            }
            Ok(())
        })?;
    }
}
