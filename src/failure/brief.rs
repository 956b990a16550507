//! A failure in brief, for the trail, the verdict and a provider's health. It never contains a
//! provider's text, which may repeat a key or a prompt.

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
    /// The answer is invalid in its protocol; holds its status, if there was one.
    Malformed(Option<u16>),
    /// The provider said so, in its status line or in an error inside a 200.
    Status(u16),
}

/// A failure in brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief {
    /// What happened.
    pub what: What,
    /// The class.
    pub class: Class,
}

impl What {
    /// The class of a failure without further information.
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Connect | Self::Reset => Class::Unreachable,
            Self::Timeout => Class::Timeout,
            Self::Malformed(_) => Class::Malformed,
            Self::Status(status) => Class::of_status(status),
        }
    }

    /// Whether a sentence about several failures may treat both as the same.
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

    /// The status that also counts for rules on statuses: the usual one of the class, if the
    /// error's code says that the status is wrong.
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

    /// The same with the operator's class. A code in `error_classes` makes an answer an error, even
    /// in an invalid form.
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
