//! Errors in the form `{"error":{"message","type","param","code"}}`.
//!
//! The vendor's own message is kept if there is one.

use http::HeaderMap;
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::protocol::codec::{WrittenError, json};
use crate::protocol::told::{self, At, Json, Told};

/// Reads an error answer.
pub(in crate::protocol) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let told = Told::answer(status, headers, body);
    read_told(&told).unwrap_or_else(|| told.bare(None, body))
}

/// Reads an error inside a success, if there is one.
pub(in crate::protocol) fn read_inside(at: At, body: &[u8]) -> Option<Failure> {
    read_told(&Told::inside(at, body))
}

/// Writes an error with its status.
pub(in crate::protocol) fn write(failure: &Failure) -> WrittenError {
    let body = json(&Out::of(failure));
    WrittenError { status: failure.usual_status(), headers: Vec::new(), body }
}

/// The error object, the same in a body and in a stream.
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

/// Some have no `error` around it, some send a string.
fn read_told(told: &Told<'_>) -> Option<Failure> {
    let (value, error) = (told.value(), &told.value()["error"]);
    let alone = match error {
        Json::Object(_) => return Some(read_detail(told, error)),
        Json::Null => value["message"].as_str().or_else(|| value["detail"].as_str()),
        error => error.as_str(),
    };
    let text = alone.filter(|text| !text.is_empty())?;
    Some(told.failure(told.status().map_or(Kind::Malformed, Kind::from_status), text))
}

/// Reads the value of `error`. Without a status (in a stream or a success), the kind of its words
/// decides.
fn read_detail(told: &Told<'_>, detail: &Json<'_>) -> Failure {
    let message = told::sentence(&detail["message"]);
    let words = [&detail["code"], &detail["type"]];
    let kind = kind_of(words, told.status(), &message);
    let failure = told.failure(kind, message).with_code(told::text(&detail["code"]));
    let retry_after = told.retry_delay().or(failure.retry_after);
    Failure { param: told::text(&detail["param"]), retry_after, ..failure }
}

impl<'a> Out<'a> {
    /// From the neutral form.
    pub(in crate::protocol) fn of(failure: &'a Failure) -> Self {
        let (kind, code) = words(failure.kind);
        let own = failure.code.as_deref();
        let kind = if own == Some("upstream_not_found") { "not_found_error" } else { kind };
        Self {
            error: InnerOut {
                message: &failure.message,
                r#type: kind,
                param: failure.param.as_deref(),
                code: told::code_of(failure, code),
            },
        }
    }
}

/// The kind of a code, a type, a status and a message, the first that gives one.
fn kind_of(words: [&Json<'_>; 2], status: Option<u16>, message: &str) -> Kind {
    let by_words = words.into_iter().filter_map(|word| word.as_str()).find_map(told::kind_of);
    // `server_error` and `invalid_request_error` are less precise than a status other than 500 or
    // 400.
    let vague = [Some(Kind::Server), Some(Kind::InvalidRequest), None].contains(&by_words);
    match (by_words, status) {
        (_, Some(status)) if vague => match Kind::from_status(status) {
            Kind::InvalidRequest if told::is_about_context(message) => Kind::ContextWindow,
            kind => kind,
        },
        (Some(Kind::InvalidRequest), None) if told::is_about_context(message) => {
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
            let failure = read(status, &HeaderMap::new(), body.as_bytes());
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
            let body = format!(r#"{{"error":{inner}}}"#);
            let failure = read_inside(At::Success, body.as_bytes()).unwrap();
            assert_eq!((failure.status, failure.kind), (status, kind));
        }
        assert_eq!(read_inside(At::Success, br#"{"error":false}"#), None);
    }
}
