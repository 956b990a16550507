//! The file as it is written: one field for each key of the JSON, without defaults and without
//! behaviour. The doc comments become the descriptions in the schema, which editors show.
//!
//! `table::compile` gives each absent key its meaning.

use std::collections::BTreeMap;

mod alerts;
mod auth;
mod capabilities;
mod connections;
mod failover;
mod guardrails;
mod limits;
mod prices;
mod reached;
mod reasoning;
mod rules;
mod steering;
mod strict;

pub(crate) use alerts::Alert;
pub(crate) use auth::{Auth, KeyDefinition, Team};
pub(crate) use capabilities::Capabilities;
pub(crate) use connections::{Cors, HttpPool, ProviderTls, Tls};
pub(crate) use failover::{
    Backoff, Commit, Cooldown, Fallback, HealthCheck, Hedge, Jitter, Meaning, Stay, Sticky,
    Timeouts,
};

pub(crate) use guardrails::{Guardrail, Match, Webhook};
pub(crate) use limits::{
    Budget, Budgets, ConcurrencyLimit, Dollars, NamedPeriod, NamedStore, NamedWindows,
    OnStoreFailure, Period, Queue, RateLimit, Store, TokenLimit, TokenWindow, Windows,
};
pub(crate) use prices::{Price, Prices, Rates, Tier};
pub(crate) use reached::Reached;
pub(crate) use reasoning::{EffortTranslation, EffortWrite, ReasoningTranslation};
pub(crate) use rules::{Action, RoutingRule};
pub(crate) use steering::Aimd;
pub(crate) use strict::{Strict, UnknownFields};

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use crate::words::{Cache, Headers, Lossy, Protocol, Strategy};

use crate::secret::{Secret, unseen};

unseen!(
    File,
    Target,
    Pool,
    Pools,
    Classes,
    ClassPool,
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
pub(crate) struct File {
    /// The location of this file's JSON Schema; only for editors.
    #[serde(rename = "$schema")]
    #[expect(dead_code, reason = "for editors")]
    pub(crate) schema: Option<String>,
    /// The pool behind each alias, which clients send as `model`; `*` in a name matches any text.
    pub(crate) targets: BTreeMap<String, Target>,
    /// The callers: keys, teams and their limits.
    pub(crate) auth: Option<Auth>,
    /// Validates requests and cleans responses for every target.
    #[schemars(extend("default" = false))]
    pub(crate) strict_mode: Option<bool>,
    /// The pool of idle connections to the providers.
    pub(crate) http_pool: Option<HttpPool>,
    /// The prices of tokens, by the model sent upstream.
    pub(crate) prices: Option<Prices>,
    /// Where the levels of budgets, and of windows longer than a minute, are stored.
    pub(crate) store: Option<Store>,
    /// Which headers of a response tell how its request was served.
    #[schemars(extend("default" = "minimal"))]
    pub(crate) headers: Option<Headers>,
    /// Pool keys for every target that does not set them.
    pub(crate) defaults: Option<PoolKeys>,
    /// Additional names of targets: the name that clients send, and the target it stands for.
    pub(crate) aliases: Option<BTreeMap<String, String>>,
    /// Rules on the texts of requests and responses, by name.
    pub(crate) guardrails: Option<BTreeMap<String, Guardrail>>,
    /// Webhooks that are notified of problems and of their end.
    pub(crate) alerts: Option<Vec<Alert>>,
    /// Cross-origin requests from browsers.
    pub(crate) cors: Option<Cors>,
    /// TLS for clients.
    pub(crate) tls: Option<Tls>,
}

/// One alias, in one of four spellings.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "read once, compiled, dropped")]
pub(crate) enum Target {
    /// Only the providers; every pool key has its default.
    List(Vec<Provider>),
    /// Providers and pool keys.
    Pool(Pool),
    /// Several pools by class of request, with keys for all of them.
    Pools(Pools),
    /// One provider; its keys and those of the pool stand side by side.
    Single(Box<Single>),
}

/// A target with a list of providers.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "a pool")]
pub(crate) struct Pool {
    /// The providers, tried in the order of the strategy. An empty list answers 503.
    pub(crate) providers: Vec<Provider>,
    /// How requests reach the target besides its name.
    #[serde(flatten)]
    pub(crate) reached: Reached,
    /// All other keys of a pool.
    #[serde(flatten)]
    pub(crate) keys: PoolKeys,
}

/// A target whose pool depends on the class of the request.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "pools by class")]
pub(crate) struct Pools {
    /// The pools.
    pub(crate) pools: Classes,
    /// How requests reach the target besides its name.
    #[serde(flatten)]
    pub(crate) reached: Reached,
    /// Keys for each pool that does not set them; the limits are shared by all pools.
    #[serde(flatten)]
    pub(crate) keys: PoolKeys,
}

/// A pool for each class of requests.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Classes {
    /// The pool for all requests without a more specific pool.
    pub(crate) default: ClassPool,
    /// The pool for requests whose path ends in `/completions`, except `/chat/completions`
    /// (`default` when absent).
    pub(crate) completions: Option<ClassPool>,
}

