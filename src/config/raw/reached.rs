//! How requests reach a target besides its name.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Protocol;

/// How requests reach a target besides its name.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Reached {
    /// Whether it serves names that match no target and no pattern; at most one target.
    #[schemars(extend("default" = false))]
    pub(crate) default: Option<bool>,
    /// Paths whose requests belong to this target, whatever model they name.
    #[schemars(length(min = 1))]
    pub(crate) paths: Option<Vec<TargetPath>>,
}

/// A path whose requests belong to a target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum TargetPath {
    /// A path for requests like OpenAI chat completions.
    Plain(String),
    /// A path for requests of another protocol.
    Spoken(SpokenPath),
}

/// A path with its protocol.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SpokenPath {
    /// The path.
    pub(crate) path: String,
    /// The protocol of its requests: `openai`, `openai_responses`, `anthropic` or `cohere`.
    pub(crate) protocol: Protocol,
}

impl TargetPath {
    /// The path and its protocol.
    pub(crate) fn said(&self) -> (&str, Protocol) {
        match self {
            Self::Plain(path) => (path, Protocol::default()),
            Self::Spoken(spoken) => (&spoken.path, spoken.protocol),
        }
    }
}
