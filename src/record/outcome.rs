//! What became of a provider that was asked or passed over.

use tokio::time::Instant;

use crate::{
    failure::{Brief, Class, What},
    live::Limited,
};

/// The result of a provider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outcome {
    /// It answered with this status.
    Status(u16),
    /// It failed.
    Failed(Brief),
    /// Another was quicker; this one was cut off.
    Hedged,
    /// The request ended before it had answered: its client has left, or the process ends.
    Abandoned,
    /// Its kept connection broke at once; the request was sent again on a fresh one, as a part of the
    /// same attempt.
    Resent,
    /// Passed over: its own limit.
    Limited(Limited),
    /// Passed over: a limit of its pool, which was to take over.
    PoolLimited,
    /// Passed over: it rests, or its probes fail.
    Cooling(Rest),
    /// Passed over: the prompt is certainly too long for what it takes.
    TooSmall(u64),
    /// Passed over: it failed the last time, and the pool's retry budget is exhausted.
    Spared,
    /// Passed over: its protocol cannot express the request.
    Unfit,
    /// Passed over: it is not as the key, the alias or the request requires.
    Excluded,
    /// Passed over: it says that it lacks what the request needs.
    Lacking,
}

/// Until when a provider rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Until this moment.
    Until(Instant),
    /// No one knows: its probes fail, or its trial does not end.
    Unknown,
    /// Until the trial under way has ended.
    Trial,
    /// The trial that was waited for has ended.
    Over,
    /// An operator wants it to be asked no more: it is not asked as a last resort either.
    Drained,
}

impl Outcome {
    /// Whether the provider was asked, as an attempt that counts.
    pub(crate) fn is_attempt(self) -> bool {
        matches!(self, Self::Status(_) | Self::Failed(_) | Self::Hedged)
    }

    /// Whether the provider refused what was asked, rather than failed.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Failed(Brief { class: Class::ContextWindow | Class::ContentFilter, .. })
        )
    }

    /// Whether it was a rate limit, the provider's or the router's.
    pub(crate) fn is_rate_limit(self) -> bool {
        matches!(
            self,
            Self::Limited(_)
                | Self::PoolLimited
                | Self::Failed(Brief { class: Class::RateLimit | Class::Quota, .. })
        )
    }

    /// Whether time ran out.
    pub(crate) fn is_timeout(self) -> bool {
        matches!(self, Self::Failed(Brief { what: What::Timeout, .. }))
    }
}

/// As clients and metrics see it.
impl Outcome {
    /// Appends what is shown of it: a status, or a word.
    pub(crate) fn push_to(self, text: &mut String) {
        match self.shown() {
            Shown::Status(status) => text.push_str(itoa::Buffer::new().format(status)),
            Shown::Word(word) => text.push_str(word),
        }
    }

    fn shown(self) -> Shown {
        Shown::Word(match self {
            Self::Status(status) => return Shown::Status(status),
            Self::Failed(failure) => match failure.what {
                // A 200 that is not an answer must not read like one.
                What::Malformed(None | Some(200..=299)) => "malformed",
                What::Status(status) | What::Malformed(Some(status)) => {
                    return Shown::Status(status);
                }
                What::Connect => "connect",
                What::Timeout => "timeout",
                What::Reset => "reset",
            },
            Self::Limited(_) | Self::PoolLimited => "limited",
            Self::Cooling(_) => "cooling",
            Self::TooSmall(_) => "context",
            Self::Spared => "spared",
            Self::Unfit => "protocol",
            Self::Excluded => "policy",
            Self::Lacking => "capability",
            Self::Hedged => "hedged",
            Self::Abandoned => "abandoned",
            Self::Resent => "resent",
        })
    }
}

/// What is shown of an outcome.
enum Shown {
    Status(u16),
    Word(&'static str),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.shown() {
            Shown::Status(status) => f.write_str(itoa::Buffer::new().format(status)),
            Shown::Word(word) => f.write_str(word),
        }
    }
}
