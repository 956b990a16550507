//! The prices of tokens: US dollars for a million tokens.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// The prices of tokens, by the model sent upstream.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct Prices {
    /// Files in the public format of LiteLLM, by a path relative to this file or an absolute one;
    /// changes are watched.
    pub(crate) files: Option<Vec<String>>,
    /// A model's price.
    #[serde(flatten)]
    pub(crate) models: BTreeMap<String, Price>,
}

/// The price of a model.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(crate) struct Price {
    /// Prices for a million tokens.
    #[serde(flatten)]
    pub(crate) rates: Rates,
    /// US dollars for each request, regardless of its tokens.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) request: Option<f64>,
    /// Other prices for requests with long input.
    pub(crate) tiers: Option<Vec<Tier>>,
    /// Other prices for answers that name a service tier (`priority`, `flex`); an absent price is
    /// the normal one.
    pub(crate) service_tiers: Option<BTreeMap<String, Rates>>,
}

/// Other prices for all tokens of a request with long input.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Tier {
    /// The number of input tokens above which the tier applies.
    pub(crate) above_input: u64,
    /// Prices for a million tokens; an absent price is the one below the tier.
    #[serde(flatten)]
    pub(crate) rates: Rates,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
pub(crate) struct Rates {
    /// Input outside the cache.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) input: Option<f64>,
    /// Output other than reasoning.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) output: Option<f64>,
    /// Input read from a cache (the price of `input` when absent).
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_read: Option<f64>,
    /// Input written to a cache (the price of `input` when absent).
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_write: Option<f64>,
    /// Reasoning (the price of `output` when absent).
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) reasoning: Option<f64>,
}
