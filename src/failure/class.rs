//! What kind of failure it is, for everything that is decided about it: fallback, rest, metrics.

use std::collections::HashMap;

/// A class of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Too many requests for now.
    RateLimit,
    /// Nothing left to spend: waiting a little does not help.
    Quota,
    /// The provider has too much to do.
    Overloaded,
    /// The provider's fault.
    Server,
    /// Not in time.
    Timeout,
    /// No connection, or one that broke.
    Unreachable,
    /// Not what the protocol says.
    Malformed,
    /// The credential is refused.
    Credential,
    /// The prompt is too long for this provider.
    ContextWindow,
    /// The content is filtered by this provider.
    ContentFilter,
    /// The client's fault: any provider would say so.
    Client,
    /// The time of the whole request ran out, which says nothing of the provider.
    Deadline,
}

/// What a provider's own codes mean: the operator's `error_classes`.
pub type ErrorClasses = HashMap<Box<str>, Class>;

impl Class {
    /// Its name, in files and in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Quota => "quota",
            Self::Overloaded => "overloaded",
            Self::Server => "server_error",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
            Self::Credential => "credential",
            Self::ContextWindow => "context_window",
            Self::ContentFilter => "content_filter",
            Self::Client => "client_fault",
            Self::Deadline => "deadline",
        }
    }

    /// The class of an answer of which only the status is known.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            // Not in HTTP's registry: 498 is an invalid token, 499 a request that the provider
            // gave up, 529 an overload.
            401 | 403 | 498 => Self::Credential,
            402 => Self::Quota,
            413 => Self::ContextWindow,
            429 => Self::RateLimit,
            529 => Self::Overloaded,
            408 | 499.. => Self::Server,
            _ => Self::Client,
        }
    }

    /// The status under which this class is usual; rules on statuses count it as that, too.
    pub(crate) fn usual_status(self) -> Option<u16> {
        match self {
            Self::RateLimit | Self::Quota => Some(429),
            Self::Overloaded => Some(503),
            Self::Server => Some(500),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Class;

    #[test]
    fn every_status_has_a_class() {
        for (status, class) in [
            (400, Class::Client),
            (401, Class::Credential),
            (402, Class::Quota),
            (404, Class::Client),
            (408, Class::Server),
            (413, Class::ContextWindow),
            (422, Class::Client),
            (429, Class::RateLimit),
            (498, Class::Credential),
            (499, Class::Server),
            (500, Class::Server),
            (529, Class::Overloaded),
            (599, Class::Server),
        ] {
            assert_eq!(Class::of_status(status), class, "{status}");
        }
    }
}
