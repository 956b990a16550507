//! The parts of the file about failing providers: fallback, timeouts, cooldown, probes, hedging.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::Value;

use super::steering::{Affinity, Aimd};
use crate::failure::Class;

crate::secret::unseen!(Fallback, HealthCheck, Sticky);

/// When and how another provider is tried.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Fallback {
    /// Whether fallback is on; connection failures and timeouts then fall back too.
    #[schemars(extend("default" = false))]
    pub(crate) enabled: Option<bool>,
    /// The statuses that fall back: `5` is 5xx, `50` is 500–509, `502` is itself (`[429, 5]` when
    /// absent).
    #[schemars(inner(range(min = 1, max = 599)), extend("default" = [429, 5]))]
    pub(crate) on_status: Option<Vec<u16>>,
    /// Additional statuses for requests that are not batch work: those whose key does not have the
    /// label `purpose` with the value `batch`.
    #[schemars(inner(range(min = 1, max = 599)))]
    pub(crate) realtime_on_status: Option<Vec<u16>>,
    /// Like `timeouts.first_event_ms`, for each attempt that another may follow; 0 turns it off.
    pub(crate) first_token_timeout_ms: Option<u64>,
    /// Controls the share of requests that ask a provider first, by how soon its answers begin.
    pub(crate) aimd: Option<Aimd>,
    /// Keeps a number of conversations at the preferred provider.
    pub(crate) affinity: Option<Affinity>,
    /// Whether a provider's own limit makes the request fall back; limits of pools and keys never
    /// do.
    #[schemars(extend("default" = false))]
    pub(crate) on_rate_limit: Option<bool>,
    /// Whether `weighted_random` may draw the same provider again.
    #[schemars(extend("default" = false))]
    pub(crate) with_replacement: Option<bool>,
    /// Attempts in this pool (the number of providers when absent); more start another pass.
    #[schemars(range(min = 1))]
    pub(crate) max_attempts: Option<u32>,
    /// Attempts in total, including those of pools that take over.
    #[schemars(range(min = 1))]
    pub(crate) max_attempts_total: Option<u32>,
    /// Retries at the same provider before another one is asked.
    pub(crate) stay: Option<Stay>,
    /// The wait before a provider is retried.
    pub(crate) backoff: Option<Backoff>,
    /// The limit on all waits of a request together.
    pub(crate) max_total_backoff_ms: Option<u64>,
    /// Failure classes that fall back in addition to `on_status`.
    pub(crate) on: Option<Vec<Condition>>,
    /// The time budget of all attempts. No attempt starts after it, and none may exceed it.
    #[schemars(range(min = 1))]
    pub(crate) deadline_ms: Option<u64>,
    /// Only a failure within this time is followed by another attempt.
    #[schemars(range(min = 1))]
    pub(crate) retry_if_failed_within_ms: Option<u64>,
    /// When an answer is sent to the client: at its first content, or when it is complete
    /// (`content` when absent).
    #[schemars(extend("default" = "content"))]
    pub(crate) commit: Option<Commit>,
    /// The most bytes of an answer that `end` buffers (4 194 304 when absent); a longer answer is
    /// streamed from there.
    #[schemars(range(min = 1), extend("default" = 4_194_304))]
    pub(crate) commit_max_bytes: Option<u64>,
    /// Aliases whose pools take over when this pool is exhausted.
    pub(crate) to: Option<Vec<String>>,
}

/// A failure class that falls back although its status does not. `timeout`, `unreachable`,
/// `credential` and `model_missing` fall back whenever `enabled` is set.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(transform = without_the_clients_own)]
pub(crate) struct Condition(pub(crate) Class);

/// Only failures of a provider can fall back, not those of the client or of the request as a whole.
fn without_the_clients_own(schema: &mut Schema) {
    leave_out(&[Class::Client, Class::Deadline], schema);
}

/// When an answer is sent to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Commit {
    /// At its first content.
    Content,
    /// When it is complete.
    End,
}

/// Retries at the same provider before another one is asked.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Stay {
    /// The number of retries in a row (1 when absent); `max_attempts` does not count them.
    #[schemars(range(min = 1, max = 10), extend("default" = 1))]
    pub(crate) times: Option<u32>,
    /// The longest `Retry-After` that still allows a retry (3 000 when absent).
    #[schemars(range(min = 1), extend("default" = 3_000))]
    pub(crate) up_to_ms: Option<u64>,
}

/// Exponential backoff.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Backoff {
    /// The wait before the first retry.
    pub(crate) initial_ms: u64,
    /// The longest single wait (5 000 when absent).
    #[schemars(extend("default" = 5_000))]
    pub(crate) max_ms: Option<u64>,
    /// The growth factor (2.0 when absent).
    #[schemars(range(min = 1, max = 1_000), extend("default" = 2.0))]
    pub(crate) factor: Option<f64>,
    /// Whether the wait is random between zero and its length (`full` when absent).
    #[schemars(extend("default" = "full"))]
    pub(crate) jitter: Option<Jitter>,
}

