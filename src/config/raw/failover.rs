//! What the file says about failing providers: falling back, timeouts, rests, probes, hedging.
//!
//! It never decides anything, as the rest of `raw`.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::Value;

use super::steering::{Affinity, Aimd};
use crate::failure::Class;

crate::secret::unseen!(Fallback, HealthCheck, Sticky);

/// When and how another provider is tried.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Fallback {
    /// Master switch; with it, connection failures and timeouts fall back too.
    #[schemars(extend("default" = false))]
    pub(crate) enabled: Option<bool>,
    /// Statuses that fall back: `5` is 5xx, `50` is 500–509, `502` itself (`[429, 5]` when absent).
    #[schemars(inner(range(min = 1, max = 599)), extend("default" = [429, 5]))]
    pub(crate) on_status: Option<Vec<u16>>,
    /// The same for requests that are not batch work, beside `on_status`: those whose key has no label
    /// `purpose` with the value `batch`.
    #[schemars(inner(range(min = 1, max = 599)))]
    pub(crate) realtime_on_status: Option<Vec<u16>>,
    /// The same as `timeouts.first_event_ms`, for every attempt that another may follow; 0 turns it off.
    pub(crate) first_token_timeout_ms: Option<u64>,
    /// How the share of requests follows from how soon answers begin that a provider is asked first for.
    pub(crate) aimd: Option<Aimd>,
    /// Conversations that stay with the preferred provider, up to a number.
    pub(crate) affinity: Option<Affinity>,
    /// A provider's own limit sends the request on; a pool's or a key's never does.
    #[schemars(extend("default" = false))]
    pub(crate) on_rate_limit: Option<bool>,
    /// `weighted_random` may draw a provider again at once.
    #[schemars(extend("default" = false))]
    pub(crate) with_replacement: Option<bool>,
    /// Attempts in this pool (the number of providers when absent); more begin a new pass.
    #[schemars(range(min = 1))]
    pub(crate) max_attempts: Option<u32>,
    /// Attempts in all, those of the pools that take over included.
    #[schemars(range(min = 1))]
    pub(crate) max_attempts_total: Option<u32>,
    /// The same provider is asked once more before another one is.
    pub(crate) stay: Option<Stay>,
    /// Waiting before a provider is tried again.
    pub(crate) backoff: Option<Backoff>,
    /// Waiting in all.
    pub(crate) max_total_backoff_ms: Option<u64>,
    /// Classes of failure that fall back, beyond those of `on_status`.
    pub(crate) on: Option<Vec<Condition>>,
    /// No attempt starts later than this after the first, and none may take longer than what is
    /// left of it.
    #[schemars(range(min = 1))]
    pub(crate) deadline_ms: Option<u64>,
    /// Only a failure that came within this time is followed by another attempt.
    #[schemars(range(min = 1))]
    pub(crate) retry_if_failed_within_ms: Option<u64>,
    /// When an answer goes to the client: at its first content, or when it is whole (`content` when
    /// absent).
    #[schemars(extend("default" = "content"))]
    pub(crate) commit: Option<Commit>,
    /// The most bytes of an answer that are held for `end` (4 194 304 when absent); a longer one goes
    /// on as it comes.
    #[schemars(range(min = 1), extend("default" = 4_194_304))]
    pub(crate) commit_max_bytes: Option<u64>,
    /// Aliases whose pools take over when this one is spent.
    pub(crate) to: Option<Vec<String>>,
}

/// A class of failure that falls back although its status does not say so. `timeout`, `unreachable`,
/// `credential` and `model_missing` fall back wherever `enabled` is.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(transform = without_the_clients_own)]
pub(crate) struct Condition(pub(crate) Class);

/// What falls back is a provider's failure, not the client's or the whole request's.
fn without_the_clients_own(schema: &mut Schema) {
    leave_out(&[Class::Client, Class::Deadline], schema);
}

/// When an answer goes to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Commit {
    /// At its first content.
    Content,
    /// When it is whole.
    End,
}

/// Asking the same provider again before another one.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Stay {
    /// So many times in a row (1 when absent), which `max_attempts` does not count.
    #[schemars(range(min = 1, max = 10), extend("default" = 1))]
    pub(crate) times: Option<u32>,
    /// Only where its `Retry-After` is no longer than this (3 000 when absent).
    #[schemars(range(min = 1), extend("default" = 3_000))]
    pub(crate) up_to_ms: Option<u64>,
}

/// Exponential waiting.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Backoff {
    /// Before the first repetition.
    pub(crate) initial_ms: u64,
    /// The longest single wait (5 000 when absent).
    #[schemars(extend("default" = 5_000))]
    pub(crate) max_ms: Option<u64>,
    /// Growth (2.0 when absent).
    #[schemars(range(min = 1, max = 1_000), extend("default" = 2.0))]
    pub(crate) factor: Option<f64>,
    /// Whether the wait is drawn between zero and its length (`full` when absent).
    #[schemars(extend("default" = "full"))]
    pub(crate) jitter: Option<Jitter>,
}

/// How a wait is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Jitter {
    /// Drawn evenly from zero to the wait.
    Full,
    /// The wait itself.
    None,
}

