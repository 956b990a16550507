//! Compiles one provider: its address, what is sent to it, and its state across reloads.

mod credential;
mod place;

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;

pub(super) use self::credential::credentials;
pub(super) use self::place::wire;
use super::{Compiler, headers, health, identity::Known, limits::asks_usage, prices};
use crate::{
    body,
    config::{Path, raw},
    live::AimdSettings,
    models::tokens::Tokenizer,
    protocol::{Protocol, codec::Platform, service::Service},
    secret::{Secret, names::mask},
    table::{
        AskedModel, Place, Provider,
        names::is_pattern,
        policy::Facts,
        pool::{Headers, Others, Timeouts},
        strict::Strict,
    },
};

/// The raw provider and its place.
pub(super) struct Entry<'a> {
    pub(crate) endpoint: &'a raw::Endpoint,
    /// Keys of a provider in a list; a single target's are its pool's.
    pub(crate) own: Option<&'a raw::Provider>,
    pub(crate) path: Path,
}

/// What a provider inherits from its pool.
pub(super) struct Inherited<'a> {
    pub(crate) keys: &'a raw::PoolKeys,
    pub(crate) response_headers: &'a Headers,
    pub(crate) path: &'a Path,
    /// Whether the pool limits tokens or money.
    pub(crate) counts: bool,
    /// The settings of the pool's AIMD controllers.
    pub(crate) aimd: Option<AimdSettings>,
    /// The alias of its requests.
    pub(crate) asked: &'a str,
}

impl Compiler<'_> {
    /// The providers of a pool, in order; one for each credential of an entry.
    pub(super) fn providers(
        &mut self,
        alias: &str,
        entries: &[Entry<'_>],
        inherited: &Inherited<'_>,
    ) -> Vec<Provider> {
        let mut providers = Vec::with_capacity(entries.len());
        let mut names = HashSet::new();
        for entry in entries {
            for credential in credentials(entry.endpoint) {
                let provider = self.provider(alias, entry, credential, inherited, &mut names);
                providers.extend(provider);
            }
        }
        providers
    }

    fn provider(
        &mut self,
        alias: &str,
        entry: &Entry<'_>,
        credential: Option<&Secret>,
        inherited: &Inherited<'_>,
        names: &mut HashSet<String>,
    ) -> Option<Provider> {
        let Entry { endpoint, own, path } = entry;
        let timeouts = timeouts(inherited.keys, *own, endpoint);
        let place = self.place(endpoint, path, timeouts.connect)?;
        let protocol = endpoint.protocol.unwrap_or_default();
        let platform = self.platform(protocol, &place, path);
        let known = self.known(endpoint, protocol, &place, path);
        let [name, base] = self.name(endpoint, &place, path, names)?;
        let in_headers = self.shared.named(&name)?;
        let digest = digest(endpoint, credential, &known);
        let (live, counts) = self.live(alias, &digest, entry, inherited);
        let (model, asked_model) = self.model(inherited.asked, endpoint, path);
        let trusted = own.and_then(|own| own.trusted).or(inherited.keys.trusted).unwrap_or(false);
        let pricing = prices::of_provider(&self.prices, endpoint.price.as_ref(), &model, &place);
        Some(Provider {
            probe: self.probe(inherited.keys.health_check.as_ref(), &place, inherited.path),
            reasoning: self.reasoning(endpoint.reasoning_translation.as_ref(), path).map(Box::new),
            name_value: in_headers.value,
            served_value: in_headers.served,
            meters: self.draft.name(alias, &name),
            masks: [mask(&name), mask(&model)],
            called: (base != name).then_some(base),
            name,
            service: self.service(protocol, &place, platform),
            adapts_responses: adapts_responses(endpoint, &place),
            place,
            protocol,
            platform,
            others: Others::default(),
            lossy: inherited.keys.lossy.unwrap_or_default(),
            cache: own.and_then(|own| own.cache).or(inherited.keys.cache).unwrap_or_default(),
            credential: self.credential(endpoint, protocol, credential, path),
            caller_credential: self.caller_credential(endpoint, protocol, credential, path),
            aws: known.aws,
            identity: known.identity,
            asks_usage: asks_usage(inherited.keys.usage, &pricing, counts),
            pricing,
            tokenizer: Tokenizer::of(&model),
            model_json: body::json_string(&model),
            model_bare: Bytes::copy_from_slice(model.as_bytes()),
            model,
            asked_model,
            weight: endpoint.weight.unwrap_or(1),
            tier: endpoint.priority.unwrap_or(1),
            request_headers: self.request_headers(endpoint, path),
            facts: facts(endpoint),
            response_headers: self.response_headers(*own, inherited, path),
            trusted,
            strict: self.strict(*own, inherited.keys, trusted),
            hides_priority: endpoint.accepts_scheduling_priority == Some(false),
            propagates_trace: endpoint.propagate_trace_context.unwrap_or(trusted),
            timeouts: timeouts.of_attempt,
            model_family: self.model_family(endpoint, path),
            context_window: endpoint.context_window,
            own_classes: self.shared.classes(health::own_classes(endpoint)),
            limits: live.limits().clone(),
            live,
        })
    }

    fn request_headers(&mut self, endpoint: &raw::Endpoint, path: &Path) -> Headers {
        self.headers(endpoint.request_headers.as_ref(), &path.key("request_headers"))
    }

    fn response_headers(
        &mut self,
        own: Option<&raw::Provider>,
        inherited: &Inherited<'_>,
        path: &Path,
    ) -> Headers {
        let own = own.and_then(|own| own.response_headers.as_ref());
        let own = self.headers(own, &path.key("response_headers"));
        headers::merged(inherited.response_headers, own)
    }

    /// The service that speaks the provider's protocol.
    fn service(&mut self, protocol: Protocol, place: &Place, platform: Platform) -> Service {
        let (first, several) = self.protocols.unwrap_or((protocol, false));
        self.protocols = Some((first, several || first != protocol));
        let Place::Wire { origin, .. } = place else { return Service::Unknown };
        let on_vertex = platform == Platform::Vertex;
        let host = origin.host.to_str().unwrap_or_default();
        let service = Service::of(protocol, host, on_vertex);
        self.proves_calls |= service.is_googles();
        service
    }

    fn model_family(&mut self, endpoint: &raw::Endpoint, own: &Path) -> Option<Box<str>> {
        let family = endpoint.model_family.as_deref()?;
        if family.trim().is_empty() {
            let hint = "write the name of a model, such as `claude-sonnet-4-5`";
            self.problem(&own.key("model_family"), "must not be empty", Some(hint.into()));
        }
        Some(family.into())
    }

    /// What happens to its responses: strict mode cleans them and masks the errors of untrusted
    /// providers; `sanitize_response` does both.
    fn strict(
        &self,
        own: Option<&raw::Provider>,
        pool: &raw::PoolKeys,
        trusted: bool,
    ) -> Option<Strict> {
        let sanitizes = own.and_then(|own| own.sanitize_response).or(pool.sanitize_response);
        let sanitizes = sanitizes.unwrap_or(false);
        (self.strict_mode || sanitizes).then_some(Strict { masks: sanitizes || !trusted })
    }

    /// The model sent upstream, or how it is built from the name that the client sent, which is the
    /// default behind a pattern.
    fn model(
        &mut self,
        alias: &str,
        endpoint: &raw::Endpoint,
        path: &Path,
    ) -> (Box<str>, Option<AskedModel>) {
        match endpoint.onwards_model.as_deref() {
            None if is_pattern(alias) => (alias.into(), Some(AskedModel::default())),
            None => (alias.into(), None),
            Some(model) => match AskedModel::read(model) {
                Ok(asked) => (model.into(), asked),
                Err(why) => {
                    self.problem(&path.key("onwards_model"), why, None);
                    (model.into(), None)
                }
            },
        }
    }

    /// The configured name, or the host, with a number if it is not unique.
    fn name(
        &mut self,
        endpoint: &raw::Endpoint,
        place: &Place,
        path: &Path,
        names: &mut HashSet<String>,
    ) -> Option<[Box<str>; 2]> {
        let base = match (&endpoint.name, place) {
            (Some(name), _) if !is_name(name) => {
                let hint = "use letters, digits and `-_.:/@`";
                self.problem(
                    &path.key("name"),
                    "this is not a valid header value",
                    Some(hint.into()),
                );
                return None;
            }
            (Some(name), _) => name.clone(),
            (None, Place::Wire { origin, .. }) => {
                origin.uri.host().unwrap_or("provider").to_owned()
            }
            (None, Place::Mock(_)) => "mock".to_owned(),
        };
        let numbered = (2..).map(|nth| format!("{base}-{nth}"));
        let free =
            std::iter::once(base.clone()).chain(numbered).find(|name| !names.contains(name))?;
        names.insert(free.clone());
        Some([free.into(), base.into()])
    }
}

