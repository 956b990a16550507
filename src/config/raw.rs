//! The file as it is written: a mirror of the JSON, key by key, without defaults and without
//! behaviour. The doc comments are what editors show: they become the schema's descriptions.
//!
//! It never decides anything: `table::compile` gives each absent key its meaning.

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
    /// Where this file's JSON Schema is; for editors only.
    #[serde(rename = "$schema")]
    #[expect(dead_code, reason = "for editors")]
    pub(crate) schema: Option<String>,
    /// What stands behind each alias that a client may name as its `model`; `*` in a name stands for
    /// any text.
    pub(crate) targets: BTreeMap<String, Target>,
    /// Who may call.
    pub(crate) auth: Option<Auth>,
    /// Typed validation and sanitised answers for every target.
    #[schemars(extend("default" = false))]
    pub(crate) strict_mode: Option<bool>,
    /// The pool of idle connections to the providers.
    pub(crate) http_pool: Option<HttpPool>,
    /// What tokens cost, by the model that a provider is asked for.
    pub(crate) prices: Option<Prices>,
    /// Where the levels of budgets and of windows longer than a minute are kept.
    pub(crate) store: Option<Store>,
    /// What responses tell of the way of their request.
    #[schemars(extend("default" = "minimal"))]
    pub(crate) headers: Option<Headers>,
    /// Pool keys for every target that does not set them itself.
    pub(crate) defaults: Option<PoolKeys>,
    /// Further names of targets: what a client may ask for, and the name that is meant.
    pub(crate) aliases: Option<BTreeMap<String, String>>,
    /// What may not stand in the texts of requests or answers, by name.
    pub(crate) guardrails: Option<BTreeMap<String, Guardrail>>,
    /// Webhooks that are told what goes wrong, and when it is over.
    pub(crate) alerts: Option<Vec<Alert>>,
    /// Pages that may call from a browser.
    pub(crate) cors: Option<Cors>,
    /// TLS for clients.
    pub(crate) tls: Option<Tls>,
}

/// One alias, in one of four spellings.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "read once, compiled, dropped")]
pub(crate) enum Target {
    /// Only the providers: every pool key at its default.
    List(Vec<Provider>),
    /// Providers and pool keys.
    Pool(Pool),
    /// Pools by what a request is for, and keys for both.
    Pools(Pools),
    /// One provider, its keys and the pool's side by side.
    Single(Box<Single>),
}

/// A target that names its providers.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "a pool")]
pub(crate) struct Pool {
    /// The providers, tried as the strategy says; none at all answers 503.
    pub(crate) providers: Vec<Provider>,
    /// How it is reached beside its own name.
    #[serde(flatten)]
    pub(crate) reached: Reached,
    /// Everything else that may stand in a pool.
    #[serde(flatten)]
    pub(crate) keys: PoolKeys,
}

/// A target whose pool depends on what a request is for.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "pools by class")]
pub(crate) struct Pools {
    /// The pools.
    pub(crate) pools: Classes,
    /// How it is reached beside its own name.
    #[serde(flatten)]
    pub(crate) reached: Reached,
    /// What holds for each pool that does not set it itself; limits are shared by both.
    #[serde(flatten)]
    pub(crate) keys: PoolKeys,
}

/// A pool for each class of requests.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Classes {
    /// The pool of all requests that have no other.
    pub(crate) default: ClassPool,
    /// The pool of requests whose path ends in `/completions`, but not in `/chat/completions` (`default` when
    /// absent).
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
    /// One provider, its keys and the pool's side by side.
    Single(Box<Single>),
}

/// A target that is one provider. A key that both a pool and a provider know is the pool's here.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "a single provider")]
pub(crate) struct Single {
    /// The provider.
    #[serde(flatten)]
    pub(crate) endpoint: Endpoint,
    /// How it is reached beside its own name.
    #[serde(flatten)]
    pub(crate) reached: Reached,
    /// Everything that may stand in a pool.
    #[serde(flatten)]
    pub(crate) keys: PoolKeys,
}

