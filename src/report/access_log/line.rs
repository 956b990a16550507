//! What a line of the access log holds, in the order in which it is written. The names of the fields are
//! the keys of the JSON format: stable, short, and documented in `docs/observability.md`.
//!
//! It never holds a prompt, an answer, a query or a credential.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    net::IpAddr,
    time::{Duration, SystemTime},
};

use serde::{Serialize, Serializer};
use time::{OffsetDateTime, Time};

use crate::{
    failure::Class,
    protocol::{Operation, Protocol, conversation::Usage},
    record::{End, Finished, Outcome, trail::Step},
    secret::names::label,
    table::{Caller, Pool, Provider},
};

/// One request.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    /// When its head arrived, in UTC.
    pub(crate) time: Stamp,
    /// Its id, which its response bears as `x-request-id`.
    pub(crate) id: Cow<'a, str>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<IpAddr>,
    /// The method of HTTP.
    pub(crate) method: &'a str,
    /// The path, without its query.
    pub(crate) path: Cow<'a, str>,
    /// The name of the caller's key; `anonymous` without one, `unknown` where no key has the token,
    /// `unnamed` where the file gives the key no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Cow<'a, str>>,
    /// The client's protocol.
    #[serde(serialize_with = "as_text")]
    pub(crate) protocol: Protocol,
    /// What was asked for.
    pub(crate) op: &'static str,
    /// Whether a stream was asked for.
    pub(crate) stream: bool,
    /// The alias asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<Cow<'a, str>>,
    /// The alias whose provider answered, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) served_alias: Option<Cow<'a, str>>,
    /// The provider whose answer the client got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Cow<'a, str>>,
    /// The model it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<Cow<'a, str>>,
    /// The status that the client got; 499 where it left before there was one.
    pub(crate) status: u16,
    /// The code of the router's own refusal, or the class of the failure that broke the answer off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    /// How it ended: `complete`, `refused`, `broken`, `client_left` or `panicked`.
    pub(crate) end: &'static str,
    /// Every provider that was asked or passed over, in order.
    #[serde(skip_serializing_if = "Attempts::is_empty")]
    pub(crate) attempts: Attempts<'a>,
    /// The tokens that it took, as the provider told them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Tokens>,
    /// Bytes of the request's body.
    pub(crate) bytes_in: u64,
    /// Bytes of the response's body.
    pub(crate) bytes_out: u64,
    /// Milliseconds to the response's first byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttfb_ms: Option<Millis>,
    /// Milliseconds of these that the router took, and not a provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) own_ms: Option<Millis>,
    /// Milliseconds to the response's last byte.
    pub(crate) ms: Millis,
}

/// Every provider that was asked or passed over, each read when it is written.
#[derive(Clone, Copy)]
pub(crate) struct Attempts<'a>(&'a Finished<'a>);

/// One provider that was asked or passed over.
#[derive(Debug, Serialize)]
pub(crate) struct Attempt<'a> {
    /// Its alias, where it is not the one that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<Cow<'a, str>>,
    /// Its name.
    pub(crate) provider: Cow<'a, str>,
    /// The model it was asked for.
    pub(crate) model: Cow<'a, str>,
    /// The protocol it speaks.
    #[serde(serialize_with = "as_text")]
    pub(crate) protocol: Protocol,
    /// A status, or a word: `timeout`, `connect`, `reset`, `cooling`, `limited`, …, as in
    /// `x-onwards-attempts`.
    #[serde(serialize_with = "as_text")]
    pub(crate) outcome: Outcome,
    /// The class of its failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) class: Option<&'static str>,
    /// Milliseconds to its first byte or its failure; absent where it was passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<Millis>,
}

/// Tokens. Input and output are whole sums; the others are parts of them.
#[derive(Debug, Serialize)]
pub(crate) struct Tokens {
    /// Everything read.
    pub(crate) input: u64,
    /// Everything written.
    pub(crate) output: u64,
    /// Of the input: read from a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) cache_read: u64,
    /// Of the input: written to a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) cache_write: u64,
    /// Of the output: reasoning.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) reasoning: u64,
}

/// A moment, written as RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp(pub(crate) SystemTime);

/// A time, written as milliseconds with three decimals at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Millis(pub(crate) Duration);

