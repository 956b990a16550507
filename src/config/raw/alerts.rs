//! The `alerts` of the file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    secret::{Secret, unseen},
    words::AlertKind,
};

unseen!(Alert);

/// A webhook that is notified of problems and of their end.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Alert {
    /// The URL to which each alert is posted as JSON; Slack and Teams show its `text`.
    pub(crate) url: Secret,
    /// The kinds of alerts to send (all when absent).
    #[schemars(length(min = 1))]
    pub(crate) on: Option<Vec<AlertKind>>,
    /// Headers added to each post.
    pub(crate) headers: Option<BTreeMap<String, Secret>>,
    /// Seconds before the same alert may be raised again (300 when absent).
    #[schemars(extend("default" = 300))]
    pub(crate) min_interval_secs: Option<u64>,
    /// Seconds over which rates are measured and for which a pool must be degraded (60 when
    /// absent).
    #[schemars(extend("default" = 60), range(min = 5, max = 3600))]
    pub(crate) window_secs: Option<u64>,
    /// The share of an alias's requests that must fail to raise `error_rate` (0.05 when absent).
    #[schemars(extend("default" = 0.05), range(min = 0, max = 1))]
    pub(crate) error_rate: Option<f64>,
    /// The share of an alias's requests that must need another provider to raise `fallback_rate`
    /// (0.2 when absent).
    #[schemars(extend("default" = 0.2), range(min = 0, max = 1))]
    pub(crate) fallback_rate: Option<f64>,
    /// The least requests of an alias in that time for a rate to count (20 when absent).
    #[schemars(extend("default" = 20), range(min = 1))]
    pub(crate) min_requests: Option<u64>,
}
