//! The request as one provider wants it: path, headers, credential, and the body with its model
//! spliced in. Built anew for every attempt from what the client sent.
//!
//! The host comes from the configuration alone; nothing that a client sends is parsed as a URL.

use bytes::Bytes;
use http::{Method, Request, Uri, Version, header, uri::PathAndQuery};

use super::headers;
use crate::{
    body::{Model, Pieces, PiecesBody},
    path::{self, BasePath},
    table::{Origin, Provider},
};

/// What the client sent, in the form that attempts are built from.
pub struct Inbound {
    /// Its method.
    pub method: Method,
    /// Its path and query, checked, without any key in it.
    pub path: Box<str>,
    /// Its headers as they came.
    pub headers: http::HeaderMap,
    /// Its body as it came.
    pub body: Pieces,
    /// Whether the client asks for a stream.
    pub stream: bool,
    /// Where the body names its model, and how the name reads once decoded.
    pub model: Option<Model>,
    /// Whether the body is a form, in which the name stands without quotes.
    pub form: bool,
    /// Whether an answer without a body is no answer.
    pub needs_body: bool,
}

/// Builds the request for one provider; `http2` wants the authority in the URI.
pub fn build(
    inbound: &Inbound,
    provider: &Provider,
    origin: &Origin,
    base: &BasePath,
    http2: bool,
) -> Result<Request<PiecesBody>, http::Error> {
    let spare = provider.request_headers.len() + 3;
    let mut headers = headers::to_provider(&inbound.headers, provider.propagates_trace, spare);
    if let Some((name, value)) = &provider.credential {
        headers.insert(name, value.clone());
    }
    headers::set(&mut headers, &provider.request_headers);
    if !http2 {
        headers.insert(header::HOST, origin.host.clone());
    }

    let joined = PathAndQuery::from_maybe_shared(Bytes::from(path::join(base, &inbound.path)))?;
    let mut uri = http::uri::Parts::default();
    uri.path_and_query = Some(joined);
    if http2 {
        uri.scheme = origin.uri.scheme().cloned();
        uri.authority = origin.uri.authority().cloned();
    }

    let mut request = Request::new(PiecesBody::from(body_for(inbound, provider)));
    *request.method_mut() = inbound.method.clone();
    *request.uri_mut() = Uri::from_parts(uri)?;
    *request.version_mut() = if http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    *request.headers_mut() = headers;
    Ok(request)
}

/// The client's bytes, with only the value of `model` replaced, and only if it says another name.
fn body_for(inbound: &Inbound, provider: &Provider) -> Pieces {
    match &inbound.model {
        Some(Model { span, name }) if name.as_ref() != Some(&provider.model) => {
            let name = if inbound.form { &provider.model_bare } else { &provider.model_json };
            inbound.body.replace(span.clone(), name.clone())
        }
        _ => inbound.body.clone(),
    }
}
