//! How much a provider has left of its limits, from the headers of an answer. Pure: the time is an
//! argument.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};

use super::timestamp::rfc3339;
use crate::protocol::{LIMITS, limits::Limit};

/// How long almost nothing is left of a limit, by the headers of some vendor.
pub(crate) fn low_for(headers: &HeaderMap) -> Option<Duration> {
    if !speak_of_limits(headers) {
        return None;
    }
    LIMITS.iter().flat_map(|it| it.limits).filter_map(|limit| low(limit, headers)).max()
}

/// The longest wait for the exhausted limits.
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    if !speak_of_limits(headers) {
        return None;
    }
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let is_spent =
        |limit: &&Limit| text(limit.remaining).and_then(left).is_some_and(|left| left <= 0.0);
    let limits = LIMITS.iter().flat_map(|it| it.limits);
    limits.filter(is_spent).filter_map(|limit| reset(text(limit.reset)?)).max()
}

/// Whether a header of some vendor is there. Most answers have none, and one look at each name is
/// cheaper than a search for each limit.
fn speak_of_limits(headers: &HeaderMap) -> bool {
    let says = |name: &HeaderName| LIMITS.iter().any(|it| name.as_str().starts_with(it.start));
    headers.keys().any(says)
}

/// How long almost nothing is left of one limit.
fn low(named: &Limit, headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    let remaining = text(named.remaining).and_then(left)?;
    let share = number(named.limit).map_or(0.0, |limit| limit * LOW);
    let low = remaining <= 0.0 || remaining < share;
    low.then(|| text(named.reset).and_then(reset).unwrap_or(UNSAID))
}

/// What is left of a limit: a number, or a word that says nothing is.
fn left(text: &str) -> Option<f64> {
    if text == "rejected" { Some(0.0) } else { text.parse().ok() }
}

/// Parses `6m0s`, `1.5s`, `20ms`, plain seconds, an RFC 3339 timestamp, or Unix milliseconds.
fn reset(text: &str) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        let until = |unix: f64| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Duration::try_from_secs_f64(unix).ok().map(|unix| unix.saturating_sub(now))
        };
        return match number {
            1e12.. => until(number / 1000.0),
            1e9.. => until(number),
            _ => Duration::try_from_secs_f64(number).ok(),
        };
    }
    units(text).or_else(|| {
        let moment = rfc3339(text)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Duration::from_secs(moment).saturating_sub(now))
    })
}

/// Parses numbers with units, as Go writes durations.
fn units(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let length = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        sum += number
            * match &unit[..length] {
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                _ => return None,
            };
        rest = &unit[length..];
    }
    Duration::try_from_secs_f64(sum).ok()
}

/// The share of a limit that counts as almost nothing.
const LOW: f64 = 0.01;
/// The wait if the provider names no time.
const UNSAID: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[(&'static str, &str)]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, value.parse().unwrap());
        }
        low_for(&headers)
    }

    #[test]
    fn next_to_nothing_is_told_with_its_reset() {
        let secs = Duration::from_secs;
        let (left, limit) = ("x-ratelimit-remaining-requests", "x-ratelimit-limit-requests");
        assert_eq!(said(&[]), None);
        assert_eq!(said(&[(left, "5")]), None);
        assert_eq!(said(&[(left, "0")]), Some(secs(1)));
        assert_eq!(said(&[(left, "5"), (limit, "1000")]), Some(secs(1)));
        assert_eq!(said(&[(left, "50"), (limit, "1000")]), None);
        let reset = "x-ratelimit-reset-requests";
        assert_eq!(said(&[(left, "0"), (reset, "6m0s")]), Some(secs(360)));
        assert_eq!(said(&[(left, "0"), (reset, "20ms")]), Some(Duration::from_millis(20)));
        assert_eq!(said(&[(left, "0"), (reset, "1.5")]), Some(Duration::from_millis(1500)));
        let anthropic = "anthropic-ratelimit-tokens-remaining";
        let reset = "anthropic-ratelimit-tokens-reset";
        assert_eq!(said(&[(anthropic, "0"), (reset, "2020-01-01T00:00:00Z")]), Some(secs(0)));
        assert!(said(&[(anthropic, "0"), (reset, "2100-01-01T00:00:00Z")]) > Some(secs(86_400)));
        assert_eq!(said(&[(left, "some")]), None);
        let draft = [("ratelimit-remaining", "0"), ("ratelimit-reset", "45")];
        assert_eq!(said(&draft), Some(secs(45)));
        let (status, reset) =
            ("anthropic-ratelimit-unified-status", "anthropic-ratelimit-unified-reset");
        assert!(said(&[(status, "rejected"), (reset, "4102444800")]) > Some(secs(86_400)));
        assert_eq!(said(&[(status, "allowed"), (reset, "4102444800")]), None);
    }
}
