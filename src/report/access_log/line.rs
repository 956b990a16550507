//! The fields of an access log line, in order. Their names are the keys of the JSON format,
//! documented in `docs/observability.md`.
//!
//! It contains no prompt, answer, query or credential.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt::{self, Display},
    net::IpAddr,
    time::{Duration, SystemTime},
};

use time::{OffsetDateTime, Time};

use crate::{
    failure::Class,
    protocol::{
        Operation, Protocol,
        conversation::{Finish, Usage},
    },
    record::{End, Finished, Guarded, Outcome, RequestId, trail::Step},
    refusal::Refusal,
    secret::names::label,
    table::{Caller, Pool, Provider},
};

/// One request.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// When its head arrived, in UTC.
    pub(crate) time: Stamp,
    /// Its id, which its response bears as `x-request-id`.
    pub(crate) id: &'a RequestId,
    /// The id of its trace, where it is sampled.
    pub(crate) trace: Option<u128>,
    /// The provider's ID of the request.
    pub(crate) upstream_id: Option<Cow<'a, str>>,
    /// The client's address.
    pub(crate) client: Option<IpAddr>,
    /// The method of HTTP.
    pub(crate) method: &'a str,
    /// The path, without its query.
    pub(crate) path: Cow<'a, str>,
    /// The name of the caller's key; `anonymous` without one, `unknown` where no key has the token,
    /// `unnamed` where the file gives the key no name.
    pub(crate) key: Option<Cow<'a, str>>,
    /// The client's protocol.
    pub(crate) protocol: Protocol,
    /// The operation.
    pub(crate) op: &'static str,
    /// Whether a stream was asked for.
    pub(crate) stream: bool,
    /// The alias asked for.
    pub(crate) alias: Option<Cow<'a, str>>,
    /// The alias whose provider answered, where it is another.
    pub(crate) served_alias: Option<Cow<'a, str>>,
    /// The provider whose answer the client got.
    pub(crate) provider: Option<Cow<'a, str>>,
    /// The model it was asked for.
    pub(crate) model: Option<Cow<'a, str>>,
    /// The status that the client got; 499 where it left before there was one.
    pub(crate) status: u16,
    /// The code of the router's own refusal, or the class of the failure that broke the answer off.
    pub(crate) code: Option<&'static str>,
    /// How it ended: `complete`, `refused`, `broken`, `client_left` or `panicked`.
    pub(crate) end: &'static str,
    /// Why the model stopped.
    pub(crate) finish_reason: Option<Finish>,
    /// Every provider that was asked or passed over, in order.
    pub(crate) attempts: Attempts<'a>,
    /// The matches of guardrails.
    pub(crate) guarded: &'a [Guarded],
    /// The tokens of the answer.
    pub(crate) usage: Option<Usage>,
    /// Whether some of these are an estimate.
    pub(crate) estimated: bool,
    /// The cost of all attempts in US dollars; absent without a known price.
    pub(crate) cost: Option<Dollars>,
    /// Bytes of the request's body.
    pub(crate) bytes_in: u64,
    /// Bytes of the response's body.
    pub(crate) bytes_out: u64,
    /// Milliseconds to the response's first byte.
    pub(crate) ttfb_ms: Option<Millis>,
    /// Milliseconds of these that the router took, and not a provider.
    pub(crate) own_ms: Option<Millis>,
    /// Milliseconds that it has waited for limits of the router, where it has.
    pub(crate) waited_ms: Option<Millis>,
    /// Milliseconds to the response's last byte.
    pub(crate) ms: Millis,
}

/// Every provider that was asked or passed over, each read when it is written.
#[derive(Clone, Copy)]
pub(crate) struct Attempts<'a>(&'a Finished<'a>);

