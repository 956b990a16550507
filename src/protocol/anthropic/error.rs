//! Errors in the form `{"type":"error","error":{"type","message"},"request_id"}`.
//!
//! The vendor's own message is kept if there is one.

use std::borrow::Cow;

use http::HeaderMap;
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::protocol::codec::{WrittenError, json};
use crate::protocol::told::{self, At, Told};

/// Reads an error answer.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let told = Told::answer(status, headers, body);
    read_told(&told).unwrap_or_else(|| told.bare(None, body))
}

/// Reads an error inside a success, if there is one.
pub(super) fn read_inside(at: At, body: &[u8]) -> Option<Failure> {
    let told = Told::inside(at, body);
    read_told(&told).or_else(|| told.is_said().then(|| told.bare(None, body)))
}

/// Writes an error with the status that this protocol has for its kind.
pub(super) fn write(failure: &Failure, request_id: &str) -> WrittenError {
    let body = json(&Out::of(failure, Some(request_id)));
    // Agents make their conversation shorter after these alone.
    let status = match (failure.kind, failure.status) {
        (Kind::ContextWindow, status) if status != 413 => 400,
        (_, status) => status,
    };
    WrittenError { status, headers: Vec::new(), body }
}

/// Without a status (in a stream, in a success) the type decides on the kind.
fn read_told(told: &Told<'_>) -> Option<Failure> {
    let detail = Some(&told.value()["error"]).filter(|error| error.is_object())?;
    let message = told::sentence(&detail["message"]);
    let known = detail["type"].as_str().and_then(told::kind_of);
    let kind = match (known, told.status()) {
        (Some(Kind::InvalidRequest), _) if told::is_about_context(&message) => Kind::ContextWindow,
        // The type of all failures of a server; gateways send it with statuses that say more.
        (Some(Kind::Server), Some(status)) if status > 500 => Kind::from_status(status),
        (Some(kind), _) => kind,
        (None, Some(status)) => Kind::from_status(status),
        (None, None) => Kind::Server,
    };
    Some(told.failure(kind, message))
}

/// The error object, the same in a body and in a stream.
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
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DetailsOut>,
}

/// What the vendor's own libraries read of an error.
#[derive(Serialize)]
struct DetailsOut {
    error_code: &'static str,
    unsupported: [&'static str; 1],
}

impl<'a> Out<'a> {
    /// From the neutral form.
    pub(super) fn of(failure: &'a Failure, request_id: Option<&'a str>) -> Self {
        let (r#type, message) = (type_of(failure.kind), message_of(failure));
        // With these words agents continue without a thread and send the whole conversation.
        let details = (failure.param.as_deref() == Some(THREAD)).then_some(DetailsOut {
            error_code: "thread_unsupported_request",
            unsupported: [THREAD],
        });
        Self { r#type: "error", error: DetailOut { r#type, message, details }, request_id }
    }
}

/// The message. A prompt that is too long is reported in the words that agents recognize.
fn message_of(failure: &Failure) -> Cow<'_, str> {
    let message = failure.message.as_str();
    let is_known =
        message.get(..TOO_LONG.len()).is_some_and(|it| it.eq_ignore_ascii_case(TOO_LONG));
    match failure.kind {
        Kind::ContextWindow if !is_known => Cow::Owned(format!("{TOO_LONG}: {message}")),
        _ => Cow::Borrowed(message),
    }
}

/// How the vendor's own error of a prompt that is too long begins.
const TOO_LONG: &str = "prompt is too long";

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
            let failure = read(status, &HeaderMap::new(), body.as_bytes());
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
            let body = format!(r#"{{"type":"error","error":{detail}}}"#);
            let failure = read_inside(At::Success, body.as_bytes()).unwrap();
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
        for kind in [
            Kind::InvalidRequest,
            Kind::Authentication,
            Kind::Quota,
            Kind::Permission,
            Kind::NotFound,
            Kind::TooLarge,
            Kind::RateLimit,
            Kind::Timeout,
            Kind::Overloaded,
            Kind::Server,
        ] {
            let failure = Failure::new(kind, "m");
            let written = write(&failure, "req_1");
            let read = read(written.status, &HeaderMap::new(), &written.body);
            assert_eq!(Failure { told: None, ..read }, failure);
        }
    }
}
