//! Headers that tell a client how its request was served: by which provider, after which attempts,
//! and with `full`, the times, tokens and cost.
//!
//! It estimates nothing; unreported tokens are in no header.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::answer::{ATTEMPTS, DROPPED, PROVIDER};
use crate::{
    protocol::{Protocol, conversation::Usage, usage},
    record::Record,
    table::Provider,
    upstream::answer::Answer,
    words::Headers,
};

/// Writes the configured headers of an answer.
pub(crate) fn tell(
    map: &mut HeaderMap,
    answer: &mut Answer,
    provider: &Provider,
    record: &Record,
    speaks: Protocol,
) {
    let dropped = answer.dropped.take();
    if record.headers() == Headers::None {
        return;
    }
    map.insert(PROVIDER, provider.name_value.clone());
    if let Some(dropped) = dropped {
        map.insert(DROPPED, dropped);
    }
    if let Some(attempts) = record.attempts() {
        map.insert(ATTEMPTS, attempts);
    }
    if record.headers() == Headers::Full {
        tell_all(map, answer, provider, record, speaks);
    }
}

fn tell_all(
    map: &mut HeaderMap,
    answer: &Answer,
    provider: &Provider,
    record: &Record,
    speaks: Protocol,
) {
    if let Some(times) = record.server_timing() {
        map.insert(SERVER_TIMING, times);
    }
    let Some(usage) = told(answer, speaks) else { return };
    let counts = usage.by_kind().into_iter().enumerate();
    let counts = counts.filter(|(nth, (_, count))| *nth < 2 || *count > 0);
    let counts: Vec<String> = counts.map(|(_, (kind, count))| format!("{kind}={count}")).collect();
    if let Ok(counts) = HeaderValue::try_from(counts.join(", ")) {
        map.insert(USAGE, counts);
    }
    let cost = provider.pricing.cost(usage, answer.body.service());
    if let Some(cost) = cost.and_then(|cost| HeaderValue::try_from(dollars(cost)).ok()) {
        map.insert(COST, cost);
    }
}

/// The tokens of a whole answer.
fn told(answer: &Answer, speaks: Protocol) -> Option<Usage> {
    if !answer.status.is_success() || answer.observer.is_some() {
        return None;
    }
    let body = answer.body.whole()?;
    match answer.body.usage() {
        Some(usage) => Some(usage),
        None if answer.tells_usage => usage::of_answer(speaks, &body),
        None => None,
    }
}

/// Picodollars as dollars, without trailing zeros.
fn dollars(pico: u64) -> String {
    let text = format!("{}.{:012}", pico / PICO, pico % PICO);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const PICO: u64 = 1_000_000_000_000;
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const USAGE: HeaderName = HeaderName::from_static("x-onwards-usage");
const COST: HeaderName = HeaderName::from_static("x-onwards-cost");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_exact() {
        for (pico, text) in
            [(0, "0"), (1, "0.000000000001"), (147_500_000, "0.0001475"), (3 * PICO, "3")]
        {
            assert_eq!(dollars(pico), text);
        }
    }
}
