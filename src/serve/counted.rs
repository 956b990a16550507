//! Requests whose use of tokens and money cannot be counted. They are refused where a limit depends on it.

use http::Method;

use crate::{body, path, protocol::Family, refusal::Refusal, upstream::inbound::Inbound};

/// Checks that the answer reports what a limit of tokens or money counts.
///
/// # Errors
/// The endpoint starts work that is paid for later or elsewhere (a batch, a fine-tuning job, a realtime session), or
/// the form of its answers is unknown.
pub(crate) fn check(inbound: &Inbound) -> Result<(), Refusal> {
    if inbound.method != Method::POST {
        return Ok(());
    }
    let path = path::plain(&inbound.path).to_ascii_lowercase();
    // What ends such work costs nothing.
    if is_elsewhere(inbound) && !path.ends_with("/cancel") {
        return Err(refused("", ELSEWHERE));
    }
    if is_later(inbound) {
        return Err(refused("background", LATER));
    }
    let is_unknown = inbound.endpoint.is_none() && inbound.takes_tokens();
    if is_unknown && !TELLING.iter().any(|end| path.ends_with(end)) {
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

/// Whether the answer is generated later and fetched by another request, which is charged nothing.
fn is_later(inbound: &Inbound) -> bool {
    let by = inbound.endpoint.as_ref().and_then(|it| it.protocol.profile().answers_later);
    let Some(field) = by.and_then(|by| body::field(&inbound.body, by)) else { return false };
    field.times > 1 || !matches!(&inbound.body.slice(field.span)[..], b"false" | b"null")
}

fn refused(field: &str, message: &str) -> Refusal {
    Refusal::Unsupported { field: field.into(), message: message.into() }
}

/// Paths of no protocol whose answers tell their tokens in a usual form, or have none.
const TELLING: [&str; 8] = [
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
    counted: leave out `background`, or ask the operator for a key and a model without such limits.";
const UNKNOWN: &str = "Tokens or money are limited here, and what an answer of this endpoint takes cannot be counted: \
    use an endpoint of a protocol that the router knows, or ask the operator for a key and a model without such limits.";
