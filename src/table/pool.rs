//! A pool: its providers, and all rules for a request to it.
//!
//! Everything is precomputed: headers are header values, models are JSON.

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
    models::tokens::Tokenizer,
    path::BasePath,
    protocol::{
        Protocol, cache::Cache, codec::Platform, conversation::Lossy, foreign, in_path::InPath,
        needs::Capabilities, service::Service,
    },
};

crate::secret::unseen!(Pool, Provider, Place, StickyBy, Probe, Rule);

/// The pool of an alias.
pub struct Pool {
    /// The name that clients send.
    pub(crate) alias: Box<str>,
    /// Replaces the name wherever it is shown, if it looks like a credential.
    pub(crate) mask: Option<Box<str>>,
    /// The pool of the same alias for text completions, if there is one.
    pub(crate) completions: Option<PoolId>,
    /// The pool of the alias, if this is its pool for completions.
    pub(crate) within: Option<PoolId>,
    /// The callers that may use it.
    pub(crate) access: Access,
    /// The endpoints that it serves.
    pub(crate) endpoints: Endpoints,
    /// Rules on the caller's labels, in order.
    pub(crate) rules: Vec<Rule>,
    /// What it requires of its providers.
    pub(crate) required: Option<Box<Required>>,
    /// The capabilities that some provider does not have, among all that its requests may reach.
    pub(crate) lacked: Capabilities,
    /// The guardrails for every request to it.
    pub(crate) guardrails: Option<Guardrails>,
    /// Limits on every request to the alias.
    pub limits: live::Limits,
    /// Whether the limits are shared with other pools of the alias.
    pub(crate) shares_limits: bool,
    /// The queue for the limits, if there is one.
    pub(crate) queue: Option<Arc<live::Queue>>,
    /// Whether a limit on tokens or money depends on its answers, or on those of pools that take
    /// over.
    pub(crate) counts: bool,
    /// Other state that outlives a reload.
    pub(crate) live: Arc<live::Pool>,
    /// The strategy for the next provider inside a tier.
    pub strategy: Box<dyn Strategy>,
    /// The strategy's name in the file.
    pub(crate) strategy_name: &'static str,
    /// Whether leaving the first provider of a tier is a fallback (`priority`), or part of the
    /// choice (every other strategy).
    pub in_definition_order: bool,
    /// Whether the strategy needs the cost of a request.
    pub(crate) by_cost: bool,
    /// The value by which sticky requests are grouped, if the strategy is sticky.
    pub(crate) sticky: Option<StickyBy>,
    /// When another provider is tried.
    pub fallback: Fallback,
    /// The aliases that take over text completions, if they differ.
    pub(crate) to_completions: Option<Box<[PoolId]>>,
    /// The AIMD controllers of first choices, if there are any.
    pub(crate) steering: Option<Steering>,
    /// Conversation affinity, if configured.
    pub(crate) affinity: Option<Box<Affinity>>,
    /// Whether any provider has a context window.
    pub(crate) has_windows: bool,
    /// When a second provider is asked although the first has not failed.
    pub(crate) hedge: Option<Hedge>,
    /// The time between comments to a client that waits for its stream.
    pub(crate) keepalive: Option<Duration>,
    /// The limits on requests in flight of each account.
    pub(crate) in_flight: Option<Box<InFlightLimits>>,
    /// The providers in definition order.
    pub providers: Vec<Provider>,
    /// How requests are checked before a provider is asked.
    pub(crate) checks: Option<Checks>,
    /// Headers of the router's own responses; those of providers are merged into the providers.
    pub(crate) response_headers: Headers,
}

