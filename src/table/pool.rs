//! What an alias stands for: its providers, and every rule a request to it meets.
//!
//! All of it is decided when the table is compiled: headers are header values, models are JSON.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::{
    Access, AskedModel, Endpoints, Fallback, Origin, PoolId,
    aws::Aws,
    classes,
    identity::Identity,
    in_flight::InFlightLimits,
    mock,
    policy::{Facts, Required},
    prices::Pricing,
    reasoning::Reasoning,
    steering::{Affinity, Steering},
    strict::{Checks, Strict},
};
use crate::{
    choose::Strategy,
    failure::ErrorClasses,
    guard::Guardrails,
    live,
    path::BasePath,
    protocol::{
        Protocol, cache::Cache, codec::Platform, conversation::Lossy, foreign, in_path::InPath,
        needs::Capabilities, service::Service,
    },
};

crate::secret::unseen!(Pool, Provider, Place, StickyBy, Probe, Rule);

/// An alias's pool.
pub struct Pool {
    /// The name clients ask for.
    pub(crate) alias: Box<str>,
    /// What stands for that name where it is shown, if it looks like a credential.
    pub(crate) mask: Option<Box<str>>,
    /// The pool of the same alias for requests to complete a text, where it has one.
    pub(crate) completions: Option<PoolId>,
    /// The pool of the alias, where this is its pool for such requests.
    pub(crate) within: Option<PoolId>,
    /// Who may use it.
    pub(crate) access: Access,
    /// What may be asked for through it.
    pub(crate) endpoints: Endpoints,
    /// Rules on the caller's labels, in order.
    pub(crate) rules: Vec<Rule>,
    /// What it requires of its providers.
    pub(crate) required: Option<Box<Required>>,
    /// What any provider says that it lacks that a request to it may come to.
    pub(crate) lacked: Capabilities,
    /// The guardrails that every request to it passes.
    pub(crate) guardrails: Option<Guardrails>,
    /// Limits on every request to the alias.
    pub limits: live::Limits,
    /// Whether these are those of the alias, of which this is one pool.
    pub(crate) shares_limits: bool,
    /// The requests that wait for these, where any may.
    pub(crate) queue: Option<Arc<live::Queue>>,
    /// Whether a limit on tokens or money depends on its answers, or on those of pools that take over.
    pub(crate) counts: bool,
    /// What else outlives a reload.
    pub(crate) live: Arc<live::Pool>,
    /// How the next provider is chosen inside a tier.
    pub strategy: Box<dyn Strategy>,
    /// Its name, as the file has it.
    pub(crate) strategy_name: &'static str,
    /// Whether leaving the first provider of a tier is itself a fallback (`priority`), or part of
    /// drawing (every other strategy).
    pub in_definition_order: bool,
    /// Whether the strategy asks what a request would cost.
    pub(crate) by_cost: bool,
    /// What requests have in common that shall meet the same provider, where the strategy asks.
    pub(crate) sticky: Option<StickyBy>,
    /// When another provider is tried.
    pub fallback: Fallback,
    /// The aliases that take over from requests to complete a text, where that makes a difference.
    pub(crate) to_completions: Option<Box<[PoolId]>>,
    /// How first choices are steered, where the file says so.
    pub(crate) steering: Option<Steering>,
    /// Conversations that stay with one provider, where the file says so.
    pub(crate) affinity: Option<Box<Affinity>>,
    /// Whether any provider says how long a prompt may be.
    pub(crate) has_windows: bool,
    /// When a second provider is asked although the first has not failed.
    pub(crate) hedge: Option<Hedge>,
    /// Between two comments to a client that waits for its stream.
    pub(crate) keepalive: Option<Duration>,
    /// The most requests in flight for each account, where the file says so.
    pub(crate) in_flight: Option<Box<InFlightLimits>>,
    /// In definition order.
    pub providers: Vec<Provider>,
    /// How requests are checked before any provider is asked.
    pub(crate) checks: Option<Checks>,
    /// Added to answers of the router itself; those of providers are merged already.
    pub(crate) response_headers: Headers,
}

