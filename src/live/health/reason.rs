//! Why a provider rests, in words for logs, headers and the status page.
//!
//! It never holds what a provider said: a cause is a kind, not a message.

use std::fmt;
use std::time::Duration;

/// What kind of failure an attempt ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// No connection.
    Connect,
    /// Too late.
    Timeout,
    /// The connection broke before anything could be accepted.
    Reset,
    /// An answer with this status.
    Status(u16),
    /// An answer that is not what the protocol says.
    Malformed,
}

/// Why a provider rests, and for how long in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The whole rest, from its beginning.
    pub rest: Duration,
    /// What began it.
    pub why: Why,
}

/// What begins a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Too many failures inside the window.
    Failures {
        /// How many.
        count: u32,
        /// The last one.
        last: Cause,
        /// Whether all were like it.
        alike: bool,
    },
    /// The trial after a rest failed.
    Trial(Cause),
    /// The provider failed and asked for it, with `Retry-After`.
    Asked(Cause),
    /// The provider answered 429.
    RateLimited,
}

impl Cause {
    fn plural(self) -> &'static str {
        match self {
            Cause::Connect => "failed connections",
            Cause::Timeout => "timeouts",
            Cause::Reset => "broken connections",
            Cause::Status(_) => "answers",
            Cause::Malformed => "malformed answers",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Connect => f.write_str("a failed connection"),
            Cause::Timeout => f.write_str("a timeout"),
            Cause::Reset => f.write_str("a broken connection"),
            Cause::Status(status) => write!(f, "a {status}"),
            Cause::Malformed => f.write_str("a malformed answer"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Why::Failures { count: 1, last, .. } => write!(f, "after {last}"),
            Why::Failures { count, last: Cause::Status(status), alike: true } => {
                write!(f, "after {count} answers with {status}")
            }
            Why::Failures { count, last, alike: true } => {
                write!(f, "after {count} {}", last.plural())
            }
            Why::Failures { count, last, alike: false } => {
                write!(f, "after {count} failures, the last {last}")
            }
            Why::Trial(cause) => write!(f, "after a trial that ended in {cause}"),
            Why::Asked(cause) => write!(f, "as the provider asked after {cause}"),
            Why::RateLimited => f.write_str("after a 429 of the provider"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rest.as_secs() {
            0 => write!(f, "resting {} ms {}", self.rest.as_millis(), self.why),
            seconds => write!(f, "resting {seconds} s {}", self.why),
        }
    }
}
