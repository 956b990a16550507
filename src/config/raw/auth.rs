//! Who may call, as it is written: keys, teams, and what their holders may do.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::limits::{Budgets, ConcurrencyLimit, RateLimit, TokenLimit};
use crate::secret::{Secret, unseen};

unseen!(Auth, KeyDefinition, Team);

/// Who may call, and within which limits.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Auth {
    /// Keys that open every alias.
    pub(crate) global_keys: Option<Vec<Secret>>,
    /// Named keys with limits and labels of their own.
    pub(crate) key_definitions: Option<BTreeMap<String, KeyDefinition>>,
    /// What several keys share: limits, and the aliases they may use.
    pub(crate) teams: Option<BTreeMap<String, Team>>,
}

/// A named key.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct KeyDefinition {
    /// The token a client sends; absent where `hash` stands for it, or where the client signs with
    /// `aws` instead.
    pub(crate) key: Option<Secret>,
    /// The digest of the token in place of the token, as `onwards key new` prints it:
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) hash: Option<String>,
    /// The access key pair that a client of Bedrock signs its requests with.
    pub(crate) aws: Option<AccessKey>,
    /// Requests this key may make, wherever it is used.
    pub(crate) rate_limit: Option<RateLimit>,
    /// Requests this key may have in flight, wherever it is used.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// Tokens that answers to this key may take in a time.
    pub(crate) token_limit: Option<TokenLimit>,
    /// What answers to this key may cost in a period.
    pub(crate) budget: Option<Budgets>,
    /// Facts about the caller that `routing_rules` match.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// Labels that a provider must have, with these values, to be given a request of this key.
    pub(crate) require: Option<BTreeMap<String, String>>,
    /// The entries of the file's `guardrails` that every request of this key passes.
    pub(crate) guardrails: Option<Vec<String>>,
    /// The aliases this key may use; `*` stands for any text. The same as naming the key in `keys` of
    /// each of them, and no other alias is open to it.
    pub(crate) models: Option<Vec<String>>,
    /// The moment from which the key is refused, as in `2027-01-31T00:00:00Z`.
    pub(crate) expires_at: Option<String>,
    /// Whether the key is refused.
    #[schemars(extend("default" = false))]
    pub(crate) disabled: Option<bool>,
    /// Its turns where requests wait in a `queue`: a key of 2 has two where one of 1 has one.
    #[schemars(range(min = 1, max = 9), extend("default" = 1))]
    pub(crate) priority: Option<u32>,
    /// The entry of `teams` that the key belongs to.
    #[schemars(length(min = 1))]
    pub(crate) team: Option<String>,
    /// The most tokens that an answer may have: written into requests that ask for more, or that do
    /// not say.
    #[schemars(range(min = 1))]
    pub(crate) max_output_tokens: Option<u64>,
}

/// What several keys share.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Team {
    /// Requests that its keys may make together.
    pub(crate) rate_limit: Option<RateLimit>,
    /// Requests that its keys may have in flight together.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// Tokens that answers to its keys may take in a time.
    pub(crate) token_limit: Option<TokenLimit>,
    /// What answers to its keys may cost in a period.
    pub(crate) budget: Option<Budgets>,
    /// Labels that a provider must have, with these values, to be given a request of its keys.
    pub(crate) require: Option<BTreeMap<String, String>>,
    /// The entries of the file's `guardrails` that every request of its keys passes.
    pub(crate) guardrails: Option<Vec<String>>,
    /// The aliases that its keys may use; a key's own `models` narrows it.
    pub(crate) models: Option<Vec<String>>,
    /// Whether its keys are refused.
    #[schemars(extend("default" = false))]
    pub(crate) disabled: Option<bool>,
    /// The most tokens that an answer to one of its keys may have.
    #[schemars(range(min = 1))]
    pub(crate) max_output_tokens: Option<u64>,
}

/// An access key pair of the router's own making; AWS never hears of it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct AccessKey {
    /// The pair's public half, which every signature names.
    pub(crate) access_key_id: Secret,
    /// The pair's secret half, which never travels.
    pub(crate) secret_access_key: Secret,
}