/// One provider that was asked or passed over.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    /// Its alias, where it is not the one that was asked for.
    pub(crate) alias: Option<Cow<'a, str>>,
    /// Its name.
    pub(crate) provider: Cow<'a, str>,
    /// The model it was asked for.
    pub(crate) model: Cow<'a, str>,
    /// The protocol it speaks.
    pub(crate) protocol: Protocol,
    /// A status, or a word: `timeout`, `connect`, `reset`, `cooling`, `limited`, …, as in
    /// `x-onwards-attempts`.
    pub(crate) outcome: Outcome,
    /// The class of its failure.
    pub(crate) class: Option<&'static str>,
    /// Milliseconds to its first byte or its failure; absent where it was passed over.
    pub(crate) ms: Option<Millis>,
    /// The tokens that it told, where its answer was not passed on.
    pub(crate) usage: Option<Usage>,
    /// Their cost, if a price is known.
    pub(crate) cost: Option<Dollars>,
}

/// A moment, written as RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp(pub(crate) SystemTime);

/// Picodollars, written as dollars.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dollars(pub(crate) u64);

/// A time, written as milliseconds with three decimals at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Millis(pub(crate) Duration);

impl<'a> Line<'a> {
    /// The line of a request that has ended.
    pub(crate) fn of(request: &'a Finished<'a>) -> Self {
        let attempts = Attempts(request);
        let (served, now) = (request.served, request.ended);
        let target = request.asks.target.as_ref();
        let head = request.times.head;
        let mut line = Self {
            time: Stamp(now.checked_sub(request.times.total).unwrap_or(now)),
            id: request.id,
            trace: request.asks.trace.as_ref().map(|trace| trace.id),
            upstream_id: request.upstream_id.map(|id| String::from_utf8_lossy(id.as_bytes())),
            client: request.asks.client,
            method: target.map(|(method, _)| method.as_str()).unwrap_or_default(),
            path: path(request),
            key: key(request),
            protocol: request.asks.protocol,
            op: operation(request),
            stream: request.stream,
            alias: alias(request),
            served_alias: served.and_then(|(pool, ..)| attempts.other(pool)),
            provider: served.map(|(_, provider, _)| provider.shown().into()),
            model: served.map(|(_, provider, _)| model(request, provider)),
            status: request.status,
            code: None,
            end: "complete",
            finish_reason: request.finish,
            attempts,
            guarded: request.guarded,
            usage: request.usage,
            estimated: request.estimated,
            cost: request.cost.map(Dollars),
            bytes_in: request.bytes_in,
            bytes_out: request.bytes_out,
            ttfb_ms: head.map(|head| Millis(head.first_byte)),
            own_ms: head.map(|head| Millis(head.overhead)),
            waited_ms: request.queued.map(Millis),
            ms: Millis(request.times.total),
        };
        (line.end, line.code) = end(request.end);
        line
    }
}

impl<'a> Attempts<'a> {
    /// Those of a request.
    #[cfg(feature = "otlp")]
    pub(crate) fn of(request: &'a Finished<'a>) -> Self {
        Self(request)
    }

    /// Each of them, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Attempt<'a>> {
        self.0.attempts().enumerate().map(move |(nth, (pool, provider, step))| {
            let attempt = Attempt::of(self.other(pool), provider, model(self.0, provider), step);
            let spent = self.0.spent.iter().find(|(at, _)| *at == nth);
            let usage = spent.map(|(_, usage)| *usage);
            let cost = usage.and_then(|usage| provider.pricing.cost(usage, None));
            Attempt { usage, cost: cost.map(Dollars), ..attempt }
        })
    }

    /// Whether no provider was looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.steps.is_empty()
    }

    /// The alias of a pool that is not the one asked for.
    fn other(self, pool: &'a Pool) -> Option<Cow<'a, str>> {
        let is_asked = self.0.served_by.is_some_and(|it| it.asked.alias == pool.alias);
        (!is_asked).then(|| pool.shown().into())
    }
}

