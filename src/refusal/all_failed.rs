//! The final refusal when every attempt has failed.

/// What the failures of all attempts have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllFailed {
    /// Every attempt met a rate limit.
    RateLimited,
    /// Every attempt timed out.
    TimedOut,
    /// Anything else.
    Otherwise,
}

impl AllFailed {
    /// The sentence for the client.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::RateLimited => "Every provider of this model is rate limited.",
            Self::TimedOut => "No provider of this model answered in time.",
            Self::Otherwise => "No provider of this model could answer.",
        }
    }
}
