//! The `auth` of the file: keys, teams, and what they may do.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::limits::{Budgets, ConcurrencyLimit, RateLimit, TokenLimit};
use crate::secret::{Secret, unseen};

unseen!(Auth, KeyDefinition, Team);

/// The callers and their limits.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Auth {
    /// Keys that may use every alias.
    pub(crate) global_keys: Option<Vec<Secret>>,
    /// Named keys with limits and labels of their own.
    pub(crate) key_definitions: Option<BTreeMap<String, KeyDefinition>>,
    /// Limits and aliases that several keys share, by the team's name.
    pub(crate) teams: Option<BTreeMap<String, Team>>,
}

/// A named key.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct KeyDefinition {
    /// The token that a client sends; absent if `hash` or `aws` is set.
    pub(crate) key: Option<Secret>,
    /// The hash of the token instead of the token, as `onwards key new` prints it: `sha256:` and 64
    /// hexadecimal digits.
    pub(crate) hash: Option<String>,
    /// The access key pair with which a Bedrock client signs its requests.
    pub(crate) aws: Option<AccessKey>,
    /// The limit on the rate of this key's requests, over all aliases.
    pub(crate) rate_limit: Option<RateLimit>,
    /// The limit on this key's requests in flight, over all aliases.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// The limit on this key's tokens in a window.
    pub(crate) token_limit: Option<TokenLimit>,
    /// The limit on this key's cost in a period.
    pub(crate) budget: Option<Budgets>,
    /// Labels of the caller, which `routing_rules` match.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// The labels, with their values, that a provider needs to serve this key.
    pub(crate) require: Option<BTreeMap<String, String>>,
    /// The names of the `guardrails` that apply to every request of this key.
    pub(crate) guardrails: Option<Vec<String>>,
    /// The aliases this key may use; `*` matches any text. It is the same as listing the key in
    /// `keys` of each of them; the key may use no other alias.
    pub(crate) models: Option<Vec<String>>,
    /// The time from which the key is refused, such as `2027-01-31T00:00:00Z`.
    pub(crate) expires_at: Option<String>,
    /// Whether the key is refused.
    #[schemars(extend("default" = false))]
    pub(crate) disabled: Option<bool>,
    /// Its weight in a `queue`: a key with 2 is served twice as often as one with 1.
    #[schemars(range(min = 1, max = 9), extend("default" = 1))]
    pub(crate) priority: Option<u32>,
    /// The name of the key's team in `teams`.
    #[schemars(length(min = 1))]
    pub(crate) team: Option<String>,
    /// The limit on output tokens of one answer. It is written into requests that ask for more or
    /// set no limit.
    #[schemars(range(min = 1))]
    pub(crate) max_output_tokens: Option<u64>,
}

/// The limits and aliases that several keys share.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Team {
    /// The limit on the rate of its keys' requests together.
    pub(crate) rate_limit: Option<RateLimit>,
    /// The limit on its keys' requests in flight together.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// The limit on its keys' tokens in a window.
    pub(crate) token_limit: Option<TokenLimit>,
    /// The limit on its keys' cost in a period.
    pub(crate) budget: Option<Budgets>,
    /// The labels, with their values, that a provider needs to serve its keys.
    pub(crate) require: Option<BTreeMap<String, String>>,
    /// The names of the `guardrails` that apply to every request of its keys.
    pub(crate) guardrails: Option<Vec<String>>,
    /// The aliases that its keys may use; a key's own `models` narrows them.
    pub(crate) models: Option<Vec<String>>,
    /// Whether its keys are refused.
    #[schemars(extend("default" = false))]
    pub(crate) disabled: Option<bool>,
    /// The limit on output tokens of one answer to its keys.
    #[schemars(range(min = 1))]
    pub(crate) max_output_tokens: Option<u64>,
}

/// An access key pair made for this router; AWS does not know it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct AccessKey {
    /// The access key ID, which every signature names.
    pub(crate) access_key_id: Secret,
    /// The secret access key, which is never sent.
    pub(crate) secret_access_key: Secret,
}
