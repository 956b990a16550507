//! Errors: a type in a header or in a frame, and a body `{"message"}`.
//!
//! It never invents a sentence where the vendor gave one.

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::protocol::conversation::{Failure, Kind};
use crate::protocol::loose;
use crate::protocol::wire::{WrittenError, json};

/// Reads an error answer.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let detail = serde_json::from_slice::<Detail>(body).ok();
    let header = headers.get(TYPE_HEADER).and_then(|value| value.to_str().ok());
    let in_body = detail.as_ref().and_then(|detail| detail.r#type.as_deref());
    let name = header.or(in_body).map(loose::bare_name);
    let Some(message) = detail.as_ref().and_then(|detail| detail.message.clone()) else {
        let failure = Failure::from_status(status, body);
        let kind = name.and_then(kind_of).unwrap_or(failure.kind);
        return Failure { kind, ..failure };
    };
    let failure = failure(name, status, message);
    Failure { status, ..failure }
}

/// Reads an exception that comes as a frame, after a 200.
pub(super) fn read_exception(name: &str, payload: &[u8]) -> Failure {
    let detail = serde_json::from_slice::<Detail>(payload).unwrap_or_default();
    let message = loose::sentence(detail.original_message.or(detail.message));
    let status = detail.original_status_code.unwrap_or(500);
    match kind_of(name) {
        // It speaks of the model behind Bedrock, whose own status says more.
        Some(Kind::Server) | None => {
            let kind = Kind::from_status(status);
            Failure::new(kind, message).with_code(Some(name.to_owned()))
        }
        Some(_) => failure(Some(name), status, message),
    }
}

/// Writes an error with the type and status that this protocol has for its kind.
pub(super) fn write(failure: &Failure) -> WrittenError {
    let (name, status) = words(failure.kind);
    WrittenError {
        status,
        headers: vec![(TYPE_HEADER, name.to_owned())],
        body: json(&Out { message: &failure.message }),
    }
}

/// The name and the payload of the frame that says it in a stream.
pub(super) fn write_exception(failure: &Failure) -> (&'static str, Vec<u8>) {
    let name = match failure.kind {
        Kind::RateLimit | Kind::Quota => "throttlingException",
        Kind::InvalidRequest | Kind::ContextWindow | Kind::ContentFilter | Kind::TooLarge => {
            "validationException"
        }
        Kind::Overloaded | Kind::Unavailable => "serviceUnavailableException",
        Kind::Cut | Kind::Malformed | Kind::Timeout => "modelStreamErrorException",
        Kind::Authentication | Kind::Permission | Kind::NotFound | Kind::Server => {
            "internalServerException"
        }
    };
    (name, json(&Out { message: &failure.message }))
}

fn failure(name: Option<&str>, status: u16, message: String) -> Failure {
    let kind = name.and_then(kind_of).unwrap_or_else(|| Kind::from_status(status));
    let kind = match kind {
        Kind::InvalidRequest if Kind::is_about_context(&message) => Kind::ContextWindow,
        kind => kind,
    };
    Failure::new(kind, message).with_code(name.map(str::to_owned))
}

/// Names begin with a small letter in frames.
fn kind_of(name: &str) -> Option<Kind> {
    TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
}

fn words(kind: Kind) -> (&'static str, u16) {
    match kind {
        Kind::InvalidRequest | Kind::ContextWindow | Kind::ContentFilter | Kind::TooLarge => {
            ("ValidationException", 400)
        }
        Kind::Authentication => ("UnrecognizedClientException", 403),
        Kind::Permission => ("AccessDeniedException", 403),
        Kind::NotFound => ("ResourceNotFoundException", 404),
        Kind::RateLimit => ("ThrottlingException", 429),
        Kind::Quota => ("ServiceQuotaExceededException", 400),
        Kind::Timeout => ("ModelTimeoutException", 408),
        Kind::Overloaded | Kind::Unavailable => ("ServiceUnavailableException", 503),
        Kind::Server => ("InternalServerException", 500),
        Kind::Cut | Kind::Malformed => ("ModelErrorException", 424),
    }
}

