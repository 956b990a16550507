//! Requests at a target's own path: they continue as requests for that target at the protocol's
//! standard path.

use http::{HeaderValue, Request, Uri, uri::PathAndQuery};

use crate::{
    body::{self, Model},
    table::{Table, paths::Target},
    upstream::inbound::Inbound,
};

/// Directs a request to the target of its path; `false` if the path belongs to none.
pub(super) fn lead<B>(table: &Table, request: &mut Request<B>) -> bool {
    let Some(Target { alias, path }) = table.paths.find(request.uri().path()) else { return false };
    let standard = match request.uri().query() {
        None => Ok(PathAndQuery::from_static(path)),
        Some(query) => format!("{path}?{query}").parse(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = standard.ok();
    let Ok(uri) = Uri::from_parts(parts) else { return false };
    *request.uri_mut() = uri;
    // A model in the request does not redirect it to another target.
    request.headers_mut().insert(ALIAS, HeaderValue::clone(alias));
    true
}

/// Writes the alias into a body without a model; each provider replaces it by its own.
pub(super) fn name_model(inbound: &mut Inbound) {
    if inbound.model.is_some() || inbound.form {
        return;
    }
    let name = body::json_string(&inbound.alias);
    let Some((body, at)) = inbound.body.with_first_member(MODEL, &name) else { return };
    let more = body.len() - inbound.body.len();
    let start = at + MODEL.len() as u64;
    inbound.body = body;
    inbound.mentions.moved(|place| place + more);
    let span = start..start + name.len() as u64;
    inbound.model = Some(Model { span, name: Some(inbound.alias.clone()) });
}

const MODEL: &str = "\"model\":";
const ALIAS: &str = "model-override";
