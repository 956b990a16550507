//! Rules on the caller's labels, as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A rule on the caller's labels.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct RoutingRule {
    /// Every label must be there with this value.
    pub(crate) match_labels: BTreeMap<String, String>,
    /// What happens then.
    pub(crate) action: Action,
}

/// What a matched rule does.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Action {
    /// Refused with 403.
    Deny,
    /// Served by another alias, whose own keys and rules are not looked at.
    Redirect {
        /// The other alias.
        target: String,
    },
}
