//! Whether an answer can be one of its endpoint at all: an HTML page is not, and neither is text in
//! place of JSON.
//!
//! It reads headers and what was read ahead.

use http::header;

use super::{answer::Answer, inbound::Inbound};
use crate::{body, protocol::Operation};

/// Whether this may be an answer, although its headers name neither JSON nor events.
pub(super) fn may_be(answer: &Answer, inbound: &Inbound) -> bool {
    if is_page(answer) {
        return !inbound.needs_body;
    }
    !is_data(inbound) || !answer.is_plain() || begins_well(answer, inbound.stream)
}

/// Whether this may be a JSON error, although its headers do not name JSON: it has no media type,
/// that of text, or that of a kind of JSON.
pub(super) fn may_be_error(answer: &Answer, inbound: &Inbound) -> bool {
    // A stream of an unknown endpoint may be lines of JSON, which must not wait.
    let is_whole = !inbound.stream || is_data(inbound);
    is_whole && answer.is_plain() && is_untyped(answer) && first_byte(answer) == Some(b'{')
}

fn is_data(inbound: &Inbound) -> bool {
    inbound.endpoint.as_ref().is_some_and(|endpoint| endpoint.operation != Operation::Native)
}

fn is_untyped(answer: &Answer) -> bool {
    let Some(value) = answer.headers.get(header::CONTENT_TYPE) else { return true };
    let named = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    let named = named.trim_ascii().to_ascii_lowercase();
    named.is_empty() || named == b"text/plain" || named.ends_with(b"+json")
}

/// Whether its headers name an HTML page.
pub(super) fn is_page(answer: &Answer) -> bool {
    let value = answer.headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    value.is_some_and(|value| {
        PAGES.iter().any(|page| {
            value.get(..page.len()).is_some_and(|start| start.eq_ignore_ascii_case(page.as_bytes()))
        })
    })
}

/// Whether it is a JSON object or array.
pub(super) fn is_json(answer: &[u8]) -> bool {
    let answer = answer.strip_prefix(MARK).unwrap_or(answer);
    let first = answer.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|byte| matches!(byte, b'{' | b'[')) && body::is_json(answer)
}

/// Whether it begins like JSON, or like an event stream if one was requested.
fn begins_well(answer: &Answer, stream: bool) -> bool {
    first_byte(answer).is_none_or(|byte| {
        matches!(byte, b'{' | b'[') || (stream && matches!(byte, b'd' | b'e' | b'i' | b'r' | b':'))
    })
}

fn first_byte(answer: &Answer) -> Option<u8> {
    let mut bytes = answer.body.held().iter().flatten().filter(|byte| !MARK.contains(byte));
    bytes.find(|byte| !byte.is_ascii_whitespace()).copied()
}

const PAGES: [&str; 2] = ["text/html", "application/xhtml"];
/// The UTF-8 byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();
