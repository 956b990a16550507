//! How `strict_mode` checks requests.

use schemars::JsonSchema;
use serde::Deserialize;

/// How `strict_mode` checks requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) struct Strict {
    /// What happens to a field that no protocol declares (`pass` when absent).
    #[schemars(extend("default" = "pass"))]
    pub(crate) unknown_fields: Option<UnknownFields>,
}

/// What happens to a request field that no protocol declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnknownFields {
    /// It is sent on as it came.
    Pass,
    /// The request is refused.
    Refuse,
}
