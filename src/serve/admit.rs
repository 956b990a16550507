//! The checks before a request may hold limits, in this order: path, size, alias, key, right, rules.
//!
//! The types enforce the order: only what is `Allowed` can hold limits, so a refused request uses
//! up nothing of a later check.

use std::sync::{Arc, OnceLock};

use http::{HeaderMap, Method, Request, Uri, header, uri::PathAndQuery};
use hyper::body::Incoming;

use super::{
    counted, demand,
    door::Door,
    encoding, endpoint,
    intake::{self, BodyLimits},
    medium::{self, Medium},
    mentions::{self, Asked},
    output_cap,
    permits::Permits,
    signature, token,
};
use crate::{
    body::Found,
    gateway::Gateway,
    path,
    protocol::{Endpoint, Operation, Surface, conversation::Delivery},
    rare::{Name, Rare},
    record::Record,
    refusal::Refusal,
    table::{Caller, Pool, PoolId, Table, access},
    upstream::{
        given_up::GivenUp,
        inbound::{Inbound, Mentions},
        resends::Resends,
    },
};

/// A request that its caller may make.
pub(crate) struct Allowed {
    /// The pool of the requested alias.
    pub(crate) asked: PoolId,
    /// The pool that will serve it.
    pub(crate) pool: PoolId,
    /// The sender.
    pub(crate) caller: Caller,
}

/// A request within its limits. The permits are released when the response body is dropped.
pub(crate) struct Held {
    /// The table that was live when this request began.
    pub(crate) table: Arc<Table>,
    /// The pool that serves it.
    pub(crate) pool: PoolId,
    /// Who sent it.
    pub(crate) caller: Caller,
    /// The permits of key, team and pool.
    pub(crate) permits: Permits,
}

/// The model in the path.
fn model_in(endpoint: Option<&Endpoint>) -> Option<&str> {
    endpoint.and_then(|endpoint| endpoint.model.as_deref())
}

/// Checks path, size and alias.
pub(crate) async fn admit(
    request: Request<Incoming>,
    rare: Rare,
    mut endpoint: Option<Endpoint>,
    gateway: &Gateway,
    limits: &BodyLimits,
    record: &mut Record,
) -> Result<Inbound, Refusal> {
    let (mut head, incoming) = request.into_parts();
    check_method(&head.method, &head.headers)?;
    let path = token::take_from_query(path_of(&head.uri)?, endpoint.as_ref(), &mut head.headers)
        .map_err(|_| Refusal::InvalidPath)?;
    signature::believe(&head.uri, &mut head.headers);
    let surface = surface(&path, endpoint.as_ref(), &head.method);
    let codings = encoding::take(&mut head.headers, rare)?;
    let named = in_header(&head.headers, rare).map(|named| named.or(model_in(endpoint.as_ref())));
    let door = Door::new(gateway, &head.headers, named.as_ref().ok().copied().flatten());
    let medium = medium::of(&head.headers, rare, &surface)?;
    let (is_json, is_pairs) = (medium == Medium::Json { declared: true }, medium == Medium::Pairs);
    let (body, read) = if codings.is_empty() {
        intake::read(medium, head.version, incoming, limits, &door).await?
    } else {
        // Boxed, since few bodies are compressed.
        Box::pin(intake::read_packed(codings, medium, head.version, incoming, limits, &door))
            .await?
    };
    record.came(body.len(), false);
    medium::check_read(is_pairs, &body)?;
    let must_read = || endpoint::is_known(&path) || medium::must_be_read(is_json, &body, &surface);
    let (found, alias) = found_and_alias(read.found, named?, &path, &surface, must_read)?;
    let (of, text) = (endpoint.as_ref(), Some(&body).filter(|_| !read.form));
    let asked = Asked { path: &path, endpoint: of, surface: &surface, body: text, found: &found };
    let (Some(alias), mentions) = mentioned(alias, &asked).await? else {
        return Err(endpoint::or_not_found(Refusal::MissingModel, &path));
    };
    endpoint.iter_mut().for_each(|it| endpoint::settle(it, &body));
    Ok(Inbound {
        stream: wants_stream(endpoint.as_ref(), &found),
        needs_body: needs_body(&head.method, endpoint.as_ref(), &path),
        resends: Resends::default(),
        given_up: GivenUp::default(),
        request_id: http::HeaderValue::from_static(""),
        path,
        alias,
        meant: None,
        model: found.model.filter(|_| is_replaced(endpoint.as_ref(), &surface)),
        mentions,
        family: endpoint::family(&surface, &body),
        endpoint,
        reading: OnceLock::new(),
        foreign_proofs: OnceLock::new(),
        own_options: OnceLock::new(),
        demand: None,
        required: None,
        guardrails: None,
        counted: OnceLock::new(),
        method: head.method,
        headers: head.headers,
        rare,
        body,
        share: read.share,
        budget: limits.budget,
        form: read.form,
    })
}

