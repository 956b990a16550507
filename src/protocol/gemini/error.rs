//! Errors in the form `{"error":{"code","message","status","details"}}`, perhaps inside a list.
//!
//! It never invents a sentence where the vendor gave one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::conversation::{Failure, Kind};
use crate::protocol::loose::{self, Code};
use crate::protocol::wire::{WrittenError, json};

/// Reads an error body. A stream that is a JSON array has its error in it.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    // The list first: Serde also reads a list as the fields of an object, in order.
    let envelope = serde_json::from_slice::<[Envelope; 1]>(body)
        .map(|[only]| only)
        .or_else(|_| serde_json::from_slice::<Envelope>(body));
    match envelope {
        Ok(envelope) => envelope.error.into_failure(Some(status)),
        Err(_) => Failure::from_status(status, body),
    }
}

/// Writes an error with the status that this protocol has for its kind.
pub(super) fn write(failure: &Failure) -> WrittenError {
    let out = Out::of(failure);
    WrittenError { status: out.error.code, headers: Vec::new(), body: json(&out) }
}

#[derive(Deserialize)]
struct Envelope {
    error: Detail,
}

/// What stands under `error`.
#[derive(Deserialize)]
pub(super) struct Detail {
    code: Option<Code>,
    #[serde(default, deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "loose::list")]
    details: Vec<More>,
}

/// One of the details, of any type: which fields it has depends on it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct More {
    #[serde(default, deserialize_with = "loose::text")]
    retry_delay: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    reason: Option<String>,
    #[serde(default, deserialize_with = "loose::list")]
    violations: Vec<Violation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Violation {
    #[serde(default, deserialize_with = "loose::text")]
    quota_id: Option<String>,
}

/// The error as a value: in a body and in a stream it is the same.
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

impl Detail {
    /// In neutral form; without a status (in a stream, in a 200) the error's own code is one.
    pub(super) fn into_failure(self, status: Option<u16>) -> Failure {
        let message = loose::sentence(self.message);
        let mut violations = self.details.iter().flat_map(|more| &more.violations);
        // A day's quota comes with a delay of seconds, which is not true.
        let is_of_a_day = violations
            .any(|violation| violation.quota_id.as_deref().is_some_and(|id| id.contains("PerDay")));
        let has_bad_key = self.details.iter().any(|more| {
            matches!(more.reason.as_deref(), Some("API_KEY_INVALID" | "API_KEY_EXPIRED"))
        });
        let code = status.or(self.code.as_ref().and_then(Code::status));
        let known = STATUSES.iter().find(|(name, _)| Some(*name) == self.status.as_deref());
        let kind = match (known, code) {
            _ if has_bad_key => Kind::Authentication,
            (Some((_, Kind::RateLimit)), _) if is_of_a_day => Kind::Quota,
            (Some((_, Kind::InvalidRequest)), _) if Kind::is_about_context(&message) => {
                Kind::ContextWindow
            }
            (Some((_, kind)), _) => *kind,
            (None, Some(code)) => Kind::from_status(code),
            (None, None) => Kind::Server,
        };
        let delay = self.details.iter().find_map(|more| more.retry_delay.as_deref());
        let retry_after = delay.filter(|_| !is_of_a_day).and_then(read_delay);
        let failure = Failure::new(kind, message);
        Failure { status: code.unwrap_or(failure.status), retry_after, ..failure }
    }
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

/// A delay such as `34.07s`.
fn read_delay(delay: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
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

const STATUSES: &[(&str, Kind)] = &[
    ("INVALID_ARGUMENT", Kind::InvalidRequest),
    ("FAILED_PRECONDITION", Kind::InvalidRequest),
    ("OUT_OF_RANGE", Kind::InvalidRequest),
    ("UNAUTHENTICATED", Kind::Authentication),
    ("PERMISSION_DENIED", Kind::Permission),
    ("NOT_FOUND", Kind::NotFound),
    ("RESOURCE_EXHAUSTED", Kind::RateLimit),
    ("DEADLINE_EXCEEDED", Kind::Timeout),
    ("UNAVAILABLE", Kind::Unavailable),
    ("INTERNAL", Kind::Server),
];

#[cfg(test)]
mod tests {
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
            let failure = read(status, body.as_bytes());
            assert_eq!((failure.status, failure.kind, &*failure.message), (status, kind, message));
            assert_eq!(failure.retry_after, delay.map(Duration::from_millis));
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for &(_, kind) in STATUSES {
            let retry_after = Some(Duration::from_millis(1_500));
            let failure = Failure { retry_after, ..Failure::new(kind, "m") };
            let written = write(&failure);
            assert_eq!(read(written.status, &written.body), failure);
        }
        assert_eq!(write(&Failure::new(Kind::Overloaded, "m")).status, 503);
    }
}
