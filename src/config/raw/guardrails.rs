//! Guardrails, as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    guard::{Action, OnFailure, Set, Side},
    secret::{Secret, unseen},
};

unseen!(Webhook);

/// What may not stand in the texts of requests or answers.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Guardrail {
    /// What it looks for.
    pub(crate) r#match: Option<Match>,
    /// Or who is asked what is in the texts.
    pub(crate) webhook: Option<Webhook>,
    /// Whether it looks at what clients send, at what providers answer, or at both (`input` when absent).
    #[schemars(extend("default" = "input"))]
    pub(crate) on: Option<Side>,
    /// What happens to what it finds: the request is refused, the rule's name stands in its place, or it
    /// passes and is counted (`deny` when absent). What a webhook answers is done, unless this is `flag`.
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

/// A service that is given the texts and says what happens.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "GuardrailWebhook")]
pub(crate) struct Webhook {
    /// Where the texts are posted to as JSON.
    pub(crate) url: Secret,
    /// What it is asked with, as `Authorization: Bearer`.
    pub(crate) key: Option<Secret>,
    /// Headers added to each post.
    pub(crate) headers: Option<BTreeMap<String, Secret>>,
    /// Milliseconds for the whole of the question (500 when absent).
    #[schemars(extend("default" = 500), range(min = 1, max = 600_000))]
    pub(crate) timeout_ms: Option<u64>,
    /// What happens where it cannot be asked, or its answer cannot be read: the request is refused, or it
    /// passes (`deny` when absent).
    #[schemars(extend("default" = "deny"))]
    pub(crate) on_failure: Option<OnFailure>,
}