/// Keys that a pool may set, and `defaults` for all of them.
#[derive(Default, Clone, Deserialize, JsonSchema)]
pub(crate) struct PoolKeys {
    /// Who may call this alias: literal tokens, or names from `auth.key_definitions`.
    pub(crate) keys: Option<Vec<Secret>>,
    /// Every request to the alias.
    pub(crate) rate_limit: Option<RateLimit>,
    /// Requests in flight, streams included until their last byte.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// Tokens that answers of the alias may take in a time.
    pub(crate) token_limit: Option<TokenLimit>,
    /// What answers of the alias may cost in a period.
    pub(crate) budget: Option<Budgets>,
    /// Requests that wait for these limits in place of being refused.
    pub(crate) queue: Option<Queue>,
    /// Headers added to every response of the alias.
    pub(crate) response_headers: Option<BTreeMap<String, String>>,
    /// How the next provider is chosen.
    #[schemars(extend("default" = "weighted_random"))]
    pub(crate) strategy: Option<Strategy>,
    /// When another provider is tried.
    pub(crate) fallback: Option<Fallback>,
    /// Default for the providers: whether trace headers may pass.
    #[schemars(extend("default" = false))]
    pub(crate) trusted: Option<bool>,
    /// Default for the providers: whether answers are rewritten to their documented fields.
    #[schemars(extend("default" = false))]
    pub(crate) sanitize_response: Option<bool>,
    /// How `strict_mode` checks requests to this alias.
    pub(crate) strict: Option<Strict>,
    /// Rules on the caller's labels; the first match wins.
    pub(crate) routing_rules: Option<Vec<RoutingRule>>,
    /// Labels that a provider must have, with these values, to be asked for this alias.
    pub(crate) require: Option<BTreeMap<String, String>>,
    /// The entries of the file's `guardrails` that every request to the alias passes.
    pub(crate) guardrails: Option<Vec<String>>,
    /// Time allowed to the providers.
    pub(crate) timeouts: Option<Timeouts>,
    /// When a failing provider rests.
    pub(crate) cooldown: Option<Cooldown>,
    /// How providers are probed.
    pub(crate) health_check: Option<HealthCheck>,
    /// What happens to a field that a provider's protocol cannot carry (`warn` when absent).
    #[schemars(extend("default" = "warn"))]
    pub(crate) lossy: Option<Lossy>,
    /// Where the ends of prompt caches are marked: `auto` marks them for clients that mark none (`client`
    /// when absent: only where the client does).
    #[schemars(extend("default" = "client"))]
    pub(crate) cache: Option<Cache>,
    /// Whether providers are asked for the tokens of streams, where clients do not ask (where they
    /// have a price, when absent).
    pub(crate) usage: Option<Usage>,
    /// What `sticky` requests have in common (the header `x-session-id`, else the caller's key,
    /// else the beginning of the prompt, when absent).
    pub(crate) sticky: Option<Sticky>,
    /// When a second provider is asked although the first has not failed.
    pub(crate) hedge: Option<Hedge>,
    /// What may be asked for through this alias: `inference`, other families of endpoints, or paths
    /// (all but the vendors' administrative paths when absent).
    #[schemars(length(min = 1))]
    pub(crate) endpoints: Option<Vec<String>>,
    /// The most requests in flight for each `account` that a label of the callers' keys names (no limit when
    /// absent).
    #[schemars(range(min = 1))]
    pub(crate) inflight_limit: Option<u32>,
    /// The same for accounts by name; wins over `inflight_limit`.
    #[schemars(inner(range(min = 1)))]
    pub(crate) account_inflight_limits: Option<BTreeMap<String, u32>>,
    /// Seconds between comments to a client that waits for its stream (none when absent).
    #[schemars(range(min = 1))]
    pub(crate) keepalive_secs: Option<u64>,
}

/// One provider of a pool.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Provider {
    /// Where it is and how it is spoken to.
    #[serde(flatten)]
    pub(crate) endpoint: Endpoint,
    /// Requests to this provider; two entries never share a limit.
    pub(crate) rate_limit: Option<RateLimit>,
    /// Requests in flight to this provider.
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    /// Tokens that answers of this provider may take in a time; then others are asked.
    pub(crate) token_limit: Option<TokenLimit>,
    /// What answers of this provider may cost in a period; then others are asked.
    pub(crate) budget: Option<Budgets>,
    /// Requests that wait for these limits where no other provider is free.
    pub(crate) queue: Option<Queue>,
    /// Headers added to responses of this provider; they win over the pool's.
    pub(crate) response_headers: Option<BTreeMap<String, String>>,
    /// The pool's when absent.
    pub(crate) trusted: Option<bool>,
    /// The pool's when absent.
    pub(crate) cache: Option<Cache>,
    /// The pool's when absent.
    pub(crate) sanitize_response: Option<bool>,
    /// The pool's, key by key, when absent.
    pub(crate) timeouts: Option<Timeouts>,
}

