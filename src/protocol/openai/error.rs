//! Errors in the form `{"error":{"message","type","param","code"}}`.
//!
//! It never invents a sentence where the vendor gave one.

use serde::{Deserialize, Serialize};

use crate::protocol::conversation::{Failure, Kind};
use crate::protocol::loose::{self, Code};
use crate::protocol::wire::{WrittenError, json};

/// Reads an error body. Some put it into a list, some have no `error` around it, some give a bare
/// string.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    // The list first: Serde also reads a list as the fields of an object, in order.
    let envelope = serde_json::from_slice::<[Envelope; 1]>(body)
        .map(|[only]| only)
        .or_else(|_| serde_json::from_slice::<Envelope>(body));
    let inner = envelope.ok().and_then(|envelope| match (envelope.error, envelope.message) {
        (Some(error), _) => Some(error),
        (None, Some(message)) => Some(Inner::Text(message)),
        (None, None) => envelope.detail.map(Inner::Text),
    });
    let failure = inner.and_then(|inner| inner.into_failure(Some(status)));
    failure.unwrap_or_else(|| Failure::from_status(status, body))
}

/// Writes an error with its status.
pub(super) fn write(failure: &Failure) -> WrittenError {
    let body = json(&Out::of(failure));
    WrittenError { status: failure.usual_status(), headers: Vec::new(), body }
}

/// The error as a value: in a body and in a stream it is the same.
#[derive(Serialize)]
pub(in crate::protocol) struct Out<'a> {
    error: InnerOut<'a>,
}

#[derive(Serialize)]
struct InnerOut<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Option<Inner>,
    #[serde(default, deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    detail: Option<String>,
}

/// What stands under `error`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Inner {
    Object(Box<Detail>),
    Text(String),
    /// Whatever else a vendor puts there; `false` and `null` among them.
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct Detail {
    #[serde(default, deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    param: Option<String>,
    code: Option<Code>,
}

impl Inner {
    /// In neutral form. Without a status (in a stream, in a 200) the error's own numeric code is
    /// one, else the kind that its words stand for decides.
    pub(super) fn into_failure(self, status: Option<u16>) -> Option<Failure> {
        let detail = match self {
            Self::Object(detail) => *detail,
            Self::Text(text) if !text.is_empty() => {
                let kind = status.map_or(Kind::Malformed, Kind::from_status);
                let failure = Failure::new(kind, text);
                return Some(Failure { status: status.unwrap_or(failure.status), ..failure });
            }
            Self::Text(_) | Self::Other(_) => return None,
        };
        let number = detail.code.as_ref().and_then(Code::status);
        let code = detail.code.and_then(Code::into_text);
        let message = loose::sentence(detail.message);
        let words = [code.as_deref(), detail.r#type.as_deref()];
        let kind = kind_of(words, status.or(number), &message);
        let status = status.or(number).unwrap_or_else(|| kind.status());
        let failure = Failure::new(kind, message).with_code(code);
        Some(Failure { status, param: detail.param, ..failure })
    }
}

impl<'a> Out<'a> {
    /// From the neutral form.
    pub(in crate::protocol) fn of(failure: &'a Failure) -> Self {
        let (kind, code) = words(failure.kind);
        Self {
            error: InnerOut {
                message: &failure.message,
                r#type: kind,
                param: failure.param.as_deref(),
                code: failure.code.as_deref().or(code),
            },
        }
    }
}

/// The kind that a code, a type, a status and a sentence stand for, the first that says one.
fn kind_of(words: [Option<&str>; 2], status: Option<u16>, message: &str) -> Kind {
    let by_words = words
        .into_iter()
        .flatten()
        .find_map(|word| KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind));
    // `server_error` and `invalid_request_error` say less than a status that is not 500 or 400.
    let vague = [Some(Kind::Server), Some(Kind::InvalidRequest), None].contains(&by_words);
    match (by_words, status) {
        (_, Some(status)) if vague => match Kind::from_status(status) {
            Kind::InvalidRequest if Kind::is_about_context(message) => Kind::ContextWindow,
            kind => kind,
        },
        (Some(Kind::InvalidRequest), None) if Kind::is_about_context(message) => {
            Kind::ContextWindow
        }
        (Some(kind), _) => kind,
        (None, _) => Kind::Malformed,
    }
}

