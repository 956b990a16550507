//! How long a provider asks to wait: `Retry-After` in seconds or as a date, or Azure's in milliseconds.
//!
//! A wait is never longer than a day.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::protocol::limits::RETRY_AFTER_MS;

/// What a client is shown of such a header: as the provider wrote it, at most a day, and nothing of what
/// cannot be read.
pub(super) fn shown(name: &HeaderName, value: HeaderValue) -> Option<HeaderValue> {
    let alone = HeaderMap::from_iter([(name.clone(), value.clone())]);
    let wait = said(&alone)?;
    Some(match wait < LONGEST_WAIT {
        true => value,
        false if *name == header::RETRY_AFTER => HeaderValue::from(LONGEST_WAIT.as_secs()),
        false => HeaderValue::from(LONGEST_WAIT.as_secs() * 1_000),
    })
}

/// A header in milliseconds, else `Retry-After`.
pub(super) fn said(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = RETRY_AFTER_MS.iter().find_map(text);
    if let Some(millis) = millis.and_then(number) {
        return Some(bounded(millis / 1_000.0));
    }
    let value = text(&header::RETRY_AFTER)?;
    if let Some(seconds) = number(value) {
        return Some(bounded(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let wait = date.duration_since(std::time::SystemTime::now()).unwrap_or_default();
    Some(wait.min(LONGEST_WAIT))
}

/// Digits with an optional fraction, since Rust parses more forms than HTTP allows.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| plain)
}

fn bounded(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

/// Sums of times cannot overflow, and a client is not sent away forever.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
