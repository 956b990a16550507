//! Errors in the form `{"id","message"}`: the status says the kind, and sometimes the sentence.
//!
//! It never invents a sentence where the vendor gave one.

use serde::{Deserialize, Serialize};

use crate::protocol::conversation::{Failure, Kind};
use crate::protocol::loose;
use crate::protocol::wire::{WrittenError, json};

/// Reads an error body.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Envelope>(body) {
        Ok(Envelope { message: Some(message), .. } | Envelope { error: Some(message), .. }) => {
            failure(Some(status), message)
        }
        _ => Failure { kind: kind_of(status), ..Failure::from_status(status, body) },
    }
}

/// A failure with this sentence; without a status (in a 200) it is the vendor's own.
pub(super) fn failure(status: Option<u16>, message: String) -> Failure {
    let words = message.to_ascii_lowercase();
    let kind = match status.map_or(Kind::Server, kind_of) {
        Kind::InvalidRequest if Kind::is_about_context(&message) => Kind::ContextWindow,
        // A trial key's month, which no waiting shortens.
        Kind::RateLimit if words.contains("month") => Kind::Quota,
        kind => kind,
    };
    let failure = Failure::new(kind, message);
    Failure { status: status.unwrap_or(failure.status), ..failure }
}

/// Writes an error with the status that this protocol has for its kind.
pub(super) fn write(failure: &Failure, request_id: &str) -> WrittenError {
    let body = json(&Out { id: request_id, message: &failure.message });
    WrittenError { status: failure.usual_status(), headers: Vec::new(), body }
}

/// The kind that a status stands for, with the vendor's own ones.
fn kind_of(status: u16) -> Kind {
    match status {
        498 => Kind::Authentication,
        499 => Kind::Timeout,
        status => Kind::from_status(status),
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Out<'a> {
    id: &'a str,
    message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (503, "<html>", Kind::Unavailable, "the provider answered with status 503"),
        ] {
            let failure = read(status, body.as_bytes());
            assert_eq!((failure.status, failure.kind, &*failure.message), (status, kind, message));
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let failure = Failure::new(Kind::NotFound, "m");
        let written = write(&failure, "req_1");
        assert_eq!(read(written.status, &written.body), failure);
        assert_eq!(write(&Failure::new(Kind::Overloaded, "m"), "req_1").status, 503);
    }
}
