//! A provider's error: JSON with codes in several places. Each protocol's error reader uses this,
//! so that an error has the same class whether it is passed on or translated.
//!
//! The message never decides the class, since providers reword it.

pub(in crate::protocol) mod by_status;
mod envelope;
mod json;
mod wait;
mod words;

use std::time::Duration;

use http::HeaderMap;
use serde_json::value::RawValue;

use crate::failure::{AsTold, Brief, Class, Failure, Kind, What};

pub(in crate::protocol) use envelope::is_error_beside_nothing;
pub use envelope::is_error_event;
pub(crate) use envelope::{
    is_error_alone, is_error_name, odd_event, status_inside, with_its_own_status,
};
pub(crate) use json::Json;
pub(crate) use words::{A_DAYS_QUOTA, is_about_context, kind_of};

/// Where an error was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// In an answer of its own, with this status.
    Answer(u16),
    /// In place of the content of a success.
    Success,
    /// In an event of a stream.
    Event,
}

/// An error as it was told.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    at: At,
    value: Json<'a>,
    /// The name of the error in the headers.
    pub(crate) in_header: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// An error answer.
    pub(crate) fn answer(status: u16, headers: &'a HeaderMap, body: &'a [u8]) -> Self {
        let name = headers.get(TYPE_HEADER).and_then(|name| name.to_str().ok());
        let in_header = name.map(bare_name);
        Self { in_header, ..Self::inside(At::Answer(status), body) }
    }

    /// An error inside a success.
    pub(crate) fn inside(at: At, body: &'a [u8]) -> Self {
        let value = match Json::slim(body, RESPONSE) {
            // Some put it into a list.
            Json::List(list) => list.into_iter().next().unwrap_or_default(),
            value => value,
        };
        Self { at, value, in_header: None }
    }

    /// What stands under the `error` of a success.
    pub(crate) fn of_error(error: &'a RawValue) -> Self {
        let error = Json::slim(error.get().as_bytes(), 0);
        let value = Json::Object(vec![("error".into(), error)]);
        Self { at: At::Success, value, in_header: None }
    }

    /// The whole of it.
    pub(crate) fn value(&self) -> &Json<'a> {
        &self.value
    }

    /// What stands under `error`, there or in the response that failed.
    pub(crate) fn error(&self) -> &Json<'a> {
        match &self.value["error"] {
            Json::Null => &self.value["response"]["error"],
            error => error,
        }
    }

    /// Whether there is an `error`, of whatever form.
    pub(crate) fn is_said(&self) -> bool {
        !matches!(self.value["error"], Json::Null | Json::Bool(false))
    }

    /// The status of the answer; inside a success it is the error's own number, if it has one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self.at {
            At::Answer(status) => Some(status),
            At::Success | At::Event => self.number(),
        }
    }

    /// The failure. Its class depends only on codes and status; the kind decides what is written
    /// for a client.
    pub(crate) fn failure(&self, kind: Kind, message: impl Into<String>) -> Failure {
        let failure = Failure::new(kind, message);
        let status = self.status();
        let judged = status.unwrap_or(match self.at {
            At::Event => BAD_GATEWAY,
            At::Answer(_) | At::Success => failure.status,
        });
        let codes = self.codes();
        let class = class_of(judged, &codes, &failure.message);
        let is_limited = kind == Kind::RateLimit && class == Class::RateLimit;
        Failure {
            retry_after: is_limited.then(|| wait::told_in(&failure.message)).flatten(),
            status: status.unwrap_or(failure.status),
            told: Some(Box::new(AsTold {
                brief: Brief { what: What::Status(judged), class },
                codes,
            })),
            ..failure
        }
    }

    /// An error in an unknown form: the status gives the kind, and the message is searched at the
    /// usual place.
    pub(crate) fn bare(&self, kind: Option<Kind>, body: &[u8]) -> Failure {
        let status = self.status().unwrap_or(BAD_GATEWAY);
        let error = &self.value["error"];
        let places = [&error["message"], error, &self.value["message"], &self.value["detail"]];
        let text = match places.into_iter().find_map(Json::as_str) {
            Some(sentence) => sentence.into(),
            None => String::from_utf8_lossy(body),
        };
        let text = text.trim();
        let message = if text.is_empty() || text.starts_with('<') {
            format!("the provider answered with status {status}")
        } else {
            text.chars().take(LONGEST_MESSAGE).collect()
        };
        self.failure(kind.unwrap_or_else(|| Kind::from_status(status)), message)
    }

    /// Google's retry delay, in any protocol. For a daily quota Google sends a delay of seconds,
    /// which is wrong and ignored.
    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        let details = || self.error()["details"].items().iter();
        let violations = details().flat_map(|more| more["violations"].items());
        let mut quotas = violations.filter_map(|violation| violation["quotaId"].as_str());
        if quotas.any(|quota| quota.contains(A_DAYS_QUOTA)) {
            return None;
        }
        let delay = details().find_map(|more| more["retryDelay"].as_str())?;
        Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
    }

    /// The error's codes and types, the most particular first.
    fn codes(&self) -> Vec<String> {
        let (value, error) = (&self.value, self.error());
        let details = error["details"].items().iter();
        let in_details = details.flat_map(|detail| {
            let violations = detail["violations"].items().iter();
            violations.map(|violation| &violation["quotaId"]).chain([&detail["reason"]])
        });
        let places = [
            &error["code"],
            &error["type"],
            &error["status"],
            &value["code"],
            &value["__type"],
            &value["type"],
        ];
        let word = |value: &Json<'_>| match value {
            Json::Text(text) => Some(bare_name(text).to_owned()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let particular = [&error["innererror"]["code"]].into_iter().chain(in_details);
        let mut codes: Vec<String> = particular.chain(places).filter_map(word).collect();
        codes.extend(self.in_header.map(str::to_owned));
        // OpenAI uses it for every text; for the prompt it means the prompt's length.
        let is_too_long = codes.iter().any(|code| code == "string_above_max_length");
        let param = error["param"].as_str().unwrap_or_default();
        if is_too_long && ["messages", "input"].iter().any(|field| param.starts_with(field)) {
            codes.insert(0, "context_length_exceeded".to_owned());
        }
        codes
    }

    /// The HTTP status in the error itself.
    fn number(&self) -> Option<u16> {
        let (value, error) = (&self.value, self.error());
        let places = [&error["code"], &error["status"], &value["code"], &value["status"]];
        places.into_iter().find_map(status_in)
    }
}