/// One upstream endpoint with one credential.
pub struct Provider {
    /// The name in headers, logs and metrics; unique in its pool.
    pub name: Box<str>,
    /// The name without its number, if the number was added to make it unique.
    pub(crate) called: Option<Box<str>>,
    /// Replace its name and its model's wherever they are shown.
    pub(crate) masks: [Option<Box<str>>; 2],
    /// The name as a header value.
    pub(crate) name_value: HeaderValue,
    /// `name=200`, which is the whole trail of most requests.
    pub(crate) served_value: HeaderValue,
    /// The destination of its requests.
    pub place: Place,
    /// The protocol it speaks.
    pub(crate) protocol: Protocol,
    /// The platform that serves its models; platforms change some details of their publishers'
    /// protocols.
    pub(crate) platform: Platform,
    /// The service that speaks its protocol, as far as it matters.
    pub(crate) service: Service,
    /// What clients may send it of other providers' answers.
    pub(crate) others: Others,
    /// Whether `/v1/responses` is served through its chat completions.
    pub(crate) adapts_responses: bool,
    /// What happens to fields that its protocol cannot express.
    pub(crate) lossy: Lossy,
    /// Who sets the cache marks of prompts.
    pub(crate) cache: Cache,
    /// The header that carries its credential.
    pub credential: Option<(HeaderName, HeaderValue)>,
    /// The header for the client's own credential, and the text before it.
    pub(crate) caller_credential: Option<(HeaderName, Box<str>)>,
    /// How its requests are signed, if they are.
    pub(crate) aws: Option<Aws>,
    /// The source of its credential, if it is fetched.
    pub(crate) identity: Option<Arc<Identity>>,
    /// The model sent upstream, if it is fixed.
    pub model: Box<str>,
    /// How the model is built from the name that the client sent, if it is not fixed.
    pub(crate) asked_model: Option<AskedModel>,
    /// The model as a JSON string with quotes.
    pub(crate) model_json: Bytes,
    /// The model as a form field.
    pub(crate) model_bare: Bytes,
    /// The tokenizer of the fixed model.
    pub(crate) tokenizer: &'static Tokenizer,
    /// The price of its tokens.
    pub(crate) pricing: Pricing,
    /// Whether it is asked to report the tokens of streams if the client does not ask.
    pub(crate) asks_usage: bool,
    /// Its labels and capabilities.
    pub(crate) facts: Facts,
    /// The share of the traffic; 0 is used only if no other provider is left.
    pub weight: u32,
    /// 1 is tried before 2.
    pub(crate) tier: u32,
    /// Headers added to requests.
    pub(crate) request_headers: Headers,
    /// Headers added to responses: the pool's, overridden by its own.
    pub(crate) response_headers: Headers,
    /// Whether it receives trace and forwarding headers.
    pub(crate) trusted: bool,
    /// Whether the client's own scheduling priority is removed.
    pub(crate) hides_priority: bool,
    /// How reasoning efforts are written, if configured.
    pub(crate) reasoning: Option<Box<Reasoning>>,
    /// What happens to its responses.
    pub(crate) strict: Option<Strict>,
    /// Whether `traceparent` and `tracestate` are sent to it.
    pub(crate) propagates_trace: bool,
    /// The timeouts of an attempt.
    pub(crate) timeouts: Timeouts,
    /// The most tokens of prompt and answer.
    pub(crate) context_window: Option<u64>,
    /// The model behind its model's name, if configured.
    pub(crate) model_family: Option<Box<str>>,
    /// The classes of its own error codes.
    pub(crate) own_classes: Arc<ErrorClasses>,
    /// How it is probed.
    pub(crate) probe: Option<Probe>,
    /// The limits of the provider.
    pub limits: live::Limits,
    /// State that outlives a reload.
    pub(crate) live: Arc<live::Provider>,
    /// Its metrics, by its name.
    pub(crate) meters: Arc<live::ProviderMeters>,
}

/// What clients may send a provider of other providers' answers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Others {
    /// Some providers of the file have another protocol.
    pub(crate) answer: bool,
    /// Some providers sign their tool calls in a form that this one refuses.
    pub(crate) refused_proofs_of_calls: bool,
}

/// The destination of a provider's requests.
pub enum Place {
    /// An upstream server.
    Wire {
        /// The origin of its connections.
        origin: Arc<Origin>,
        /// The path before client paths.
        base: BasePath,
    },
    /// The router itself.
    Mock(mock::Script),
}

/// The timeouts of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Until response headers.
    pub(crate) response: Option<Duration>,
    /// Until the first event with content.
    pub(crate) first_event: Option<Duration>,
    /// To the last byte.
    pub(crate) total: Option<Duration>,
    /// Between two chunks of the body.
    pub(crate) idle: Duration,
}

/// The value by which sticky requests are grouped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StickyBy {
    /// A header's value.
    Header(HeaderName),
    /// The caller's key.
    Key,
    /// The first bytes of the prompt, this many.
    Prefix(usize),
    /// The session header, otherwise the key, otherwise the beginning of the prompt.
    Whatever,
}

/// When a second provider is asked although the first has not failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hedge {
    /// How long the first attempt may be silent.
    pub(crate) after: HedgeAfter,
    /// The most extra attempts, as a share of all requests.
    pub(crate) max_extra: f64,
    /// Whether requests with tools may also be sent twice.
    pub(crate) side_effects: bool,
}

/// How long the first attempt may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HedgeAfter {
    /// A fixed time.
    Time(Duration),
    /// The time within which this percentage of recent answers began.
    Percentile(u32),
}

/// How a provider is probed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Probe {
    /// Asked with `GET` under the base URL.
    pub(crate) path: Box<str>,
    /// Between two probes.
    pub(crate) interval: Duration,
    /// The timeout of one probe.
    pub(crate) timeout: Duration,
    /// The status of a successful probe; `None` is any 2xx.
    pub(crate) expects: Option<u16>,
}

/// A rule on the caller's labels.
pub(crate) struct Rule {
    /// The labels that must all match.
    pub(crate) labels: BTreeMap<String, String>,
    /// The pool to redirect to; `None` denies.
    pub(crate) redirect: Option<PoolId>,
}

/// Headers that replace existing ones.
pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

impl Pool {
    /// The AIMD controller of a provider's share, if it has one.
    pub(crate) fn aimd(&self, provider: usize) -> Option<&live::Aimd> {
        let is_controlled = self.steering?.controls(provider);
        self.providers.get(provider).filter(|_| is_controlled)?.live.aimd()
    }

    /// The pools that take over a request for this path, in order.
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
    /// Notes that the file has several protocols, or a provider that signs its calls, since clients
    /// may send any provider the answers of another.
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

    /// The model sent upstream for a name that the client sent.
    pub(crate) fn model_for(&self, asked: &str) -> Cow<'_, str> {
        match &self.asked_model {
            None => Cow::Borrowed(&self.model),
            Some(model) => Cow::Owned(model.of(asked)),
        }
    }

    /// The tokenizer of that model.
    pub(crate) fn tokenizer_for(&self, asked: &str) -> &'static Tokenizer {
        match &self.asked_model {
            None => self.tokenizer,
            Some(model) => Tokenizer::of(&model.of(asked)),
        }
    }

    /// Where the provider's paths name a model. Those of Vertex AI do, whatever protocol the
    /// publisher's models have.
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
