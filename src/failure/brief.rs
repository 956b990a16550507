//! A failure in brief, as the trail, the verdict and a provider's health need it. It never holds
//! what a provider said: that may repeat a key or a prompt.

use std::fmt;

use super::Class;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// No connection.
    Connect,
    /// Not in time: connecting, the head, the first event, or the next piece.
    Timeout,
    /// The connection broke.
    Reset,
    /// The answer is not what its protocol says; holds the status that came, if one did.
    Malformed(Option<u16>),
    /// The provider said so, in its status line or in an error inside a 200.
    Status(u16),
}

/// A failure in brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief {
    /// What happened.
    pub what: What,
    /// What kind of failure that is.
    pub class: Class,
}

impl What {
    /// The class of a failure of which nothing else is known.
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Connect | Self::Reset => Class::Unreachable,
            Self::Timeout => Class::Timeout,
            Self::Malformed(_) => Class::Malformed,
            Self::Status(status) => Class::of_status(status),
        }
    }

    /// Whether a sentence about several failures may call both the same.
    pub(crate) fn is_alike(self, other: Self) -> bool {
        matches!((self, other), (Self::Malformed(_), Self::Malformed(_))) || self == other
    }
}

impl Brief {
    /// The connection broke.
    pub const RESET: Self = Self { what: What::Reset, class: Class::Unreachable };
    /// Nothing came for longer than allowed.
    pub(crate) const SILENT: Self = Self { what: What::Timeout, class: Class::Timeout };
    /// The time for the whole answer is over.
    pub(crate) const LATE: Self = Self { what: What::Timeout, class: Class::Deadline };

    /// The status that rules on statuses count as well as the one that came: the usual one of the
    /// class, where the error's own code says that the status is wrong.
    pub(crate) fn implied_status(self) -> Option<u16> {
        let What::Status(status) = self.what else { return None };
        let agrees = match self.class {
            Class::RateLimit => status == 429,
            Class::Quota => matches!(status, 402 | 429),
            Class::Overloaded => matches!(status, 503 | 529),
            Class::Server => matches!(status, 408 | 499..),
            _ => true,
        };
        if agrees { None } else { self.class.usual_status() }
    }

    /// The same in the class that the operator gives it. A code that the operator names makes an
    /// error of an answer, even where it is not what the protocol says.
    #[must_use]
    pub(crate) fn named(self, class: Class) -> Self {
        let what = match self.what {
            What::Malformed(_) => What::Status(class.usual_status().unwrap_or(BAD_GATEWAY)),
            what => what,
        };
        Self { what, class }
    }
}

impl From<What> for Brief {
    fn from(what: What) -> Self {
        Self { what, class: what.class() }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("a failed connection"),
            Self::Timeout => f.write_str("a timeout"),
            Self::Reset => f.write_str("a broken connection"),
            Self::Status(status) => write!(f, "a {status}"),
            Self::Malformed(_) => f.write_str("a malformed answer"),
        }
    }
}

const BAD_GATEWAY: u16 = 502;
