//! Errors in the form `{"id","message"}`: the status gives the kind, and sometimes the message
//! does.
//!
//! The vendor's own message is kept if there is one.

use http::HeaderMap;
use serde::Serialize;

use crate::failure::Failure;
use crate::protocol::codec::{WrittenError, json};
use crate::protocol::told::Told;
use crate::protocol::told::by_status::{kind_of, kind_of_status};

/// Reads an error answer.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let told = Told::answer(status, headers, body);
    let value = told.value();
    // The last is that of the event that ends a stream.
    let places = [&value["message"], &value["error"], &value["delta"]["error"]];
    match places.into_iter().find_map(|it| it.as_str()) {
        Some(message) => told.failure(kind_of(Some(status), message), message),
        None => told.bare(Some(kind_of_status(status)), body),
    }
}

/// Writes an error with the status that this protocol has for its kind.
pub(super) fn write(failure: &Failure, request_id: &str) -> WrittenError {
    let body = json(&Out { id: request_id, message: &failure.message });
    WrittenError { status: failure.usual_status(), headers: Vec::new(), body }
}

#[derive(Serialize)]
struct Out<'a> {
    id: &'a str,
    message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn error_body_of_cohere_gives_its_kind() {
        for (status, body, kind, message) in [
            (
                401,
                r#"{"id":"1","message":"invalid api token"}"#,
                Kind::Authentication,
                "invalid api token",
            ),
            (498, r#"{"message":"invalid token"}"#, Kind::Authentication, "invalid token"),
            (
                400,
                r#"{"message":"too many tokens: total number of tokens in the prompt exceeds the limit of 128000"}"#,
                Kind::ContextWindow,
                "too many tokens: total number of tokens in the prompt exceeds the limit of 128000",
            ),
            (422, r#"{"message":"bad"}"#, Kind::InvalidRequest, "bad"),
            (
                429,
                r#"{"message":"limited to 20 API calls / minute"}"#,
                Kind::RateLimit,
                "limited to 20 API calls / minute",
            ),
            (
                429,
                r#"{"message":"limited to 1000 API calls / month"}"#,
                Kind::Quota,
                "limited to 1000 API calls / month",
            ),
            (500, r#"{"error":"boom"}"#, Kind::Server, "boom"),
            (
                500,
                r#"{"type":"message-end","delta":{"error":"it broke","finish_reason":"ERROR"}}"#,
                Kind::Server,
                "it broke",
            ),
            (503, "<html>", Kind::Unavailable, "the provider answered with status 503"),
        ] {
            let failure = read(status, &HeaderMap::new(), body.as_bytes());
            assert_eq!((failure.status, failure.kind, &*failure.message), (status, kind, message));
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let failure = Failure::new(Kind::NotFound, "m");
        let written = write(&failure, "req_1");
        let read = read(written.status, &HeaderMap::new(), &written.body);
        assert_eq!(Failure { told: None, ..read }, failure);
        assert_eq!(write(&Failure::new(Kind::Overloaded, "m"), "req_1").status, 503);
    }
}