/// The type and, where OpenAI has one, the code of a kind.
fn words(kind: Kind) -> (&'static str, Option<&'static str>) {
    match kind {
        Kind::InvalidRequest | Kind::TooLarge => ("invalid_request_error", None),
        Kind::ContextWindow => ("invalid_request_error", Some("context_length_exceeded")),
        Kind::ContentFilter => ("invalid_request_error", Some("content_filter")),
        Kind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
        Kind::Permission => ("permission_error", None),
        Kind::NotFound => ("invalid_request_error", Some("model_not_found")),
        Kind::RateLimit => ("rate_limit_error", Some("rate_limit_exceeded")),
        Kind::Quota => ("insufficient_quota", Some("insufficient_quota")),
        Kind::Timeout => ("api_error", Some("upstream_timeout")),
        Kind::Overloaded | Kind::Unavailable | Kind::Server => ("api_error", None),
        Kind::Cut => ("api_error", Some("upstream_unreachable")),
        Kind::Malformed => ("api_error", Some("upstream_malformed")),
    }
}

const KINDS: &[(&str, Kind)] = &[
    ("context_length_exceeded", Kind::ContextWindow),
    ("content_filter", Kind::ContentFilter),
    ("content_policy_violation", Kind::ContentFilter),
    ("insufficient_quota", Kind::Quota),
    ("rate_limit_exceeded", Kind::RateLimit),
    ("rate_limit_error", Kind::RateLimit),
    ("tokens", Kind::RateLimit),
    ("requests", Kind::RateLimit),
    ("invalid_api_key", Kind::Authentication),
    ("authentication_error", Kind::Authentication),
    ("permission_error", Kind::Permission),
    ("model_not_found", Kind::NotFound),
    ("not_found_error", Kind::NotFound),
    ("overloaded_error", Kind::Overloaded),
    ("engine_overloaded", Kind::Overloaded),
    ("invalid_request_error", Kind::InvalidRequest),
    ("server_error", Kind::Server),
    ("api_error", Kind::Server),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_body_of_openai_gives_its_kind() {
        for (status, body, kind, message) in [
            (
                429,
                r#"{"error":{"message":"slow","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
                Kind::RateLimit,
                "slow",
            ),
            (
                429,
                r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#,
                Kind::Quota,
                "pay",
            ),
            (
                400,
                r#"{"error":{"message":"long","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
                Kind::ContextWindow,
                "long",
            ),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 4096 tokens","code":400}"#,
                Kind::InvalidRequest,
                "This model's maximum context length is 4096 tokens",
            ),
            (404, r#"{"detail":"Not Found"}"#, Kind::NotFound, "Not Found"),
            (401, r#"{"error":"no key"}"#, Kind::Authentication, "no key"),
            (
                400,
                r#"[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]"#,
                Kind::InvalidRequest,
                "bad",
            ),
            (
                429,
                r#"{"error":{"message":"pay","type":7,"param":[],"code":"insufficient_quota"}}"#,
                Kind::Quota,
                "pay",
            ),
            (503, "<html>", Kind::Unavailable, "the provider answered with status 503"),
            (500, r#"{"error":null}"#, Kind::Server, r#"{"error":null}"#),
        ] {
            let failure = read(status, body.as_bytes());
            assert_eq!(
                (failure.status, failure.kind, failure.message.as_str()),
                (status, kind, message)
            );
        }
    }

    #[test]
    fn an_error_without_status_has_its_own() {
        for (inner, status, kind) in [
            (r#"{"message":"m","code":503}"#, 503, Kind::Unavailable),
            (r#"{"message":"m","code":"429"}"#, 429, Kind::RateLimit),
            (r#"{"message":"m","type":"server_error"}"#, 500, Kind::Server),
            (r#"{"message":"m","type":"overloaded_error"}"#, 529, Kind::Overloaded),
            (r#"{"message":"m"}"#, 502, Kind::Malformed),
            (r#""m""#, 502, Kind::Malformed),
        ] {
            let inner: Inner = serde_json::from_str(inner).unwrap();
            let failure = inner.into_failure(None).unwrap();
            assert_eq!((failure.status, failure.kind), (status, kind));
        }
        let nothing: Inner = serde_json::from_str("false").unwrap();
        assert_eq!(nothing.into_failure(None), None);
    }
}
