//! The messages of replicas about one provider, and their text form. They hold no name, no address
//! and no text of a provider.

use std::time::Duration;

use super::reason::Why;
use crate::failure::What;

/// A message to all other replicas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Told {
    /// It rests; after `left` a trial decides.
    Rest {
        left: Duration,
        /// The whole length of the rest.
        rest: Duration,
        /// Consecutive rests started by failures.
        trips: u32,
        why: Why,
    },
    /// It may be asked; its weight grows back over this time.
    Well {
        over: Duration,
        /// The length of the last rest, if another would be longer.
        rest: Option<Duration>,
        trips: u32,
    },
    /// This many probes in a row have failed; `None` means that its probes succeed.
    Probed(Option<u32>),
    /// An operator lets it rest; without `left`, until the operator ends it.
    Held { left: Option<Duration>, rest: Duration },
    /// An operator has drained it.
    Drained,
    /// An operator's decision has ended.
    Free,
}

/// Topics, of which only the last message counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Rests.
    Breaker = 1,
    /// Probes.
    Probes = 2,
    /// Decisions of an operator.
    Operator = 4,
}

impl Topic {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Breaker, Self::Probes, Self::Operator];

    /// The letter of the topic in the store.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Breaker => 'b',
            Self::Probes => 'p',
            Self::Operator => 'o',
        }
    }
}

impl Told {
    /// How long the message is valid.
    pub(crate) fn left(&self) -> Duration {
        match *self {
            Self::Rest { left, .. } => left,
            Self::Held { left: Some(left), .. } => left,
            Self::Held { left: None, .. } | Self::Drained | Self::Probed(Some(_)) => LONG,
            Self::Well { .. } | Self::Probed(None) | Self::Free => Duration::ZERO,
        }
    }

    /// The text without its validity.
    pub(crate) fn text(&self) -> String {
        match *self {
            Self::Rest { rest, trips, why, .. } => {
                format!("rest {} {trips} {}", rest.as_micros(), spelled(why))
            }
            Self::Well { over, rest, trips } => {
                let rest = rest.unwrap_or_default().as_micros();
                format!("well {} {rest} {trips}", over.as_micros())
            }
            Self::Probed(Some(probes)) => format!("unhealthy {probes}"),
            Self::Probed(None) => "healthy".to_owned(),
            Self::Held { left: Some(_), rest } => format!("held {}", rest.as_micros()),
            Self::Held { left: None, .. } => "held on".to_owned(),
            Self::Drained => "drained".to_owned(),
            Self::Free => "free".to_owned(),
        }
    }

    /// Parses a message; `None` if this version does not know it.
    pub(crate) fn read(text: &str, left: Duration) -> Option<Self> {
        let mut words = text.split(' ');
        let word = words.next()?;
        let mut next = || words.next();
        Some(match word {
            "rest" => Self::Rest {
                left,
                rest: micros(next()?)?,
                trips: next()?.parse().ok()?,
                why: why(next()?)?,
            },
            "well" => Self::Well {
                over: micros(next()?)?,
                rest: micros(next()?).filter(|rest| !rest.is_zero()),
                trips: next()?.parse().ok()?,
            },
            "unhealthy" => Self::Probed(Some(next()?.parse().ok()?)),
            "healthy" => Self::Probed(None),
            "held" => match next()? {
                "on" => Self::Held { left: None, rest: Duration::MAX },
                rest => Self::Held { left: Some(left), rest: micros(rest)? },
            },
            "drained" => Self::Drained,
            "free" => Self::Free,
            _ => return None,
        })
    }
}

fn micros(text: &str) -> Option<Duration> {
    let micros = text.parse::<u64>().ok()?;
    // A longer time could overflow the clock of this process.
    Some(Duration::from_micros(micros).min(LONG))
}

fn spelled(why: Why) -> String {
    match why {
        Why::Failures { count, last, alike } => {
            format!("failures:{}:{count}:{}", what_spelled(last), u8::from(alike))
        }
        Why::Trial(what) => format!("trial:{}", what_spelled(what)),
        Why::Asked(what) => format!("asked:{}", what_spelled(what)),
        Why::RateLimited => "limited".to_owned(),
        Why::QuotaSpent => "quota".to_owned(),
        Why::CredentialRefused => "credential".to_owned(),
        Why::ModelMissing => "model".to_owned(),
        Why::Operator => "operator".to_owned(),
    }
}

fn why(text: &str) -> Option<Why> {
    let mut parts = text.split(':');
    let word = parts.next()?;
    let mut next = || parts.next();
    Some(match word {
        "failures" => Why::Failures {
            last: what(next()?)?,
            count: next()?.parse().ok()?,
            alike: next()? == "1",
        },
        "trial" => Why::Trial(what(next()?)?),
        "asked" => Why::Asked(what(next()?)?),
        "limited" => Why::RateLimited,
        "quota" => Why::QuotaSpent,
        "credential" => Why::CredentialRefused,
        "model" => Why::ModelMissing,
        "operator" => Why::Operator,
        _ => return None,
    })
}

fn what_spelled(what: What) -> String {
    match what {
        What::Connect => "connect".to_owned(),
        What::Timeout => "timeout".to_owned(),
        What::Reset => "reset".to_owned(),
        What::Malformed(None) => "malformed".to_owned(),
        What::Malformed(Some(status)) => format!("malformed{status}"),
        What::Status(status) => status.to_string(),
    }
}

fn what(text: &str) -> Option<What> {
    Some(match text {
        "connect" => What::Connect,
        "timeout" => What::Timeout,
        "reset" => What::Reset,
        "malformed" => What::Malformed(None),
        text => match text.strip_prefix("malformed") {
            Some(status) => What::Malformed(Some(status.parse().ok()?)),
            None => What::Status(text.parse().ok()?),
        },
    })
}

/// For messages without an end, and the longest time that another replica is believed.
const LONG: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_as_it_was_meant() {
        let (left, rest) = (Duration::from_millis(1_500), Duration::from_secs(60));
        let whats = [
            What::Connect,
            What::Timeout,
            What::Reset,
            What::Malformed(None),
            What::Malformed(Some(200)),
            What::Status(503),
        ];
        let failures =
            whats.map(|last| [true, false].map(|alike| Why::Failures { count: 3, last, alike }));
        let whys = failures.into_iter().flatten().chain(whats.map(Why::Trial));
        let whys = whys.chain(whats.map(Why::Asked)).chain([
            Why::RateLimited,
            Why::QuotaSpent,
            Why::CredentialRefused,
            Why::ModelMissing,
            Why::Operator,
        ]);
        let rests = whys.map(|why| Told::Rest { left, rest, trips: 2, why });
        let others = [
            Told::Well { over: rest, rest: Some(left), trips: 1 },
            Told::Well { over: Duration::ZERO, rest: None, trips: 0 },
            Told::Probed(Some(3)),
            Told::Probed(None),
            Told::Held { left: Some(left), rest },
            Told::Held { left: None, rest: Duration::MAX },
            Told::Drained,
            Told::Free,
        ];
        for told in rests.chain(others) {
            assert_eq!(Told::read(&told.text(), told.left()), Some(told), "{}", told.text());
        }
    }

    #[test]
    fn what_this_version_does_not_know_is_left() {
        for text in
            ["", "rest", "rest x 1 limited", "rest 1 1 hungry", "sick 3", "held", "unhealthy"]
        {
            assert_eq!(Told::read(text, Duration::ZERO), None, "{text}");
        }
    }
}
