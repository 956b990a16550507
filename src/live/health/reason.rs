//! Why a provider rests, in words for logs, headers and the status page.
//!
//! It holds only the kind of a cause, never a provider's text.

use std::fmt;
use std::time::Duration;

use crate::failure::What;

/// Why a provider rests, and for how long in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The whole length of the rest.
    pub(crate) rest: Duration,
    /// The cause.
    pub(crate) why: Why,
    /// Whether another replica has reported it.
    pub(crate) is_heard: bool,
}

/// The cause of a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Too many failures inside the window.
    Failures {
        /// How many.
        count: u32,
        /// The last failure.
        last: What,
        /// Whether all failures were of this kind.
        alike: bool,
    },
    /// The trial after a rest failed.
    Trial(What),
    /// The provider failed and sent `Retry-After`.
    Asked(What),
    /// The provider answered 429.
    RateLimited,
    /// The provider reports that its quota is exhausted.
    QuotaSpent,
    /// The provider refuses the credential.
    CredentialRefused,
    /// The provider does not know its model.
    ModelMissing,
    /// An operator requested it.
    Operator,
}

impl Reason {
    /// Whether only an operator ends the rest.
    pub(crate) fn is_open_ended(&self) -> bool {
        self.rest == Duration::MAX
    }

    /// Whether an operator started it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.why == Why::Operator
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Why::Failures { count: 1, last, .. } => write!(f, "after {last}"),
            Why::Failures { count, last: What::Status(status), alike: true } => {
                write!(f, "after {count} answers with {status}")
            }
            Why::Failures { count, last, alike: true } => {
                write!(f, "after {count} {}", plural(last))
            }
            Why::Failures { count, last, alike: false } => {
                write!(f, "after {count} failures, the last {last}")
            }
            Why::Trial(cause) => write!(f, "after a trial that ended in {cause}"),
            Why::Asked(cause) => write!(f, "as the provider asked after {cause}"),
            Why::RateLimited => f.write_str("after a 429 of the provider"),
            Why::QuotaSpent => f.write_str("since its quota is spent"),
            Why::CredentialRefused => f.write_str("since its credential was refused"),
            Why::ModelMissing => f.write_str("since it does not know its model"),
            Why::Operator => f.write_str("since an operator wants it"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rest.as_secs() {
            _ if self.is_open_ended() => f.write_str("resting until an operator wakes it"),
            0 => write!(f, "resting {} ms {}", self.rest.as_millis(), self.why),
            seconds => write!(f, "resting {seconds} s {}", self.why),
        }?;
        if self.is_heard { f.write_str(", as another replica found") } else { Ok(()) }
    }
}

/// The plural of a kind of failure.
fn plural(what: What) -> &'static str {
    match what {
        What::Connect => "failed connections",
        What::Timeout => "timeouts",
        What::Reset => "broken connections",
        What::Status(_) => "answers",
        What::Malformed(_) => "malformed answers",
    }
}
