//! A request of the feed as JSON, under the keys of the access log.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use serde::Serialize;

use super::{Told, Tried};
use crate::{
    protocol::conversation::Finish,
    report::access_log::line::{self, Stamp},
};

/// One request.
#[derive(Debug, Serialize)]
pub(crate) struct Row<'a> {
    /// So many ended before it.
    nth: u64,
    time: String,
    id: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    alias: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    served_alias: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    provider: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    stream: bool,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'static str>,
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttfb_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Tokens>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guardrails: Vec<&'a str>,
    attempts: Vec<Attempt<'a>>,
}

/// The least and the greatest of several statuses.
pub(crate) type Statuses = (u16, u16);

/// The times of a request.
#[derive(Debug, Serialize)]
struct Tokens {
    input: u64,
    output: u64,
}

/// One provider that was asked or passed over.
#[derive(Debug, Serialize)]
struct Attempt<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    alias: &'a str,
    provider: &'a str,
    outcome: String,
    /// Milliseconds from the request's head to its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<f64>,
}

#[cfg(test)]
impl Row<'_> {
    /// One with each key that a row may have.
    pub(crate) fn with_all_keys() -> Self {
        let attempt = Attempt {
            alias: "a",
            provider: "p",
            outcome: "200".into(),
            at_ms: Some(1.0),
            ms: Some(1.0),
        };
        Self {
            nth: 0,
            time: String::new(),
            id: Cow::Borrowed("i"),
            alias: "m",
            served_alias: "a",
            provider: "p",
            key: "k",
            stream: true,
            status: 200,
            code: Some("c"),
            end: "complete",
            finish_reason: Some("stop"),
            ms: 1.0,
            ttfb_ms: Some(1.0),
            usage: Some(Tokens { input: 1, output: 1 }),
            cost: Some(1.0),
            guardrails: vec!["r=deny"],
            attempts: vec![attempt],
        }
    }
}

impl<'a> Row<'a> {
    /// The row of a request.
    pub(crate) fn of(told: &'a Told) -> Self {
        let name = |at| told.names.get(at);
        let alias = name(0);
        let other = |it: &'a str| if it == alias { "" } else { it };
        let (end, code) = line::end(told.end);
        let served = told.served();
        let attempt = |tried: Tried<'a>| Attempt {
            alias: other(tried.alias),
            provider: tried.provider,
            outcome: tried.outcome.to_string(),
            at_ms: tried.asked.map(|(at, _)| millis(at)),
            ms: tried.asked.map(|(_, took)| millis(took)),
        };
        Self {
            nth: told.nth,
            time: stamp(told.ended.checked_sub(told.total).unwrap_or(told.ended)),
            id: told.id.text(),
            alias,
            served_alias: other(served.as_ref().map(|it| it.alias).unwrap_or_default()),
            provider: served.map(|it| it.provider).unwrap_or_default(),
            key: name(1),
            stream: told.stream,
            status: told.status,
            code,
            end,
            finish_reason: told.finish.map(Finish::word),
            ms: millis(told.total),
            ttfb_ms: told.first_byte.map(millis),
            usage: told.usage.map(|it| Tokens { input: it.input, output: it.output }),
            cost: told.cost.map(dollars),
            guardrails: name(2).split_ascii_whitespace().collect(),
            attempts: told.tried().map(attempt).collect(),
        }
    }

    /// So many ended before it.
    pub(crate) fn nth(&self) -> u64 {
        self.nth
    }

    /// Whether it is of this key, of this alias (asked for or serving) and of these statuses, as far as each is
    /// given.
    pub(crate) fn is_of(
        &self,
        key: Option<&str>,
        alias: Option<&str>,
        statuses: Option<Statuses>,
    ) -> bool {
        key.is_none_or(|key| self.key == key)
            && alias.is_none_or(|alias| self.alias == alias || self.served_alias == alias)
            && statuses.is_none_or(|(least, most)| (least..=most).contains(&self.status))
    }

    /// Whether it has this in its id, key, alias, provider or status; `sought` is in lower case.
    pub(crate) fn has(&self, sought: &str) -> bool {
        let names = [&*self.id, self.key, self.alias, self.served_alias, self.provider];
        names.iter().any(|name| name.to_lowercase().contains(sought))
            || self.status.to_string() == sought
            || self.attempts.iter().any(|it| it.provider.to_lowercase().contains(sought))
    }
}

/// A moment as RFC 3339 with milliseconds.
pub(crate) fn stamp(time: SystemTime) -> String {
    let mut text = Vec::new();
    Stamp(time).append(&mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Picodollars as dollars.
pub(crate) fn dollars(pico: u64) -> f64 {
    pico as f64 / 1e12
}

fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}
