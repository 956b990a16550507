//! The keys that control which provider is asked first.

use schemars::JsonSchema;
use serde::Deserialize;

/// An AIMD controller of the share of requests that ask a provider first: the share decreases fast
/// when answers begin late, and increases slowly when they do not.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Aimd {
    /// Whether it is on.
    #[schemars(extend("default" = true))]
    pub(crate) enabled: Option<bool>,
    /// An attempt whose answer begins later than this is a breach.
    #[schemars(range(min = 1, max = 3_600_000), extend("default" = 10_000))]
    pub(crate) latency_budget_ms: Option<u64>,
    /// The share of breaches above which the controlled share decreases.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.1))]
    pub(crate) breach_rate_target: Option<f64>,
    /// The share of breaches up to which the controlled share increases.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.03))]
    pub(crate) recovery_breach_rate: Option<f64>,
    /// How many recent attempts count.
    #[schemars(range(min = 2, max = 100_000), extend("default" = 100))]
    pub(crate) window_samples: Option<u32>,
    /// The least attempts for a decision.
    #[schemars(range(min = 2, max = 100_000), extend("default" = 20))]
    pub(crate) min_samples: Option<u32>,
    /// The amount of an increase.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.05))]
    pub(crate) share_step: Option<f64>,
    /// The factor of a decrease.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.8))]
    pub(crate) share_decay: Option<f64>,
    /// The least share.
    #[schemars(range(min = 0, max = 1), extend("default" = 0.05))]
    pub(crate) share_floor: Option<f64>,
    /// The least time between two changes.
    #[schemars(range(min = 1, max = 86_400_000), extend("default" = 30_000))]
    pub(crate) dwell_ms: Option<u64>,
    /// After this time without enough attempts, the share increases anyway; 0 turns this off.
    #[schemars(range(max = 86_400_000), extend("default" = 300_000))]
    pub(crate) idle_recovery_ms: Option<u64>,
    /// Statuses of a provider that count as breaches.
    #[schemars(inner(range(min = 400, max = 599)), extend("default" = [429, 503, 529]))]
    pub(crate) overload_statuses: Option<Vec<u16>>,
}

/// Keeps a number of conversations at the preferred provider; the others ask the other providers
/// first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Affinity {
    /// Whether it is on.
    #[schemars(extend("default" = true))]
    pub(crate) enabled: Option<bool>,
    /// How many conversations stay.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) target_conversations: u32,
    /// The deviation from that number that is tolerated (a tenth of it when absent).
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) margin: Option<u32>,
    /// The idle time after which a conversation is over.
    #[schemars(range(min = 1, max = 86_400_000), extend("default" = 600_000))]
    pub(crate) active_window_ms: Option<u64>,
    /// The least time between two returns of conversations.
    #[schemars(range(min = 1, max = 86_400_000), extend("default" = 60_000))]
    pub(crate) update_interval_ms: Option<u64>,
    /// How many conversations are remembered.
    #[schemars(range(min = 1, max = 10_000_000), extend("default" = 100_000))]
    pub(crate) max_tracked: Option<u32>,
}
