//! Limits on requests, tokens and money, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::Secret;

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
pub(crate) struct RateLimit {
    /// Refill per second, fractions allowed.
    // One request in twelve days, and one each nanosecond: what a bucket can count.
    #[schemars(range(min = 0.000_001, max = 1_000_000_000), extend("exclusiveMinimum" = 0))]
    pub(crate) requests_per_second: f64,
    /// Requests at once from rest (the rate, rounded up, when absent).
    #[schemars(range(min = 1))]
    pub(crate) burst_size: Option<u32>,
}

/// A cap on requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) struct ConcurrencyLimit {
    /// The cap.
    #[schemars(range(min = 1))]
    pub(crate) max_concurrent_requests: u32,
}

/// How many requests wait for a limit in place of being refused, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) struct Queue {
    /// The most requests that wait; a further one is refused.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_waiting: u32,
    /// The longest that a request waits, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000), extend("default" = 30_000))]
    pub(crate) max_wait_ms: Option<u64>,
}

/// The most tokens in a time: of input and output together, or of each apart.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum TokenLimit {
    /// Windows by their names.
    Named(NamedWindows),
    /// Windows of any length.
    Listed(#[schemars(length(min = 1))] Vec<TokenWindow>),
}

/// The most tokens by the length of a window.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct NamedWindows {
    /// Of input and output together, in any minute.
    #[schemars(range(min = 1))]
    pub(crate) per_minute: Option<u64>,
    /// Of input and output together, in any hour.
    #[schemars(range(min = 1))]
    pub(crate) per_hour: Option<u64>,
    /// Of input and output together, in any 24 hours.
    #[schemars(range(min = 1))]
    pub(crate) per_day: Option<u64>,
    /// Of input alone.
    pub(crate) input: Option<Windows>,
    /// Of output alone.
    pub(crate) output: Option<Windows>,
}

/// The most tokens of one kind by the length of a window.
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

/// The most tokens in a window of any length.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct TokenWindow {
    /// Of input and output together.
    #[schemars(range(min = 1))]
    pub(crate) tokens: Option<u64>,
    /// Of input alone.
    #[schemars(range(min = 1))]
    pub(crate) input: Option<u64>,
    /// Of output alone.
    #[schemars(range(min = 1))]
    pub(crate) output: Option<u64>,
    /// The length of the window in seconds.
    #[schemars(range(min = 1, max = 31_622_400))]
    pub(crate) window_secs: u64,
}

/// One budget, or several at once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Budgets {
    /// The budget.
    One(Budget),
    /// Each of these.
    Many(#[schemars(length(min = 1))] Vec<Budget>),
}

/// The most that answers may cost in a period, by the prices of the file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Budget {
    /// US dollars, as a text (`"50.00"`) or a number.
    pub(crate) dollars: Dollars,
    /// When it begins anew: each `day`, `week` or `month`, after so many seconds, or never (`total`).
    pub(crate) period: Period,
    /// The share of it from which the log tells of it (never when absent).
    #[schemars(range(min = 0, max = 1))]
    pub(crate) soft: Option<f64>,
    /// The time zone whose midnight begins days, weeks and months, as in `Europe/Berlin`.
    #[schemars(extend("default" = "UTC"))]
    pub(crate) timezone: Option<String>,
}

/// An amount of US dollars.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Dollars {
    /// Exact, with up to twelve decimals.
    Text(String),
    /// A number.
    Number(#[schemars(range(min = 0, max = 9_000_000))] f64),
}

/// When a budget begins anew.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Period {
    /// By the calendar.
    Named(NamedPeriod),
    /// After so many seconds.
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

/// Where the levels of budgets and of windows longer than a minute are kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Store {
    /// In the process alone: a restart begins them anew.
    Named(NamedStore),
    /// Where the process before and the next one find them.
    Kept(KeptStore),
}

/// A store without a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedStore {
    /// In the process alone.
    Memory,
}

/// A store that outlives the process.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct KeptStore {
    /// A file, whose path begins at this file's directory. It is made when a limit needs it.
    #[schemars(length(min = 1), extend("default" = "onwards.redb"))]
    pub(crate) file: Option<String>,
    /// A Redis or Valkey server through which replicas share limits, as in `rediss://user:password@host:6379/0`.
    #[schemars(length(min = 1))]
    pub(crate) redis: Option<Secret>,
    /// What every key in it begins with.
    #[schemars(length(min = 1), extend("default" = "onwards"))]
    pub(crate) prefix: Option<String>,
    /// How long a request waits for it, in milliseconds.
    #[schemars(range(min = 1, max = 10_000), extend("default" = 20))]
    pub(crate) timeout_ms: Option<u64>,
    /// What is done when it does not answer.
    #[schemars(extend("default" = "local"))]
    pub(crate) on_failure: Option<OnStoreFailure>,
}

/// What is done when the store that replicas share does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnStoreFailure {
    /// Each replica goes on with its share of each limit.
    Local,
    /// Requests that have limits are refused.
    Refuse,
}

impl Store {
    /// Whether replicas share it.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Kept(KeptStore { redis: Some(_), .. }))
    }
}
