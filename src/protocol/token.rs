//! Where clients of each protocol send their key.

use http::{HeaderMap, HeaderName, header};

/// The token that a client presents, in any of the usual headers.
pub(crate) fn of(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let value = value.to_str().ok()?;
        let (scheme, token) = value.trim_start().split_at_checked(BEARER.len())?;
        scheme.eq_ignore_ascii_case(BEARER).then_some(token)
    });
    let token =
        bearer.or_else(|| KEY_HEADERS.iter().find_map(|name| headers.get(name)?.to_str().ok()));
    token.map(str::trim).filter(|token| !token.is_empty())
}

const BEARER: &str = "bearer ";
const KEY_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];
