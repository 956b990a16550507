//! The reported tokens of an answer that is passed on unchanged: found by a mark in its bytes,
//! reading only the value.
//!
//! A mark inside a text is escaped, and one inside a tool's arguments is nested deeper.

mod counts;
#[cfg(test)]
mod tests;
mod tier;

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::{self, Finder};
use smallvec::SmallVec;

use self::counts::text_length;
pub(crate) use self::{
    counts::{Count, Form, Place, Written},
    tier::service_tier,
};
use super::{Protocol, conversation::Usage};

/// Searches the chunks of a stream for reported tokens. The first report has the input, the last
/// the output, since counts in a stream are cumulative.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    first: Option<Bytes>,
    last: Option<Bytes>,
    /// The start of a report at the end of a chunk, for a stream in any chunks.
    begun: Vec<u8>,
}

/// Keeps the end of a whole answer, where the field stands: a copy, since small pieces would each keep
/// the buffer that they came in.
#[derive(Debug, Default)]
pub(crate) struct Tail(Vec<u8>);

impl Watch {
    /// Searches the next chunk; what is kept is not copied.
    pub(crate) fn observe(&mut self, piece: &Bytes) {
        if !says_usage(piece) {
            return;
        }
        if self.first.is_none() {
            self.first = Some(piece.clone());
        } else {
            self.last = Some(piece.clone());
        }
    }

    /// Searches the next chunk of a stream that may be split anywhere.
    pub(crate) fn observe_cut(&mut self, piece: &Bytes) {
        if self.begun.is_empty() {
            self.observe(piece);
            return self.begin(piece);
        }
        self.begun.extend_from_slice(piece);
        let joined = Bytes::from(std::mem::take(&mut self.begun));
        self.observe(&joined);
        self.begin(&joined);
    }

    /// Keeps what the next chunk may complete: a mark, or its value.
    fn begin(&mut self, bytes: &[u8]) {
        let mark = FINDER.find_iter(bytes).last();
        let is_cut = |at: &usize| {
            let value = memchr::memchr(b'{', &bytes[*at..]).map(|brace| &bytes[at + brace..]);
            bytes.len() - at < KEPT && value.is_none_or(|value| !is_closed(value))
        };
        let end = bytes.len().saturating_sub(MARK.len());
        let quote = || memchr::memchr(b'"', &bytes[end..]).map(|quote| end + quote);
        if let Some(from) = mark.filter(is_cut).or_else(quote) {
            self.begun.extend_from_slice(&bytes[from..]);
        }
    }

    /// The tokens reported so far.
    pub(crate) fn usage(&self, protocol: Protocol, is_framed: bool) -> Option<Usage> {
        // What surrounds the JSON of a frame is not JSON: its depth cannot be counted.
        let deepest = protocol.profile().usage.deepest_in_event;
        let deepest = if is_framed { None } else { Some(deepest) };
        let read = |piece: &Option<Bytes>, last| read(protocol, piece.as_ref()?, deepest, last);
        let first = read(&self.first, false);
        // One piece may hold the first and the last of them.
        let last = read(&self.last, true).or_else(|| read(&self.first, true));
        match (first, last) {
            (Some(first), Some(last)) => Some(first.or_more(last)),
            (first, last) => first.or(last),
        }
    }
}

impl Tail {
    /// Searches the next chunk of the body.
    pub(crate) fn observe(&mut self, piece: &[u8]) {
        let end = &piece[piece.len().saturating_sub(KEPT)..];
        // Twice as much before any is let go: however small the pieces, each byte moves once.
        if self.0.len() + end.len() > 2 * KEPT {
            self.0.drain(..self.0.len().saturating_sub(KEPT));
        }
        self.0.extend_from_slice(end);
    }

    /// The tokens of an answer whose last chunk this is. Most have one chunk, of which nothing is
    /// kept.
    pub(crate) fn usage_with(&mut self, last: &Bytes, protocol: Protocol) -> Option<Usage> {
        if self.0.is_empty() {
            return of_answer(protocol, last);
        }
        self.observe(last);
        self.usage(protocol)
    }

    /// Keeps the last piece, too, of an answer that was that piece alone.
    pub(crate) fn keep(&mut self, last: &[u8]) {
        if self.0.is_empty() {
            self.observe(last);
        }
    }

    /// The tokens reported so far.
    pub(crate) fn usage(&self, protocol: Protocol) -> Option<Usage> {
        of_answer(protocol, &self.0)
    }

    /// What is kept of it.
    pub(crate) fn kept(&self) -> &[u8] {
        &self.0
    }
}

/// The tokens of a whole answer that ends with these bytes.
pub(crate) fn of_answer(protocol: Protocol, end: &[u8]) -> Option<Usage> {
    read(protocol, end, Some(protocol.profile().usage.deepest), true)
}

/// These events without usage-only events, which exist only for clients that ask for them.
pub(crate) fn without(events: Bytes) -> Bytes {
    if !says_usage(&events) {
        return events;
    }
    let mut shown = Vec::with_capacity(events.len());
    let mut rest = &events[..];
    while !rest.is_empty() {
        let (event, behind) = rest.split_at(event_length(rest));
        if !tells_only_usage(event) {
            shown.extend_from_slice(event);
        }
        rest = behind;
    }
    if shown.len() == events.len() { events } else { Bytes::from(shown) }
}

