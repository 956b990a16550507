//! Peak EWMA of the time to first byte, as in finagle and linkerd. It rises at once on a peak,
//! falls exponentially, and decays toward zero without requests, so that a recovered provider is
//! tried again.
//!
//! It has no lock and reads no clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The measured latency of one provider.
///
/// Value and timestamp share one word: seconds as `f32` in the upper half, ticks since creation
/// (never zero) in the lower half. Zero means "never measured".
#[derive(Debug)]
pub struct PeakEwma {
    birth: Instant,
    packed: AtomicU64,
}

impl PeakEwma {
    /// Not measured yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self { birth: now, packed: AtomicU64::new(0) }
    }

    /// Adds one time to first byte. An attempt that timed out counts with the time it took. A fast
    /// failure must not be counted, or a provider that refuses at once would look fastest.
    pub fn observe(&self, taken: Duration, now: Instant) {
        let (taken, stamp) = (taken.as_secs_f32(), self.stamp(now));
        let mut seen = self.packed.load(Ordering::Relaxed);
        loop {
            let (value, at) = unpack(seen).unwrap_or((0.0, stamp));
            let elapsed = elapsed(at, stamp);
            let kept = kept(elapsed);
            let next = if taken > value { taken } else { value * kept + taken * (1.0 - kept) };
            let at = at.wrapping_add(elapsed);
            let packed = (u64::from(next.to_bits()) << 32) | u64::from(at);
            let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
            match self.packed.compare_exchange_weak(seen, packed, set, get) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Seconds to first byte, decayed until now; `None` if never measured.
    pub fn seconds(&self, now: Instant) -> Option<f32> {
        let (value, at) = unpack(self.packed.load(Ordering::Relaxed))?;
        Some(value * kept(elapsed(at, self.stamp(now))))
    }

    /// Never zero, which means "never measured".
    fn stamp(&self, now: Instant) -> u32 {
        let millis = now.saturating_duration_since(self.birth).as_millis();
        ((millis / TICK_MILLIS) as u32).max(1)
    }
}

fn unpack(packed: u64) -> Option<(f32, u32)> {
    (packed != 0).then(|| (f32::from_bits((packed >> 32) as u32), packed as u32))
}

/// Ticks between two timestamps. Threads may be out of order: a small step back wraps to a huge
/// step ahead, and counts as zero.
fn elapsed(at: u32, stamp: u32) -> u32 {
    let elapsed = stamp.wrapping_sub(at);
    if elapsed > u32::MAX / 2 { 0 } else { elapsed }
}

/// The share of a value that is left after some ticks.
fn kept(elapsed: u32) -> f32 {
    libm::expf(-(elapsed as f32) / DECAY_TICKS)
}

/// Ten milliseconds: fine enough for the decay, and 32 bits of them order timestamps for 248 days
/// of idleness.
const TICK_MILLIS: u128 = 10;
/// The time constant, after which 37 % of a peak is left. Ten seconds, as in finagle and linkerd.
const DECAY_TICKS: f32 = 1_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn is_unknown_until_measured_and_known_even_when_instant() {
        let now = Instant::now();
        let ewma = PeakEwma::new(now);
        assert_eq!(ewma.seconds(now), None);
        ewma.observe(Duration::ZERO, now);
        assert_eq!(ewma.seconds(now), Some(0.0));
    }

    #[test]
    fn rises_at_once_and_falls_by_its_time_constant() {
        let now = Instant::now();
        let ewma = PeakEwma::new(now);
        ewma.observe(SECOND, now);
        ewma.observe(SECOND * 4, now);
        assert_eq!(ewma.seconds(now), Some(4.0));
        ewma.observe(SECOND, now);
        assert_eq!(ewma.seconds(now), Some(4.0), "a lower value has had no time to count");

        let later = now + SECOND * 10;
        ewma.observe(SECOND, later);
        let expected = 1.0 + 3.0 * (-1.0f32).exp();
        assert!((ewma.seconds(later).unwrap() - expected).abs() < 1e-2);
    }

    #[test]
    fn sinks_while_idle_without_being_written() {
        let now = Instant::now();
        let ewma = PeakEwma::new(now);
        ewma.observe(SECOND * 8, now);
        let half = now + Duration::from_millis(6_931);
        assert!((ewma.seconds(half).unwrap() - 4.0).abs() < 0.01);
        assert!(ewma.seconds(now + SECOND * 120).unwrap() < 0.001);
        assert_eq!(ewma.seconds(now), Some(8.0), "reading changes nothing");
    }

    #[test]
    fn a_step_back_in_time_is_no_decay() {
        let now = Instant::now();
        let ewma = PeakEwma::new(now);
        ewma.observe(SECOND * 2, now + SECOND);
        assert_eq!(ewma.seconds(now), Some(2.0));
        ewma.observe(SECOND, now);
        assert_eq!(ewma.seconds(now), Some(2.0));
    }

    #[test]
    fn no_peak_is_lost_between_threads() {
        let now = Instant::now();
        let ewma = PeakEwma::new(now);
        std::thread::scope(|scope| {
            for thread in 1..=8u64 {
                let ewma = &ewma;
                scope.spawn(move || {
                    for n in 0..1000 {
                        ewma.observe(Duration::from_millis(thread * 1000 + n), now);
                    }
                });
            }
        });
        assert_eq!(ewma.seconds(now), Some(8.999));
    }
}
