//! Rules on the caller's labels.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A rule on the caller's labels.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct RoutingRule {
    /// The labels that must all match.
    pub(crate) match_labels: BTreeMap<String, String>,
    /// What the rule does.
    pub(crate) action: Action,
}

/// What a matching rule does.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Action {
    /// Refuses the request with 403.
    Deny,
    /// Sends the request to another alias, without checking that alias's keys and rules.
    Redirect {
        /// The other alias.
        target: String,
    },
}
