//! Reads the counts of a usage field by the protocol's table: one walk, without a tree.

use std::{borrow::Cow, collections::HashMap};

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::conversation::Usage;

/// Where a protocol's answers report their tokens, and how they are counted.
#[derive(Debug)]
pub(crate) struct Form {
    /// The fields that hold the counts, in quotes.
    pub(crate) fields: &'static [&'static str],
    /// The counts. Of several places for one count, the first present counts.
    pub(crate) places: &'static [Place],
    /// Their greatest depth in a whole answer; a top-level field is at 1.
    pub(crate) deepest: usize,
    /// The same in an event of a stream: a field of the event, or of the answer that it begins or ends.
    pub(crate) deepest_in_event: usize,
    /// Whether the input excludes cached tokens.
    pub(crate) cache_is_beside: bool,
    /// The list of the answer's steps, and the type of those that the counts leave out.
    pub(crate) apart: Option<(&'static str, &'static str)>,
}

/// Where one count stands: the object inside of the field, empty for the field itself, and its name.
#[derive(Debug)]
pub(crate) struct Place(pub(crate) Count, pub(crate) &'static str, pub(crate) &'static str);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Input,
    /// Input reported beside the input.
    MoreInput,
    Output,
    CacheRead,
    CacheWrite,
    Reasoning,
    /// Reasoning reported beside the output, unless the total shows that the output includes it.
    ReasoningBeside,
    /// Input and output.
    Total,
}

/// A usage field of an answer or an event that is read whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Written(Box<RawValue>);

impl Written {
    /// The usage by the protocol's table.
    pub(crate) fn by(&self, form: &Form) -> Usage {
        form.read(self.0.get().as_bytes()).0.unwrap_or_default()
    }
}

/// How many there are of these.
const COUNTS: usize = Count::Total as usize + 1;

impl Form {
    /// What most do.
    pub(crate) const USUAL: Self = Self {
        fields: &["\"usage\""],
        places: &[],
        deepest: 1,
        deepest_in_event: 2,
        cache_is_beside: false,
        apart: None,
    };

    /// The usage of this JSON object, unless it is empty; and where the object ends.
    pub(crate) fn read(&self, object: &[u8]) -> (Option<Usage>, usize) {
        let mut told = [None; COUNTS];
        let length = walk(object, |parent, name, count| {
            let is_place = |it: &Place| it.2.as_bytes() == name && it.1.as_bytes() == parent;
            if let Some(place) = self.places.iter().position(is_place) {
                let known = &mut told[self.places[place].0 as usize];
                if known.is_none_or(|(before, _)| place <= before) {
                    *known = Some((place, count));
                }
            }
        });
        let usage = self.usage(&told.map(|known| known.map(|(_, count)| count)));
        let usage = match self.apart {
            Some((steps, kind)) if memmem::find(&object[..length], steps.as_bytes()).is_some() => {
                usage.plus(self.apart(&object[..length], steps, kind))
            }
            _ => usage,
        };
        (usage.if_any(), length)
    }

    /// The sum of the steps of this type.
    #[cold]
    fn apart(&self, object: &[u8], steps: &str, kind: &str) -> Usage {
        #[derive(Deserialize)]
        struct Step<'a> {
            #[serde(borrow)]
            r#type: Cow<'a, str>,
        }
        let fields = serde_json::from_slice::<HashMap<Cow<'_, str>, &RawValue>>(object);
        let steps = fields.ok().and_then(|fields| {
            let steps = fields.get(steps)?.get();
            serde_json::from_str::<Vec<&RawValue>>(steps).ok()
        });
        let is_kind = |step: &&&RawValue| {
            serde_json::from_str::<Step<'_>>(step.get()).is_ok_and(|step| step.r#type == kind)
        };
        let of = |step: &&RawValue| self.read(step.get().as_bytes()).0.unwrap_or_default();
        steps.iter().flatten().filter(is_kind).map(of).fold(Usage::default(), Usage::plus)
    }

    fn usage(&self, counts: &[Option<u64>; COUNTS]) -> Usage {
        let count = |count: Count| counts[count as usize].unwrap_or_default();
        let usage = Usage {
            input: count(Count::Input).saturating_add(count(Count::MoreInput)),
            output: count(Count::Output),
            cache_read: count(Count::CacheRead),
            cache_write: count(Count::CacheWrite),
            reasoning: count(Count::Reasoning),
        };
        if self.cache_is_beside {
            return usage.with_cache_beside();
        }
        let total = counts[Count::Total as usize];
        // Vendors of embeddings and ranking alone tell one number.
        if counts[Count::Input as usize].is_none() && counts[Count::Output as usize].is_none() {
            return Usage { input: total.unwrap_or(usage.input), ..usage };
        }
        match counts[Count::ReasoningBeside as usize] {
            Some(reasoning) => usage.with_thoughts(reasoning, total),
            // xAI's output leaves the reasoning out; its total does not.
            None if total == Some(usage.total().saturating_add(usage.reasoning)) => {
                Usage { output: usage.output.saturating_add(usage.reasoning), ..usage }
            }
            None => usage,
        }
    }
}

/// Calls `tell` for every count of the object and its direct children, with the name of the
/// containing object; deeper values are skipped. Returns the length of the object.
fn walk<'a>(object: &'a [u8], mut tell: impl FnMut(&'a [u8], &'a [u8], u64)) -> usize {
    let (mut depth, mut parent, mut rest) = (0_usize, &b""[..], object);
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match byte {
            b'"' => {
                let (name, behind) = text(rest);
                rest = behind;
                let Some(value) = value_behind(rest) else { continue };
                rest = value;
                match value {
                    [b'0'..=b'9', ..] if depth <= 2 => {
                        let (count, behind) = number(value);
                        rest = behind;
                        tell(if depth == 1 { b"" } else { parent }, name, count);
                    }
                    [b'{', ..] if depth == 1 => parent = name,
                    _ => {}
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return object.len() - rest.len();
                }
            }
            _ => {}
        }
    }
    object.len()
}

/// The text before the first quote, and the rest after it.
fn text(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[from..]) {
        let at = from + found;
        if bytes[at] == b'"' {
            return (&bytes[..at], &bytes[at + 1..]);
        }
        from = bytes.len().min(at + 2);
    }
    (bytes, &[])
}

/// The leading digits, and the rest.
fn number(bytes: &[u8]) -> (u64, &[u8]) {
    let (mut count, mut rest) = (0_u64, bytes);
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        count = count.saturating_mul(10).saturating_add((digit - b'0').into());
        rest = behind;
    }
    (count, rest)
}

/// The value to which the text before these bytes is the key.
fn value_behind(bytes: &[u8]) -> Option<&[u8]> {
    let value = match bytes {
        // Nearly all are written without spaces.
        [b':', value @ ..] => value,
        _ => bytes.trim_ascii_start().strip_prefix(b":")?,
    };
    let value = match value {
        [b' ' | b'\t' | b'\r' | b'\n', ..] => value.trim_ascii_start(),
        _ => value,
    };
    (!value.is_empty()).then_some(value)
}

/// The length of a text from behind its first quote, its last one included.
pub(super) fn text_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        at += 1;
        if at >= text.len() {
            break;
        }
    }
    text.len()
}
