//! Requests at a target's own path: they continue as requests for that target at the protocol's
//! standard path.

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, uri::PathAndQuery};

use crate::{
    body::{self, Model},
    table::{Table, paths::Led},
    upstream::inbound::Inbound,
};

/// Directs a request to the target of its path; `false` if the path belongs to none.
pub(super) fn to_target<B>(table: &Table, request: &mut Request<B>) -> bool {
    let Some(Led { alias, path }) = table.paths.led(request.uri().path()) else { return false };
    let target = match request.uri().query() {
        None => Ok(PathAndQuery::from_static(path)),
        Some(query) => format!("{path}?{query}").parse(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = target.ok();
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
    let bytes = inbound.body.iter().flatten().copied();
    let mut bytes = bytes.enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace());
    let Some((at, b'{')) = bytes.next() else { return };
    let comma = if bytes.next().is_some_and(|(_, byte)| byte == b'}') { "" } else { "," };
    let (at, name) = (at as u64 + 1, body::json_string(&inbound.alias));
    let start = at + MODEL.len() as u64;
    let member = [MODEL.as_bytes(), &*name, comma.as_bytes()].concat();
    let more = member.len() as u64;
    inbound.body = inbound.body.replace(at..at, Bytes::from(member));
    inbound.mentions.moved(|place| place + more);
    let name = (start..start + name.len() as u64, inbound.alias.clone());
    inbound.model = Some(Model { span: name.0, name: Some(name.1) });
}

const MODEL: &str = "\"model\":";
const ALIAS: &str = "model-override";
