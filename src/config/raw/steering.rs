//! What the file says about the share of requests that a provider is asked first for.
//!
//! It never decides anything, as the rest of `raw`.

use schemars::JsonSchema;
use serde::Deserialize;

/// A controller of the share of requests that a provider is asked first for: it decreases fast where
/// answers begin late, and increases slowly where they do not.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Aimd {
    /// Whether it is on.
    #[schemars(extend("default" = true))]
    pub(crate) enabled: Option<bool>,
    /// An attempt whose answer begins later is a breach.
    #[schemars(range(min = 1, max = 3_600_000), extend("default" = 10_000))]
    pub(crate) latency_budget_ms: Option<u64>,
    /// The share of breaches above which the share decreases.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.1))]
    pub(crate) breach_rate_target: Option<f64>,
    /// The share of breaches up to which the share increases.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.03))]
    pub(crate) recovery_breach_rate: Option<f64>,
    /// How many of the last attempts count.
    #[schemars(range(min = 2, max = 100_000), extend("default" = 100))]
    pub(crate) window_samples: Option<u32>,
    /// How many it takes to judge.
    #[schemars(range(min = 2, max = 100_000), extend("default" = 20))]
    pub(crate) min_samples: Option<u32>,
    /// What is added by an increase.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.05))]
    pub(crate) share_step: Option<f64>,
    /// What the share is multiplied by in a decrease.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.8))]
    pub(crate) share_decay: Option<f64>,
    /// What the share never goes below.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.05))]
    pub(crate) share_floor: Option<f64>,
    /// The least time between two changes of the share.
    #[schemars(range(min = 1, max = 86_400_000), extend("default" = 30_000))]
    pub(crate) dwell_ms: Option<u64>,
    /// So long without enough attempts to judge, the share increases all the same; 0 is never.
    #[schemars(range(max = 86_400_000), extend("default" = 300_000))]
    pub(crate) idle_recovery_ms: Option<u64>,
    /// Statuses of a provider that are breaches.
    #[schemars(inner(range(min = 400, max = 599)), extend("default" = [429, 503, 529]))]
    pub(crate) overload_statuses: Option<Vec<u16>>,
}

/// Conversations that stay with the preferred provider, up to a number; the others are asked of the other
/// providers first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Affinity {
    /// Whether it is on.
    #[schemars(extend("default" = true))]
    pub(crate) enabled: Option<bool>,
    /// How many conversations are to stay.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) target_conversations: u32,
    /// How far their number may be from that before it is set anew (a tenth of it when absent).
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) margin: Option<u32>,
    /// A conversation of which nothing has come for so long is over.
    #[schemars(range(min = 1, max = 86_400_000), extend("default" = 600_000))]
    pub(crate) active_window_ms: Option<u64>,
    /// The least time between two moments at which conversations may come back.
    #[schemars(range(min = 1, max = 86_400_000), extend("default" = 60_000))]
    pub(crate) update_interval_ms: Option<u64>,
    /// How many conversations are remembered.
    #[schemars(range(min = 1, max = 10_000_000), extend("default" = 100_000))]
    pub(crate) max_tracked: Option<u32>,
}
