//! What a pool's answers usually use, for reservations of requests that do not say.
//!
//! It is kept only where something is reserved.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::limit::window::Amount;

/// The usual use of a pool's answers; larger values count sooner.
#[derive(Debug)]
pub(crate) struct Typical {
    /// Output tokens.
    output: AtomicU64,
    /// The ratio of reported to estimated input, in 1/1024.
    ratio: AtomicU64,
}

impl Default for Typical {
    fn default() -> Self {
        Self { output: AtomicU64::new(UNKNOWN), ratio: AtomicU64::new(ONE) }
    }
}

impl Typical {
    /// The expected use of an answer, given the estimated input tokens; `most` is the request's
    /// output limit.
    pub(crate) fn expected(&self, input: u64, most: Option<u64>) -> Amount {
        let ratio = self.ratio.load(Relaxed);
        let input = (u128::from(input) * u128::from(ratio)).div_ceil(u128::from(ONE));
        let output = most.unwrap_or_else(|| self.output.load(Relaxed));
        let input = u64::try_from(input).unwrap_or(u64::MAX);
        Amount { input, output, picodollars: 0 }
    }

    /// An answer to a request with this estimate has used this much.
    pub(crate) fn took(&self, estimated: u64, used: Amount) {
        if used.output > 0 {
            let _ = self.output.fetch_update(Relaxed, Relaxed, |known| {
                Some(if known == UNKNOWN { used.output } else { follow(known, used.output) })
            });
        }
        if used.input > 0 && estimated > 0 {
            let ratio = used.input.saturating_mul(ONE).div_ceil(estimated).max(ONE);
            if ratio <= MOST {
                let _ =
                    self.ratio.fetch_update(Relaxed, Relaxed, |known| Some(follow(known, ratio)));
            }
        }
    }
}

/// Rises at once and falls slowly (a peak-sensitive moving average).
fn follow(known: u64, seen: u64) -> u64 {
    if seen >= known { seen } else { known - (known - seen).div_ceil(FALL) }
}

/// Before any answer: what most models generate at most by default.
const UNKNOWN: u64 = 4_096;
const ONE: u64 = 1_024;
/// Tokenizers differ by less. An input beyond it was not in the request's text, such as a stored conversation or a
/// picture by its URL, and says nothing about the next caller's.
const MOST: u64 = 4 * ONE;
const FALL: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_answers_are_expected_at_once_and_smaller_ones_in_time() {
        let typical = Typical::default();
        assert_eq!(typical.expected(10, None).output, UNKNOWN);
        assert_eq!(typical.expected(10, Some(7)), Amount { input: 10, output: 7, picodollars: 0 });
        let took = |input, output| typical.took(10, Amount { input, output, picodollars: 0 });
        took(30, 100);
        assert_eq!(typical.expected(10, None), Amount { input: 30, output: 100, picodollars: 0 });
        took(30, 500);
        assert_eq!(typical.expected(10, None).output, 500);
        (0..500).for_each(|_| took(10, 50));
        let later = typical.expected(10, None);
        took(10_000, 50);
        assert_eq!(typical.expected(10, None).input, later.input, "of another kind");
        assert!(later.output < 120 && later.input < 13, "{later:?}");
    }
}
