//! Errors: in a body as in Chat Completions, in a stream and in a failed response as
//! `{"code","message"}`.
//!
//! It never invents a sentence where the vendor gave one.

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::protocol::conversation::{Failure, Kind};
use crate::protocol::loose::{self, Code};
use crate::protocol::openai::{self, OpenAi};
use crate::protocol::wire::{Wire, WrittenError};

/// Reads an error body, or the event that told it.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let event = serde_json::from_slice::<Told>(body).ok().filter(Told::is_error);
    match event {
        Some(event) => event.into_detail().into_failure(Some(status)),
        None => OpenAi.read_error(status, headers, body),
    }
}

/// Reads an `error` event, or that of a failed response.
pub(super) fn read_event(data: &str) -> Failure {
    let event = serde_json::from_str::<Told>(data).unwrap_or_default();
    event.into_detail().into_failure(None)
}

/// Writes an error with its status.
pub(super) fn write(failure: &Failure, request_id: &str) -> WrittenError {
    OpenAi.write_error(failure, request_id)
}

/// The error of a failed response, or what an `error` event says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Detail {
    code: Option<Code>,
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    param: Option<String>,
}

/// An event that tells an error: its words stand in it, in an object of their own, or in the
/// response that failed.
#[derive(Default, Deserialize)]
struct Told {
    #[serde(flatten)]
    own: Detail,
    error: Option<Detail>,
    response: Option<Box<Told>>,
}

/// The same, as it is written.
#[derive(Serialize)]
pub(super) struct Out<'a> {
    code: &'a str,
    message: &'a str,
}

/// An error that stands alone in a stream: its words in it, as is documented, and once more in an
/// object, which is what OpenAI sends and what its libraries raise.
#[derive(Serialize)]
pub(super) struct Alone<'a> {
    #[serde(flatten)]
    words: Out<'a>,
    param: Option<&'a str>,
    #[serde(flatten)]
    object: openai::error::Out<'a>,
}

impl Told {
    fn is_error(&self) -> bool {
        self.own.r#type.as_deref().is_some_and(|name| EVENTS.contains(&name))
    }

    fn into_detail(self) -> Detail {
        self.error.or(self.response.and_then(|failed| failed.error)).unwrap_or(self.own)
    }
}

impl Detail {
    /// In neutral form; the code decides on the kind. Without a status (in a stream, in a 200) a
    /// numeric code is one, else it is that of the kind.
    pub(super) fn into_failure(self, status: Option<u16>) -> Failure {
        let status = status.or(self.code.as_ref().and_then(Code::status));
        let code = self.code.and_then(Code::into_text);
        let message = loose::sentence(self.message);
        let words = [code.as_deref(), self.r#type.as_deref()];
        let kind = words
            .into_iter()
            .flatten()
            .find_map(|word| CODES.iter().find(|(code, _)| *code == word).map(|(_, kind)| *kind));
        let of_status = || status.map_or(Kind::Server, Kind::from_status);
        let kind = match kind.unwrap_or_else(of_status) {
            Kind::InvalidRequest if Kind::is_about_context(&message) => Kind::ContextWindow,
            kind => kind,
        };
        let code = code.or(self.r#type.filter(|name| !EVENTS.contains(&name.as_str())));
        let failure = Failure::new(kind, message).with_code(code);
        Failure { status: status.unwrap_or(failure.status), param: self.param, ..failure }
    }
}

impl<'a> Out<'a> {
    /// From the neutral form. OpenAI's agents go by the code: most they try again, a request that
    /// is too long and a quota that is used up they do not.
    pub(super) fn of(failure: &'a Failure) -> Self {
        let known = CODES.iter().find(|(_, kind)| *kind == failure.kind).map(|(code, _)| *code);
        let own = failure.code.as_deref();
        let code = known.or(own).unwrap_or("server_error");
        Self { code, message: &failure.message }
    }
}

impl<'a> Alone<'a> {
    /// From the neutral form.
    pub(super) fn of(failure: &'a Failure) -> Self {
        let object = openai::error::Out::of(failure);
        Self { words: Out::of(failure), param: failure.param.as_deref(), object }
    }
}

/// The events that tell an error.
const EVENTS: [&str; 2] = ["error", "response.failed"];

/// The first code of a kind is the one that is written.
const CODES: &[(&str, Kind)] = &[
    ("server_error", Kind::Server),
    ("api_error", Kind::Server),
    ("rate_limit_exceeded", Kind::RateLimit),
    ("rate_limit_error", Kind::RateLimit),
    ("insufficient_quota", Kind::Quota),
    ("context_length_exceeded", Kind::ContextWindow),
    ("invalid_prompt", Kind::InvalidRequest),
    ("invalid_request_error", Kind::InvalidRequest),
    ("content_filter", Kind::ContentFilter),
    ("content_policy_violation", Kind::ContentFilter),
    ("server_is_overloaded", Kind::Overloaded),
    ("slow_down", Kind::Overloaded),
    ("overloaded_error", Kind::Overloaded),
    ("service_unavailable", Kind::Unavailable),
    ("upstream_timeout", Kind::Timeout),
    ("upstream_unreachable", Kind::Cut),
    ("upstream_malformed", Kind::Malformed),
    ("invalid_api_key", Kind::Authentication),
    ("permission_error", Kind::Permission),
    ("model_not_found", Kind::NotFound),
];

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
            let failure = serde_json::from_str::<Detail>(detail).unwrap().into_failure(None);
            assert_eq!((failure.kind, failure.status), (kind, status), "{detail}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for &(_, kind) in CODES {
            let failure = Failure::new(kind, "m");
            let written = serde_json::to_string(&Out::of(&failure)).unwrap();
            let again = serde_json::from_str::<Detail>(&written).unwrap().into_failure(None);
            assert_eq!(again.kind, kind);
        }
    }
}
