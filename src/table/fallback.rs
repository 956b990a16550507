//! When another provider is tried: the pool's rules, and the pure verdict on one failure.
//!
//! It knows no HTTP and draws no chance: the drawn number is an argument.

use std::time::Duration;

use super::PoolId;
use crate::failure::{Brief, Class, What};

/// A pool's rules for falling back.
#[derive(Debug, Clone)]
pub struct Fallback {
    /// The master switch.
    pub enabled: bool,
    /// Statuses that fall back.
    pub(crate) on_status: StatusSet,
    /// Further statuses that fall back, for requests that are not batch work.
    pub(crate) realtime_on_status: Option<Box<StatusSet>>,
    /// How long an attempt that another may follow may be silent.
    pub(crate) first_token: Option<Duration>,
    /// Whether a provider's own limit sends the request on.
    pub on_rate_limit: bool,
    /// Whether a provider may be drawn again at once.
    pub(crate) with_replacement: bool,
    /// Attempts in this pool.
    pub max_attempts: u32,
    /// Attempts in all, the pools that take over included, where the file says so.
    pub(crate) most_in_all: Option<u32>,
    /// Whether the same provider is asked once more before another one is.
    pub(crate) stay: Option<Stay>,
    /// Waiting before a provider is tried again.
    pub(crate) backoff: Option<Backoff>,
    /// Waiting in all.
    pub(crate) max_total_backoff: Option<Duration>,
    /// Classes that fall back although their status does not say so.
    pub(crate) on: Vec<Class>,
    /// No attempt starts later than this after the first, and none takes longer than is left.
    pub(crate) deadline: Option<Duration>,
    /// Only a failure that came within this time is followed by another attempt.
    pub(crate) within: Option<Duration>,
    /// Whether answers are held until they are whole.
    pub(crate) commits_at_end: bool,
    /// How many bytes of one are held at most.
    pub(crate) commit_max_bytes: usize,
    /// Who takes over when this pool is spent, in order.
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

/// Asking the same provider again before another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay {
    /// So many times in a row, which count as no attempts of the pool.
    pub(crate) times: u32,
    /// Only where that is possible within this time.
    pub(crate) up_to: Duration,
}

/// Exponential waiting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Backoff {
    /// Before the first repetition.
    pub(crate) initial: Duration,
    /// The longest single wait.
    pub(crate) max: Duration,
    /// Growth.
    pub(crate) factor: f64,
    /// Whether the wait is drawn between zero and its length.
    pub(crate) full_jitter: bool,
}

impl Fallback {
    /// Whether a failure that took `taken` goes on to another provider.
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
            // A provider's own code says that it only looks like its fault.
            What::Status(500..) if class == Class::Client => false,
            What::Status(status) => {
                let implied = failure.implied_status();
                listed(status) || implied.is_some_and(&listed) || self.names(class)
            }
        };
        if self.enabled && soon && next { Verdict::Next } else { Verdict::Stop }
    }

    /// A refused credential and an unknown model are never the client's fault: a pool that falls
    /// back falls back then.
    fn names(&self, class: Class) -> bool {
        class.is_misconfigured() || self.on.contains(&class)
    }

    /// Whether the same provider is asked once more before another one, after it has been asked so
    /// `often` again already, and how long after its failure. `asked` is how long it wants to be left
    /// alone, `chance` drawn evenly from 0 to 1.
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

    /// How long to wait before the `nth` repetition (0 is the first), with `chance` drawn evenly
    /// from 0 to 1 and `waited` already spent. `None`: the budget for waiting is used up.
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
    /// Reads the file's shorthand: `5` is 500–599, `50` is 500–509, `502` itself. The error is the
    /// number that is not one of these.
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
/// Before the same provider is asked again that does not say when; doubled each time.
const FIRST_STAY: Duration = Duration::from_millis(200);
const MOST_DOUBLINGS: u32 = 16;

#[cfg(test)]
mod tests;
