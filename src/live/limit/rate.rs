//! A token bucket: governor's GCRA (generic cell rate algorithm, ITU-T I.371) over a cell that the
//! router can read, so that the level is known without taking, and can be carried over to another
//! rate.
//!
//! It never waits. Its clock is tokio's, which tests can pause.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// The parameters of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Cells per second; fractions are allowed, `0.2` is one in five seconds.
    pub per_second: f64,
    /// The capacity in cells, at least one.
    pub burst: u32,
}

/// A token bucket (GCRA), lock-free, with one compare-and-swap per decision.
#[derive(Debug)]
pub struct RateBucket {
    rate: Rate,
    /// The value of one cell and of a full bucket, in nanoseconds.
    period: u64,
    capacity: u64,
    arrival: Arrival,
    limiter: RateLimiter<NotKeyed, Arrival, SinceBirth, NoOpMiddleware<Nanos>>,
}

impl RateBucket {
    /// A full bucket. Invalid parameters, which the configuration refuses, are replaced by the
    /// nearest valid ones.
    pub fn new(rate: Rate) -> Self {
        Self::with_used_share(rate, 0.0)
    }

    /// Takes one cell.
    ///
    /// # Errors
    /// How long until the next cell is free.
    pub fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|no| no.wait_time_from(self.limiter.clock().now()))
    }

    /// How long until one cell is free; takes nothing.
    pub(crate) fn free_in(&self) -> Duration {
        Duration::from_nanos((self.used() + self.period).saturating_sub(self.capacity))
    }

    /// How long until this many requests in a row have had their cell.
    pub(crate) fn free_for(&self, cells: u32) -> Duration {
        let cells = self.period.saturating_mul(cells.into());
        Duration::from_nanos(self.used().saturating_add(cells).saturating_sub(self.capacity))
    }

    /// The free share, 0.0 to 1.0; takes nothing.
    pub(crate) fn level(&self) -> f64 {
        1.0 - self.used_share()
    }

    /// The capacity, the free cells, and how long until the bucket is full.
    pub(crate) fn told(&self) -> (u32, u32, Duration) {
        let used = self.used();
        let left = self.capacity.saturating_sub(used) / self.period;
        (self.rate.burst, u32::try_from(left).unwrap_or(u32::MAX), Duration::from_nanos(used))
    }

    /// The parameters.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// A bucket with another rate, of which the same share is used.
    pub(crate) fn successor(&self, rate: Rate) -> RateBucket {
        Self::with_used_share(rate, self.used_share())
    }

    fn with_used_share(rate: Rate, used: f64) -> Self {
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let period = period_nanos(rate.per_second, burst);
        let capacity = period * u64::from(burst.get());
        let arrival = Arrival::at((capacity as f64 * used) as u64);
        let quota = Quota::with_period(Duration::from_nanos(period))
            .unwrap_or_else(|| Quota::per_second(burst))
            .allow_burst(burst);
        let limiter = RateLimiter::new(quota, arrival.clone(), SinceBirth::default());
        Self { rate, period, capacity, arrival, limiter }
    }

    /// Nanoseconds until the bucket is full.
    fn used(&self) -> u64 {
        self.arrival.get().saturating_sub(self.limiter.clock().now().as_u64())
    }

    fn used_share(&self) -> f64 {
        (self.used() as f64 / self.capacity as f64).clamp(0.0, 1.0)
    }
}

/// Nanoseconds for one cell to return: at least one, and few enough that a full bucket stays far
/// from the end of 64 bits, where GCRA's sums would wrap.
fn period_nanos(per_second: f64, burst: NonZeroU32) -> u64 {
    let longest = LONGEST_REFILL / u64::from(burst.get());
    let period = (1e9 / per_second).round();
    // `as` saturates and maps NaN to zero.
    (period as u64).clamp(1, longest)
}

/// GCRA's theoretical arrival time, in nanoseconds since the bucket's creation.
#[derive(Debug, Clone)]
struct Arrival(Arc<AtomicU64>);

impl Arrival {
    fn at(nanos: u64) -> Self {
        Self(Arc::new(AtomicU64::new(nanos)))
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl StateStore for Arrival {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut seen = self.get();
        loop {
            let (answer, next) = decide(Some(Nanos::new(seen)))?;
            let swap = self.0.compare_exchange_weak(
                seen,
                next.as_u64(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match swap {
                Ok(_) => return Ok(answer),
                Err(now) => seen = now,
            }
        }
    }
}

/// Time since the first reading of this clock, which governor takes when it builds the limiter, so
/// that both have the same origin.
#[derive(Debug, Default)]
struct SinceBirth(OnceLock<Instant>);

impl Clock for SinceBirth {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let now = Instant::now();
        let birth = *self.0.get_or_init(|| now);
        // 584 years fit.
        Nanos::new(now.saturating_duration_since(birth).as_nanos() as u64)
    }
}

/// A bucket takes at most this long to fill: 73 years.
const LONGEST_REFILL: u64 = 1 << 61;
