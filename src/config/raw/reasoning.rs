//! How reasoning efforts are written for a provider, as the file says it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// How reasoning efforts are written for a provider; at least one of the two.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ReasoningTranslation {
    /// In chat completions, where clients say `reasoning_effort`.
    pub(crate) chat_completions: Option<EffortTranslation>,
    /// In Responses, where clients say `reasoning.effort`.
    pub(crate) responses: Option<EffortTranslation>,
}

/// What is written for each effort; all seven are mapped or not supported.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct EffortTranslation {
    /// Efforts for which the provider is passed over.
    pub(crate) unsupported_efforts: Option<Vec<String>>,
    /// What is written for the others.
    pub(crate) writes: Option<Vec<EffortWrite>>,
}

/// One value of a request.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct EffortWrite {
    /// Where it is written: a JSON pointer, such as `/thinking/type`.
    #[schemars(length(min = 1))]
    pub(crate) target_path: String,
    /// The value for each effort.
    pub(crate) values: BTreeMap<String, serde_json::Value>,
}
