//! The file as it is written: a mirror of the JSON, key by key, without defaults and without
//! behaviour. The doc comments are what editors show: they become the schema's descriptions.
//!
//! It never decides anything: `table::compile` gives each absent key its meaning.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::Secret;

/// The whole file: `targets.json`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Onwards targets.json")]
pub struct File {
    /// Where this file's JSON Schema is; for editors only.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// What stands behind each alias that a client may name as its `model`.
    pub targets: BTreeMap<String, Target>,
    /// Who may call.
    pub auth: Option<Auth>,
    /// Typed validation and sanitised answers for every target.
    #[schemars(extend("default" = false))]
    pub strict_mode: Option<bool>,
    /// The pool of idle connections to the providers.
    pub http_pool: Option<HttpPool>,
    /// Pool keys for every target that does not set them itself.
    pub defaults: Option<PoolKeys>,
}

/// Who may call, and within which limits.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Auth {
    /// Keys that open every alias.
    pub global_keys: Option<Vec<Secret>>,
    /// Named keys with limits and labels of their own.
    pub key_definitions: Option<BTreeMap<String, KeyDefinition>>,
}

/// A named key.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct KeyDefinition {
    /// The token a client sends.
    pub key: Secret,
    /// Requests this key may make, wherever it is used.
    pub rate_limit: Option<RateLimit>,
    /// Requests this key may have in flight, wherever it is used.
    pub concurrency_limit: Option<ConcurrencyLimit>,
    /// Facts about the caller that `routing_rules` match.
    pub labels: Option<BTreeMap<String, String>>,
}

/// The pool of idle upstream connections.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct HttpPool {
    /// Idle connections kept for each upstream host (100 when absent).
    #[schemars(extend("default" = 100))]
    pub max_idle_per_host: Option<u32>,
    /// Seconds after which an idle connection is closed (90 when absent).
    #[schemars(extend("default" = 90))]
    pub idle_timeout_secs: Option<u64>,
}

/// One alias, in one of three spellings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "read once, compiled, dropped")]
pub enum Target {
    /// Only the providers: every pool key at its default.
    List(Vec<Provider>),
    /// Providers and pool keys.
    Pool(Pool),
    /// One provider, its keys and the pool's side by side.
    Single(Box<Single>),
}

/// A target that names its providers.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "a pool")]
pub struct Pool {
    /// The providers, tried as the strategy says; none at all answers 503.
    pub providers: Vec<Provider>,
    /// Everything else that may stand in a pool.
    #[serde(flatten)]
    pub keys: PoolKeys,
}

/// A target that is one provider. A key that both a pool and a provider know is the pool's here.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "a single provider")]
pub struct Single {
    /// The provider.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// Everything that may stand in a pool.
    #[serde(flatten)]
    pub keys: PoolKeys,
}

/// Keys that a pool may set, and `defaults` for all of them.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
pub struct PoolKeys {
    /// Who may call this alias: literal tokens, or names from `auth.key_definitions`.
    pub keys: Option<Vec<Secret>>,
    /// Every request to the alias.
    pub rate_limit: Option<RateLimit>,
    /// Requests in flight, streams included until their last byte.
    pub concurrency_limit: Option<ConcurrencyLimit>,
    /// Headers added to every response of the alias.
    pub response_headers: Option<BTreeMap<String, String>>,
    /// How the next provider is chosen.
    #[schemars(extend("default" = "weighted_random"))]
    pub strategy: Option<Strategy>,
    /// When another provider is tried.
    pub fallback: Option<Fallback>,
    /// Default for the providers: whether trace headers and errors may pass.
    #[schemars(extend("default" = false))]
    pub trusted: Option<bool>,
    /// Default for the providers: whether answers are rewritten to their documented fields.
    #[schemars(extend("default" = false))]
    pub sanitize_response: Option<bool>,
    /// Rules on the caller's labels; the first match wins.
    pub routing_rules: Option<Vec<RoutingRule>>,
    /// Time allowed to the providers.
    pub timeouts: Option<Timeouts>,
    /// When a failing provider rests.
    pub cooldown: Option<Cooldown>,
    /// How resting providers are probed.
    pub health_check: Option<HealthCheck>,
}