/// Keys that only a provider knows.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Endpoint {
    /// `http` or `https` base URL, or `mock:` to be answered by the router itself.
    pub(crate) url: String,
    /// Facts about it that `require` asks for, as in `{"region": "eu"}`.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// What its model can do and what it cannot, as in `{"vision": false}`.
    pub(crate) capabilities: Option<Capabilities>,
    /// What stands in the place of the version of a client's path, where the URL does not tell:
    /// `""` is nothing.
    pub(crate) api_prefix: Option<String>,
    /// The provider's credential; a list means one provider per credential; `${caller}` is the
    /// client's own.
    pub(crate) onwards_key: Option<Credentials>,
    /// The model sent upstream (the alias when absent); `${model}` is the name that was asked for,
    /// `${model#PREFIX}` the same without a prefix.
    pub(crate) onwards_model: Option<String>,
    /// Share of the traffic (1 when absent); 0 is used only when nothing else is left.
    #[schemars(extend("default" = 1))]
    pub(crate) weight: Option<u32>,
    /// Tier: 1 (when absent) is tried before 2.
    #[schemars(extend("default" = 1))]
    pub(crate) priority: Option<u32>,
    /// Shown in headers, logs and metrics (the host, made unique, when absent).
    pub(crate) name: Option<String>,
    /// The wire protocol it speaks.
    #[schemars(extend("default" = "openai"))]
    pub(crate) protocol: Option<Protocol>,
    /// Headers added to requests to this provider.
    pub(crate) request_headers: Option<BTreeMap<String, String>>,
    /// AWS region and credentials, for `bedrock`.
    pub(crate) aws: Option<Aws>,
    /// A Google service account, or that of the machine, for Vertex AI.
    pub(crate) gcp: Option<Gcp>,
    /// The header that carries the credential (`Authorization` when absent; `anthropic` and `gemini`
    /// have their own).
    #[schemars(extend("default" = "Authorization"))]
    pub(crate) upstream_auth_header_name: Option<String>,
    /// What stands before the credential (`"Bearer "` when absent; nothing for `anthropic` and
    /// `gemini`).
    #[schemars(extend("default" = "Bearer "))]
    pub(crate) upstream_auth_header_prefix: Option<String>,
    /// Seconds until response headers; the same as `timeouts.response_ms`.
    #[schemars(range(min = 1))]
    pub(crate) request_timeout_secs: Option<u64>,
    /// The model that stands behind `onwards_model`, where that name does not tell it: a deployment, an ARN.
    #[schemars(length(min = 1))]
    pub(crate) model_family: Option<String>,
    /// The most tokens it takes, prompt and answer together.
    #[schemars(range(min = 1))]
    pub(crate) context_window: Option<u64>,
    /// What its tokens cost; wins over `prices` of the file.
    pub(crate) price: Option<Price>,
    /// What its own error codes mean, as in `{"1113": "quota"}`.
    pub(crate) error_classes: Option<BTreeMap<String, Meaning>>,
    /// What its sentences mean where it has no code, as in `{"maximum context length":
    /// "context_window"}`.
    pub(crate) error_phrases: Option<BTreeMap<String, Meaning>>,
    /// The proxy that it is reached through: `http://`, `https://`, `socks5://` or `socks5h://`, with
    /// name and password where it wants them; `direct`: no proxy, even where the environment names one.
    pub(crate) proxy: Option<Secret>,
    /// TLS to it, where that differs from every other provider's.
    pub(crate) tls: Option<ProviderTls>,
    /// Whether `traceparent` and `tracestate` are sent on (`trusted` when absent).
    pub(crate) propagate_trace_context: Option<bool>,
    /// Serve `/v1/responses` through chat completions.
    pub(crate) open_responses: Option<OpenResponses>,
    /// Whether it is told what requests say of their own priority, in `priority` and `nvext` (as clients send
    /// them when absent).
    pub(crate) accepts_scheduling_priority: Option<bool>,
    /// How reasoning efforts are written for this provider.
    pub(crate) reasoning_translation: Option<ReasoningTranslation>,
}

/// Whether providers are asked for the tokens of streams, where clients do not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Usage {
    /// They are always asked for, and kept from clients that do not ask.
    Always,
    /// They are never asked for: the request's bytes are the client's.
    Never,
}

/// One credential, or one provider for each of several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Credentials {
    /// The credential.
    One(Secret),
    /// One provider per credential, in order.
    Many(#[schemars(length(min = 1))] Vec<Secret>),
}

/// AWS region and credentials; what is absent comes from the environment or the instance.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Aws {
    /// The region.
    pub(crate) region: Option<String>,
    /// The access key's id.
    pub(crate) access_key_id: Option<Secret>,
    /// The access key's secret.
    pub(crate) secret_access_key: Option<Secret>,
    /// The token of temporary credentials.
    pub(crate) session_token: Option<Secret>,
}

/// A Google account whose tokens a provider is asked with.
#[derive(Clone, Deserialize, JsonSchema)]
pub(crate) struct Gcp {
    /// The JSON text of a service account's key file, as in `${file:vertex.json}` (the file that
    /// `GOOGLE_APPLICATION_CREDENTIALS` names, else the machine's own account, when absent).
    pub(crate) service_account: Option<Secret>,
    /// What the tokens are good for.
    #[schemars(extend("default" = "https://www.googleapis.com/auth/cloud-platform"))]
    pub(crate) scope: Option<String>,
}

/// How `/v1/responses` is served.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct OpenResponses {
    /// Through the provider's chat completions endpoint.
    pub(crate) adapter: bool,
}
