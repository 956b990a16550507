//! Errors in the form `{"type":"error","error":{"type","message"},"request_id"}`.
//!
//! It never invents a sentence where the vendor gave one.

use serde::{Deserialize, Serialize};

use crate::protocol::conversation::{Failure, Kind};
use crate::protocol::loose::{self, Code};
use crate::protocol::wire::{WrittenError, json};

/// Reads an error body.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Envelope>(body) {
        Ok(envelope) => envelope.error.into_failure(Some(status)),
        Err(_) => Failure::from_status(status, body),
    }
}

/// Writes an error with the status that this protocol has for its kind.
pub(super) fn write(failure: &Failure, request_id: &str) -> WrittenError {
    let body = json(&Out::of(failure, Some(request_id)));
    WrittenError { status: failure.status, headers: Vec::new(), body }
}

/// An error's body, and an error event's data.
#[derive(Deserialize)]
pub(super) struct Envelope {
    pub(super) error: Detail,
}

/// What stands under `error`.
#[derive(Deserialize)]
pub(super) struct Detail {
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    message: Option<String>,
    /// Not the vendor's own; who stands between puts a status there.
    code: Option<Code>,
}

/// The error as a value: in a body and in a stream it is the same.
#[derive(Serialize)]
pub(super) struct Out<'a> {
    r#type: &'static str,
    error: DetailOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct DetailOut<'a> {
    r#type: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DetailsOut>,
}

/// What the vendor's own libraries read of an error.
#[derive(Serialize)]
struct DetailsOut {
    error_code: &'static str,
    unsupported: [&'static str; 1],
}

impl Detail {
    /// In neutral form; without a status (in a stream) its own numeric code is one, else the type
    /// decides on it.
    pub(super) fn into_failure(self, status: Option<u16>) -> Failure {
        let status = status.or(self.code.as_ref().and_then(Code::status));
        let message = loose::sentence(self.message);
        let known = TYPES.iter().find(|(name, _)| Some(*name) == self.r#type.as_deref());
        let kind = match (known, status) {
            (Some((_, Kind::InvalidRequest)), _) if Kind::is_about_context(&message) => {
                Kind::ContextWindow
            }
            (Some((_, kind)), _) => *kind,
            (None, Some(status)) => Kind::from_status(status),
            (None, None) => Kind::Server,
        };
        let failure = Failure::new(kind, message);
        Failure { status: status.unwrap_or(failure.status), ..failure }
    }
}

impl<'a> Out<'a> {
    /// From the neutral form.
    pub(super) fn of(failure: &'a Failure, request_id: Option<&'a str>) -> Self {
        let (r#type, message) = (type_of(failure.kind), failure.message.as_str());
        // With these words they go on without a thread, and send all that was said.
        let details = (failure.param.as_deref() == Some(THREAD)).then_some(DetailsOut {
            error_code: "thread_unsupported_request",
            unsupported: [THREAD],
        });
        Self { r#type: "error", error: DetailOut { r#type, message, details }, request_id }
    }
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidRequest | Kind::ContextWindow | Kind::ContentFilter => "invalid_request_error",
        Kind::Authentication => "authentication_error",
        Kind::Quota => "billing_error",
        Kind::Permission => "permission_error",
        Kind::NotFound => "not_found_error",
        Kind::TooLarge => "request_too_large",
        Kind::RateLimit => "rate_limit_error",
        Kind::Timeout => "timeout_error",
        Kind::Overloaded | Kind::Unavailable => "overloaded_error",
        Kind::Server | Kind::Cut | Kind::Malformed => "api_error",
    }
}

/// The field by which a conversation is kept at the vendor.
pub(super) const THREAD: &str = "thread";

const TYPES: &[(&str, Kind)] = &[
    ("invalid_request_error", Kind::InvalidRequest),
    ("authentication_error", Kind::Authentication),
    ("billing_error", Kind::Quota),
    ("permission_error", Kind::Permission),
    ("not_found_error", Kind::NotFound),
    ("request_too_large", Kind::TooLarge),
    ("rate_limit_error", Kind::RateLimit),
    ("timeout_error", Kind::Timeout),
    ("overloaded_error", Kind::Overloaded),
    ("api_error", Kind::Server),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_body_of_anthropic_gives_its_kind() {
        for (status, body, kind, message) in [
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                Kind::Overloaded,
                "Overloaded",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}"#,
                Kind::ContextWindow,
                "prompt is too long: 9 > 8",
            ),
            (429, r#"{"error":{"type":"new_error","message":"m"}}"#, Kind::RateLimit, "m"),
            (502, "<html>", Kind::Malformed, "the provider answered with status 502"),
        ] {
            let failure = read(status, body.as_bytes());
            assert_eq!((failure.status, failure.kind, &*failure.message), (status, kind, message));
        }
    }

    #[test]
    fn without_a_status_a_numeric_code_is_one() {
        for (detail, status, kind) in [
            (r#"{"type":"x_error","code":429}"#, 429, Kind::RateLimit),
            (r#"{"type":"overloaded_error","code":"529","message":[]}"#, 529, Kind::Overloaded),
            (r#"{"type":"x_error","code":"x"}"#, 500, Kind::Server),
        ] {
            let detail: Detail = serde_json::from_str(detail).unwrap();
            let failure = detail.into_failure(None);
            assert_eq!((failure.status, failure.kind), (status, kind));
        }
    }

    #[test]
    fn a_library_is_told_to_go_on_without_a_thread() {
        let refused =
            Failure { param: Some("thread".to_owned()), ..Failure::new(Kind::InvalidRequest, "m") };
        let body = write(&refused, "req_1").body;
        let said = serde_json::from_slice::<serde_json::Value>(&body).unwrap();
        let details = &said["error"]["details"];
        assert_eq!(details["error_code"], "thread_unsupported_request", "{said}");
        assert!(details["unsupported"].is_array(), "{said}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for &(_, kind) in TYPES {
            let failure = Failure::new(kind, "m");
            let written = write(&failure, "req_1");
            assert_eq!(read(written.status, &written.body), failure);
        }
    }
}