/// The router's own responses are chat completions.
fn adapts_responses(endpoint: &raw::Endpoint, place: &Place) -> bool {
    matches!(place, Place::Mock(_)) || endpoint.open_responses.is_some_and(|it| it.adapter)
}

/// The timeouts of a provider: its own, otherwise the pool's, key by key.
struct Allowed {
    connect: Duration,
    of_attempt: Timeouts,
}

fn timeouts(
    pool: &raw::PoolKeys,
    own: Option<&raw::Provider>,
    endpoint: &raw::Endpoint,
) -> Allowed {
    let pool = pool.timeouts.unwrap_or_default();
    let own = own.and_then(|own| own.timeouts).unwrap_or_default();
    let response = endpoint.request_timeout_secs.map(|secs| secs.saturating_mul(1000));
    let millis = |set: Option<u64>| set.map(Duration::from_millis);
    Allowed {
        connect: Duration::from_millis(own.connect_ms.or(pool.connect_ms).unwrap_or(CONNECT_MS)),
        of_attempt: Timeouts {
            response: millis(own.response_ms.or(response).or(pool.response_ms)),
            first_event: millis(own.first_event_ms.or(pool.first_event_ms)),
            idle: Duration::from_millis(own.idle_ms.or(pool.idle_ms).unwrap_or(IDLE_MS)),
            total: millis(own.total_ms.or(pool.total_ms)),
        },
    }
}

/// The identity of a provider: its endpoint, credential and model; not its weight, name or limits.
fn digest(endpoint: &raw::Endpoint, credential: Option<&Secret>, known: &Known) -> String {
    let mut hasher = blake3::Hasher::new();
    let model = endpoint.onwards_model.as_deref();
    for part in [Some(endpoint.url.as_str()), credential.map(Secret::expose), model] {
        let part = part.unwrap_or_default();
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let pair = known.aws.as_ref().and_then(|aws| aws.keys.as_ref());
    if let Some(pair) = pair {
        hasher.update(pair.access_key_id.as_bytes());
    }
    if let Some(identity) = &known.identity {
        hasher.update(identity.digest.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The labels and capabilities that requests may need.
fn facts(endpoint: &raw::Endpoint) -> Facts {
    let lacks = endpoint.capabilities.iter().flat_map(raw::Capabilities::lacking).collect();
    Facts { labels: endpoint.labels.clone().unwrap_or_default(), lacks }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(plain)
}

const CONNECT_MS: u64 = 5_000;
const IDLE_MS: u64 = 300_000;
