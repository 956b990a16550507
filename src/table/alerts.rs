//! Who is told when something goes wrong.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::{secret::Secret, words::AlertKind};

crate::secret::unseen!(Alert);

/// A webhook and what it is told.
pub(crate) struct Alert {
    /// Where alerts are posted to: its path may be a credential.
    pub(crate) url: Secret,
    /// What it is told of.
    pub(crate) kinds: Vec<AlertKind>,
    /// Headers of each post, whose values are never shown.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The least time between two alerts of the same kind and subject.
    pub(crate) min_interval: Duration,
    /// Over which rates are measured, and for which a pool must be degraded.
    pub(crate) window: Duration,
    /// The share of requests that may fail.
    pub(crate) error_rate: f64,
    /// The share of requests that may need another provider.
    pub(crate) fallback_rate: f64,
    /// Requests without which a rate says nothing.
    pub(crate) min_requests: u64,
}