/// The pool of one class, in one of the spellings of a target.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "read once, compiled, dropped")]
pub(crate) enum ClassPool {
    /// Only the providers.
    List(Vec<Provider>),
    /// Providers and pool keys.
    Pool(Pool),
    /// One provider; its keys and those of the pool stand side by side.
    Single(Box<Single>),
}

/// A target with one provider. A key that both a pool and a provider have belongs to the pool here.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "a single provider")]
pub(crate) struct Single {
    /// The provider.
    #[serde(flatten)]
    pub(crate) endpoint: Endpoint,
    /// How requests reach the target besides its name.
    #[serde(flatten)]
    pub(crate) reached: Reached,
    /// All keys of a pool.
    #[serde(flatten)]
    pub(crate) keys: PoolKeys,
}

/// The keys of a pool, which `defaults` may set for all pools.
#[derive(Default, Clone, Deserialize, JsonSchema)]
pub(crate) struct PoolKeys {
    /// The keys that may use this alias: literal tokens, or names from `auth.key_definitions`.
    pub(crate) keys: Option<Vec<Secret>>,
    /// The limit on the rate of requests to the alias.
    pub(crate) rate_limit: Option<RateLimit>,
    /// The limit on requests in flight; a stream counts until its last byte.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// The limit on tokens of the alias in a window.
    pub(crate) token_limit: Option<TokenLimit>,
    /// The limit on the cost of the alias in a period.
    pub(crate) budget: Option<Budgets>,
    /// Queues requests beyond these limits instead of refusing them.
    pub(crate) queue: Option<Queue>,
    /// Headers added to every response of the alias.
    pub(crate) response_headers: Option<BTreeMap<String, String>>,
    /// How the next provider is chosen.
    #[schemars(extend("default" = "weighted_random"))]
    pub(crate) strategy: Option<Strategy>,
    /// When another provider is tried.
    pub(crate) fallback: Option<Fallback>,
    /// The default of the providers' `trusted`: whether trace headers are sent to them.
    #[schemars(extend("default" = false))]
    pub(crate) trusted: Option<bool>,
    /// The default of the providers' `sanitize_response`: whether responses are reduced to
    /// documented fields.
    #[schemars(extend("default" = false))]
    pub(crate) sanitize_response: Option<bool>,
    /// How `strict_mode` checks requests to this alias.
    pub(crate) strict: Option<Strict>,
    /// Rules on the caller's labels; the first match applies.
    pub(crate) routing_rules: Option<Vec<RoutingRule>>,
    /// The labels, with their values, that a provider needs to be asked for this alias.
    pub(crate) require: Option<BTreeMap<String, String>>,
    /// The names of the `guardrails` that apply to every request to the alias.
    pub(crate) guardrails: Option<Vec<String>>,
    /// The timeouts of the providers.
    pub(crate) timeouts: Option<Timeouts>,
    /// When a failing provider is taken out of rotation.
    pub(crate) cooldown: Option<Cooldown>,
    /// How providers are probed.
    pub(crate) health_check: Option<HealthCheck>,
    /// What happens to a field that the provider's protocol cannot express (`warn` when absent).
    #[schemars(extend("default" = "warn"))]
    pub(crate) lossy: Option<Lossy>,
    /// Who sets the cache marks of prompts: `auto` adds them for clients that set none (`client`
    /// when absent: only the client does).
    #[schemars(extend("default" = "client"))]
    pub(crate) cache: Option<Cache>,
    /// Whether providers are asked to report the tokens of streams if the client does not ask (when
    /// absent: if they have a price).
    pub(crate) usage: Option<Usage>,
    /// The value by which `sticky` groups requests (when absent: the header `x-session-id`,
    /// otherwise the caller's key, otherwise the beginning of the prompt).
    pub(crate) sticky: Option<Sticky>,
    /// When a second provider is asked although the first has not failed.
    pub(crate) hedge: Option<Hedge>,
    /// The endpoints that this alias serves: `inference`, other families of endpoints, or paths
    /// (when absent: all except the vendors' administrative paths).
    #[schemars(length(min = 1))]
    pub(crate) endpoints: Option<Vec<String>>,
    /// The limit on requests in flight for each account, which is the label `account` of the
    /// callers' keys (no limit when absent).
    #[schemars(range(min = 1))]
    pub(crate) inflight_limit: Option<u32>,
    /// The limit for accounts by name; it overrides `inflight_limit`.
    #[schemars(inner(range(min = 1)))]
    pub(crate) account_inflight_limits: Option<BTreeMap<String, u32>>,
    /// Seconds between comments that keep a waiting stream alive (none when absent).
    #[schemars(range(min = 1))]
    pub(crate) keepalive_secs: Option<u64>,
}

