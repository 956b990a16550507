//! `mock:` URLs: the responses of a provider inside the router.
//!
//! Only the script is parsed here; `upstream::mock` runs it.

use std::time::Duration;

use http::StatusCode;

/// The behaviour of a mock provider, from `mock:?status=503&rate=0.3&delay_ms=200&tokens=50`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Script {
    /// The status of its failures and their share (1.0 means always).
    pub(crate) failure: Option<(StatusCode, f64)>,
    /// Whether it panics, to practise an internal error.
    pub(crate) panics: bool,
    /// The delay before the head.
    pub(crate) delay: Duration,
    /// The number of words in a response.
    pub(crate) tokens: u32,
    /// The delay between two events of a stream.
    pub(crate) gap: Duration,
}

impl Script {
    /// Parses what follows `mock:`. The error says what to write and repeats nothing, since the
    /// text may come from a reference.
    pub(crate) fn read(rest: &str) -> Result<Self, String> {
        let query = match rest.trim_start_matches('/').strip_prefix('?') {
            Some(query) => query,
            None if rest.trim_start_matches('/').is_empty() => "",
            None => return Err("write `mock:` alone, or parameters after `mock:?`".into()),
        };
        let mut script = Self {
            failure: None,
            panics: false,
            delay: Duration::ZERO,
            tokens: TOKENS,
            gap: Duration::ZERO,
        };
        let (mut status, mut rate) = (None, 1.0);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "status" => status = Some(failing_status(value)?),
                "panic" => script.panics = value == "true",
                "rate" => rate = share(value)?,
                "delay_ms" => script.delay = Duration::from_millis(number(key, value)?),
                "gap_ms" => script.gap = Duration::from_millis(number(key, value)?),
                "tokens" => script.tokens = number(key, value)?.clamp(1, MOST_TOKENS) as u32,
                _ => return Err(format!("an unknown parameter; known are {KNOWN}")),
            }
        }
        script.failure = status.map(|status| (status, rate));
        Ok(script)
    }
}

fn failing_status(value: &str) -> Result<StatusCode, String> {
    let status = value.parse().ok().and_then(|number| StatusCode::from_u16(number).ok());
    status
        .filter(|status| status.as_u16() >= 400 && status.as_u16() < 600)
        .ok_or_else(|| "`status` takes a status from 400 to 599".into())
}

fn share(value: &str) -> Result<f64, String> {
    let share = value.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "`rate` takes a number from 0 to 1".into())
}

fn number(key: &str, value: &str) -> Result<u64, String> {
    let number = value.parse().ok().filter(|&number| number <= LONGEST_MS);
    number.ok_or_else(|| format!("`{key}` takes a whole number up to {LONGEST_MS}"))
}

const TOKENS: u32 = 12;
const MOST_TOKENS: u64 = 100_000;
const LONGEST_MS: u64 = 3_600_000;
const KNOWN: &str = "`status`, `rate`, `delay_ms`, `gap_ms`, `tokens` and `panic`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_and_mistakes_are_named() {
        assert_eq!(Script::read("").unwrap().failure, None);
        let script = Script::read("?status=503&rate=0.3&delay_ms=200&tokens=50").unwrap();
        assert_eq!(script.failure, Some((StatusCode::SERVICE_UNAVAILABLE, 0.3)));
        assert_eq!((script.delay, script.tokens), (Duration::from_millis(200), 50));
        for wrong in ["?stauts=429", "?status=200", "?status=x", "?rate=2", "?delay_ms=-1", "x"] {
            assert!(Script::read(wrong).is_err(), "{wrong}");
        }
        for secret in ["sk-1", "?sk-1", "?sk-1=1", "?status=sk-1", "?tokens=sk-1"] {
            assert!(!Script::read(secret).unwrap_err().contains("sk-1"), "{secret}");
        }
    }
}
