//! The `guardrails` of the file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    guard::{Action, OnFailure, Set, Side},
    secret::{Secret, unseen},
};

unseen!(Webhook);

/// A rule on the texts of requests or responses.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Guardrail {
    /// What it searches for.
    pub(crate) r#match: Option<Match>,
    /// The service that inspects the texts instead.
    pub(crate) webhook: Option<Webhook>,
    /// Whether it inspects requests, responses, or both (`input` when absent).
    #[schemars(extend("default" = "input"))]
    pub(crate) on: Option<Side>,
    /// What happens to a match: the request is refused, the rule's name replaces the match, or it
    /// passes and is counted (`deny` when absent). A webhook decides by itself unless this is
    /// `flag`.
    #[schemars(extend("default" = "deny"))]
    pub(crate) action: Option<Action>,
}

/// What a guardrail searches for.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Match {
    /// A built-in set.
    Set(Set),
    /// A regular expression.
    Pattern(MatchPattern),
}

/// A regular expression that a guardrail searches for.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "a pattern")]
pub(crate) struct MatchPattern {
    /// The expression in the syntax of the `regex` crate; matched in linear time.
    #[schemars(length(min = 1))]
    pub(crate) regex: String,
}

/// A service that receives the texts and decides.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "GuardrailWebhook")]
pub(crate) struct Webhook {
    /// The URL to which the texts are posted as JSON.
    pub(crate) url: Secret,
    /// Its credential, sent as `Authorization: Bearer`.
    pub(crate) key: Option<Secret>,
    /// Headers added to each post.
    pub(crate) headers: Option<BTreeMap<String, Secret>>,
    /// The timeout of the whole call, in milliseconds (500 when absent).
    #[schemars(extend("default" = 500), range(min = 1, max = 600_000))]
    pub(crate) timeout_ms: Option<u64>,
    /// What happens if the call fails or its response is invalid: the request is refused, or it
    /// passes (`deny` when absent).
    #[schemars(extend("default" = "deny"))]
    pub(crate) on_failure: Option<OnFailure>,
}
