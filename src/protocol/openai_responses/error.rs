//! Errors: in a body as in Chat Completions; in a stream and in a failed response as
//! `{"code","message"}`.
//!
//! The vendor's own message is kept if there is one.

use http::HeaderMap;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::{Failure, Kind};
use crate::protocol::told::{self, At, Json, Told};
use crate::protocol::usual;

/// Reads an error answer, or an error event.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let told = Told::answer(status, headers, body);
    match told.value()["type"].as_str().is_some_and(told::is_error_name) {
        true => read_told(&told, detail(&told)),
        false => usual::error::read(status, headers, body),
    }
}

/// Reads an `error` event, or that of a failed response.
pub(super) fn read_event(data: &str) -> Failure {
    let told = Told::inside(At::Event, data.as_bytes());
    read_told(&told, detail(&told))
}

/// Reads the error of a failed response, which may be absent.
pub(super) fn read_failed(error: Option<&RawValue>) -> Failure {
    let told = Told::of_error(error.unwrap_or(RawValue::NULL));
    read_told(&told, told.error())
}

/// The object with the error's fields: its own, that of the failed response, or the event itself.
fn detail<'a, 'b>(told: &'b Told<'a>) -> &'b Json<'a> {
    if told.error().is_object() { told.error() } else { told.value() }
}

/// Without a status (in a stream or a success) a numeric code is the status, otherwise that of the
/// words' kind.
fn read_told(told: &Told<'_>, detail: &Json<'_>) -> Failure {
    let message = told::sentence(&detail["message"]);
    let words = [&detail["code"], &detail["type"]].map(|word| word.as_str());
    let of_status = || told.status().map_or(Kind::Server, Kind::from_status);
    let kind = words.into_iter().flatten().find_map(told::kind_of).unwrap_or_else(of_status);
    let kind = match kind {
        Kind::InvalidRequest if told::is_about_context(&message) => Kind::ContextWindow,
        kind => kind,
    };
    let [code, name] = words;
    let code = code.or(name.filter(|name| !told::is_error_name(name)));
    let failure = told.failure(kind, message).with_code(code.map(str::to_owned));
    Failure { param: told::text(&detail["param"]), ..failure }
}

/// An error's words, as they are written.
#[derive(Serialize)]
pub(super) struct Out<'a> {
    code: &'a str,
    message: &'a str,
}

/// An error event: its fields as documented, and repeated in an object, which OpenAI sends and its
/// SDKs raise.
#[derive(Serialize)]
pub(super) struct Alone<'a> {
    #[serde(flatten)]
    words: Out<'a>,
    param: Option<&'a str>,
    #[serde(flatten)]
    object: usual::error::Out<'a>,
}

impl<'a> Out<'a> {
    /// From the neutral form. OpenAI's agents go by the code: most they try again, a request that
    /// is too long and a quota that is used up they do not.
    pub(super) fn of(failure: &'a Failure) -> Self {
        let own = failure.code.as_deref();
        let code = code_of(failure.kind).or(own).unwrap_or("server_error");
        Self { code, message: &failure.message }
    }
}

impl<'a> Alone<'a> {
    /// From the neutral form.
    pub(super) fn of(failure: &'a Failure) -> Self {
        let object = usual::error::Out::of(failure);
        Self { words: Out::of(failure), param: failure.param.as_deref(), object }
    }
}

/// The code that is written for a kind; a kind without one has the provider's own, if there is one.
fn code_of(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Server => "server_error",
        Kind::RateLimit => "rate_limit_exceeded",
        Kind::Quota => "insufficient_quota",
        Kind::ContextWindow => "context_length_exceeded",
        Kind::InvalidRequest => "invalid_prompt",
        Kind::ContentFilter => "content_filter",
        Kind::Overloaded => "server_is_overloaded",
        Kind::Unavailable => "service_unavailable",
        Kind::Timeout => "upstream_timeout",
        Kind::Cut => "upstream_unreachable",
        Kind::Malformed => "upstream_malformed",
        Kind::Authentication => "invalid_api_key",
        Kind::Permission => "permission_error",
        Kind::NotFound => "model_not_found",
        Kind::TooLarge => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read() {
        for (detail, kind, status) in [
            (r#"{"code":"rate_limit_exceeded","message":"m"}"#, Kind::RateLimit, 429),
            (r#"{"code":"server_error","message":"m"}"#, Kind::Server, 500),
            (r#"{"code":"context_length_exceeded","message":"m"}"#, Kind::ContextWindow, 400),
            (r#"{"code":null,"type":"invalid_request_error"}"#, Kind::InvalidRequest, 400),
            (
                r#"{"code":"invalid_prompt","message":"input exceeds the context window"}"#,
                Kind::ContextWindow,
                400,
            ),
            (r#"{"code":"new"}"#, Kind::Server, 500),
            (r#"{"code":429,"message":"m","param":[]}"#, Kind::RateLimit, 429),
        ] {
            let failure = read_failed(serde_json::from_str(detail).unwrap());
            assert_eq!((failure.kind, failure.status), (kind, status), "{detail}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for kind in [
            Kind::Server,
            Kind::RateLimit,
            Kind::Quota,
            Kind::ContextWindow,
            Kind::InvalidRequest,
            Kind::ContentFilter,
            Kind::Overloaded,
            Kind::Unavailable,
            Kind::Timeout,
            Kind::Cut,
            Kind::Malformed,
            Kind::Authentication,
            Kind::Permission,
            Kind::NotFound,
        ] {
            let failure = Failure::new(kind, "m");
            let written = serde_json::to_string(&Out::of(&failure)).unwrap();
            let again = read_failed(serde_json::from_str(&written).unwrap());
            assert_eq!(again.kind, kind);
        }
    }
}
