//! What an alias stands for: its providers, and every rule a request to it meets.
//!
//! All of it is decided when the table is compiled: headers are header values, models are JSON.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::{Access, Endpoints, Fallback, Origin, PoolId, aws::Aws, identity::Identity, mock};
use crate::{
    choose::Strategy,
    failure::ErrorClasses,
    live,
    path::BasePath,
    protocol::{Protocol, conversation::Lossy, profile::InPath},
};

crate::secret::unseen!(Pool, Provider, Place, StickyBy, Probe, Rule);

/// An alias's pool.
pub struct Pool {
    /// The name clients ask for.
    pub alias: Box<str>,
    /// Who may use it.
    pub access: Access,
    /// What may be asked for through it.
    pub endpoints: Endpoints,
    /// Rules on the caller's labels, in order.
    pub rules: Vec<Rule>,
    /// Limits on every request to the alias.
    pub limits: live::Limits,
    /// What else outlives a reload.
    pub live: Arc<live::Pool>,
    /// How the next provider is chosen inside a tier.
    pub strategy: Box<dyn Strategy>,
    /// Its name, as the file has it.
    pub strategy_name: &'static str,
    /// Whether leaving the first provider of a tier is itself a fallback (`priority`), or part of
    /// drawing (every other strategy).
    pub in_definition_order: bool,
    /// What requests have in common that shall meet the same provider, where the strategy asks.
    pub sticky: Option<StickyBy>,
    /// When another provider is tried.
    pub fallback: Fallback,
    /// Whether any provider says how long a prompt may be.
    pub has_windows: bool,
    /// When a second provider is asked although the first has not failed.
    pub hedge: Option<Hedge>,
    /// Between two comments to a client that waits for its stream.
    pub keepalive: Option<Duration>,
    /// In definition order.
    pub providers: Vec<Provider>,
    /// Added to answers of the router itself; those of providers are merged already.
    pub response_headers: Headers,
}

/// One upstream endpoint with one credential.
pub struct Provider {
    /// Shown in headers, logs and metrics; unique in its pool.
    pub name: Box<str>,
    /// The same as a header value.
    pub name_value: HeaderValue,
    /// `name=200`: the whole trail of most requests.
    pub served_value: HeaderValue,
    /// Where requests go.
    pub place: Place,
    /// The wire protocol it speaks.
    pub protocol: Protocol,
    /// Whether it is Vertex AI, which writes its publishers' protocols in its own way.
    pub on_vertex: bool,
    /// Whether `/v1/responses` is served through its chat completions.
    pub adapts_responses: bool,
    /// What happens to what cannot be said in that protocol.
    pub lossy: Lossy,
    /// The header that carries its credential.
    pub credential: Option<(HeaderName, HeaderValue)>,
    /// How its requests are signed, where they are.
    pub aws: Option<Aws>,
    /// Where its credential is fetched from, if it is not known.
    pub identity: Option<Arc<Identity>>,
    /// The model sent upstream.
    pub model: Box<str>,
    /// The same as a JSON string, quotes included.
    pub model_json: Bytes,
    /// The same as a form field.
    pub model_bare: Bytes,
    /// Share of the traffic; 0 is used only when nothing else is left.
    pub weight: u32,
    /// 1 is tried before 2.
    pub tier: u32,
    /// Added to requests.
    pub request_headers: Headers,
    /// Added to responses: the pool's and its own, which win.
    pub response_headers: Headers,
    /// Whether `traceparent` and `tracestate` are sent on.
    pub propagates_trace: bool,
    /// Time allowed.
    pub timeouts: Timeouts,
    /// The most tokens it takes.
    pub context_window: Option<u64>,
    /// What its own error codes mean.
    pub own_classes: Arc<ErrorClasses>,
    /// How it is probed.
    pub probe: Option<Probe>,
    /// Its limits.
    pub limits: live::Limits,
    /// What outlives a reload.
    pub live: Arc<live::Provider>,
    /// Its series, which go by its name.
    pub meters: Arc<live::ProviderMeters>,
}

/// Where a provider's requests go.
pub enum Place {
    /// Over the wire.
    Wire {
        /// Host and connections.
        origin: Arc<Origin>,
        /// What client paths are appended to.
        base: BasePath,
    },
    /// Nowhere: the router answers by itself.
    Mock(mock::Script),
}

/// Time allowed to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until response headers.
    pub response: Option<Duration>,
    /// Until the first event with content.
    pub first_event: Option<Duration>,
    /// To the last byte.
    pub total: Option<Duration>,
    /// Between two pieces of the body.
    pub idle: Duration,
}

/// What sticky requests have in common.
#[derive(Clone, PartialEq, Eq)]
pub enum StickyBy {
    /// A header's value.
    Header(HeaderName),
    /// The caller's key.
    Key,
    /// So many bytes of the prompt's beginning.
    Prefix(usize),
    /// The header of sessions, else the key, else the prompt's beginning.
    Whatever,
}

/// When a second provider is asked although the first has not failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hedge {
    /// How long the first may be silent.
    pub after: HedgeAfter,
    /// Further attempts, as a share of all requests.
    pub max_extra: f64,
    /// Whether requests with tools may be sent twice, too.
    pub side_effects: bool,
}

/// How long the first of two may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HedgeAfter {
    /// So long.
    Time(Duration),
    /// The time within which so many percent of the last answers began.
    Percentile(u32),
}

/// How a provider is probed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Probe {
    /// Asked with `GET` under the base URL.
    pub path: Box<str>,
    /// Between two probes.
    pub interval: Duration,
    /// Allowed to one.
    pub timeout: Duration,
    /// The status of a good one; any 2xx when absent.
    pub expects: Option<u16>,
}

/// A rule on the caller's labels.
pub struct Rule {
    /// Every label must be there with this value.
    pub labels: BTreeMap<String, String>,
    /// Another pool, or none: denied.
    pub redirect: Option<PoolId>,
}

/// Headers that replace what is there.
pub type Headers = Vec<(HeaderName, HeaderValue)>;

impl Provider {
    /// Where the paths below its URL name a model. Vertex AI's do, whatever protocol its
    /// publisher's models speak.
    pub fn in_path(&self) -> Option<InPath> {
        if self.on_vertex { Some(InPath::GOOGLES) } else { self.protocol.profile().in_path }
    }
}

impl Rule {
    /// Whether all of the rule's labels are among `labels`.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}
