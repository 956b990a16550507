//! What went wrong at a provider or on the way to it: one vocabulary for every protocol.
//!
//! `table::fallback` decides whether another provider is tried.

mod brief;
mod class;
mod masked;

use std::time::Duration;

pub use brief::{Brief, What};
pub use class::{Class, ErrorClasses};

/// An error in neutral terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The HTTP status: the answer's own, or the usual one of an error inside a stream.
    pub status: u16,
    /// The kind of error.
    pub kind: Kind,
    /// The vendor's sentence.
    pub message: String,
    /// A code in OpenAI's sense (`context_length_exceeded`), from the vendor or the router. Other
    /// vendors' types and statuses are not codes; the kind covers them.
    pub code: Option<String>,
    /// The field at fault.
    pub param: Option<String>,
    /// How long to wait, where the body says so.
    pub retry_after: Option<Duration>,
    /// The error as the provider sent it, if it did. Boxed, so that stream events stay small.
    pub told: Option<Box<AsTold>>,
}

/// What the codes of an error tell.
#[derive(Debug, Clone, PartialEq)]
pub struct AsTold {
    /// What happened and its class, by codes and status.
    pub(crate) brief: Brief,
    /// Its codes and types, the most specific first, for the operator's `error_classes`.
    pub codes: Vec<String>,
}

/// The kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is wrong.
    InvalidRequest,
    /// The request is too long for the model.
    ContextWindow,
    /// A filter refused the request.
    ContentFilter,
    /// Unknown credential.
    Authentication,
    /// Known, but not allowed.
    Permission,
    /// No such model or path.
    NotFound,
    /// Too many bytes.
    TooLarge,
    /// Too many requests or tokens at the moment.
    RateLimit,
    /// The quota is exhausted; waiting does not help.
    Quota,
    /// The vendor took too long.
    Timeout,
    /// The vendor is overloaded.
    Overloaded,
    /// The vendor is unavailable for a while.
    Unavailable,
    /// The vendor has an internal error.
    Server,
    /// The vendor could not be reached, or the stream ended early.
    Cut,
    /// The answer is invalid in its protocol.
    Malformed,
}

impl Failure {
    /// A failure of a kind, with its usual status.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            status: kind.status(),
            kind,
            message: message.into(),
            code: None,
            param: None,
            retry_after: None,
            told: None,
        }
    }

    /// An answer that is invalid in its protocol.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, message)
    }

    /// Stream data that is not UTF-8.
    pub(crate) fn no_text() -> Self {
        Self::malformed("an event of the stream is not UTF-8 text")
    }

    /// A stream that ended early.
    pub(crate) fn cut() -> Self {
        Self::new(Kind::Cut, "the provider's stream ended before the answer was complete")
    }

    /// A tool call without a name, which the client cannot run.
    pub(crate) fn nameless_call() -> Self {
        Self::malformed("the model calls a tool without a name")
    }

    /// The same failure with this code.
    #[must_use]
    pub fn with_code(self, code: Option<String>) -> Self {
        Self { code, ..self }
    }

    /// Its status for clients that do not know 529, which is Anthropic's own.
    pub(crate) fn usual_status(&self) -> u16 {
        if self.status == 529 { 503 } else { self.status }
    }

    /// The failure in brief, with the operator's classes of the provider's codes.
    pub fn brief(&self, classes: &ErrorClasses) -> Brief {
        let Some(told) = &self.told else { return self.observed() };
        let class = classes.find(&told.codes, &self.message);
        class.map_or(told.brief, |class| told.brief.named(class))
    }

    /// The failure in brief, as the router saw it.
    pub(crate) fn observed(&self) -> Brief {
        Brief::from(match self.kind {
            Kind::Cut => What::Reset,
            Kind::Malformed => What::Malformed(None),
            _ => What::Status(self.status),
        })
    }
}

impl Kind {
    /// The kind of a bare status.
    pub(crate) fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Quota,
            403 => Self::Permission,
            404 | 405 | 410 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimit,
            502 => Self::Malformed,
            503 => Self::Unavailable,
            529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            _ => Self::Server,
        }
    }

    /// Its usual status.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::ContextWindow | Self::ContentFilter => 400,
            Self::Authentication => 401,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::RateLimit | Self::Quota => 429,
            Self::Server => 500,
            Self::Cut | Self::Malformed => 502,
            Self::Unavailable => 503,
            Self::Timeout => 504,
            Self::Overloaded => 529,
        }
    }
}
