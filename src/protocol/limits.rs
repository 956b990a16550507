//! The rate-limit headers of vendors. It is data; `upstream::headroom` reads it.

use http::HeaderName;

/// Headers of one vendor that speak of limits.
#[derive(Debug)]
pub(crate) struct Limits {
    /// How the name of each of them begins.
    pub(crate) start: &'static str,
    /// Its limits.
    pub(crate) limits: &'static [Limit],
}

/// The headers of one limit.
#[derive(Debug)]
pub(crate) struct Limit {
    /// What is left of it.
    pub(crate) remaining: &'static str,
    /// The whole of it.
    pub(crate) limit: &'static str,
    /// When it is whole again.
    pub(crate) reset: &'static str,
}

/// The headers in which Azure says in milliseconds when to ask again.
pub(crate) static RETRY_AFTER_MS: [HeaderName; 2] =
    [HeaderName::from_static("retry-after-ms"), HeaderName::from_static("x-ms-retry-after-ms")];