#[derive(Default, Deserialize)]
struct Detail {
    #[serde(default, alias = "Message", deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(default, rename = "__type", alias = "code", deserialize_with = "loose::text")]
    r#type: Option<String>,
    #[serde(rename = "originalStatusCode")]
    original_status_code: Option<u16>,
    #[serde(rename = "originalMessage")]
    original_message: Option<String>,
}

#[derive(Serialize)]
struct Out<'a> {
    message: &'a str,
}

const TYPE_HEADER: &str = "x-amzn-errortype";

const TYPES: &[(&str, Kind)] = &[
    ("ValidationException", Kind::InvalidRequest),
    ("ConflictException", Kind::InvalidRequest),
    ("AccessDeniedException", Kind::Permission),
    ("UnrecognizedClientException", Kind::Authentication),
    ("InvalidSignatureException", Kind::Authentication),
    ("IncompleteSignatureException", Kind::Authentication),
    ("MissingAuthenticationTokenException", Kind::Authentication),
    ("ExpiredTokenException", Kind::Authentication),
    ("ResourceNotFoundException", Kind::NotFound),
    ("ThrottlingException", Kind::RateLimit),
    ("TooManyRequestsException", Kind::RateLimit),
    ("ServiceQuotaExceededException", Kind::Quota),
    ("ModelNotReadyException", Kind::Unavailable),
    ("ModelTimeoutException", Kind::Timeout),
    ("ModelErrorException", Kind::Server),
    ("ModelStreamErrorException", Kind::Server),
    ("InternalServerException", Kind::Server),
    ("InternalFailure", Kind::Server),
    ("ServiceUnavailableException", Kind::Unavailable),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn with_type(name: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !name.is_empty() {
            headers.insert(TYPE_HEADER, name.parse().unwrap());
        }
        headers
    }

    #[test]
    fn error_body_of_bedrock_gives_its_kind() {
        for (status, header, body, kind) in [
            (
                429,
                "ThrottlingException:http://internal.amazon.com/",
                r#"{"message":"m"}"#,
                Kind::RateLimit,
            ),
            (
                403,
                "",
                r#"{"Message":"m","__type":"com.amazon#UnrecognizedClientException"}"#,
                Kind::Authentication,
            ),
            (
                400,
                "ValidationException",
                r#"{"message":"Input is too long for requested model."}"#,
                Kind::ContextWindow,
            ),
            (400, "ServiceQuotaExceededException", r#"{"message":"m"}"#, Kind::Quota),
            (
                424,
                "ModelErrorException",
                r#"{"message":"m","originalStatusCode":500}"#,
                Kind::Server,
            ),
            (429, "ModelNotReadyException", r#"{"message":"m"}"#, Kind::Unavailable),
            (503, "", "<html>", Kind::Unavailable),
            (418, "ThrottlingException", "", Kind::RateLimit),
        ] {
            let failure = read(status, &with_type(header), body.as_bytes());
            assert_eq!((failure.status, failure.kind), (status, kind), "{header} {body}");
        }
    }

    #[test]
    fn exception_in_a_stream_gives_its_kind() {
        for (name, payload, kind, message) in [
            ("throttlingException", r#"{"message":"slow"}"#, Kind::RateLimit, "slow"),
            (
                "modelStreamErrorException",
                r#"{"message":"m","originalStatusCode":529,"originalMessage":"busy"}"#,
                Kind::Overloaded,
                "busy",
            ),
            ("newException", "", Kind::Server, "the provider gave no message"),
            (
                "validationException",
                r#"{"message":"prompt is too long"}"#,
                Kind::ContextWindow,
                "prompt is too long",
            ),
        ] {
            let failure = read_exception(name, payload.as_bytes());
            assert_eq!((failure.kind, failure.message.as_str()), (kind, message));
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for &(_, kind) in TYPES {
            let written = write(&Failure::new(kind, "m"));
            let headers = with_type(&written.headers[0].1);
            assert_eq!(read(written.status, &headers, &written.body).kind, kind);
        }
    }
}
