//! How a target is reached beside its own name, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Protocol;

/// How a target is reached beside its own name.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Reached {
    /// Whether it also serves names that no target and no pattern has; at most one target.
    #[schemars(extend("default" = false))]
    pub(crate) default: Option<bool>,
    /// Paths whose requests are this target's, whatever model they name or whether they name one.
    #[schemars(length(min = 1))]
    pub(crate) paths: Option<Vec<TargetPath>>,
}

/// A path whose requests are a target's.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum TargetPath {
    /// Asked at like OpenAI's chat completions.
    Plain(String),
    /// Asked at as the clients of a protocol do.
    Spoken(SpokenPath),
}

/// A path that the clients of a protocol ask at.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SpokenPath {
    /// The path.
    pub(crate) path: String,
    /// What its clients speak: `openai`, `openai_responses`, `anthropic` or `cohere`.
    pub(crate) protocol: Protocol,
}

impl TargetPath {
    /// The path, and what is spoken there.
    pub(crate) fn said(&self) -> (&str, Protocol) {
        match self {
            Self::Plain(path) => (path, Protocol::default()),
            Self::Spoken(spoken) => (&spoken.path, spoken.protocol),
        }
    }
}