/// One provider of a pool.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Provider {
    /// Its address and protocol.
    #[serde(flatten)]
    pub(crate) endpoint: Endpoint,
    /// The limit on the rate of requests to this provider; two entries never share a limit.
    pub(crate) rate_limit: Option<RateLimit>,
    /// The limit on requests in flight to this provider.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// The limit on tokens of this provider in a window; beyond it, others are asked.
    pub(crate) token_limit: Option<TokenLimit>,
    /// The limit on the cost of this provider in a period; beyond it, others are asked.
    pub(crate) budget: Option<Budgets>,
    /// Queues requests for these limits if no other provider is free.
    pub(crate) queue: Option<Queue>,
    /// Headers added to responses of this provider; they override the pool's.
    pub(crate) response_headers: Option<BTreeMap<String, String>>,
    /// Whether trace headers are sent to it (the pool's value when absent).
    pub(crate) trusted: Option<bool>,
    /// Who sets the cache marks of prompts (the pool's value when absent).
    pub(crate) cache: Option<Cache>,
    /// Whether responses are reduced to documented fields (the pool's value when absent).
    pub(crate) sanitize_response: Option<bool>,
    /// The timeouts; each absent key has the pool's value.
    pub(crate) timeouts: Option<Timeouts>,
}

/// The keys that only a provider has.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Endpoint {
    /// The base URL, `http` or `https`; or `mock:` for responses from the router itself.
    pub(crate) url: String,
    /// Labels that `require` checks, such as `{"region": "eu"}`.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// What its model supports and what not, such as `{"vision": false}`.
    pub(crate) capabilities: Option<Capabilities>,
    /// What replaces the version in a client's path, if the URL does not tell; `""` removes it.
    pub(crate) api_prefix: Option<String>,
    /// The credential; a list means one provider for each credential; `${caller}` is the client's
    /// own.
    pub(crate) onwards_key: Option<Credentials>,
    /// The model sent upstream (the alias when absent); `${model}` is the name that the client
    /// sent, `${model#PREFIX}` the same without a prefix.
    pub(crate) onwards_model: Option<String>,
    /// The share of the traffic (1 when absent); 0 is used only if no other provider is left.
    #[schemars(extend("default" = 1))]
    pub(crate) weight: Option<u32>,
    /// The tier: 1 (when absent) is tried before 2.
    #[schemars(extend("default" = 1))]
    pub(crate) priority: Option<u32>,
    /// The name in headers, logs and metrics (when absent: the host, made unique).
    pub(crate) name: Option<String>,
    /// The protocol it speaks.
    #[schemars(extend("default" = "openai"))]
    pub(crate) protocol: Option<Protocol>,
    /// Headers added to requests to this provider.
    pub(crate) request_headers: Option<BTreeMap<String, String>>,
    /// The AWS region and credentials for `bedrock`.
    pub(crate) aws: Option<Aws>,
    /// The Google service account for Vertex AI; the machine's own if empty.
    pub(crate) gcp: Option<Gcp>,
    /// The header for the credential (`Authorization` when absent; `anthropic` and `gemini` have
    /// their own).
    #[schemars(extend("default" = "Authorization"))]
    pub(crate) upstream_auth_header_name: Option<String>,
    /// The text before the credential (`"Bearer "` when absent; empty for `anthropic` and
    /// `gemini`).
    #[schemars(extend("default" = "Bearer "))]
    pub(crate) upstream_auth_header_prefix: Option<String>,
    /// Seconds until the response headers; the same as `timeouts.response_ms`.
    #[schemars(range(min = 1))]
    pub(crate) request_timeout_secs: Option<u64>,
    /// The model behind `onwards_model`, if that name does not tell: a deployment, an ARN.
    #[schemars(length(min = 1))]
    pub(crate) model_family: Option<String>,
    /// The context window: the most tokens of prompt and answer together.
    #[schemars(range(min = 1))]
    pub(crate) context_window: Option<u64>,
    /// The price of its tokens; it overrides the file's `prices`.
    pub(crate) price: Option<Price>,
    /// The class of each of its own error codes, such as `{"1113": "quota"}`.
    pub(crate) error_classes: Option<BTreeMap<String, Meaning>>,
    /// The class of phrases in its error messages, for errors without a code, such as `{"maximum
    /// context length": "context_window"}`.
    pub(crate) error_phrases: Option<BTreeMap<String, Meaning>>,
    /// The proxy for its connections: `http://`, `https://`, `socks5://` or `socks5h://`, with user
    /// and password if needed; `direct` uses no proxy, even if the environment names one.
    pub(crate) proxy: Option<Secret>,
    /// TLS settings that differ from the default.
    pub(crate) tls: Option<ProviderTls>,
    /// Whether `traceparent` and `tracestate` are sent to it (the value of `trusted` when absent).
    pub(crate) propagate_trace_context: Option<bool>,
    /// Serves `/v1/responses` through chat completions.
    pub(crate) open_responses: Option<OpenResponses>,
    /// Whether it receives the client's own scheduling priority, in `priority` and `nvext` (as the
    /// client sends it when absent).
    pub(crate) accepts_scheduling_priority: Option<bool>,
    /// How reasoning efforts are written for this provider.
    pub(crate) reasoning_translation: Option<ReasoningTranslation>,
}

