//! Guardrails, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::guard::{Action, Set, Side};

/// What may not stand in the texts of requests or answers.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Guardrail {
    /// What it looks for.
    pub(crate) r#match: Option<Match>,
    /// Whether it looks at what clients send, at what providers answer, or at both (`input` when absent).
    #[schemars(extend("default" = "input"))]
    pub(crate) on: Option<Side>,
    /// What happens to what it finds: the request is refused, the rule's name stands in its place, or it
    /// passes and is counted (`deny` when absent).
    #[schemars(extend("default" = "deny"))]
    pub(crate) action: Option<Action>,
}

/// What a guardrail looks for.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Match {
    /// One of the sets that are known here.
    Set(Set),
    /// A pattern.
    Pattern(MatchPattern),
}

/// A pattern that a guardrail looks for.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "a pattern")]
pub(crate) struct MatchPattern {
    /// A regular expression in the syntax of the `regex` crate; matched in linear time.
    #[schemars(length(min = 1))]
    pub(crate) regex: String,
}
