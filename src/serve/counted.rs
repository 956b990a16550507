//! Requests whose use of tokens and money cannot be counted. They are refused where a limit depends on it.

#[cfg(test)]
mod tests;

use std::ops::Range;

use http::Method;

use crate::{
    body::{Pieces, Said, said},
    path,
    protocol::{Endpoint, Family},
    refusal::Refusal,
    upstream::{inbound::Inbound, off_core},
};

/// Checks that the answer reports what a limit of tokens or money counts.
///
/// # Errors
/// The endpoint starts work that is paid for later or elsewhere (a batch, a fine-tuning job, a realtime session), or
/// the form of its answers is unknown, or a provider could read another delivery in it than the router.
pub(crate) async fn check(inbound: &Inbound) -> Result<(), Refusal> {
    let names = names(inbound).filter(|_| inbound.body.len() > off_core::LARGE as u64);
    let Some(names) = names else { return check_here(inbound) };
    let body = inbound.body.clone();
    let found = off_core::run(move || said(&body, names)).await;
    check_with(inbound, names, found)
}

/// The same, if the body is not large.
///
/// # Errors
/// The same.
fn check_here(inbound: &Inbound) -> Result<(), Refusal> {
    check_seen(inbound, None)
}

/// The same, if a walk through the body has `seen` its fields.
///
/// # Errors
/// The same.
pub(crate) fn check_seen(inbound: &Inbound, seen: Option<&Seen>) -> Result<(), Refusal> {
    let found = match names(inbound) {
        Some(names) if !seen.is_some_and(Seen::is_usual) => said(&inbound.body, names),
        _ => None,
    };
    check_with(inbound, names(inbound).unwrap_or(&[""; 3]), found)
}

/// What the fields of a body say of its delivery, seen one after the other in a walk that checks nothing.
pub(crate) struct Seen {
    names: &'static [&'static str; 3],
    /// Which of them have been seen.
    seen: [bool; 3],
    /// Whether one says something that wants a closer look.
    is_odd: bool,
}

impl Seen {
    /// Of a request whose body says how the answer is delivered; `None` if it need not be looked at.
    pub(crate) fn of(inbound: &Inbound) -> Option<Self> {
        names(inbound).map(Self::new)
    }

    fn new(names: &'static [&'static str; 3]) -> Self {
        Self { names, seen: [false; 3], is_odd: false }
    }

    /// Takes a field: its name as it is written, and its value, of an object at least the bracket.
    #[inline]
    pub(crate) fn field(&mut self, name: &[u8], value: &[u8]) {
        let is_it = |own: &&str| own.as_bytes().eq_ignore_ascii_case(name);
        let Some(nth) = self.names.iter().position(is_it) else {
            self.is_odd |= name.contains(&b'\\');
            return;
        };
        let is_usual = match nth {
            0 => matches!(value, b"true" | b"false" | b"null"),
            1 => value == b"null" || value.starts_with(b"{"),
            _ => matches!(value, b"false" | b"null"),
        };
        let is_other = self.seen[nth] || self.names[nth].as_bytes() != name;
        self.is_odd |= is_other || !is_usual;
        self.seen[nth] = true;
    }

    /// Whether it all is as clients usually write it, and can be counted.
    pub(crate) fn is_usual(&self) -> bool {
        !self.is_odd
    }
}

/// The fields of the body that say how the answer is delivered.
fn names(inbound: &Inbound) -> Option<&'static [&'static str; 3]> {
    let by_body = |it: &&Endpoint| it.delivery.is_none() && !inbound.form;
    let endpoint = inbound.endpoint.as_ref().filter(by_body)?;
    (inbound.method == Method::POST).then(|| endpoint.protocol.profile().delivery)
}

fn check_with(
    inbound: &Inbound,
    names: &'static [&'static str; 3],
    found: Option<[Said; 3]>,
) -> Result<(), Refusal> {
    if inbound.method != Method::POST {
        return Ok(());
    }
    let ends_with = |ends: &[&str]| {
        let path = path::plain(&inbound.path).to_ascii_lowercase();
        ends.iter().any(|end| path.ends_with(end))
    };
    // What ends such work costs nothing.
    if is_elsewhere(inbound) && !ends_with(&["/cancel"]) {
        return Err(refused("", ELSEWHERE));
    }
    delivered(&inbound.body, names, found)?;
    let is_unknown = inbound.endpoint.is_none() && inbound.takes_tokens();
    if is_unknown && !ends_with(&TELLING) {
        return Err(refused("", UNKNOWN));
    }
    Ok(())
}

/// Whether the endpoint starts a realtime session, in which the client then talks to the vendor without the router.
pub(crate) fn is_realtime(inbound: &Inbound) -> bool {
    inbound.family == Some(Family::Realtime)
        && !matches!(inbound.method, Method::GET | Method::HEAD | Method::DELETE)
}

fn is_elsewhere(inbound: &Inbound) -> bool {
    matches!(
        inbound.family,
        Some(
            Family::Batches
                | Family::FineTuning
                | Family::Realtime
                | Family::Assistants
                | Family::Videos
                | Family::Evals
        )
    )
}

/// Checks that the answer comes at once, and as a stream only where it is asked for its tokens. An answer that is
/// generated later is fetched by another request, which is charged nothing.
fn delivered(
    body: &Pieces,
    names: &'static [&'static str; 3],
    found: Option<[Said; 3]>,
) -> Result<(), Refusal> {
    let Some([stream, options, later]) = found else { return Ok(()) };
    if matches!(stream, Said::Other(_) | Said::Unclear) {
        return Err(refused(names[0], UNCLEAR_STREAM));
    }
    let is_object = |place: &Range<u64>| body.slice(place.start..place.start + 1)[..] == *b"{";
    match options {
        Said::Nothing => {}
        Said::Other(place) if is_object(&place) => {}
        _ => return Err(refused(names[1], UNCLEAR_OPTIONS)),
    }
    match later {
        Said::Nothing | Said::Bool(false) => Ok(()),
        _ => Err(refused(names[2], LATER)),
    }
}

fn refused(field: &str, message: &str) -> Refusal {
    Refusal::Unsupported { field: field.into(), message: message.into() }
}

/// Paths of no protocol whose answers tell their tokens in a usual form, or have none.
const TELLING: [&str; 9] = [
    "/cachedcontents",
    "/rerank",
    "/score",
    "/moderations",
    "/classify",
    "/classifications",
    "/ocr",
    "/apply",
    "/images/generations",
];

const ELSEWHERE: &str = "Tokens or money are limited here, and the work that a request to this endpoint starts cannot \
    be counted: ask the operator for a key and a model without such limits.";
const LATER: &str = "Tokens or money are limited here, and an answer that is generated in the background cannot be \
    counted: leave this field out, or ask the operator for a key and a model without such limits.";
const UNCLEAR_STREAM: &str = "Tokens or money are limited here, so this field must be `true` or `false`, and stand there \
    once and in small letters.";
const UNCLEAR_OPTIONS: &str = "Tokens or money are limited here, so this field must be an object, and stand there once \
    and in small letters.";
const UNKNOWN: &str = "Tokens or money are limited here, and what an answer of this endpoint takes cannot be counted: \
    use an endpoint of a protocol that the router knows, or ask the operator for a key and a model without such limits.";
