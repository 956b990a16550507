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
    let is_data =
        inbound.endpoint.as_ref().is_some_and(|endpoint| endpoint.operation != Operation::Native);
    !is_data || !answer.is_plain() || begins_well(answer, inbound.stream)
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
    let mut bytes = answer.body.held().iter().flatten().filter(|byte| !MARK.contains(byte));
    let first = bytes.find(|byte| !byte.is_ascii_whitespace());
    first.is_none_or(|byte| {
        matches!(byte, b'{' | b'[') || (stream && matches!(byte, b'd' | b'e' | b'i' | b'r' | b':'))
    })
}

const PAGES: [&str; 2] = ["text/html", "application/xhtml"];
/// The UTF-8 byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();