/// One upstream endpoint with one credential.
pub struct Provider {
    /// Shown in headers, logs and metrics; unique in its pool.
    pub name: Box<str>,
    /// What it is called, where others are called so before it and its name has a number.
    pub(crate) called: Option<Box<str>>,
    /// What stands for that name, and for the model's, where it is shown.
    pub(crate) masks: [Option<Box<str>>; 2],
    /// The same as a header value.
    pub(crate) name_value: HeaderValue,
    /// `name=200`: the whole trail of most requests.
    pub(crate) served_value: HeaderValue,
    /// Where requests go.
    pub place: Place,
    /// The wire protocol it speaks.
    pub(crate) protocol: Protocol,
    /// Where its models are served: platforms write their publishers' protocols in their own ways.
    pub(crate) platform: Platform,
    /// Where its protocol is spoken, as far as that makes a difference.
    pub(crate) service: Service,
    /// What clients may give it of others' answers.
    pub(crate) others: Others,
    /// Whether `/v1/responses` is served through its chat completions.
    pub(crate) adapts_responses: bool,
    /// What happens to what cannot be said in that protocol.
    pub(crate) lossy: Lossy,
    /// Where the ends of prompt caches are marked.
    pub(crate) cache: Cache,
    /// The header that carries its credential.
    pub credential: Option<(HeaderName, HeaderValue)>,
    /// The header that carries the client's own credential to it, and what stands before that.
    pub(crate) caller_credential: Option<(HeaderName, Box<str>)>,
    /// How its requests are signed, where they are.
    pub(crate) aws: Option<Aws>,
    /// Where its credential is fetched from, if it is not known.
    pub(crate) identity: Option<Arc<Identity>>,
    /// The model sent upstream, where it is one for all names.
    pub model: Box<str>,
    /// How it is made of the name that a client asks for, where it depends on that.
    pub(crate) asked_model: Option<AskedModel>,
    /// The same as a JSON string, quotes included.
    pub(crate) model_json: Bytes,
    /// The same as a form field.
    pub(crate) model_bare: Bytes,
    /// What its tokens cost.
    pub(crate) pricing: Pricing,
    /// Whether it is asked for the tokens of streams of which clients do not ask for them.
    pub(crate) asks_usage: bool,
    /// What is said of it that requests may require.
    pub(crate) facts: Facts,
    /// Share of the traffic; 0 is used only when nothing else is left.
    pub weight: u32,
    /// 1 is tried before 2.
    pub(crate) tier: u32,
    /// Added to requests.
    pub(crate) request_headers: Headers,
    /// Added to responses: the pool's and its own, which win.
    pub(crate) response_headers: Headers,
    /// Whether it is told whom the client is forwarded for.
    pub(crate) trusted: bool,
    /// Whether what requests say of their own priority is kept from it.
    pub(crate) hides_priority: bool,
    /// How it is told how much to reason, where the file says so.
    pub(crate) reasoning: Option<Box<Reasoning>>,
    /// What is done with its answers.
    pub(crate) strict: Option<Strict>,
    /// Whether `traceparent` and `tracestate` are sent on.
    pub(crate) propagates_trace: bool,
    /// Time allowed.
    pub(crate) timeouts: Timeouts,
    /// The most tokens it takes.
    pub(crate) context_window: Option<u64>,
    /// The model that stands behind its model's name, where the file says it.
    pub(crate) model_family: Option<Box<str>>,
    /// What its own error codes mean.
    pub(crate) own_classes: Arc<ErrorClasses>,
    /// How it is probed.
    pub(crate) probe: Option<Probe>,
    /// Its limits.
    pub limits: live::Limits,
    /// What outlives a reload.
    pub(crate) live: Arc<live::Provider>,
    /// Its series, which go by its name.
    pub(crate) meters: Arc<live::ProviderMeters>,
}

