//! Limits on requests, tokens and money.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::Secret;

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
pub(crate) struct RateLimit {
    /// The refill per second; fractions are allowed.
    // The range that a bucket can count: one request in twelve days to one each nanosecond.
    #[schemars(range(min = 0.000_001, max = 1_000_000_000), extend("exclusiveMinimum" = 0))]
    pub(crate) requests_per_second: f64,
    /// The capacity: requests at once after a pause (the rate, rounded up, when absent).
    #[schemars(range(min = 1))]
    pub(crate) burst_size: Option<u32>,
}

/// A limit on requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) struct ConcurrencyLimit {
    /// The limit.
    #[schemars(range(min = 1))]
    pub(crate) max_concurrent_requests: u32,
}

/// A queue for requests beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) struct Queue {
    /// The most waiting requests; a further one is refused.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_waiting: u32,
    /// The longest wait of a request, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000), extend("default" = 30_000))]
    pub(crate) max_wait_ms: Option<u64>,
}

/// The most tokens in a window: of input and output together, or of each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum TokenLimit {
    /// Windows by name.
    Named(NamedWindows),
    /// Windows of any length.
    Listed(#[schemars(length(min = 1))] Vec<TokenWindow>),
}

/// Token limits by window.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct NamedWindows {
    /// Input and output together, in any minute.
    #[schemars(range(min = 1))]
    pub(crate) per_minute: Option<u64>,
    /// Input and output together, in any hour.
    #[schemars(range(min = 1))]
    pub(crate) per_hour: Option<u64>,
    /// Input and output together, in any 24 hours.
    #[schemars(range(min = 1))]
    pub(crate) per_day: Option<u64>,
    /// Input only.
    pub(crate) input: Option<Windows>,
    /// Output only.
    pub(crate) output: Option<Windows>,
}

/// Limits on one kind of tokens by window.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Windows {
    /// In any minute.
    #[schemars(range(min = 1))]
    pub(crate) per_minute: Option<u64>,
    /// In any hour.
    #[schemars(range(min = 1))]
    pub(crate) per_hour: Option<u64>,
    /// In any 24 hours.
    #[schemars(range(min = 1))]
    pub(crate) per_day: Option<u64>,
}

/// A token limit with a window of any length.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct TokenWindow {
    /// Input and output together.
    #[schemars(range(min = 1))]
    pub(crate) tokens: Option<u64>,
    /// Input only.
    #[schemars(range(min = 1))]
    pub(crate) input: Option<u64>,
    /// Output only.
    #[schemars(range(min = 1))]
    pub(crate) output: Option<u64>,
    /// The length of the window, in seconds.
    #[schemars(range(min = 1, max = 31_622_400))]
    pub(crate) window_secs: u64,
}

/// One budget, or several at once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Budgets {
    /// The budget.
    One(Budget),
    /// Several budgets, all of which apply.
    Many(#[schemars(length(min = 1))] Vec<Budget>),
}

/// The most that answers may cost in a period, by the file's prices.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Budget {
    /// US dollars, as a string (`"50.00"`) or a number.
    pub(crate) dollars: Dollars,
    /// When it resets: each `day`, `week` or `month`, after a number of seconds, or never
    /// (`total`).
    pub(crate) period: Period,
    /// The share of the budget at which a warning is logged (never when absent).
    #[schemars(range(min = 0, max = 1))]
    pub(crate) soft: Option<f64>,
    /// The time zone whose midnight starts days, weeks and months, such as `Europe/Berlin`.
    #[schemars(extend("default" = "UTC"))]
    pub(crate) timezone: Option<String>,
}

/// An amount of US dollars.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Dollars {
    /// An exact amount with up to twelve decimals.
    Text(String),
    /// A number.
    Number(#[schemars(range(min = 0, max = 9_000_000))] f64),
}

/// When a budget resets.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Period {
    /// By the calendar.
    Named(NamedPeriod),
    /// After this many seconds.
    Seconds(#[schemars(range(min = 1, max = 316_224_000))] u64),
}

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedPeriod {
    /// At midnight.
    Day,
    /// At midnight before Monday.
    Week,
    /// At midnight before the first.
    Month,
    /// Never.
    Total,
}

/// Where the levels of budgets, and of windows longer than a minute, are stored.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Store {
    /// In memory; a restart resets them.
    Named(NamedStore),
    /// In a file or on a server.
    Kept(KeptStore),
}

/// A store in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedStore {
    /// In memory.
    Memory,
}

/// A store that outlives the process.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct KeptStore {
    /// The file's path, relative to this file. The file is created when a limit needs it.
    #[schemars(length(min = 1), extend("default" = "onwards.redb"))]
    pub(crate) file: Option<String>,
    /// The URL of a Redis or Valkey server through which replicas share limits, such as
    /// `rediss://user:password@host:6379/0`.
    #[schemars(length(min = 1))]
    pub(crate) redis: Option<Secret>,
    /// The prefix of its keys.
    #[schemars(length(min = 1), extend("default" = "onwards"))]
    pub(crate) prefix: Option<String>,
    /// How long a request waits for it, in milliseconds.
    #[schemars(range(min = 1, max = 10_000), extend("default" = 20))]
    pub(crate) timeout_ms: Option<u64>,
    /// What happens if it does not answer.
    #[schemars(extend("default" = "local"))]
    pub(crate) on_failure: Option<OnStoreFailure>,
}

/// What happens if the shared store does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnStoreFailure {
    /// Each replica continues with its share of each limit.
    Local,
    /// Requests with limits are refused.
    Refuse,
}

impl Store {
    /// Whether replicas share this store.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Kept(KeptStore { redis: Some(_), .. }))
    }
}