/// The alias, and all other places that name a model.
async fn mentioned(
    alias: Option<Box<str>>,
    asked: &mentions::Asked<'_>,
) -> Result<(Option<Box<str>>, Mentions), Refusal> {
    if mentions::is_large(asked) {
        // Boxed, since few requests need this space.
        return Box::pin(mentions::read_off_core(alias, asked)).await;
    }
    mentions::read(alias, asked)
}

/// What the body contains, and the alias from header, path or body.
fn found_and_alias(
    found: Result<Found, Refusal>,
    named: Option<&str>,
    path: &str,
    surface: &Surface,
    must_be_read: impl FnOnce() -> bool,
) -> Result<(Found, Option<Box<str>>), Refusal> {
    let (found, alias) = match (found, named) {
        // A header may name the alias, but the provider reads the body.
        (Err(refusal), Some(_)) if must_be_read() => return Err(refusal),
        (Err(Refusal::DuplicateModel), Some(_)) => return Err(Refusal::DuplicateModel),
        (found, Some(alias)) => (found.unwrap_or_default(), Some(alias.into())),
        (Ok(found), None) => {
            let top = found.model.as_ref().filter(|_| !surface.names_top_level());
            let alias = top.and_then(|model| model.name.clone());
            (found, alias)
        }
        (Err(refusal), None) => return Err(endpoint::or_not_found(refusal, path)),
    };
    // Only on a vendor's own paths may another place name the alias.
    if alias.is_none() && surface.family.is_none() {
        return Err(endpoint::or_not_found(Refusal::MissingModel, path));
    }
    Ok((found, alias))
}

/// Whether the body's top-level model is the alias and is replaced by the provider's model.
fn is_replaced(endpoint: Option<&Endpoint>, surface: &Surface) -> bool {
    let in_path = endpoint.filter(|endpoint| endpoint.model.is_some());
    in_path.is_none_or(Endpoint::names_deployment) && !surface.names_top_level()
}

/// Whether the endpoint needs a body.
fn needs_body(method: &Method, endpoint: Option<&Endpoint>, path: &str) -> bool {
    *method == Method::POST && (endpoint.is_some() || endpoint::is_known(path))
}

/// The kind of endpoint at the path. Nearly all requests use a known endpoint, which needs no
/// look-up.
fn surface(path: &str, endpoint: Option<&Endpoint>, method: &Method) -> Surface {
    let asks = method == Method::POST;
    match endpoint {
        Some(Endpoint { operation: Operation::Generate, is_odd: false, .. }) if asks => {
            Surface::MAIN
        }
        Some(Endpoint {
            operation: Operation::Embed | Operation::CountTokens,
            model_span: None,
            is_odd: false,
            ..
        }) if asks => Surface::MAIN,
        _ => {
            let reads = matches!(*method, Method::GET | Method::HEAD);
            Surface::of(path, asks, !asks && !reads)
        }
    }
}

/// Whether the client asks for a stream: in the path in some protocols, in the body in others.
fn wants_stream(endpoint: Option<&Endpoint>, found: &Found) -> bool {
    let delivery = endpoint.and_then(|endpoint| endpoint.delivery);
    delivery.map_or(found.stream == Some(true), |it| it != Delivery::Whole)
}

/// The path and query, unless a provider could resolve them outside its base URL.
fn path_of(uri: &Uri) -> Result<&PathAndQuery, Refusal> {
    let path = uri.path_and_query().ok_or(Refusal::InvalidPath)?;
    path::check(path.as_str()).map(|()| path).map_err(|_| Refusal::InvalidPath)
}

fn check_method(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if matches!(*method, Method::CONNECT | Method::TRACE | Method::OPTIONS) {
        Err(Refusal::MethodNotAllowed)
    } else if *method == Method::GET && is_upgrade(headers) {
        Err(Refusal::UpgradeRefused)
    } else {
        Ok(())
    }
}

/// Whether the client asks for a WebSocket.
fn is_upgrade(headers: &HeaderMap) -> bool {
    let value = headers.get(header::UPGRADE).map(|value| value.as_bytes().to_ascii_lowercase());
    value.is_some_and(|value| value.starts_with(b"websocket"))
}

/// The alias in the header. It is never ignored, since otherwise the body's model would be used.
fn in_header(headers: &HeaderMap, rare: Rare) -> Result<Option<&str>, Refusal> {
    let Some(value) = rare.get(headers, Name::ModelOverride) else { return Ok(None) };
    // Two readers could choose different lines.
    if headers.get_all("model-override").iter().any(|other| other != value) {
        return Err(Refusal::Ambiguous("its headers name two models"));
    }
    std::str::from_utf8(value.as_bytes()).map(Some).map_err(|_| Refusal::InvalidModelOverride)
}

