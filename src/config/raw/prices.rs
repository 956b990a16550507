//! What tokens cost, as it is written: US dollars for a million tokens.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// What tokens cost, by the model that a provider is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct Prices {
    /// Files in the public format that LiteLLM publishes, in this file's directory or by absolute path;
    /// they are watched.
    pub(crate) files: Option<Vec<String>>,
    /// A model's price.
    #[serde(flatten)]
    pub(crate) models: BTreeMap<String, Price>,
}

/// What a model costs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(crate) struct Price {
    /// Prices for a million tokens.
    #[serde(flatten)]
    pub(crate) rates: Rates,
    /// US dollars for each request, whatever its tokens.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) request: Option<f64>,
    /// Other prices for requests with much input.
    pub(crate) tiers: Option<Vec<Tier>>,
    /// Other prices of answers that name a service tier (`priority`, `flex`); what is absent costs what it
    /// costs without.
    pub(crate) service_tiers: Option<BTreeMap<String, Rates>>,
}

/// Other prices, for all tokens of a request with much input.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Tier {
    /// Requests with more tokens of input than this.
    pub(crate) above_input: u64,
    /// Prices for a million tokens; what is absent costs what it costs below the tier.
    #[serde(flatten)]
    pub(crate) rates: Rates,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
pub(crate) struct Rates {
    /// Input that went through no cache.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) input: Option<f64>,
    /// Output that is not reasoning.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) output: Option<f64>,
    /// Input that was read from a cache (as `input` when absent).
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_read: Option<f64>,
    /// Input that was written to a cache (as `input` when absent).
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_write: Option<f64>,
    /// Reasoning (as `output` when absent).
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) reasoning: Option<f64>,
}
