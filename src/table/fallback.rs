//! When another provider is tried: the pool's rules, and the pure verdict on one failure.
//!
//! It knows no HTTP and draws no chance: the drawn number is an argument.

use std::time::Duration;

/// A pool's rules for falling back.
#[derive(Debug, Clone)]
pub struct Fallback {
    /// The master switch.
    pub enabled: bool,
    /// Statuses that fall back.
    pub on_status: StatusSet,
    /// Whether a provider's own limit sends the request on.
    pub on_rate_limit: bool,
    /// Whether a provider may be drawn again at once.
    pub with_replacement: bool,
    /// Attempts in all.
    pub max_attempts: u32,
    /// Waiting before a provider is tried again.
    pub backoff: Option<Backoff>,
    /// Waiting in all.
    pub max_total_backoff: Option<Duration>,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection.
    Connect,
    /// Not in time: connecting, the head, or the first event.
    Timeout,
    /// The connection broke before the commit point.
    Reset,
    /// The answer is not what its protocol says; holds the status that came, if one did.
    Malformed(Option<u16>),
    /// The provider said so, in its status line or in an error inside a 200.
    Status(u16),
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
pub struct StatusSet(Vec<std::ops::RangeInclusive<u16>>);

/// Exponential waiting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Before the first repetition.
    pub initial: Duration,
    /// The longest single wait.
    pub max: Duration,
    /// Growth.
    pub factor: f64,
    /// Whether the wait is drawn between zero and its length.
    pub full_jitter: bool,
}

impl Fallback {
    /// Whether a failure goes on to another provider.
    pub fn verdict(&self, failure: Failure) -> Verdict {
        let next = self.enabled
            && match failure {
                Failure::Connect | Failure::Timeout | Failure::Reset => true,
                Failure::Malformed(_) => self.on_status.contains(BAD_GATEWAY),
                Failure::Status(status) => self.on_status.contains(status),
            };
        if next { Verdict::Next } else { Verdict::Stop }
    }

    /// How long to wait before the `nth` repetition (0 is the first), with `chance` drawn evenly
    /// from 0 to 1 and `waited` already spent. `None`: the budget for waiting is used up.
    pub fn wait(&self, nth: u32, chance: f64, waited: Duration) -> Option<Duration> {
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
        let grown = self.initial.as_secs_f64() * self.factor.powf(f64::from(nth));
        let wait = grown.min(self.max.as_secs_f64());
        Duration::from_secs_f64(if self.full_jitter { wait * chance } else { wait })
    }
}

impl StatusSet {
    /// Reads the file's shorthand: `5` is 500–599, `50` is 500–509, `502` itself. The error is the
    /// number that is none of these.
    pub fn from_shorthand(numbers: &[u16]) -> Result<Self, u16> {
        let range = |&number| match number {
            1..=5 => Ok(number * 100..=number * 100 + 99),
            10..=59 => Ok(number * 10..=number * 10 + 9),
            100..=599 => Ok(number..=number),
            _ => Err(number),
        };
        numbers.iter().map(range).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a status is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

const BAD_GATEWAY: u16 = 502;

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(on_status: &[u16]) -> Fallback {
        Fallback {
            enabled: true,
            on_status: StatusSet::from_shorthand(on_status).unwrap(),
            on_rate_limit: false,
            with_replacement: false,
            max_attempts: 2,
            backoff: None,
            max_total_backoff: None,
        }
    }

    #[test]
    fn shorthand_is_read_as_the_seed_says() {
        let set = StatusSet::from_shorthand(&[429, 5]).unwrap();
        assert!([429, 500, 529, 599].iter().all(|&status| set.contains(status)));
        assert!(![428, 430, 499, 600].iter().any(|&status| set.contains(status)));
        let decade = StatusSet::from_shorthand(&[50]).unwrap();
        assert!(decade.contains(509) && !decade.contains(510));
        for number in [0, 6, 9, 60, 99, 600, 1000] {
            assert_eq!(StatusSet::from_shorthand(&[number]), Err(number));
        }
    }

    #[test]
    fn verdicts() {
        use Failure::*;
        let table = [
            (Connect, &[429][..], Verdict::Next),
            (Timeout, &[429], Verdict::Next),
            (Reset, &[429], Verdict::Next),
            (Malformed(Some(302)), &[429], Verdict::Stop),
            (Malformed(None), &[5], Verdict::Next),
            (Status(429), &[429, 5], Verdict::Next),
            (Status(400), &[429, 5], Verdict::Stop),
            (Status(529), &[5], Verdict::Next),
        ];
        for (failure, on_status, verdict) in table {
            assert_eq!(rules(on_status).verdict(failure), verdict, "{failure:?} {on_status:?}");
            let off = Fallback { enabled: false, ..rules(on_status) };
            assert_eq!(off.verdict(failure), Verdict::Stop);
        }
    }

    #[test]
    fn waits_grow_to_their_maximum_and_respect_the_budget() {
        let backoff = Backoff {
            initial: Duration::from_millis(100),
            max: Duration::from_millis(500),
            factor: 2.0,
            full_jitter: false,
        };
        let mut rules = rules(&[5]);
        assert_eq!(rules.wait(0, 0.5, Duration::ZERO), Some(Duration::ZERO));
        rules.backoff = Some(backoff);
        let waits: Vec<_> = (0..5).filter_map(|n| rules.wait(n, 0.5, Duration::ZERO)).collect();
        assert_eq!(
            waits.iter().map(Duration::as_millis).collect::<Vec<_>>(),
            [100, 200, 400, 500, 500]
        );
        rules.backoff = Some(Backoff { full_jitter: true, ..backoff });
        assert_eq!(rules.wait(1, 0.5, Duration::ZERO), Some(Duration::from_millis(100)));
        rules.max_total_backoff = Some(Duration::from_millis(150));
        assert_eq!(rules.wait(1, 1.0, Duration::ZERO), None);
    }
}