impl<'a> Line<'a> {
    /// The line of a request that has ended at `now`.
    pub(crate) fn of(request: &'a Finished<'a>, now: SystemTime) -> Self {
        let attempts = Attempts(request);
        let served = request.served();
        let target = request.asks.target.as_ref();
        let head = request.times.head;
        let mut line = Self {
            time: Stamp(now.checked_sub(request.times.total).unwrap_or(now)),
            id: request.id.text(),
            client: request.asks.client,
            method: target.map(|(method, _)| method.as_str()).unwrap_or_default(),
            path: target.map(|(_, path)| label(path.path())).unwrap_or_default(),
            key: key(request),
            protocol: request.asks.protocol,
            op: operation(request),
            stream: request.stream,
            alias: request.alias().map(short),
            served_alias: served.and_then(|(pool, ..)| attempts.other(pool)),
            provider: served.map(|(_, provider, _)| label(&provider.name)),
            model: served.map(|(_, provider, _)| label(&provider.model)),
            status: request.status,
            code: None,
            end: "complete",
            attempts,
            usage: request.usage.map(Tokens::of),
            bytes_in: request.bytes_in,
            bytes_out: request.bytes_out,
            ttfb_ms: head.map(|head| Millis(head.first_byte)),
            own_ms: head.map(|head| Millis(head.overhead)),
            ms: Millis(request.times.total),
        };
        (line.end, line.code) = match request.end {
            End::Complete => ("complete", None),
            End::Refused { code, .. } => ("refused", Some(code)),
            End::BrokeOff(reason) => ("broken", Some(reason)),
            End::Left => ("client_left", None),
            End::Fault => ("panicked", None),
        };
        line
    }
}

impl Tokens {
    fn of(usage: Usage) -> Self {
        let Usage { input, output, cache_read, cache_write, reasoning } = usage;
        Self { input, output, cache_read, cache_write, reasoning }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "Serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl<'a> Attempts<'a> {
    /// Each of them, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Attempt<'a>> {
        self.0
            .attempts()
            .map(move |(pool, provider, step)| Attempt::of(self.other(pool), provider, step))
    }

    /// Whether no provider was looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.steps.is_empty()
    }

    /// The alias of a pool that is not the one asked for.
    fn other(self, pool: &'a Pool) -> Option<Cow<'a, str>> {
        let is_asked = self.0.served_by.is_some_and(|it| it.asked.alias == pool.alias);
        (!is_asked).then(|| label(&pool.alias))
    }
}

impl std::fmt::Debug for Attempts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Attempts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'a> Attempt<'a> {
    fn of(alias: Option<Cow<'a, str>>, provider: &'a Provider, step: &'a Step) -> Self {
        Self {
            alias,
            provider: label(&provider.name),
            model: label(&provider.model),
            protocol: provider.protocol,
            outcome: step.outcome,
            class: match step.outcome {
                Outcome::Failed(brief) => Some(Class::name(brief.class)),
                _ => None,
            },
            ms: step.asked.map(|asked| Millis(asked.took)),
        }
    }
}

fn key<'a>(request: &Finished<'a>) -> Option<Cow<'a, str>> {
    Some(match (request.caller?, request.key) {
        (_, Some(name)) => label(name),
        (Caller::Anonymous, None) => "anonymous".into(),
        (Caller::Unknown, None) => "unknown".into(),
        (Caller::Known(_), None) => "unnamed".into(),
    })
}

fn operation(request: &Finished<'_>) -> &'static str {
    match request.asks.operation {
        Some(Operation::Generate) => "chat",
        Some(Operation::CountTokens) => "token_count",
        Some(Operation::Embed) => "embeddings",
        Some(Operation::Native) | None => "other",
    }
}

/// An alias as a client wrote it may be of any length, and may be a key in the wrong place.
fn short(alias: &str) -> Cow<'_, str> {
    match label(alias) {
        Cow::Borrowed(text) if text.len() > LONGEST => {
            let end =
                (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            Cow::Owned(format!("{}…", &text[..end]))
        }
        text => text,
    }
}

fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_micros() as f64 / 1e3)
    }
}

impl Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        match micros < 10_000 {
            true => write!(f, "{}.{} ms", micros / 1000, micros / 100 % 10),
            false => write!(f, "{} ms", micros / 1000),
        }
    }
}

impl Stamp {
    /// The time of day, for people.
    pub(crate) fn time_of_day(self) -> impl Display {
        TimeOfDay(OffsetDateTime::from(self.0).time())
    }
}

impl Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from(self.0);
        let (year, month, day) = moment.to_calendar_date();
        let time = TimeOfDay(moment.time());
        write!(f, "{year:04}-{:02}-{day:02}T{time}Z", u8::from(month))
    }
}

struct TimeOfDay(Time);

impl Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second, millis) = self.0.as_hms_milli();
        write!(f, "{hour:02}:{minute:02}:{second:02}.{millis:03}")
    }
}

const LONGEST: usize = 200;