/// One provider of a pool.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Provider {
    /// Where it is and how it is spoken to.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// Requests to this provider; two entries never share a limit.
    pub rate_limit: Option<RateLimit>,
    /// Requests in flight to this provider.
    pub concurrency_limit: Option<ConcurrencyLimit>,
    /// Headers added to responses of this provider; they win over the pool's.
    pub response_headers: Option<BTreeMap<String, String>>,
    /// The pool's when absent.
    pub trusted: Option<bool>,
    /// The pool's when absent.
    pub sanitize_response: Option<bool>,
    /// The pool's, key by key, when absent.
    pub timeouts: Option<Timeouts>,
}

/// Keys that only a provider knows.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// `http` or `https` base URL, or `mock:` to be answered by the router itself.
    pub url: String,
    /// The provider's credential; a list means one provider per credential.
    pub onwards_key: Option<Credentials>,
    /// The model sent upstream (the alias when absent).
    pub onwards_model: Option<String>,
    /// Share of the traffic (1 when absent); 0 is used only when nothing else is left.
    #[schemars(extend("default" = 1))]
    pub weight: Option<u32>,
    /// Tier: 1 (when absent) is tried before 2.
    #[schemars(extend("default" = 1))]
    pub priority: Option<u32>,
    /// Shown in headers, logs and metrics (the host, made unique, when absent).
    pub name: Option<String>,
    /// The wire protocol it speaks.
    #[schemars(extend("default" = "openai"))]
    pub protocol: Option<Protocol>,
    /// Headers added to requests to this provider.
    pub request_headers: Option<BTreeMap<String, String>>,
    /// AWS region and credentials, for `bedrock`.
    pub aws: Option<Aws>,
    /// The header that carries the credential (`Authorization` when absent).
    #[schemars(extend("default" = "Authorization"))]
    pub upstream_auth_header_name: Option<String>,
    /// What stands before the credential (`"Bearer "` when absent).
    #[schemars(extend("default" = "Bearer "))]
    pub upstream_auth_header_prefix: Option<String>,
    /// Seconds until response headers; the same as `timeouts.response_ms`.
    #[schemars(range(min = 1))]
    pub request_timeout_secs: Option<u64>,
    /// Whether `traceparent` and `tracestate` are sent on (`trusted` when absent).
    pub propagate_trace_context: Option<bool>,
    /// Serve `/v1/responses` through chat completions.
    pub open_responses: Option<OpenResponses>,
    /// How reasoning efforts are written for this provider.
    pub reasoning_translation: Option<serde_json::Value>,
}

/// One credential, or one provider for each of several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Credentials {
    /// The credential.
    One(Secret),
    /// One provider per credential, in order.
    Many(#[schemars(length(min = 1))] Vec<Secret>),
}

/// How the next provider is chosen inside a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Drawn by weight, without replacement inside a pass.
    WeightedRandom,
    /// Definition order.
    Priority,
    /// Smooth weighted round robin.
    RoundRobin,
    /// Fewest in flight for its weight.
    LeastBusy,
    /// Peak EWMA of the time to first byte, two random candidates compared.
    LowestLatency,
    /// Cheapest by configured price.
    LowestCost,
    /// Rendezvous hash of a header or of the prompt's prefix.
    Sticky,
}

/// The wire protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// OpenAI Chat Completions.
    Openai,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
    /// Bedrock Converse.
    Bedrock,
    /// Cohere v2 chat.
    Cohere,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
pub struct RateLimit {
    /// Refill per second, fractions allowed.
    // One request in twelve days, and one each nanosecond: what a bucket can count.
    #[schemars(range(min = 0.000_001, max = 1_000_000_000), extend("exclusiveMinimum" = 0))]
    pub requests_per_second: f64,
    /// Requests at once from rest (the rate, rounded up, when absent).
    #[schemars(range(min = 1))]
    pub burst_size: Option<u32>,
}

/// A cap on requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct ConcurrencyLimit {
    /// The cap.
    #[schemars(range(min = 1))]
    pub max_concurrent_requests: u32,
}