/// What clients may give a provider of the answers of others in the same file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Others {
    /// Some are of another protocol.
    pub(crate) answer: bool,
    /// Some prove their calls, in a form that this one refuses.
    pub(crate) refused_proofs_of_calls: bool,
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
pub(crate) struct Timeouts {
    /// Until response headers.
    pub(crate) response: Option<Duration>,
    /// Until the first event with content.
    pub(crate) first_event: Option<Duration>,
    /// To the last byte.
    pub(crate) total: Option<Duration>,
    /// Between two pieces of the body.
    pub(crate) idle: Duration,
}

/// What sticky requests have in common.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StickyBy {
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
pub(crate) struct Hedge {
    /// How long the first may be silent.
    pub(crate) after: HedgeAfter,
    /// Further attempts, as a share of all requests.
    pub(crate) max_extra: f64,
    /// Whether requests with tools may be sent twice, too.
    pub(crate) side_effects: bool,
}

/// How long the first of two may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HedgeAfter {
    /// So long.
    Time(Duration),
    /// The time within which so many percent of the last answers began.
    Percentile(u32),
}

/// How a provider is probed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Probe {
    /// Asked with `GET` under the base URL.
    pub(crate) path: Box<str>,
    /// Between two probes.
    pub(crate) interval: Duration,
    /// Allowed to one.
    pub(crate) timeout: Duration,
    /// The status of a good one; any 2xx when absent.
    pub(crate) expects: Option<u16>,
}

/// A rule on the caller's labels.
pub(crate) struct Rule {
    /// Every label must be there with this value.
    pub(crate) labels: BTreeMap<String, String>,
    /// Another pool, or none: denied.
    pub(crate) redirect: Option<PoolId>,
}

/// Headers that replace what is there.
pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

impl Pool {
    /// The controller of the share of requests that a provider is asked first for, where that is steered.
    pub(crate) fn aimd(&self, provider: usize) -> Option<&live::Aimd> {
        let is_controlled = self.steering?.controls(provider);
        self.providers.get(provider).filter(|_| is_controlled)?.live.aimd()
    }

    /// The aliases whose pools take over from a request for this path, in order.
    pub(crate) fn coming(&self, path: &str) -> &[PoolId] {
        match &self.to_completions {
            Some(coming) if classes::is_completions(path) => coming,
            _ => &self.fallback.to,
        }
    }

    /// The alias as it may be shown.
    pub(crate) fn shown(&self) -> &str {
        self.mask.as_deref().unwrap_or(&self.alias)
    }
}

impl Provider {
    /// Providers of the file speak several protocols, or one of them proves its calls: clients give to any
    /// what another has answered.
    pub(crate) fn meets_others(&mut self, several: bool, proves_calls: bool) {
        self.others.answer = several;
        let takes_them = self.service.is_googles() || foreign::is_googles_model(&self.model);
        self.others.refused_proofs_of_calls = proves_calls && !takes_them;
    }

    /// Its name as it may be shown.
    pub(crate) fn shown(&self) -> &str {
        self.masks[0].as_deref().unwrap_or(&self.name)
    }

    /// The model as it may be shown.
    pub(crate) fn shown_model(&self) -> &str {
        self.masks[1].as_deref().unwrap_or(&self.model)
    }

    /// The model sent upstream for a name that a client asks for.
    pub(crate) fn model_for(&self, asked: &str) -> Cow<'_, str> {
        match &self.asked_model {
            None => Cow::Borrowed(&self.model),
            Some(model) => Cow::Owned(model.of(asked)),
        }
    }

    /// Where the paths below its URL name a model. Vertex AI's do, whatever protocol its
    /// publisher's models speak.
    pub(crate) fn in_path(&self) -> InPath {
        if self.platform == Platform::Vertex {
            InPath::GOOGLES
        } else {
            self.protocol.profile().in_path
        }
    }
}

impl Rule {
    /// Whether all of the rule's labels are among `labels`.
    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}
