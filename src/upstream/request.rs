//! The request for one provider: path, headers, credential, and the body with its model replaced.
//! Built anew for every attempt.
//!
//! The host comes from the configuration; nothing from a client is parsed as a URL.

use std::{borrow::Cow, time::SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, Version, header, uri::PathAndQuery};

use percent_encoding::utf8_percent_encode;

use super::{
    caching, gated,
    headers::{self, Passes},
    identity::Credential,
    inbound::Inbound,
    off_core,
    prepare::foreign,
    reasoning, scheduling, usage,
};
use crate::{
    body::{self, Model, Pieces, PiecesBody},
    path::{self, BasePath},
    protocol::{Endpoint, cache::Cache, codec::Platform, foreign::Change, token, vertex},
    sigv4,
    table::{Origin, Place, Provider, aws::Aws, pool::Headers, route::Route},
};

/// One call in the provider's protocol.
pub(crate) struct Call {
    /// The path with its query.
    pub(crate) path: String,
    /// Headers of the protocol.
    pub(crate) headers: Headers,
    /// The body.
    pub(crate) body: Bytes,
    /// Whether it asks for a stream.
    pub(crate) stream: bool,
}

/// The trace that a provider receives.
pub(super) struct Traced {
    /// `traceparent`.
    pub(super) parent: HeaderValue,
    /// Whether the trace begins here, so that the client's `tracestate` belongs to another.
    pub(super) begins: bool,
}

/// Further inputs of a request.
#[derive(Clone, Copy)]
pub(crate) struct With<'a> {
    /// The fetched credential, if the provider has none of its own.
    pub(super) credential: Option<&'a Credential>,
    /// The body's hash, if known.
    pub(super) hash: Option<&'a str>,
    /// The trace.
    pub(super) traced: Option<&'a Traced>,
}

/// The room for more headers than the client's own if the answer will tell what is left of limits: hyper reads the
/// answer's head into the memory of the request's, and a map that grows costs more than three headers.
fn room(inbound: &Inbound) -> usize {
    match inbound.demand {
        Some(_) => TOLD.saturating_sub(inbound.headers.len()),
        None => 0,
    }
}

/// Builds the request for one provider; with `http2`, the authority is in the URI.
pub(crate) fn build(
    inbound: &Inbound,
    provider: &Provider,
    (origin, base): (&Origin, &BasePath),
    call: Option<&Call>,
    with: With<'_>,
    http2: bool,
) -> Result<Request<PiecesBody>, http::Error> {
    let With { credential: fetched, hash, traced } = with;
    // The provider's credential, host and length replace the client's.
    let spare = (provider.request_headers.len() + 1).max(room(inbound));
    let mut headers = match call {
        None => {
            let Provider { protocol, propagates_trace, trusted, .. } = *provider;
            let encodings = !inbound.takes_tokens();
            let passes = Passes { trace: propagates_trace, trusted, encodings };
            headers::to_provider(&inbound.headers, inbound.rare, protocol, passes, spare)
        }
        Some(call) => {
            let mut headers = headers::to_stranger(&inbound.headers, inbound.speaks(), provider);
            headers::set(&mut headers, &call.headers);
            headers
        }
    };
    headers.insert(headers::REQUEST_ID, inbound.request_id.clone());
    if let Some((name, value)) = &provider.credential {
        headers.insert(name, value.clone());
    } else if let Some((name, value)) = callers_own(inbound, provider) {
        headers.insert(name, value);
    }
    if let Some(Credential::Bearer(value)) = fetched {
        headers.insert(header::AUTHORIZATION, value.clone());
    }
    if let Some(traced) = traced {
        headers::trace(&mut headers, &traced.parent, traced.begins);
    }
    let betas = gated::betas(inbound, provider);
    gated::tell(betas.as_deref(), &mut headers);
    headers::set(&mut headers, &provider.request_headers);
    if !http2 {
        headers.insert(header::HOST, origin.host.clone());
    }

    let (path, body) = path_and_body(inbound, provider, call, betas.as_deref());
    let joined = below(base, &path, inbound)?;
    let mut uri = http::uri::Parts::default();
    uri.path_and_query = Some(joined);
    if http2 {
        uri.scheme = origin.uri.scheme().cloned();
        uri.authority = origin.uri.authority().cloned();
    }

    if let (Some(aws), Some(path)) = (&provider.aws, &uri.path_and_query) {
        let method = inbound.method.as_str();
        let hash = hash.map_or_else(|| sigv4::payload_hash(&body).into(), Cow::Borrowed);
        sign(&mut headers, aws, fetched, method, origin, path.as_str(), &hash);
    }
    let mut request = Request::new(PiecesBody::from(body));
    *request.method_mut() = inbound.method.clone();
    *request.uri_mut() = Uri::from_parts(uri)?;
    *request.version_mut() = if http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    *request.headers_mut() = headers;
    Ok(request)
}