impl std::fmt::Debug for Attempts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Attempt<'a> {
    fn of(
        alias: Option<Cow<'a, str>>,
        provider: &'a Provider,
        model: Cow<'a, str>,
        step: &'a Step,
    ) -> Self {
        Self {
            alias,
            provider: provider.shown().into(),
            model,
            protocol: provider.protocol,
            outcome: step.outcome,
            class: match step.outcome {
                Outcome::Failed(brief) => Some(Class::name(brief.class)),
                _ => None,
            },
            ms: step.asked.map(|asked| Millis(asked.took)),
            usage: None,
            cost: None,
        }
    }
}

/// How a request ended, and the code or the class that tells more.
pub(crate) fn end(end: End) -> (&'static str, Option<&'static str>) {
    match end {
        End::Complete => ("complete", None),
        End::Refused { code, .. } => ("refused", Some(code)),
        End::BrokeOff(reason) => ("broken", Some(reason)),
        End::Left => ("client_left", None),
        End::Fault => ("panicked", Some(Refusal::Internal.row().code)),
    }
}

/// The name of the caller's key, or the word in its place.
pub(crate) fn key<'a>(request: &Finished<'a>) -> Option<Cow<'a, str>> {
    Some(match (request.caller?, request.account) {
        (_, Some(account)) => account.shown().into(),
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

/// The model that a provider was asked for, which may depend on the name that was asked for.
fn model<'a>(request: &Finished<'a>, provider: &'a Provider) -> Cow<'a, str> {
    match (&provider.asked_model, request.asked_name) {
        (Some(_), Some(name)) => short(&provider.model_for(name)).into_owned().into(),
        _ => provider.shown_model().into(),
    }
}

/// A known path contains words of a protocol and an alias, but no credential.
fn path<'a>(request: &Finished<'a>) -> Cow<'a, str> {
    let Some((_, target)) = &request.asks.target else { return Cow::Borrowed("") };
    let is_known = matches!(request.asks.operation, Some(it) if it != Operation::Native);
    let is_safe = is_known
        && request.asked_name.is_none()
        && request.served_by.is_some_and(|it| it.asked.mask.is_none());
    if is_safe { target.path().into() } else { label(target.path()) }
}

/// The requested alias, as shown.
pub(crate) fn alias<'a>(request: &Finished<'a>) -> Option<Cow<'a, str>> {
    match (request.asked_name, request.served_by) {
        (Some(name), _) => Some(short(name)),
        (None, served_by) => served_by.map(|it| it.asked.shown().into()),
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

impl Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${:.4}", self.0 as f64 / 1e12)
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
    /// Appends it as RFC 3339. The date is computed once for all lines of a second.
    pub(crate) fn append(self, out: &mut Vec<u8>) {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (second, mut text) = match LAST_SECOND.get() {
            (second, text) if second == since.as_secs() => (second, text),
            _ => (since.as_secs(), date(self.0)),
        };
        digits(&mut text[20..23], since.subsec_millis());
        LAST_SECOND.set((second, text));
        out.extend_from_slice(&text);
    }

    /// The time of day, for people.
    pub(crate) fn time_of_day(self) -> impl Display {
        TimeOfDay(OffsetDateTime::from(self.0).time())
    }
}

/// A moment as RFC 3339, its milliseconds left out.
fn date(moment: SystemTime) -> [u8; 24] {
    let moment = OffsetDateTime::from(moment);
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.time().as_hms();
    let mut text = *b"0000-00-00T00:00:00.000Z";
    digits(&mut text[0..4], u32::try_from(year).unwrap_or_default());
    digits(&mut text[5..7], u8::from(month).into());
    digits(&mut text[8..10], day.into());
    digits(&mut text[11..13], hour.into());
    digits(&mut text[14..16], minute.into());
    digits(&mut text[17..19], second.into());
    text
}

thread_local! {
    /// The second of the last line, and its text.
    static LAST_SECOND: Cell<(u64, [u8; 24])> = const { Cell::new((u64::MAX, [b'0'; 24])) };
}

/// A number, right-aligned among zeros.
fn digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
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
