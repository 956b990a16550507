//! Errors in the form `{"error":{"code","message","status","details"}}`, perhaps inside a list.
//!
//! The vendor's own message is kept if there is one.

use http::HeaderMap;
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::protocol::codec::{WrittenError, json};
use crate::protocol::told::{self, At, Told};

/// Reads an error answer. A stream in the form of a JSON array contains it in the array.
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
pub(super) fn write(failure: &Failure) -> WrittenError {
    let out = Out::of(failure);
    WrittenError { status: out.error.code, headers: Vec::new(), body: json(&out) }
}

/// Without a status (in a stream, in a success) the error's own code is one.
fn read_told(told: &Told<'_>) -> Option<Failure> {
    let detail = Some(&told.value()["error"]).filter(|error| error.is_object())?;
    let message = told::sentence(&detail["message"]);
    // Details in an unknown form do not hide the rest.
    let details = || detail["details"].items().iter();
    let violations = details().flat_map(|more| more["violations"].items());
    // A day's quota comes with a delay of seconds, which is not true.
    let is_of_a_day = violations
        .filter_map(|violation| violation["quotaId"].as_str())
        .any(|quota| quota.contains(told::A_DAYS_QUOTA));
    let reasons = || details().filter_map(|more| more["reason"].as_str());
    let has_bad_key = reasons().any(|it| told::kind_of(it) == Some(Kind::Authentication));
    let known = detail["status"].as_str().and_then(told::kind_of);
    let kind = match (known, told.status()) {
        _ if has_bad_key => Kind::Authentication,
        (Some(Kind::RateLimit), _) if is_of_a_day => Kind::Quota,
        (Some(Kind::InvalidRequest), _) if told::is_about_context(&message) => Kind::ContextWindow,
        (Some(kind), _) => kind,
        (None, Some(status)) => Kind::from_status(status),
        (None, None) => Kind::Server,
    };
    let failure = told.failure(kind, message);
    Some(Failure { retry_after: told.retry_delay().or(failure.retry_after), ..failure })
}

/// The error object, the same in a body and in a stream.
#[derive(Serialize)]
pub(super) struct Out<'a> {
    error: DetailOut<'a>,
}

#[derive(Serialize)]
struct DetailOut<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<[RetryInfo; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RetryInfo {
    #[serde(rename = "@type")]
    kind: &'static str,
    retry_delay: String,
}

impl<'a> Out<'a> {
    /// From the neutral form.
    pub(super) fn of(failure: &'a Failure) -> Self {
        let details = failure.retry_after.map(|delay| {
            let retry_delay = format!("{}s", delay.as_secs_f64());
            [RetryInfo { kind: "type.googleapis.com/google.rpc.RetryInfo", retry_delay }]
        });
        let (message, status) = (failure.message.as_str(), status_of(failure.kind));
        Self { error: DetailOut { code: failure.usual_status(), message, status, details } }
    }
}

fn status_of(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidRequest | Kind::ContextWindow | Kind::ContentFilter | Kind::TooLarge => {
            "INVALID_ARGUMENT"
        }
        Kind::Authentication => "UNAUTHENTICATED",
        Kind::Permission => "PERMISSION_DENIED",
        Kind::NotFound => "NOT_FOUND",
        Kind::RateLimit | Kind::Quota => "RESOURCE_EXHAUSTED",
        Kind::Timeout => "DEADLINE_EXCEEDED",
        Kind::Overloaded | Kind::Unavailable => "UNAVAILABLE",
        Kind::Server | Kind::Cut | Kind::Malformed => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn error_body_of_gemini_gives_its_kind() {
        for (status, body, kind, message, delay) in [
            (
                429,
                r#"{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}"#,
                Kind::RateLimit,
                "slow",
                Some(34_500),
            ),
            (
                429,
                r#"{"error":{"message":"day","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"5s"}]}}"#,
                Kind::Quota,
                "day",
                None,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#,
                Kind::Authentication,
                "API key not valid.",
                None,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}"#,
                Kind::ContextWindow,
                "The input token count (9) exceeds the maximum number of tokens allowed (8).",
                None,
            ),
            (
                503,
                r#"[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]"#,
                Kind::Unavailable,
                "The model is overloaded.",
                None,
            ),
            (418, r#"{"error":{"message":"m","status":"NEW"}}"#, Kind::InvalidRequest, "m", None),
            (502, "<html>", Kind::Malformed, "the provider answered with status 502", None),
            (
                429,
                r#"{"error":{"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"-1s"}]}}"#,
                Kind::RateLimit,
                "m",
                None,
            ),
            // Details in a form of their own hide nothing of the rest.
            (
                400,
                r#"{"error":{"message":"m","status":"RESOURCE_EXHAUSTED","details":null}}"#,
                Kind::RateLimit,
                "m",
                None,
            ),
            (
                400,
                r#"{"error":{"message":"m","status":"RESOURCE_EXHAUSTED","details":["a",{"reason":7,"violations":"v"},{"retryDelay":"2s"}]}}"#,
                Kind::RateLimit,
                "m",
                Some(2_000),
            ),
        ] {
            let failure = read(status, &HeaderMap::new(), body.as_bytes());
            assert_eq!((failure.status, failure.kind, &*failure.message), (status, kind, message));
            assert_eq!(failure.retry_after, delay.map(Duration::from_millis));
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for kind in [
            Kind::InvalidRequest,
            Kind::Authentication,
            Kind::Permission,
            Kind::NotFound,
            Kind::RateLimit,
            Kind::Timeout,
            Kind::Unavailable,
            Kind::Server,
        ] {
            let retry_after = Some(Duration::from_millis(1_500));
            let failure = Failure { retry_after, ..Failure::new(kind, "m") };
            let written = write(&failure);
            let read = read(written.status, &HeaderMap::new(), &written.body);
            assert_eq!(Failure { told: None, ..read }, failure);
        }
        assert_eq!(write(&Failure::new(Kind::Overloaded, "m")).status, 503);
    }
}