/// Time allowed to a provider, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub(crate) struct Timeouts {
    /// Name look-up, TCP and TLS (5 000 when absent).
    #[schemars(range(min = 1), extend("default" = 5_000))]
    pub(crate) connect_ms: Option<u64>,
    /// Until response headers.
    #[schemars(range(min = 1))]
    pub(crate) response_ms: Option<u64>,
    /// Until the first event with content.
    #[schemars(range(min = 1))]
    pub(crate) first_event_ms: Option<u64>,
    /// Between two pieces of the body (300 000 when absent).
    #[schemars(range(min = 1), extend("default" = 300_000))]
    pub(crate) idle_ms: Option<u64>,
    /// The whole attempt, to the last byte.
    #[schemars(range(min = 1))]
    pub(crate) total_ms: Option<u64>,
}

/// When a failing provider rests.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub(crate) struct Cooldown {
    /// Failures inside the window that start a rest (3 when absent).
    #[schemars(range(min = 1), extend("default" = 3))]
    pub(crate) failures: Option<u32>,
    /// The window (60 when absent).
    #[schemars(range(min = 1), extend("default" = 60))]
    pub(crate) window_secs: Option<u64>,
    /// The first rest (60 when absent).
    #[schemars(range(min = 1), extend("default" = 60))]
    pub(crate) duration_secs: Option<u64>,
    /// What a rest grows by that follows soon after another (2.0 when absent); 1 is not at all.
    #[schemars(range(min = 1, max = 1_000), extend("default" = 2.0))]
    pub(crate) factor: Option<f64>,
    /// Where the growing of rests ends (600 when absent).
    #[schemars(range(min = 1), extend("default" = 600))]
    pub(crate) max_duration_secs: Option<u64>,
    /// The most that a `Retry-After` is heeded (`max_duration_secs`, or 600 when both are absent).
    #[schemars(range(min = 1), extend("default" = 600))]
    pub(crate) max_retry_after_secs: Option<u64>,
    /// One request tries the provider before its rest is over, so long after failures began it (25
    /// when absent; at the end of the rest where `duration_secs` is set).
    #[schemars(range(min = 1), extend("default" = 25))]
    pub(crate) trial_after_secs: Option<u64>,
    /// How long a recovered provider takes to get its whole share again (10 when absent); 0 is at
    /// once.
    #[schemars(extend("default" = 10))]
    pub(crate) slow_start_secs: Option<u64>,
}

/// How a provider's health is probed.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct HealthCheck {
    /// Asked with `GET` under the provider's base URL (`/v1/models` when absent).
    #[schemars(extend("default" = "/v1/models"))]
    pub(crate) path: Option<String>,
    /// Seconds between two probes (30 when absent).
    #[schemars(range(min = 1), extend("default" = 30))]
    pub(crate) interval_secs: Option<u64>,
    /// Time allowed to one probe (5 000 when absent).
    #[schemars(range(min = 1), extend("default" = 5_000))]
    pub(crate) timeout_ms: Option<u64>,
    /// Good probes that make it healthy again (2 when absent).
    #[schemars(range(min = 1), extend("default" = 2))]
    pub(crate) healthy_after: Option<u32>,
    /// Bad probes that make it unhealthy (3 when absent).
    #[schemars(range(min = 1), extend("default" = 3))]
    pub(crate) unhealthy_after: Option<u32>,
    /// The status of a good probe (any 2xx when absent).
    #[schemars(range(min = 100, max = 599))]
    pub(crate) expect_status: Option<u16>,
}

/// What `sticky` requests have in common; exactly one of the three.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Sticky {
    /// The value of this header of the request.
    pub(crate) header: Option<String>,
    /// The caller's key.
    pub(crate) key: Option<bool>,
    /// So many bytes of the prompt's beginning.
    #[schemars(range(min = 1, max = 65_536))]
    pub(crate) prompt_prefix: Option<u32>,
}

/// When a second provider is asked although the first has not failed.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Hedge {
    /// After so many milliseconds without a first event.
    #[schemars(range(min = 1))]
    pub(crate) after_ms: Option<u64>,
    /// After the time within which so many percent of the last first events came.
    #[schemars(range(min = 50, max = 99))]
    pub(crate) after_percentile: Option<u32>,
    /// The most extra attempts, as a share of all answers of the alias (0.05 when absent).
    #[schemars(range(min = 0.001, max = 1), extend("default" = 0.05))]
    pub(crate) max_extra: Option<f64>,
    /// Whether requests with tools may be sent twice, too.
    #[schemars(extend("default" = false))]
    pub(crate) side_effects: Option<bool>,
}

/// What a provider's own code means.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(transform = without_what_no_code_says)]
pub(crate) struct Meaning(pub(crate) Class);

/// These classes are what the router saw, not what a code of an error says.
fn without_what_no_code_says(schema: &mut Schema) {
    let seen = [Class::Timeout, Class::Unreachable, Class::Malformed, Class::Deadline];
    leave_out(&seen, schema);
}

fn leave_out(classes: &[Class], schema: &mut Schema) {
    let is_left = |row: &Value| !classes.iter().any(|class| row["const"] == class.name());
    if let Some(rows) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        rows.retain(is_left);
    }
}
