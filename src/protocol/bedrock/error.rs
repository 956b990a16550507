//! Errors: a type in a header or in a frame, and a body `{"message"}`.
//!
//! The vendor's own message is kept if there is one.

use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use crate::failure::{AsTold, Failure, Kind};
use crate::protocol::codec::{WrittenError, json};
use crate::protocol::told::{self, TYPE_HEADER, Told};

/// Reads an error answer.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let told = Told::answer(status, headers, body);
    let value = told.value();
    let in_body = value["__type"].as_str().or_else(|| value["code"].as_str()).map(told::bare_name);
    let name = told.in_header.or(in_body);
    let message = value["message"].as_str().or_else(|| value["Message"].as_str());
    let Some(message) = message else { return told.bare(name.and_then(told::kind_of), body) };
    let known = name.and_then(told::kind_of).unwrap_or_else(|| Kind::from_status(status));
    told.failure(particular(known, message), message)
}

/// Reads an exception frame after a 200. Its name stands for a status.
pub(super) fn read_exception(name: &str, payload: &[u8]) -> Failure {
    let detail = serde_json::from_slice::<Value>(payload).unwrap_or_default();
    let message = detail["originalMessage"].as_str().or_else(|| detail["message"].as_str());
    let message = message.or_else(|| detail["Message"].as_str()).unwrap_or(NO_MESSAGE);
    let original = detail["originalStatusCode"].as_u64().and_then(|it| u16::try_from(it).ok());
    let kind = match told::kind_of(&capitalized(name)) {
        // It is about the model behind Bedrock, whose own status is more precise.
        Some(Kind::Server) | None => Kind::from_status(original.unwrap_or(INTERNAL)),
        Some(kind) => particular(kind, message),
    };
    let failure = Failure::new(kind, message);
    let told = AsTold { brief: failure.observed(), codes: vec![name.to_owned()] };
    Failure { told: Some(Box::new(told)), ..failure }
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

/// The name and payload of the exception frame.
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

/// The kind, if the message is more precise than the name.
fn particular(kind: Kind, message: &str) -> Kind {
    match kind {
        Kind::InvalidRequest if told::is_about_context(message) => Kind::ContextWindow,
        kind => kind,
    }
}

/// Names begin with a small letter in frames.
fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
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
        // AWS's SDKs ask again after a 503, and not after a 424.
        Kind::Overloaded | Kind::Unavailable | Kind::Cut => ("ServiceUnavailableException", 503),
        Kind::Server => ("InternalServerException", 500),
        Kind::Malformed => ("ModelErrorException", 424),
    }
}

#[derive(Serialize)]
struct Out<'a> {
    message: &'a str,
}

const NO_MESSAGE: &str = "the provider gave no message";
const INTERNAL: u16 = 500;

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
        for kind in [
            Kind::InvalidRequest,
            Kind::Permission,
            Kind::Authentication,
            Kind::NotFound,
            Kind::RateLimit,
            Kind::Quota,
            Kind::Unavailable,
            Kind::Timeout,
            Kind::Server,
        ] {
            let written = write(&Failure::new(kind, "m"));
            let headers = with_type(&written.headers[0].1);
            assert_eq!(read(written.status, &headers, &written.body).kind, kind);
        }
    }
}