/// An error in an unknown form is also classified by its codes, if the operator names one.
pub(crate) fn hear_codes(failure: &mut Failure, body: &[u8]) {
    if failure.told.is_none() {
        let codes = Told::inside(At::Success, body).codes();
        failure.told = Some(Box::new(AsTold { brief: failure.observed(), codes }));
    }
}

/// The code for clients of OpenAI's protocols: the provider's own, unless their tools act on
/// another one with this meaning.
pub(crate) fn code_of<'a>(failure: &'a Failure, usual: Option<&'a str>) -> Option<&'a str> {
    let own = failure.code.as_deref();
    let is_acted_on = matches!(failure.kind, Kind::ContextWindow | Kind::RateLimit);
    match own.filter(|_| failure.told.is_some() && is_acted_on) {
        Some(own) if kind_of(own) != Some(failure.kind) => usual,
        _ => own.or(usual),
    }
}

/// The text that a value is.
pub(crate) fn text(value: &Json<'_>) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The message of an error, or a default.
pub(crate) fn sentence(value: &Json<'_>) -> String {
    value.as_str().unwrap_or("the provider gave no message").to_owned()
}

/// The HTTP status of an error that a value is, as a number or as its text.
fn status_in(value: &Json<'_>) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..600).contains(status))
}

/// A name without AWS's prefix and suffix: `com.amazon#ThrottlingException:http://…`.
pub(crate) fn bare_name(name: &str) -> &str {
    let name = name.split_once(":http").map_or(name, |(name, _)| name);
    name.rsplit('#').next().unwrap_or(name).trim()
}

fn class_of(status: u16, codes: &[String], message: &str) -> Class {
    let by_status = Class::of_status(status);
    match codes.iter().find_map(|word| words::class_of(word)) {
        // A number that is 400 is more precise than a type that only names a family.
        Some(Class::RateLimit | Class::Overloaded | Class::Server)
            if by_status == Class::Client && codes.contains(&status.to_string()) =>
        {
            Class::Client
        }
        Some(class) => class,
        None if status == NOT_FOUND && words::is_about_model(message) => Class::ModelMissing,
        None => by_status,
    }
}

/// Where AWS names an error.
pub(crate) const TYPE_HEADER: &str = "x-amzn-errortype";
const LONGEST_MESSAGE: usize = 1_000;
const BAD_GATEWAY: u16 = 502;
const NOT_FOUND: u16 = 404;

/// An error is in a failed response, which is in an event.
const RESPONSE: u8 = 2;

#[cfg(test)]
mod tests {
    use super::json::LONGEST_ERROR;
    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_the_prompt_where_it_stands_in_one() {
        for (param, length, class) in [
            ("messages[1].content", 1_048_576, Class::ContextWindow),
            ("input", 10_485_760, Class::ContextWindow),
            ("tools[13].function.description", 1_024, Class::Client),
            ("metadata.a", 512, Class::Client),
        ] {
            let message = format!(
                "Invalid '{param}': string too long. Expected a string with maximum length {length}."
            );
            let body = format!(
                r#"{{"error":{{"message":"{message}","type":"invalid_request_error","param":"{param}","code":"string_above_max_length"}}}}"#
            );
            let headers = HeaderMap::new();
            let failure = crate::protocol::usual::error::read(400, &headers, body.as_bytes());
            let is_context = class == Class::ContextWindow;
            assert_eq!(failure.kind == Kind::ContextWindow, is_context, "{param}");
            assert_eq!(failure.brief(&crate::failure::ErrorClasses::new()).class, class, "{param}");
        }
    }

    #[test]
    fn an_error_beside_a_long_answer_is_found_and_nothing_long_is_kept() {
        let long = "a".repeat(LONGEST_ERROR);
        let error = r#"{"code":"server_error"}"#;
        for body in [
            format!(r#"{{"output":"{long}","error":{error}}}"#),
            format!(r#"{{"response":{{"output":"{long}","error":{error}}}}}"#),
        ] {
            let told = Told::inside(At::Event, body.as_bytes());
            assert_eq!(told.error()["code"].as_str(), Some("server_error"));
            assert!(format!("{:?}", told.value()).len() < 300);
        }
        let list = format!("[{}0]", "[],".repeat(LONGEST_ERROR));
        let told = Told::inside(At::Event, list.as_bytes());
        assert_eq!(told.value(), &Json::Object(Vec::new()));
    }
}