/// The path and query below the base. Most are unchanged, and are not written or parsed again.
fn below(base: &BasePath, path: &str, inbound: &Inbound) -> Result<PathAndQuery, http::Error> {
    match (*path == *inbound.path).then(|| inbound.path.kept_below(base)).flatten() {
        Some(kept) => Ok(kept),
        None => Ok(PathAndQuery::from_maybe_shared(Bytes::from(path::join(base, path)))?),
    }
}

/// The request for a proxy that forwards plain HTTP: with the whole URL and the proxy's credential.
pub(super) fn forwarded(
    mut request: Request<PiecesBody>,
    origin: &Origin,
    route: &Route,
) -> Request<PiecesBody> {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = origin.uri.scheme().cloned();
    parts.authority = origin.uri.authority().cloned();
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    if let Some(value) = route.proxy.as_ref().and_then(|proxy| proxy.authorization.as_ref()) {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, value.clone());
    }
    request
}

/// The client's own credential, if the provider uses it.
fn callers_own(inbound: &Inbound, provider: &Provider) -> Option<(HeaderName, HeaderValue)> {
    let (name, prefix) = provider.caller_credential.as_ref()?;
    let token = token::of(&inbound.headers)?;
    let mut value = HeaderValue::try_from(format!("{prefix}{token}")).ok()?;
    value.set_sensitive(true);
    Some((name.clone(), value))
}

/// The hash of a large body that is to be signed, computed on another thread.
pub(crate) async fn hash_off_core(
    inbound: &Inbound,
    provider: &Provider,
    call: Option<&Call>,
) -> Option<Box<str>> {
    let length = call.map_or(inbound.body.len(), |call| call.body.len() as u64);
    if provider.aws.is_none() || length <= off_core::LARGE as u64 {
        return None;
    }
    let betas = gated::betas(inbound, provider);
    let (_, body) = path_and_body(inbound, provider, call, betas.as_deref());
    Some(off_core::run(move || sigv4::payload_hash(&body).into()).await)
}

/// Signs the request. If that fails, it is sent unsigned, and the provider's refusal says so.
fn sign(
    headers: &mut HeaderMap,
    aws: &Aws,
    fetched: Option<&Credential>,
    method: &str,
    origin: &Origin,
    path_and_query: &str,
    payload_hash: &str,
) {
    let keys = match fetched {
        Some(Credential::Keys(keys)) => Some(keys),
        _ => aws.keys.as_ref(),
    };
    let Some(keys) = keys else { return };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let signed: Vec<(&str, &str)> =
        content_type.map(|value| ("content-type", value)).into_iter().collect();
    let request = sigv4::Outgoing {
        method,
        host: origin.host.to_str().unwrap_or_default(),
        path_and_query,
        headers: &signed,
        payload_hash,
    };
    let scope = sigv4::Scope { region: &aws.region, service: sigv4::BEDROCK };
    if let Ok(set) = sigv4::sign(&request, keys.pair(), scope, SystemTime::now()) {
        headers::set(headers, &set);
    }
}

/// Path and body for the provider's vendor.
fn path_and_body<'a>(
    inbound: &'a Inbound,
    provider: &Provider,
    call: Option<&'a Call>,
    betas: Option<&[&str]>,
) -> (Cow<'a, str>, Pieces) {
    let (path, body) = match call {
        None => {
            let mut body = asking_for_usage(inbound, provider);
            if provider.reasoning.is_some() {
                body = reasoning::written(body, inbound, provider);
            }
            if provider.cache == Cache::Auto {
                body = caching::marked(inbound, provider, body);
            }
            (path_for(inbound, provider), gated::cut(body, betas))
        }
        Some(call) => (call.path.as_str().into(), Pieces::from(call.body.clone())),
    };
    let body = if provider.hides_priority && !inbound.form {
        scheduling::without_priority(body)
    } else {
        body
    };
    if provider.platform == Platform::Vertex {
        vertex::adapted(path, body, &provider.model_for(inbound.asked_name()), inbound.stream)
    } else {
        (path, body)
    }
}

/// The client's path, with the models that stand for the alias replaced.
pub(crate) fn path_for<'a>(inbound: &'a Inbound, provider: &Provider) -> Cow<'a, str> {
    let path = &*inbound.path;
    let model = provider.model_for(inbound.asked_name());
    let own = match &inbound.endpoint {
        // The slash in a deployment's name must be encoded.
        Some(endpoint)
            if endpoint.names(&model) && !(endpoint.names_deployment() && model.contains('/')) =>
        {
            None
        }
        Some(endpoint) => endpoint.model_span.clone(),
        None => None,
    };
    let renames = *inbound.alias != *model;
    let in_path = (renames && inbound.may_name_in_path()).then(|| provider.in_path());
    if own.is_none() && inbound.mentions.in_path().is_empty() && in_path.is_none() {
        return Cow::Borrowed(path);
    }
    let named = inbound.mentions.in_path().iter().cloned();
    let below = in_path.map_or_else(Vec::new, |it| it.spans(path, &inbound.alias));
    let mut spans = own.into_iter().chain(below).chain(named).collect::<Vec<_>>();
    spans.dedup();
    let model = utf8_percent_encode(&model, path::NOT_IN_A_SEGMENT).to_string();
    let mut renamed = String::with_capacity(path.len() + model.len());
    let mut from = 0;
    for span in spans.into_iter().filter(|span| span.end <= path.len()) {
        renamed.push_str(path.get(from..span.start).unwrap_or_default());
        renamed.push_str(&model);
        from = span.end;
    }
    renamed.push_str(path.get(from..).unwrap_or_default());
    Cow::Owned(renamed)
}

