//! Masks what a provider says in its own name: its errors become the router's, and of its headers
//! those pass that say how the body is to be read and how much is left.
//!
//! The original text goes to the log, with the request's id, and nowhere else.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::{
    failure::{Class, Failure},
    protocol::{LIMITS, token},
    table::Provider,
    upstream::{
        failed::{self, Failed},
        headers,
        inbound::Inbound,
        peek,
    },
};

/// The failed attempt, as its client may see it.
pub(super) async fn masked(mut failed: Failed, provider: &Provider, inbound: &Inbound) -> Failed {
    let Some(answer) = &mut failed.answer else { return failed };
    peek::hold_error(answer).await;
    let body = answer.body.held_as_one();
    let codec = inbound.speaks().codec();
    let status = answer.status.as_u16();
    let said = codec.read_error(status, &answer.headers, &body);
    let original = failed.said.take().map_or_else(|| body.clone(), |said| *said);
    Logger::of(provider, inbound).masked(&original, status);
    let masked = Failure::masked_of(&said, failed.failure.class);
    let request_id = inbound.request_id.to_str().unwrap_or_default();
    let written = codec.write_error(&masked, request_id);
    answer.status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::BAD_GATEWAY);
    answer.replace_body("application/json", written.body.into());
    mask_headers(&mut answer.headers);
    answer.headers.extend(written.headers.into_iter().filter_map(headers::own));
    if let Some(wait) = failed.retry_after
        && !answer.headers.contains_key(header::RETRY_AFTER)
        && failed.failure.class == Class::RateLimit
    {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        answer.headers.insert(header::RETRY_AFTER, seconds);
    }
    failed
}

/// Takes every header away that is not on the list.
pub(super) fn mask_headers(headers: &mut HeaderMap) {
    let is_wait = failed::retry_after(headers).is_some();
    let passes = |name: &HeaderName, value: &HeaderValue| match name.as_str() {
        "content-type" | "content-length" | "content-encoding" | "content-language" => true,
        "retry-after" | "retry-after-ms" => is_wait,
        name => LIMITS.iter().any(|it| name.starts_with(it.start)) && is_level(name, value),
    };
    let gone = headers.iter().filter(|(name, value)| !passes(name, value));
    let gone: Vec<HeaderName> = gone.map(|(name, _)| name.clone()).collect();
    gone.into_iter().for_each(|name| {
        headers.remove(name);
    });
}

/// Whether a value says how much is left, or until when. The unified family has words, too.
fn is_level(name: &str, value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-+:._,;=% ".contains(byte);
    let first = value.first().copied().unwrap_or_default();
    value.len() <= LONGEST_LEVEL
        && value.iter().all(plain)
        && (name.contains("unified") || first.is_ascii_digit() || first == b'-')
}

/// Writes what providers say to the log, without the credentials that are known here.
pub(super) struct Logger {
    request_id: Box<str>,
    provider: Box<str>,
    secrets: Vec<Box<str>>,
}

impl Logger {
    /// Of one attempt.
    pub(super) fn of(provider: &Provider, inbound: &Inbound) -> Self {
        let own = provider.credential.as_ref().and_then(|(_, value)| value.to_str().ok());
        let own = own.and_then(|value| value.rsplit(' ').next());
        let secrets = own.into_iter().chain(token::of(&inbound.headers));
        let secrets = secrets.filter(|secret| secret.len() >= SHORTEST_SECRET);
        Self {
            request_id: inbound.request_id.to_str().unwrap_or_default().into(),
            provider: provider.shown().into(),
            secrets: secrets.map(Box::from).collect(),
        }
    }

    /// The provider said this, and the client is not told.
    pub(super) fn masked(&self, said: &[u8], status: u16) {
        let said = said.get(..MOST_LOGGED).unwrap_or(said);
        let mut text = String::from_utf8_lossy(said).into_owned();
        for secret in &self.secrets {
            text = text.replace(&**secret, "***");
        }
        let (request_id, provider) = (&*self.request_id, &*self.provider);
        // Written with escapes: a line of it must not look like one of the router's.
        tracing::warn!(request_id, provider, status, said = ?text, "masked a provider's error");
    }
}

const SHORTEST_SECRET: usize = 6;
const MOST_LOGGED: usize = 64 * 1024;
const LONGEST_LEVEL: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_headers_pass_a_mask() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("content-length", "2"),
            ("retry-after", "3"),
            ("x-ratelimit-remaining-requests", "12"),
            ("x-ratelimit-reset-tokens", "6m0s"),
            ("anthropic-ratelimit-unified-status", "allowed"),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
            ("x-ratelimit-limit-requests", "MARKER"),
            ("openai-processing-ms", "12"),
            ("openai-organization", "org"),
            ("x-request-id", "req"),
            ("cf-ray", "8"),
            ("date", "today"),
            ("x-anything", "MARKER"),
        ] {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        mask_headers(&mut map);
        let mut left: Vec<&str> = map.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(
            left,
            [
                "anthropic-ratelimit-requests-reset",
                "anthropic-ratelimit-unified-status",
                "content-length",
                "content-type",
                "retry-after",
                "x-ratelimit-remaining-requests",
                "x-ratelimit-reset-tokens",
            ]
        );
        map.insert(header::RETRY_AFTER, HeaderValue::from_static("MARKER"));
        mask_headers(&mut map);
        assert!(!map.contains_key(header::RETRY_AFTER));
    }
}
