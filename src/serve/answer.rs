//! Responses that the router gives in its own name: the error envelope, and nothing else builds
//! one.
//!
//! No provider's URL, no key and no cause gets in here: a refusal has none of them.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, header};
use serde_json::json;

use super::{record::Record, relay::Reply};
use crate::{refusal::Refusal, upstream::headers};

/// The response to a request that is refused.
pub fn refuse(refusal: &Refusal, request_id: HeaderValue, record: &mut Record) -> Response<Reply> {
    record.refused(refusal);
    let mut response = Response::new(Reply::whole(envelope(refusal)));
    *response.status_mut() = refusal.row().status;
    let map = response.headers_mut();
    if let Some(pool) = record.pool() {
        headers::set(map, &pool.response_headers);
    }
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    map.insert(REQUEST_ID, request_id);
    if let Some(attempts) = record.attempts() {
        map.insert(ATTEMPTS, attempts);
    }
    if let Some(wait) = refusal.retry_after() {
        map.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
    }
    if matches!(refusal, Refusal::RequestTimeout | Refusal::ShuttingDown) {
        map.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The envelope of the OpenAI format.
pub fn envelope(refusal: &Refusal) -> Bytes {
    let row = refusal.row();
    let body = json!({"error": {
        "message": refusal.message(),
        "type": row.kind,
        "param": refusal.param(),
        "code": row.code,
    }});
    Bytes::from(body.to_string())
}

/// Rounded up: who comes back a moment early is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// The id of a request, in every response.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What became of each provider that was tried.
pub const ATTEMPTS: HeaderName = HeaderName::from_static("x-onwards-attempts");
/// Who served the request.
pub const PROVIDER: HeaderName = HeaderName::from_static("x-onwards-provider");

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
