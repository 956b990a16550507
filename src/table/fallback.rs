//! When another provider is tried: the pool's rules, and the pure verdict on one failure.
//!
//! It knows no HTTP. Random numbers are arguments.

use std::time::Duration;

use super::PoolId;
use crate::failure::{Brief, Class, What};

/// The fallback rules of a pool.
#[derive(Debug, Clone)]
pub struct Fallback {
    /// Whether fallback is on.
    pub enabled: bool,
    /// Statuses that fall back.
    pub(crate) on_status: StatusSet,
    /// Additional statuses that fall back, for requests that are not batch work.
    pub(crate) realtime_on_status: Option<Box<StatusSet>>,
    /// The timeout of the first event, for each attempt that another may follow.
    pub(crate) first_token: Option<Duration>,
    /// Whether a provider's own limit makes the request fall back.
    pub on_rate_limit: bool,
    /// Whether a provider may be drawn again.
    pub(crate) with_replacement: bool,
    /// The most attempts in this pool.
    pub max_attempts: u32,
    /// The most attempts in total, including pools that take over.
    pub(crate) most_in_all: Option<u32>,
    /// Retries at the same provider before another one is asked.
    pub(crate) stay: Option<Stay>,
    /// The wait before a provider is retried.
    pub(crate) backoff: Option<Backoff>,
    /// The limit on all waits together.
    pub(crate) max_total_backoff: Option<Duration>,
    /// Classes that fall back although their status does not.
    pub(crate) on: Vec<Class>,
    /// The time budget of all attempts.
    pub(crate) deadline: Option<Duration>,
    /// Only a failure within this time is followed by another attempt.
    pub(crate) within: Option<Duration>,
    /// Whether answers are buffered until they are complete.
    pub(crate) commits_at_end: bool,
    /// The most bytes of an answer that are buffered.
    pub(crate) commit_max_bytes: usize,
    /// The pools that take over when this one is exhausted, in order.
    pub(crate) to: Vec<PoolId>,
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt may follow.
    Next,
    /// The failure is the answer.
    Stop,
}

/// A set of HTTP statuses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StatusSet(Vec<std::ops::RangeInclusive<u16>>);

/// Retries at the same provider before another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay {
    /// The number of retries in a row; they do not count as attempts of the pool.
    pub(crate) times: u32,
    /// The longest wait that still allows a retry.
    pub(crate) up_to: Duration,
}

/// Exponential backoff.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Backoff {
    /// The wait before the first retry.
    pub(crate) initial: Duration,
    /// The longest single wait.
    pub(crate) max: Duration,
    /// The growth factor.
    pub(crate) factor: f64,
    /// Whether the wait is random between zero and its length.
    pub(crate) full_jitter: bool,
}

impl Fallback {
    /// Whether a failure after `taken` falls back to another provider.
    pub fn verdict(&self, failure: Brief, taken: Duration) -> Verdict {
        self.judged(failure, taken, |status| self.on_status.contains(status))
    }

    /// The same for a request that is not batch work.
    pub(crate) fn realtime_verdict(&self, failure: Brief, taken: Duration) -> Verdict {
        let Some(more) = &self.realtime_on_status else { return self.verdict(failure, taken) };
        let listed = |status| self.on_status.contains(status) || more.contains(status);
        self.judged(failure, taken, listed)
    }

    fn judged(&self, failure: Brief, taken: Duration, listed: impl Fn(u16) -> bool) -> Verdict {
        let Brief { what, class } = failure;
        let soon = self.within.is_none_or(|within| taken <= within);
        let next = match what {
            What::Connect | What::Timeout | What::Reset => true,
            What::Malformed(_) => self.names(class) || listed(BAD_GATEWAY),
            // The provider's own code says that the failure is not the provider's fault.
            What::Status(500..) if class == Class::Client => false,
            What::Status(status) => {
                let implied = failure.implied_status();
                listed(status) || implied.is_some_and(&listed) || self.names(class)
            }
        };
        if self.enabled && soon && next { Verdict::Next } else { Verdict::Stop }
    }

    /// A refused credential or an unknown model is never the client's fault, so a pool with
    /// fallback falls back.
    fn names(&self, class: Class) -> bool {
        class.is_misconfigured() || self.on.contains(&class)
    }

    /// Whether and when the same provider is retried, after `often` retries. `asked` is its
    /// `Retry-After`; `chance` is uniform in 0..1.
    pub(crate) fn stays(
        &self,
        often: u32,
        asked: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        let stay = self.stay.filter(|stay| often < stay.times)?;
        let usual = || {
            let grown = FIRST_STAY.saturating_mul(1 << often.min(MOST_DOUBLINGS));
            grown.mul_f64((1.0 + chance) / 2.0).min(stay.up_to)
        };
        Some(asked.unwrap_or_else(usual)).filter(|wait| *wait <= stay.up_to)
    }

    /// The wait before retry `nth` (0 is the first); `chance` is uniform in 0..1 and `waited` is
    /// already used. `None` means the budget for waiting is used up.
    pub(crate) fn wait(&self, nth: u32, chance: f64, waited: Duration) -> Option<Duration> {
        let Some(backoff) = self.backoff else { return Some(Duration::ZERO) };
        let wait = backoff.wait(nth, chance);
        match self.max_total_backoff {
            Some(most) if waited + wait > most => None,
            _ => Some(wait),
        }
    }
}

impl Backoff {
    fn wait(&self, nth: u32, chance: f64) -> Duration {
        let grown = self.initial.as_secs_f64() * self.factor.powi(nth.cast_signed());
        let wait = grown.min(self.max.as_secs_f64());
        Duration::from_secs_f64(if self.full_jitter { wait * chance } else { wait })
    }
}

impl StatusSet {
    /// Parses the shorthand: `5` is 500–599, `50` is 500–509, `502` is itself. The error is the
    /// number that is invalid.
    pub(crate) fn from_shorthand(numbers: &[u16]) -> Result<Self, u16> {
        let range = |&number| match number {
            1..=5 => Ok(number * 100..=number * 100 + 99),
            10..=59 => Ok(number * 10..=number * 10 + 9),
            100..=599 => Ok(number..=number),
            _ => Err(number),
        };
        numbers.iter().map(range).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a status is in the set.
    pub(crate) fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

const BAD_GATEWAY: u16 = 502;
/// The first wait when the provider sends no `Retry-After`; doubled each time.
const FIRST_STAY: Duration = Duration::from_millis(200);
const MOST_DOUBLINGS: u32 = 16;

#[cfg(test)]
mod tests;
