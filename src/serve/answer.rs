//! The only maker of error responses: a refusal in the client's protocol.
//!
//! No provider's URL, key or error cause can enter a response, because a refusal contains none.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::{last_word, reply::Reply};
use crate::{
    protocol::{
        Protocol,
        codec::WrittenError,
        conversation::{Failure, Kind},
    },
    record::{Record, request_id::REQUEST_ID},
    refusal::Refusal,
    table::pool::Headers,
    upstream::headers,
};

/// The response for a refused request.
pub(crate) fn refuse(refusal: &Refusal, mut record: Box<Record>) -> Response<Reply> {
    if matches!(refusal, Refusal::ClientLeft) {
        return left(record);
    }
    record.refused(refusal);
    let (speaks, request_id) = (record.protocol(), record.request_id());
    let (status, own_headers, body) = body(refusal, speaks, &request_id);
    let mut map = HeaderMap::new();
    if let Some(pool) = record.pool() {
        headers::set(&mut map, &pool.response_headers);
    }
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers::set(&mut map, &own_headers);
    name_request(&mut map, request_id, speaks);
    if let Some(attempts) = record.attempts() {
        map.insert(ATTEMPTS, attempts);
    }
    if refusal.is_final() {
        map.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    if let Some(wait) = refusal.retry_after() {
        map.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
    }
    if matches!(refusal, Refusal::RequestTimeout | Refusal::ShuttingDown) {
        map.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let mut response = Response::new(last_word::whole(body, record));
    *response.status_mut() = status;
    *response.headers_mut() = map;
    response
}

/// The response of a client that has left: its record ends here, and nothing was refused.
#[cold]
fn left(record: Box<Record>) -> Response<Reply> {
    drop(record);
    let mut response = Response::new(Reply::of(axum::body::Body::empty()));
    *response.status_mut() = Refusal::ClientLeft.row().status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Writes the request ID into the response, also in the header that the client's SDK reads. Returns
/// the provider's own that stood in one of them.
pub(crate) fn name_request(
    map: &mut HeaderMap,
    id: HeaderValue,
    speaks: Protocol,
) -> Option<HeaderValue> {
    let name = speaks.profile().request_id;
    let replaced = name.and_then(|name| map.insert(HeaderName::from_static(name), id.clone()));
    map.insert(REQUEST_ID, id).or(replaced)
}

/// The refusal in the client's protocol: status, headers and body.
fn body(
    refusal: &Refusal,
    speaks: Protocol,
    request_id: &HeaderValue,
) -> (StatusCode, Headers, Bytes) {
    let status = refusal.row().status;
    if speaks == Protocol::default() {
        return (status, Headers::new(), envelope(refusal));
    }
    let id = request_id.to_str().unwrap_or_default();
    let WrittenError { status: own, headers: own_headers, body } =
        speaks.codec().write_error(&failure(refusal), id);
    let own_headers = own_headers.into_iter().filter_map(headers::own).collect();
    (StatusCode::from_u16(own).unwrap_or(status), own_headers, Bytes::from(body))
}

/// A refusal in place of a stream, in the client's protocol.
pub(crate) fn failed_stream(refusal: &Refusal, speaks: Protocol) -> Bytes {
    Bytes::from(match speaks == Protocol::default() {
        true => envelope_event(refusal),
        false => speaks.codec().write_failed(failure(refusal)),
    })
}

/// A refusal in the middle of a stream: the error event of the client's protocol.
pub(crate) fn error_event(refusal: &Refusal, speaks: Protocol) -> Bytes {
    Bytes::from(match speaks == Protocol::default() {
        true => envelope_event(refusal),
        false => speaks.codec().write_broken(failure(refusal)),
    })
}

fn failure(refusal: &Refusal) -> Failure {
    let row = refusal.row();
    let status = row.status.as_u16();
    Failure {
        status,
        kind: match refusal {
            Refusal::UpstreamUnreachable | Refusal::UpstreamBrokeOff => Kind::Cut,
            _ => Kind::from_status(status),
        },
        message: refusal.message(),
        code: Some(row.code.to_owned()),
        param: refusal.param().map(str::to_owned),
        retry_after: refusal.retry_after(),
        told: None,
    }
}

fn envelope_event(refusal: &Refusal) -> Vec<u8> {
    [b"data: ".as_slice(), &envelope(refusal), b"\n\n"].concat()
}

/// The error envelope of the OpenAI format.
pub(crate) fn envelope(refusal: &Refusal) -> Bytes {
    let row = refusal.row();
    let body = json!({"error": {
        "message": refusal.message(),
        "type": row.kind,
        "param": refusal.param(),
        "code": row.code,
    }});
    Bytes::from(body.to_string())
}

/// Rounded up, since a client that returns a moment early is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// SDKs and agents retry unless it says `false`.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// The outcome of each provider that was tried.
pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("x-onwards-attempts");
/// The provider that served the request.
pub(crate) const PROVIDER: HeaderName = HeaderName::from_static("x-onwards-provider");
/// The fields that the provider's protocol cannot express.
pub(crate) const DROPPED: HeaderName = HeaderName::from_static("x-onwards-dropped");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_never_early() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(2001)), 3);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
    }
}
