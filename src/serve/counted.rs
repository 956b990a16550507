//! Requests whose use of tokens and money cannot be counted. They are refused where a limit depends on it.

use std::ops::Range;

use http::Method;

use crate::{
    body::{Said, said},
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
pub(crate) fn check_here(inbound: &Inbound) -> Result<(), Refusal> {
    match names(inbound) {
        Some(names) => check_with(inbound, names, said(&inbound.body, names)),
        None => check_with(inbound, &[""; 3], None),
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
    delivered(inbound, names, found)?;
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
    inbound: &Inbound,
    names: &'static [&'static str; 3],
    found: Option<[Said; 3]>,
) -> Result<(), Refusal> {
    let body = &inbound.body;
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