/// The jitter of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Jitter {
    /// Random between zero and the wait.
    Full,
    /// Exactly the wait.
    None,
}

/// Timeouts of a provider, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub(crate) struct Timeouts {
    /// DNS, TCP and TLS (5 000 when absent).
    #[schemars(range(min = 1), extend("default" = 5_000))]
    pub(crate) connect_ms: Option<u64>,
    /// Until the response headers.
    #[schemars(range(min = 1))]
    pub(crate) response_ms: Option<u64>,
    /// Until the first event with content.
    #[schemars(range(min = 1))]
    pub(crate) first_event_ms: Option<u64>,
    /// Between two chunks of the body (300 000 when absent).
    #[schemars(range(min = 1), extend("default" = 300_000))]
    pub(crate) idle_ms: Option<u64>,
    /// The whole attempt, until the last byte.
    #[schemars(range(min = 1))]
    pub(crate) total_ms: Option<u64>,
}

/// When a failing provider is taken out of rotation.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub(crate) struct Cooldown {
    /// The number of failures within the window that start a cooldown (3 when absent).
    #[schemars(range(min = 1), extend("default" = 3))]
    pub(crate) failures: Option<u32>,
    /// The length of the window (60 when absent).
    #[schemars(range(min = 1), extend("default" = 60))]
    pub(crate) window_secs: Option<u64>,
    /// The length of the first cooldown (60 when absent).
    #[schemars(range(min = 1), extend("default" = 60))]
    pub(crate) duration_secs: Option<u64>,
    /// The growth factor of a cooldown that soon follows another (2.0 when absent); 1 means no
    /// growth.
    #[schemars(range(min = 1, max = 1_000), extend("default" = 2.0))]
    pub(crate) factor: Option<f64>,
    /// The longest cooldown (600 when absent).
    #[schemars(range(min = 1), extend("default" = 600))]
    pub(crate) max_duration_secs: Option<u64>,
    /// The longest `Retry-After` that is followed (`max_duration_secs`, or 600 when both are
    /// absent).
    #[schemars(range(min = 1), extend("default" = 600))]
    pub(crate) max_retry_after_secs: Option<u64>,
    /// How long after failures started the cooldown one request tries the provider again, even
    /// before its end (25 when absent; at the end if `duration_secs` is set).
    #[schemars(range(min = 1), extend("default" = 25))]
    pub(crate) trial_after_secs: Option<u64>,
    /// How long a recovered provider takes to reach its full share again (10 when absent); 0 means
    /// at once.
    #[schemars(extend("default" = 10))]
    pub(crate) slow_start_secs: Option<u64>,
}

/// How a provider's health is probed.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct HealthCheck {
    /// The path of the `GET` request, under the provider's base URL (`/v1/models` when absent).
    #[schemars(extend("default" = "/v1/models"))]
    pub(crate) path: Option<String>,
    /// Seconds between two probes (30 when absent).
    #[schemars(range(min = 1), extend("default" = 30))]
    pub(crate) interval_secs: Option<u64>,
    /// The timeout of one probe (5 000 when absent).
    #[schemars(range(min = 1), extend("default" = 5_000))]
    pub(crate) timeout_ms: Option<u64>,
    /// Successful probes that make it healthy again (2 when absent).
    #[schemars(range(min = 1), extend("default" = 2))]
    pub(crate) healthy_after: Option<u32>,
    /// Failed probes that make it unhealthy (3 when absent).
    #[schemars(range(min = 1), extend("default" = 3))]
    pub(crate) unhealthy_after: Option<u32>,
    /// The status of a successful probe (any 2xx when absent).
    #[schemars(range(min = 100, max = 599))]
    pub(crate) expect_status: Option<u16>,
}

/// The value by which `sticky` groups requests; exactly one of the three.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Sticky {
    /// The value of this request header.
    pub(crate) header: Option<String>,
    /// The caller's key.
    pub(crate) key: Option<bool>,
    /// The first bytes of the prompt, this many.
    #[schemars(range(min = 1, max = 65_536))]
    pub(crate) prompt_prefix: Option<u32>,
}

/// When a second provider is asked although the first has not failed.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Hedge {
    /// After this many milliseconds without a first event.
    #[schemars(range(min = 1))]
    pub(crate) after_ms: Option<u64>,
    /// After the time within which this percentage of recent first events came.
    #[schemars(range(min = 50, max = 99))]
    pub(crate) after_percentile: Option<u32>,
    /// The most extra attempts, as a share of the alias's answers (0.05 when absent).
    #[schemars(range(min = 0.001, max = 1), extend("default" = 0.05))]
    pub(crate) max_extra: Option<f64>,
    /// Whether requests with tools may also be sent twice.
    #[schemars(extend("default" = false))]
    pub(crate) side_effects: Option<bool>,
}

/// The class of a provider's own error code.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(transform = without_what_no_code_says)]
pub(crate) struct Meaning(pub(crate) Class);

/// An error code cannot mean these classes, because only the router observes them.
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
