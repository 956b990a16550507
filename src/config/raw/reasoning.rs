//! How reasoning efforts are written for a provider.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// How reasoning efforts are written for a provider; at least one of the two.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ReasoningTranslation {
    /// For chat completions, where clients send `reasoning_effort`.
    pub(crate) chat_completions: Option<EffortTranslation>,
    /// For Responses, where clients send `reasoning.effort`.
    pub(crate) responses: Option<EffortTranslation>,
}

/// What is written for each effort; each of the seven is mapped or listed as unsupported.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct EffortTranslation {
    /// Efforts for which the provider is passed over.
    pub(crate) unsupported_efforts: Option<Vec<String>>,
    /// The values written for the others.
    pub(crate) writes: Option<Vec<EffortWrite>>,
}

/// One value in the request.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct EffortWrite {
    /// Its place: a JSON pointer, such as `/thinking/type`.
    #[schemars(length(min = 1))]
    pub(crate) target_path: String,
    /// The value for each effort.
    pub(crate) values: BTreeMap<String, serde_json::Value>,
}
