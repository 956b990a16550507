//! Limits on requests, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
pub(crate) struct RateLimit {
    /// Refill per second, fractions allowed.
    // One request in twelve days, and one each nanosecond: what a bucket can count.
    #[schemars(range(min = 0.000_001, max = 1_000_000_000), extend("exclusiveMinimum" = 0))]
    pub(crate) requests_per_second: f64,
    /// Requests at once from rest (the rate, rounded up, when absent).
    #[schemars(range(min = 1))]
    pub(crate) burst_size: Option<u32>,
}

/// A cap on requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) struct ConcurrencyLimit {
    /// The cap.
    #[schemars(range(min = 1))]
    pub(crate) max_concurrent_requests: u32,
}
