//! Limits: from what is written to numbers.

use crate::{
    config::raw,
    live::{LimitSettings, Rate},
};

/// The numbers of a pair of limits.
pub(super) fn limits(
    rate: Option<raw::RateLimit>,
    concurrency: Option<raw::ConcurrencyLimit>,
) -> LimitSettings {
    LimitSettings {
        rate: rate.map(|rate| Rate {
            per_second: rate.requests_per_second,
            burst: rate.burst_size.unwrap_or_else(|| default_burst(rate.requests_per_second)),
        }),
        max: concurrency.map(|limit| limit.max_concurrent_requests),
    }
}

/// The rate, rounded up.
fn default_burst(per_second: f64) -> u32 {
    (per_second.ceil() as u32).max(1)
}