/// Whether providers are asked to report the tokens of streams if the client does not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Usage {
    /// Always; the report is removed for clients that did not ask.
    Always,
    /// Never; the request keeps the client's bytes.
    Never,
}

/// One credential, or several, each of which is a provider of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Credentials {
    /// The credential.
    One(Secret),
    /// One provider for each credential, in order.
    Many(#[schemars(length(min = 1))] Vec<Secret>),
}

/// The AWS region and credentials; what is absent comes from the environment or the instance.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Aws {
    /// The region.
    pub(crate) region: Option<String>,
    /// The access key ID.
    pub(crate) access_key_id: Option<Secret>,
    /// The secret access key.
    pub(crate) secret_access_key: Option<Secret>,
    /// The session token of temporary credentials.
    pub(crate) session_token: Option<Secret>,
}

/// The Google account for access tokens.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Gcp {
    /// The JSON of a service account's key file, such as `${file:vertex.json}` (when absent: the
    /// file named by `GOOGLE_APPLICATION_CREDENTIALS`, otherwise the machine's account).
    pub(crate) service_account: Option<Secret>,
    /// The OAuth scope of the tokens.
    #[schemars(extend("default" = "https://www.googleapis.com/auth/cloud-platform"))]
    pub(crate) scope: Option<String>,
}

/// How `/v1/responses` is served.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct OpenResponses {
    /// Through the provider's chat completions endpoint.
    pub(crate) adapter: bool,
}