/// To the empty line behind the first event, that included.
fn event_length(events: &[u8]) -> usize {
    let mut line_ended = false;
    for (at, byte) in events.iter().enumerate() {
        match byte {
            b'\n' if line_ended => return at + 1,
            b'\n' => line_ended = true,
            b'\r' => {}
            _ => line_ended = false,
        }
    }
    events.len()
}

fn tells_only_usage(event: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Chunk {
        choices: Vec<serde::de::IgnoredAny>,
        usage: Option<serde::de::IgnoredAny>,
    }
    if !says_usage(event) {
        return false;
    }
    let mut data =
        event.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    let chunk = data.next().and_then(|data| serde_json::from_slice::<Chunk>(data).ok());
    chunk.is_some_and(|chunk| chunk.choices.is_empty() && chunk.usage.is_some())
}

/// Whether these bytes may report tokens: a mark without `null` after it.
fn says_usage(bytes: &[u8]) -> bool {
    FINDER.find_iter(bytes).any(|at| {
        let rest = &bytes[at + MARK.len()..];
        !rest.strip_prefix(b"\":").unwrap_or(rest).trim_ascii_start().starts_with(b"null")
    })
}

/// The first or the last usage among these bytes, no deeper than that.
fn read(protocol: Protocol, bytes: &[u8], deepest: Option<usize>, last: bool) -> Option<Usage> {
    let form = protocol.profile().usage;
    let read = |at: usize, field: &str| {
        let rest = bytes[at..].strip_prefix(field.as_bytes())?.trim_ascii_start();
        let value = rest.strip_prefix(b":")?.trim_ascii_start();
        let is_escaped = at > 0 && bytes[at - 1] == b'\\';
        if is_escaped || !value.starts_with(b"{") {
            return None;
        }
        let (usage, length) = form.read(value);
        let is_field = deepest.is_none_or(|deepest| depth(&value[length..]) <= deepest);
        usage.filter(|_| is_field)
    };
    // A few, since each may have to be followed to the end of the bytes.
    form.fields.iter().find_map(|field| {
        let near = if last { near_end(bytes, field) } else { None };
        if let Some(usage) = near.and_then(|at| read(at, field)) {
            return Some(usage);
        }
        let is_field = |at: &usize| bytes[*at..].starts_with(field.as_bytes());
        // Only few bodies have a field with another beginning.
        let other = (!field.starts_with(MARK)).then(|| memmem::find_iter(bytes, field.as_bytes()));
        let usual = other.is_none().then(|| FINDER.find_iter(bytes).filter(is_field));
        let places = usual.into_iter().flatten().chain(other.into_iter().flatten());
        if last {
            last_few(places).iter().rev().find_map(|at| read(*at, field))
        } else {
            places.take(A_FEW).find_map(|at| read(at, field))
        }
    })
}

/// The last mark, if it is near the end and that of this field: so it is in most answers, of which
/// the rest is not searched.
fn near_end(bytes: &[u8], field: &str) -> Option<usize> {
    let at = NEAR.iter().find_map(|near| {
        let from = bytes.len().saturating_sub(*near);
        FINDER.find_iter(&bytes[from..]).last().map(|at| from + at)
    })?;
    bytes[at..].starts_with(field.as_bytes()).then_some(at)
}

/// Looked for from the front: a search from the back has no machine instructions for it.
pub(super) fn last_few(places: impl Iterator<Item = usize>) -> SmallVec<[usize; A_FEW]> {
    let mut last = SmallVec::new();
    for at in places {
        if last.len() == A_FEW {
            last.remove(0);
        }
        last.push(at);
    }
    last
}

/// Whether the object that these bytes begin with ends among them.
fn is_closed(object: &[u8]) -> bool {
    let (mut open, mut at) = (0_usize, 0);
    while let Some(byte) = object.get(at) {
        match byte {
            b'"' => at += text_length(&object[at + 1..]),
            b'{' | b'[' => open += 1,
            b'}' | b']' if open <= 1 => return true,
            b'}' | b']' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    false
}

/// The depth of a value before these bytes: how many brackets are closed that were not opened, up
/// to the end of the event or body. JSON has no line feed inside a string.
pub(super) fn depth(behind: &[u8]) -> usize {
    let (mut open, mut depth, mut at) = (0_usize, 0, 0);
    while let Some(byte) = behind.get(at) {
        match byte {
            b'"' => at += text_length(&behind[at + 1..]),
            b'{' | b'[' => open += 1,
            b'}' | b']' if open > 0 => open -= 1,
            b'}' | b']' => depth += 1,
            b'\n' if behind.get(at + 1).is_none_or(|next| matches!(next, b'\n' | b'\r')) => break,
            _ => {}
        }
        at += 1;
    }
    depth
}

/// The beginning of the field's name at every vendor.
pub(in crate::protocol) const MARK: &str = "\"usage";
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MARK));

const A_FEW: usize = 8;
/// Longer than what most servers write at the end of an answer: those with three counts, and those that tell
/// everything.
const NEAR: [usize; 2] = [160, 640];
/// The end of a whole answer that is kept.
const KEPT: usize = 16 * 1024;
