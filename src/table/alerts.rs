//! The webhooks for alerts, compiled.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::{secret::Secret, words::AlertKind};

crate::secret::unseen!(Alert);

/// A webhook and its conditions.
pub(crate) struct Alert {
    /// The URL of the posts; its path may hold a credential.
    pub(crate) url: Secret,
    /// The kinds of alerts that it receives.
    pub(crate) kinds: Vec<AlertKind>,
    /// The headers of each post; their values are never shown.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The least time between two alerts of the same kind and subject.
    pub(crate) min_interval: Duration,
    /// The time over which rates are measured, and for which a pool must be degraded.
    pub(crate) window: Duration,
    /// The share of requests that may fail.
    pub(crate) error_rate: f64,
    /// The share of requests that may need another provider.
    pub(crate) fallback_rate: f64,
    /// The least number of requests for a rate to count.
    pub(crate) min_requests: u64,
}