/// Checks the key: who sent the request.
///
/// `hash` is that of the body, if known; `base` is the prefix removed from its path.
pub(crate) fn caller(
    table: &Table,
    inbound: &Inbound,
    hash: Option<&str>,
    base: Option<&str>,
) -> Caller {
    match token::of(&inbound.headers) {
        None => signature::caller(&table.keyring, inbound, hash, base),
        token => table.keyring.caller(token),
    }
}

/// Checks right and rules.
///
/// # Errors
/// The alias does not exist, or the caller may not use it.
pub(crate) fn allow(
    table: &Table,
    caller: Caller,
    inbound: &mut Inbound,
) -> Result<Allowed, Refusal> {
    let Some(asked) = table.find(&inbound.alias) else {
        return Err(access::unknown(table, caller, &inbound.alias));
    };
    inbound.meant = table.meant(&inbound.alias).map(Box::from);
    let pool = access::resolve(table, asked, &inbound.alias, &inbound.path, caller)?;
    may_ask(table.pool(pool), inbound)?;
    Ok(Allowed { asked, pool, caller })
}

/// Checks whether the alias serves this endpoint.
pub(crate) fn may_ask(pool: &Pool, inbound: &Inbound) -> Result<(), Refusal> {
    if !pool.endpoints.permit(&inbound.path, inbound.family) {
        return Err(Refusal::EndpointNotAllowed);
    }
    let is_own = |other: &str| pool.providers.iter().any(|provider| *provider.model == *other);
    match inbound.mentions.others().iter().find(|other| !is_own(other)) {
        Some(other) => Err(Refusal::OtherModel(other.to_string())),
        None => Ok(()),
    }
}

/// The limit on output tokens from the caller's key.
pub(crate) fn cap(table: &Table, allowed: &Allowed) -> Option<u64> {
    access::terms(table, allowed.caller)?.max_output_tokens
}

/// Whether a limit on tokens or money depends on the answer to this caller.
pub(crate) fn counts(table: &Table, allowed: &Allowed) -> bool {
    let of_caller = || match allowed.caller {
        Caller::Known(key) => {
            let key = table.keyring.key(key);
            let team = key.terms.as_ref().and_then(|terms| terms.team.as_ref());
            key.limits.quota().is_some() || team.is_some_and(|team| team.limits.quota().is_some())
        }
        _ => false,
    };
    table.pool(allowed.pool).counts || of_caller()
}

/// Estimates what the answer will use, and writes the key's output limit into the request. A large
/// body is read beside this core.
///
/// # Errors
/// The request has no field for the limit, or cannot be counted.
pub(crate) async fn estimate(
    table: &Table,
    allowed: &Allowed,
    inbound: &mut Inbound,
) -> Result<(), Refusal> {
    let asked = match cap(table, allowed) {
        Some(cap) => {
            let provider = table.pool(allowed.pool).providers.first();
            let model = provider.map(|it| it.model_for(inbound.asked_name())).unwrap_or_default();
            Some(output_cap::write(inbound, cap, &model).await?)
        }
        None => None,
    };
    if counts(table, allowed) {
        counted::check(inbound).await?;
        let asked = match asked {
            Some(asked) => asked,
            None => output_cap::read(inbound).await,
        };
        expect(table, allowed, inbound, asked);
    }
    Ok(())
}

/// Estimates what the answer will use, in one walk through the body most often. The body is not large, and nothing is
/// written into it.
///
/// # Errors
/// The request cannot be counted.
pub(crate) fn estimate_here(
    table: &Table,
    allowed: &Allowed,
    inbound: &mut Inbound,
) -> Result<(), Refusal> {
    let (mut delivery, mut output) = (counted::Seen::of(inbound), output_cap::Seen::of(inbound));
    let is_asked = delivery.is_some() || output.is_some();
    let is_seen = is_asked
        && inbound.count_input(|name, value| {
            delivery.iter_mut().for_each(|seen| seen.field(name, value));
            output.iter_mut().for_each(|seen| seen.field(name, value));
        });
    counted::check_seen(inbound, delivery.as_ref().filter(|_| is_seen))?;
    let asked = output_cap::read_seen(inbound, output.filter(|_| is_seen));
    expect(table, allowed, inbound, asked);
    Ok(())
}

/// Notes what the answer will probably use, for the reservations.
fn expect(table: &Table, allowed: &Allowed, inbound: &mut Inbound, asked: output_cap::Asked) {
    let provider = table.pool(allowed.pool).providers.first();
    let tokenizer = provider.map(|it| it.tokenizer_for(inbound.asked_name()));
    inbound.demand = Some(Box::new(demand::of(inbound, tokenizer, asked)));
}
