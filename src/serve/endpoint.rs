//! The endpoint of a request, by its path. On the paths that protocols define, a request without a model is a client
//! error; on other paths it is not found.

use http::{Method, Request, Uri};
use hyper::body::Incoming;

use crate::{
    body::{self, Pieces},
    path,
    protocol::{Endpoint, Family, Operation, Protocol, Surface, endpoint::spelled::Spelled},
    refusal::Refusal,
};

/// The endpoint of a request's path. Where another protocol has the same path as OpenAI, a header of its
/// clients distinguishes them.
pub(super) fn of(request: &Request<Incoming>) -> Option<Endpoint> {
    let endpoint = Endpoint::find(request.uri().path(), request.uri().query())?;
    if endpoint.operation != Operation::Native {
        return Some(endpoint);
    }
    Some(match Protocol::told(request.headers()) {
        Some(protocol) => endpoint.said_to_be(protocol),
        None => endpoint,
    })
}

/// The endpoint of a path that is spelled unusually, as a lenient provider reads it. The path becomes the protocol's
/// if both can only mean the same.
#[cold]
pub(super) fn as_read(request: &mut Request<Incoming>) -> Option<Endpoint> {
    if request.method() != Method::POST {
        return None;
    }
    let uri = request.uri();
    let Spelled { endpoint, path } = Spelled::read(uri.path(), uri.query())?;
    if let Some(path) = path {
        let path_and_query = match uri.query() {
            None => path,
            Some(query) => format!("{path}?{query}"),
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(path_and_query.parse().ok()?);
        *request.uri_mut() = Uri::from_parts(parts).ok()?;
    }
    Some(endpoint)
}

/// Settles by the body what is asked for at a path that is for embeddings and for whatever else a model
/// understands.
pub(super) fn settle(endpoint: &mut Endpoint, body: &Pieces) {
    if endpoint.operation != Operation::Embed {
        return;
    }
    let keys = endpoint.protocol.profile().embeds_by;
    if !keys.is_empty() && !keys.iter().any(|key| body::field(body, key).is_some()) {
        endpoint.operation = Operation::Native;
    }
}

/// The family of the path. One that stores something is of no family if the body asks a model.
pub(super) fn family(surface: &Surface, body: &Pieces) -> Option<Family> {
    let asks = |key| body::field(body, key).is_some();
    surface.family.filter(|_| !surface.asked_by.is_some_and(asks))
}

/// Whether a protocol defines this path, in any spelling.
pub(crate) fn is_known(path_and_query: &str) -> bool {
    let path = path::plain(path_and_query);
    Endpoint::find(&path, None).is_some() || OTHERS.contains(&&*path)
}

/// The refusal itself on a known endpoint; elsewhere `NotFound`.
pub(crate) fn or_not_found(refusal: Refusal, path_and_query: &str) -> Refusal {
    if is_known(path_and_query) { refusal } else { Refusal::NotFound }
}

/// Endpoints that several vendors have, each with its own body.
const OTHERS: [&str; 2] = ["/v1/rerank", "/rerank"];

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn endpoint_in_any_spelling_is_known() {
        for path in [
            "/v1/chat/completions",
            "/chat/completions?x=1",
            "/v1/audio/transcriptions",
            "/v1/embeddings/",
            "/embeddings",
            "/rerank",
            "/v1//chat/c%6fmpletions",
            "/v1/chat%2Fcompletions;x",
        ] {
            assert!(is_known(path), "{path}");
        }
        for path in ["/", "/v1/foo", "/favicon.ico", "/v1/chat", "/v1"] {
            assert!(!is_known(path), "{path}");
        }
    }
}
