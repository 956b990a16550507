//! Who is told when something goes wrong, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    secret::{Secret, unseen},
    words::AlertKind,
};

unseen!(Alert);

/// A webhook that is told what goes wrong, and when it is over.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Alert {
    /// Where each alert is posted to as JSON; `text` is what Slack and Teams show.
    pub(crate) url: Secret,
    /// What it is told of (everything when absent).
    #[schemars(length(min = 1))]
    pub(crate) on: Option<Vec<AlertKind>>,
    /// Headers added to each post.
    pub(crate) headers: Option<BTreeMap<String, Secret>>,
    /// Seconds in which the same alert is not raised twice (300 when absent).
    #[schemars(extend("default" = 300))]
    pub(crate) min_interval_secs: Option<u64>,
    /// Seconds over which rates are measured, and for which a pool must be degraded (60 when absent).
    #[schemars(extend("default" = 60), range(min = 5, max = 3600))]
    pub(crate) window_secs: Option<u64>,
    /// The share of an alias's requests that may fail, before `error_rate` is raised (0.05 when absent).
    #[schemars(extend("default" = 0.05), range(min = 0, max = 1))]
    pub(crate) error_rate: Option<f64>,
    /// The share of an alias's requests that may need another provider, before `fallback_rate` is raised
    /// (0.2 when absent).
    #[schemars(extend("default" = 0.2), range(min = 0, max = 1))]
    pub(crate) fallback_rate: Option<f64>,
    /// Requests that an alias must have had in that time, before a rate says anything (20 when absent).
    #[schemars(extend("default" = 20), range(min = 1))]
    pub(crate) min_requests: Option<u64>,
}
