//! The file as it is written: a mirror of the JSON, key by key, without defaults and without
//! behaviour. The doc comments are what editors show: they become the schema's descriptions.
//!
//! It never decides anything: `table::compile` gives each absent key its meaning.

use std::collections::BTreeMap;

mod failover;

pub use failover::{
    Backoff, Class, Condition, Cooldown, Fallback, HealthCheck, Hedge, Jitter, Sticky, Timeouts,
};

use schemars::JsonSchema;
use serde::Deserialize;

pub use crate::words::{Lossy, Protocol, Strategy};

use crate::secret::{Secret, unseen};

unseen!(
    File,
    Auth,
    KeyDefinition,
    Target,
    Pool,
    Single,
    PoolKeys,
    Provider,
    Endpoint,
    RoutingRule,
    Action,
    Aws,
    Gcp,
);

/// The whole file: `targets.json`.
#[derive(Deserialize, JsonSchema)]
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
#[derive(Deserialize, JsonSchema)]
pub struct Auth {
    /// Keys that open every alias.
    pub global_keys: Option<Vec<Secret>>,
    /// Named keys with limits and labels of their own.
    pub key_definitions: Option<BTreeMap<String, KeyDefinition>>,
}

/// A named key.
#[derive(Deserialize, JsonSchema)]
pub struct KeyDefinition {
    /// The token a client sends; absent where it signs with `aws` instead.
    pub key: Option<Secret>,
    /// The access key pair that a client of Bedrock signs its requests with.
    pub aws: Option<AccessKey>,
    /// Requests this key may make, wherever it is used.
    pub rate_limit: Option<RateLimit>,
    /// Requests this key may have in flight, wherever it is used.
    pub concurrency_limit: Option<ConcurrencyLimit>,
    /// Facts about the caller that `routing_rules` match.
    pub labels: Option<BTreeMap<String, String>>,
}

/// An access key pair of the router's own making; AWS never hears of it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AccessKey {
    /// The pair's public half, which every signature names.
    pub access_key_id: Secret,
    /// The pair's secret half, which never travels.
    pub secret_access_key: Secret,
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
#[derive(Deserialize, JsonSchema)]
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
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "a pool")]
pub struct Pool {
    /// The providers, tried as the strategy says; none at all answers 503.
    pub providers: Vec<Provider>,
    /// Everything else that may stand in a pool.
    #[serde(flatten)]
    pub keys: PoolKeys,
}

/// A target that is one provider. A key that both a pool and a provider know is the pool's here.
#[derive(Deserialize, JsonSchema)]
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
#[derive(Default, Clone, Deserialize, JsonSchema)]
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
    /// Default for the providers: whether trace headers may pass.
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
    /// How providers are probed.
    pub health_check: Option<HealthCheck>,
    /// What happens to a field that a provider's protocol cannot carry (`warn` when absent).
    #[schemars(extend("default" = "warn"))]
    pub lossy: Option<Lossy>,
    /// What `sticky` requests have in common (the header `x-session-id`, else the caller's key,
    /// else the beginning of the prompt, when absent).
    pub sticky: Option<Sticky>,
    /// When a second provider is asked although the first has not failed.
    pub hedge: Option<Hedge>,
    /// What may be asked for through this alias: `inference`, other families of endpoints, or paths
    /// (all but the vendors' administrative paths when absent).
    #[schemars(length(min = 1))]
    pub endpoints: Option<Vec<String>>,
    /// Seconds between comments to a client that waits for its stream (none when absent).
    #[schemars(range(min = 1))]
    pub keepalive_secs: Option<u64>,
}

/// One provider of a pool.
#[derive(Deserialize, JsonSchema)]
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
#[derive(Deserialize, JsonSchema)]
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
    /// A Google service account, or that of the machine, for Vertex AI.
    pub gcp: Option<Gcp>,
    /// The header that carries the credential (`Authorization` when absent; `anthropic` and `gemini`
    /// have their own).
    #[schemars(extend("default" = "Authorization"))]
    pub upstream_auth_header_name: Option<String>,
    /// What stands before the credential (`"Bearer "` when absent; nothing for `anthropic` and
    /// `gemini`).
    #[schemars(extend("default" = "Bearer "))]
    pub upstream_auth_header_prefix: Option<String>,
    /// Seconds until response headers; the same as `timeouts.response_ms`.
    #[schemars(range(min = 1))]
    pub request_timeout_secs: Option<u64>,
    /// The most tokens it takes, prompt and answer together.
    #[schemars(range(min = 1))]
    pub context_window: Option<u64>,
    /// What its own error codes mean, as in `{"1113": "quota"}`.
    pub error_classes: Option<BTreeMap<String, Class>>,
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

/// A rule on the caller's labels.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct RoutingRule {
    /// Every label must be there with this value.
    pub match_labels: BTreeMap<String, String>,
    /// What happens then.
    pub action: Action,
}

/// What a matched rule does.
#[derive(Clone, Deserialize, JsonSchema)]
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

/// AWS region and credentials; what is absent comes from the environment or the instance.
#[derive(Clone, Deserialize, JsonSchema)]
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

/// A Google account whose tokens a provider is asked with.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Gcp {
    /// The JSON text of a service account's key file, as in `${file:vertex.json}` (the file that
    /// `GOOGLE_APPLICATION_CREDENTIALS` names, else the machine's own account, when absent).
    pub service_account: Option<Secret>,
    /// What the tokens are good for.
    #[schemars(extend("default" = "https://www.googleapis.com/auth/cloud-platform"))]
    pub scope: Option<String>,
}

/// How `/v1/responses` is served.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct OpenResponses {
    /// Through the provider's chat completions endpoint.
    pub adapter: bool,
}