/// When and how another provider is tried.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Fallback {
    /// Master switch; with it, connection failures and timeouts fall back too.
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
    /// Statuses that fall back: `5` is 5xx, `50` is 500–509, `502` itself (`[429, 5]` when absent).
    #[schemars(inner(range(min = 1, max = 599)), extend("default" = [429, 5]))]
    pub on_status: Option<Vec<u16>>,
    /// A provider's own limit sends the request on; a pool's or a key's never does.
    #[schemars(extend("default" = false))]
    pub on_rate_limit: Option<bool>,
    /// `weighted_random` may draw a provider again at once.
    #[schemars(extend("default" = false))]
    pub with_replacement: Option<bool>,
    /// Attempts in all (the number of providers when absent); more begin a new pass.
    #[schemars(range(min = 1))]
    pub max_attempts: Option<u32>,
    /// Waiting before a provider is tried again.
    pub backoff: Option<Backoff>,
    /// Waiting in all.
    pub max_total_backoff_ms: Option<u64>,
    /// Further conditions by name.
    pub on: Option<Vec<Condition>>,
    /// No attempt starts after it.
    pub deadline_ms: Option<u64>,
    /// Aliases whose pools take over when this one is spent.
    pub to: Option<Vec<String>>,
}

/// A condition that falls back although its status does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The provider filtered the content.
    ContentFilter,
    /// The prompt is too long for the provider.
    ContextWindow,
    /// The answer is not what the protocol says.
    Malformed,
}

/// Exponential waiting.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct Backoff {
    /// Before the first repetition.
    pub initial_ms: u64,
    /// The longest single wait (5 000 when absent).
    #[schemars(extend("default" = 5_000))]
    pub max_ms: Option<u64>,
    /// Growth (2.0 when absent).
    #[schemars(range(min = 1, max = 1_000), extend("default" = 2.0))]
    pub factor: Option<f64>,
    /// Whether the wait is drawn between zero and its length (`full` when absent).
    #[schemars(extend("default" = "full"))]
    pub jitter: Option<Jitter>,
}

/// How a wait is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// Drawn evenly from zero to the wait.
    Full,
    /// The wait itself.
    None,
}

/// A rule on the caller's labels.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct RoutingRule {
    /// Every label must be there with this value.
    pub match_labels: BTreeMap<String, String>,
    /// What happens then.
    pub action: Action,
}

/// What a matched rule does.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Refused with 403.
    Deny,
    /// Served by another alias, whose own keys are checked.
    Redirect {
        /// The other alias.
        target: String,
    },
}

/// Time allowed to a provider, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub struct Timeouts {
    /// Name look-up, TCP and TLS (5 000 when absent).
    #[schemars(range(min = 1), extend("default" = 5_000))]
    pub connect_ms: Option<u64>,
    /// Until response headers.
    #[schemars(range(min = 1))]
    pub response_ms: Option<u64>,
    /// Until the first event with content.
    #[schemars(range(min = 1))]
    pub first_event_ms: Option<u64>,
    /// Between two pieces of the body (300 000 when absent).
    #[schemars(range(min = 1), extend("default" = 300_000))]
    pub idle_ms: Option<u64>,
    /// The whole attempt.
    #[schemars(range(min = 1))]
    pub total_ms: Option<u64>,
}

/// When a failing provider rests.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub struct Cooldown {
    /// Failures inside the window that start a rest (3 when absent).
    #[schemars(range(min = 1), extend("default" = 3))]
    pub failures: Option<u32>,
    /// The window (60 when absent).
    #[schemars(range(min = 1), extend("default" = 60))]
    pub window_secs: Option<u64>,
    /// The first rest (60 when absent).
    #[schemars(range(min = 1), extend("default" = 60))]
    pub duration_secs: Option<u64>,
}

/// How a provider's health is probed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct HealthCheck {
    /// Asked with `GET` under the provider's base URL.
    pub path: Option<String>,
    /// Seconds between two probes.
    #[schemars(range(min = 1))]
    pub interval_secs: Option<u64>,
    /// Time allowed to one probe.
    #[schemars(range(min = 1))]
    pub timeout_ms: Option<u64>,
    /// Good probes that make it healthy again.
    #[schemars(range(min = 1))]
    pub healthy_after: Option<u32>,
    /// Bad probes that make it unhealthy.
    #[schemars(range(min = 1))]
    pub unhealthy_after: Option<u32>,
    /// The status of a good probe (any 2xx when absent).
    #[schemars(range(min = 100, max = 599))]
    pub expect_status: Option<u16>,
}

/// AWS region and credentials; what is absent comes from the environment or the instance.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Aws {
    /// The region.
    pub region: Option<String>,
    /// The access key's id.
    pub access_key_id: Option<Secret>,
    /// The access key's secret.
    pub secret_access_key: Option<Secret>,
    /// The token of temporary credentials.
    pub session_token: Option<Secret>,
}

/// How `/v1/responses` is served.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct OpenResponses {
    /// Through the provider's chat completions endpoint.
    pub adapter: bool,
}
