//! Whether a request may be tried at all, in the contract's order of checks:
//! path → size → alias → key → right → rules → limits.
//!
//! The types hold the order: only what is `Allowed` can hold limits, so a refused request spends
//! nothing of a later check.

use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderMap, HeaderName, Method, Request, header};
use hyper::body::Incoming;
use smallvec::SmallVec;

use super::{
    endpoint,
    intake::{self, BodyLimits},
};
use crate::{
    live::{Limited, Limits, Permit},
    path,
    refusal::{Refusal, Whose},
    table::{Access, Caller, Pool, PoolId, Table},
    upstream::request::Inbound,
};

/// A request that is well formed and names an alias.
pub struct Admitted {
    /// What attempts are built from.
    pub inbound: Inbound,
    /// The alias asked for.
    pub alias: Box<str>,
}

/// A request that its caller may make.
pub struct Allowed {
    /// The table that this request began under.
    pub table: Arc<Table>,
    /// The pool that will serve it.
    pub pool: PoolId,
    caller: Caller,
}

/// A request within its limits; the permits are given back when the response body is dropped.
pub struct Held {
    /// The table that this request began under.
    pub table: Arc<Table>,
    /// The pool that serves it.
    pub pool: PoolId,
    /// The permits of key and pool.
    pub permits: Permits,
}

/// What a request holds.
pub type Permits = SmallVec<[Permit; 3]>;

/// Path → size → alias.
pub async fn admit(request: Request<Incoming>, limits: BodyLimits) -> Result<Admitted, Refusal> {
    let (head, incoming) = request.into_parts();
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        return Err(Refusal::MethodNotAllowed);
    }
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    path::check(path).map_err(|_| Refusal::InvalidPath)?;

    let named = head.headers.get(MODEL_OVERRIDE).and_then(|value| value.to_str().ok());
    let (body, read) = intake::read(&head.headers, incoming, limits).await?;
    let (found, alias) = match (read.found, named) {
        (found, Some(alias)) => (found.unwrap_or_default(), Some(alias.into())),
        (Ok(found), None) => {
            let alias = found.model.as_ref().and_then(|model| model.name.clone());
            (found, alias)
        }
        (Err(refusal), None) => return Err(endpoint::or_not_found(refusal, path)),
    };
    let Some(alias) = alias else {
        return Err(endpoint::or_not_found(Refusal::MissingModel, path));
    };
    let needs_body = head.method == Method::POST && endpoint::is_known(path);
    let inbound = Inbound {
        path: path.into(),
        method: head.method,
        headers: head.headers,
        body,
        stream: found.stream == Some(true),
        model: found.model,
        form: read.form,
        needs_body,
    };
    Ok(Admitted { inbound, alias })
}

/// Key → right → rules.
pub fn allow(table: Arc<Table>, alias: &str, headers: &HeaderMap) -> Result<Allowed, Refusal> {
    let caller = table.keyring.caller(token(headers));
    let Some(mut pool) = table.find(alias) else { return Err(unknown(&table, caller, alias)) };
    right(&table, table.pool(pool), caller)?;
    let mut seen: SmallVec<[PoolId; 4]> = SmallVec::new();
    while let Some(rule) = matching_rule(&table, pool, caller) {
        seen.push(pool);
        // Rules that send a request in a circle serve nobody.
        pool = rule.filter(|next| !seen.contains(next)).ok_or(Refusal::Forbidden)?;
        right(&table, table.pool(pool), caller)?;
    }
    Ok(Allowed { table, pool, caller })
}

/// Limits of the key, then of the pool.
pub fn hold(allowed: Allowed) -> Result<Held, Refusal> {
    let Allowed { table, pool, caller } = allowed;
    let mut permits = Permits::new();
    if let Caller::Known(key) = caller {
        permits.extend(take(&table.keyring.key(key).limits, Whose::Key)?);
    }
    permits.extend(take(&table.pool(pool).limits, Whose::Pool)?);
    Ok(Held { table, pool, permits })
}

/// Passes one holder's limits.
fn take(limits: &Limits, whose: Whose) -> Result<Option<Permit>, Refusal> {
    limits.admit().map(Some).map_err(|limited| refusal(limited, whose))
}

/// How a limit's no is told.
pub fn refusal(limited: Limited, whose: Whose) -> Refusal {
    match limited {
        Limited::Rate(retry_after) => Refusal::RateLimit { whose, retry_after },
        Limited::Concurrency => Refusal::ConcurrencyLimit { whose },
    }
}

/// Whether a caller may use a pool.
pub fn right(table: &Table, pool: &Pool, caller: Caller) -> Result<(), Refusal> {
    let Access::Closed(keys) = &pool.access else { return Ok(()) };
    match caller {
        Caller::Anonymous => Err(Refusal::MissingApiKey),
        Caller::Unknown => Err(Refusal::InvalidApiKey),
        Caller::Known(key) if keys.contains(&key) || table.keyring.key(key).global => Ok(()),
        Caller::Known(_) => Err(Refusal::Forbidden),
    }
}

/// Which aliases exist is told to those who hold a key, or where nothing is closed.
pub fn unknown(table: &Table, caller: Caller, alias: &str) -> Refusal {
    match caller {
        Caller::Known(_) => Refusal::ModelNotFound(alias.to_owned()),
        _ if !table.keyring.closes => Refusal::ModelNotFound(alias.to_owned()),
        Caller::Anonymous => Refusal::MissingApiKey,
        Caller::Unknown => Refusal::InvalidApiKey,
    }
}

/// The token that a client presents, in any of the usual headers.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.trim_start().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let token =
        bearer.or_else(|| KEY_HEADERS.iter().find_map(|name| headers.get(name)?.to_str().ok()));
    token.map(str::trim).filter(|token| !token.is_empty())
}

/// The first rule that matches: `Some(None)` denies, `Some(Some(pool))` redirects.
fn matching_rule(table: &Table, pool: PoolId, caller: Caller) -> Option<Option<PoolId>> {
    let rules = &table.pool(pool).rules;
    if rules.is_empty() {
        return None;
    }
    let nobody = BTreeMap::new();
    let labels = match caller {
        Caller::Known(key) => &table.keyring.key(key).labels,
        _ => &nobody,
    };
    rules.iter().find(|rule| rule.matches(labels)).map(|rule| rule.redirect)
}

const MODEL_OVERRIDE: HeaderName = HeaderName::from_static("model-override");
const KEY_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];
