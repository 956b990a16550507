//! The headers of a provider that pass a mask: how to read the body, how long to wait, and how much
//! of a limit is left. Other values are removed.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{protocol::LIMITS, upstream::failed};

/// Removes every header that is not on the list.
pub(super) fn mask_headers(headers: &mut HeaderMap) {
    let is_masked = headers.iter().any(|(name, value)| !passes(name, value));
    if !is_masked {
        return;
    }
    let all = std::mem::take(headers);
    let mut last = None;
    for (name, value) in all {
        last = name.or(last);
        if let Some(name) = last.as_ref().filter(|name| passes(name, &value)) {
            headers.append(name, value);
        }
    }
}

fn passes(name: &HeaderName, value: &HeaderValue) -> bool {
    match name.as_str() {
        "content-type" | "content-length" | "content-encoding" => true,
        "content-language" => value.to_str().is_ok_and(is_language),
        "retry-after" | "retry-after-ms" => {
            let mut alone = HeaderMap::new();
            alone.insert(name, value.clone());
            failed::retry_after(&alone).is_some()
        }
        text => {
            let rest = LIMITS.iter().find_map(|it| text.strip_prefix(it.start));
            let is_limit =
                rest.is_some_and(|it| it.split(['-', '_']).all(|it| PARTS.contains(&it)));
            is_limit && value.to_str().is_ok_and(is_level)
        }
    }
}

/// Language tags with their scripts and regions.
fn is_language(value: &str) -> bool {
    let is_part = |part: &str| (2..=4).contains(&part.len()) && is_alphanumeric(part);
    value.len() <= LONGEST && value.split(',').all(|tag| tag.trim().split('-').all(is_part))
}

fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a value is an amount, a time, or a known word about a limit.
fn is_level(value: &str) -> bool {
    let value = value.trim();
    let is_time = value.bytes().all(|byte| byte.is_ascii_digit() || b"TZtz:-+. ".contains(&byte));
    let is_amounts = || {
        let parts = value.split([',', ';']).map(str::trim);
        parts.map(|part| part.strip_prefix("w=").unwrap_or(part)).all(is_amount)
    };
    value.len() <= LONGEST
        && !value.is_empty()
        && (is_time
            || WORDS.contains(&value)
            || httpdate::parse_http_date(value).is_ok()
            || is_amounts())
}

/// Numbers with optional units: `12`, `0.5`, `6m0s`.
fn is_amount(mut text: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    while !text.is_empty() {
        let number = text.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        let unit = number.trim_start_matches(|it: char| it.is_ascii_alphabetic());
        let is_known = UNITS.contains(&&number[..number.len() - unit.len()]);
        if number.len() == text.len() || !is_known {
            return false;
        }
        text = unit;
    }
    true
}

const LONGEST: usize = 64;
const UNITS: [&str; 9] = ["", "ns", "us", "ms", "s", "m", "h", "d", "w"];
/// The parts of limit headers' names.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "limit", "remaining", "reset", "used", "over", "requests", "request", "req", "tokens", "token",
    "input", "output", "prompt", "generated", "cached", "uncached", "project", "images", "audio",
    "concurrent", "concurrency", "window", "second", "minute", "hour", "day", "week", "month",
    "1s", "1m", "10s", "1h", "5h", "1d", "7d", "30d", "opus", "sonnet", "unified", "status",
    "representative", "claim", "fallback", "percentage", "overage", "disabled", "reason", "utilization",
    "surpassed", "threshold", "upgrade", "paths", "fast", "priority",
];
/// Words in place of a number.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "allowed", "allowed_warning", "rejected", "available", "unavailable", "yes", "no", "true", "false",
    "five_hour", "seven_day", "seven_day_opus", "seven_day_sonnet", "overage", "out_of_credits",
    "org_level_disabled", "member_level_disabled", "overage_not_provisioned",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_headers_pass_a_mask() {
        let mut map = HeaderMap::new();
        let passing = [
            ("content-type", "application/json"),
            ("content-length", "2"),
            ("content-language", "en, de-CH"),
            ("retry-after", "3"),
            ("x-ratelimit-remaining-requests", "12"),
            ("x-ratelimit-reset-tokens", "6m0s"),
            ("x-ratelimit-limit", "100, 100;w=60"),
            ("anthropic-ratelimit-unified-status", "allowed"),
            ("anthropic-ratelimit-unified-5h-utilization", "0.25"),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
        ];
        let masked = [
            ("x-ratelimit-limit-requests", "MARKER"),
            ("x-ratelimit-limit-requests", "1MARKER"),
            ("x-ratelimit-limit-requests", "1;MARKER"),
            ("x-ratelimit-limit-tokens", "12 MARKER"),
            ("x-ratelimit-marker", "1"),
            ("anthropic-ratelimit-marker-limit", "1"),
            ("anthropic-ratelimit-unified-claim", "MARKER"),
            ("content-language", "MARKER"),
            ("content-language", "en-MARKER"),
            ("retry-after", "MARKER"),
            ("retry-after-ms", "1MARKER"),
            ("openai-processing-ms", "12"),
            ("openai-organization", "org"),
            ("x-request-id", "req"),
            ("cf-ray", "8"),
            ("date", "today"),
            ("x-anything", "MARKER"),
        ];
        for (name, value) in passing.into_iter().chain(masked) {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        mask_headers(&mut map);
        let mut left: Vec<_> =
            map.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let mut wanted = passing;
        left.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(left, wanted);
    }
}