/// Whether the request names a model that is neither the alias nor this provider's. It would be
/// served by that model.
pub(crate) fn names_another(inbound: &Inbound, provider: &Provider) -> bool {
    let model = || provider.model_for(inbound.asked_name());
    inbound.mentions.others().iter().any(|other| **other != *model())
        || (inbound.may_name_in_path()
            && provider.in_path().names_another(&path_for(inbound, provider), &model()))
}

/// The body with the option to report a stream's tokens, if it is added.
fn asking_for_usage(inbound: &Inbound, provider: &Provider) -> Pieces {
    let body = body_for(inbound, provider);
    match usage::to_ask(inbound, provider) {
        Some(ask) => usage::asked(body, ask, inbound.own_options.get().copied()),
        None => body,
    }
}

/// The client's bytes with the alias replaced by the provider's model, if the names differ.
fn body_for(inbound: &Inbound, provider: &Provider) -> Pieces {
    let changes = foreign::changes(inbound, provider);
    if !changes.is_empty() {
        return each_named(inbound, provider, changes);
    }
    if let Some(endpoint) = &inbound.endpoint
        && endpoint.operation.is_embed()
        && endpoint.model_span.is_some()
        && let Some(renamed) = renamed(inbound, endpoint, provider)
    {
        return renamed;
    }
    if !inbound.mentions.in_body().is_empty() {
        return each_named(inbound, provider, &[]);
    }
    match &inbound.model {
        Some(Model { span, name }) if name.as_ref() != Some(&provider.model) => {
            let written = match &provider.asked_model {
                None if inbound.form => provider.model_bare.clone(),
                None => provider.model_json.clone(),
                Some(asked) => match asked.of(inbound.asked_name()) {
                    same if name.as_deref() == Some(&*same) => return inbound.body.clone(),
                    model if inbound.form => Bytes::from(model),
                    model => body::json_string(&model),
                },
            };
            inbound.body.replace(span.clone(), written)
        }
        None => of_deployment(inbound, provider).unwrap_or_else(|| inbound.body.clone()),
        Some(_) => inbound.body.clone(),
    }
}

/// The body with the provider's model, if the path named an Azure deployment, the body names no
/// model, and the outgoing path has no deployment.
fn of_deployment(inbound: &Inbound, provider: &Provider) -> Option<Pieces> {
    let Place::Wire { base, .. } = &provider.place else { return None };
    let is_meant = inbound.endpoint.as_ref().is_some_and(Endpoint::names_deployment)
        && base.leaves_out_deployments()
        && !inbound.form;
    if !is_meant {
        return None;
    }
    let model = body::json_string(&provider.model_for(inbound.asked_name()));
    inbound.body.with_first_member("\"model\":", &model).map(|(body, _)| body)
}

/// The body with the model replaced in every place, and without parts of other vendors.
fn each_named(inbound: &Inbound, provider: &Provider, changes: &[Change]) -> Pieces {
    let json = match &provider.asked_model {
        None => provider.model_json.clone(),
        Some(asked) => body::json_string(&asked.of(inbound.asked_name())),
    };
    let bare = json.slice(1..json.len() - 1);
    let top = inbound.model.iter().map(|model| (model.span.clone(), json.clone()));
    let mut spans: Vec<_> =
        inbound.mentions.in_body().iter().map(|it| (it.clone(), bare.clone())).collect();
    spans.extend(top);
    spans.extend(changes.iter().map(|Change { of, with, .. }| {
        (of.start as u64..of.end as u64, Bytes::from(with.clone()))
    }));
    spans.sort_unstable_by_key(|(span, _)| span.start);
    inbound.body.replace_each(spans)
}

/// The body of a protocol that repeats the path's model in it.
fn renamed(inbound: &Inbound, endpoint: &Endpoint, provider: &Provider) -> Option<Pieces> {
    let model = provider.model_for(inbound.asked_name());
    if endpoint.names(&model) {
        return None;
    }
    let codec = endpoint.protocol.codec().embeddings()?;
    let body = codec.renamed(&inbound.body.to_bytes(), &model)?;
    Some(Pieces::from(Bytes::from(body)))
}

/// The headers of a usual answer, with all that the router adds where tokens or money are limited.
const TOLD: usize = 18;
