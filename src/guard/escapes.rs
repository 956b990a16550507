//! Escapes in JSON strings: the decoded text, and the place in the string of a place in the text.
//!
//! Invalid escapes are taken literally, as lenient readers do.

use std::{borrow::Cow, ops::Range};

use memchr::memchr;

/// Appends the text that a string stands for, which is given without its quotes.
pub(super) fn decode(raw: &[u8], out: &mut Vec<u8>) {
    decode_with(raw, out, |_| {});
}

/// The same, and where in the text what was escaped stands. Of what stands close together it is one place.
pub(super) fn decode_noting(raw: &[u8], out: &mut Vec<u8>, changed: &mut Vec<Range<usize>>) {
    decode_with(raw, out, |place| match changed.last_mut() {
        Some(last) if place.start <= last.end + TOGETHER => last.end = place.end,
        _ => changed.push(place),
    });
}

/// Copies a word at a time: what is escaped twice has an escape in every few words.
#[inline]
fn decode_with(raw: &[u8], out: &mut Vec<u8>, mut note: impl FnMut(Range<usize>)) {
    let (mut at, mut to) = (0, out.len());
    // No escape is shorter than what it stands for.
    out.resize(to + raw.len(), 0);
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(room) = out.get_mut(to..) else { break };
        let plain = match (rest.first_chunk::<8>(), room.first_chunk_mut::<8>()) {
            (Some(word), Some(room)) => {
                *room = *word;
                first(u64::from_le_bytes(*word), b'\\')
            }
            _ => {
                let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
                room[..plain].copy_from_slice(&rest[..plain]);
                plain
            }
        };
        (at, to) = (at + plain, to + plain);
        while raw.get(at) == Some(&b'\\') {
            let simple = raw.get(at + 1).map_or(0, |mark| SIMPLE[usize::from(*mark)]);
            let (read, written) = match simple {
                0 => {
                    let unit = Unit::at(&raw[at..]);
                    out[to..to + unit.length].copy_from_slice(unit.text());
                    (unit.raw, unit.length)
                }
                simple => {
                    out[to] = simple;
                    (2, 1)
                }
            };
            if read > 1 {
                note(to..to + written);
            }
            (at, to) = (at + read, to + written);
        }
    }
    out.truncate(to);
}

/// How many bytes of a word come before the first one that is this; 8 where none is.
#[inline]
pub(super) fn first(word: u64, byte: u8) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let other = word ^ (EACH * u64::from(byte));
    // The highest bit of each byte that is zero; bits above the first may be false.
    let hits = other.wrapping_sub(EACH) & !other & (EACH * 0x80);
    hits.trailing_zeros() as usize / 8
}

/// The text that a string stands for, as it is where nothing in it is escaped.
pub(super) fn read(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    decode(raw, &mut text);
    Cow::Owned(text)
}

/// How much of a string has no escape of which more may come.
pub(super) fn whole(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(next) = memchr(b'\\', raw.get(at..).unwrap_or_default()) {
        let rest = raw.get(at + next..).unwrap_or_default();
        let is_half = matches!(quad(rest), Some(0xd800..0xdc00)) && rest.len() < 12;
        if rest.len() == 1 || (rest.get(1) == Some(&b'u') && rest.len() < 6) || is_half {
            return at + next;
        }
        at += next + Unit::at(rest).raw;
    }
    raw.len()
}

/// A place in a string, and the same place in its text; both only go on.
pub(super) struct Place<'a> {
    raw: &'a [u8],
    at: usize,
    text: usize,
}

impl<'a> Place<'a> {
    /// At the beginning.
    pub(super) fn new(raw: &'a [u8]) -> Self {
        Self { raw, at: 0, text: 0 }
    }

    /// Where in the string the text's place is that does not lie before the last one. Inside of a
    /// character that is escaped, it is that character's beginning.
    pub(super) fn of(&mut self, wanted: usize) -> usize {
        loop {
            let rest = self.raw.get(self.at..).unwrap_or_default();
            let plain = memchr(b'\\', rest).unwrap_or(rest.len());
            if self.text + plain >= wanted || plain == rest.len() {
                return (self.at + (wanted - self.text)).min(self.raw.len());
            }
            let unit = Unit::at(&rest[plain..]);
            if self.text + plain + unit.length > wanted {
                return self.at + plain;
            }
            self.at += plain + unit.raw;
            self.text += plain + unit.length;
        }
    }
}

/// The place, widened so that neither end lies inside of an escape.
pub(super) fn outside(text: &[u8], place: &Range<usize>) -> Range<usize> {
    let start = match around(text, place.start) {
        Some(unit) if unit.end < place.end => unit.end,
        Some(unit) => unit.start,
        None => place.start,
    };
    let end = match around(text, place.end) {
        Some(unit) if unit.start + 1 == place.end && unit.start > start => unit.start,
        Some(unit) => unit.end,
        None => place.end,
    };
    start..end
}

/// The escape that a place lies inside of.
fn around(text: &[u8], at: usize) -> Option<Range<usize>> {
    (at.saturating_sub(5)..at).rev().find_map(|start| {
        let before = text.get(..=start)?.iter().rev().take_while(|byte| **byte == b'\\').count();
        let end = start + Unit::at(text.get(start..).filter(|_| before % 2 == 1)?).raw;
        (end > at).then_some(start..end)
    })
}

/// A backslash and what belongs to it.
struct Unit {
    /// Bytes of the string.
    raw: usize,
    text: [u8; 4],
    /// Bytes of the text.
    length: usize,
}

impl Unit {
    /// The one that begins with this backslash.
    fn at(raw: &[u8]) -> Self {
        if raw.get(1) == Some(&b'u') {
            return Self::long(raw);
        }
        match raw.get(1).map_or(0, |mark| SIMPLE[usize::from(*mark)]) {
            0 => Self { raw: 1, text: [b'\\', 0, 0, 0], length: 1 },
            simple => Self { raw: 2, text: [simple, 0, 0, 0], length: 1 },
        }
    }

    fn long(raw: &[u8]) -> Self {
        let Some(first) = quad(raw) else {
            return Self { raw: 1, text: [b'\\', 0, 0, 0], length: 1 };
        };
        let second = raw.get(6..).and_then(quad).filter(|it| (0xdc00..0xe000).contains(it));
        let (code, length) = match (first, second) {
            (0xd800..0xdc00, Some(second)) => {
                (0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12)
            }
            _ => (first, 6),
        };
        let code = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let mut text = [0; 4];
        let written = code.encode_utf8(&mut text).len();
        Self { raw: length, text, length: written }
    }

    fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// What a backslash before each byte stands for, where that is one byte; 0 where it is not.
const SIMPLE: [u8; 256] = {
    let mut table = [0; 256];
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[b'/' as usize] = b'/';
    table[b'b' as usize] = 0x08;
    table[b'f' as usize] = 0x0c;
    table[b'n' as usize] = b'\n';
    table[b'r' as usize] = b'\r';
    table[b't' as usize] = b'\t';
    table
};

/// The number of `\uXXXX`.
fn quad(raw: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = raw.get(..6)? else { return None };
    let mut number = 0;
    for digit in digits {
        number = number * 16 + char::from(*digit).to_digit(16)?;
    }
    Some(number)
}

/// Bytes between places that are one.
const TOGETHER: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(raw: &str) -> String {
        let mut out = Vec::new();
        decode(raw.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_are_read_as_json_has_them_and_others_as_they_stand() {
        assert_eq!(decoded(r#"a\"b\\c\/d\n\t\u0040\u00e9\ud83d\ude00"#), "a\"b\\c/d\n\t@é😀");
        assert_eq!(decoded(r"\ud800x \udc00 \u12 \q \"), "\u{fffd}x \u{fffd} \\u12 \\q \\");
    }

    /// The same one byte after another.
    fn slowly(raw: &[u8]) -> (Vec<u8>, usize) {
        let (mut out, mut at, mut changed) = (Vec::new(), 0, 0);
        while at < raw.len() {
            let unit = Unit::at(&raw[at..]);
            if raw[at] == b'\\' {
                out.extend_from_slice(unit.text());
                changed += usize::from(unit.raw > 1);
                at += unit.raw;
            } else {
                out.push(raw[at]);
                at += 1;
            }
        }
        (out, changed)
    }

    proptest! {
        #[test]
        fn words_are_read_as_bytes_are(
            raw in r#"([a-zé]{0,20}|[\\\\\"nubtrf/x]{1,3}|\\\\u[0-9a-fd]{3,4}|\\\\ud83d\\\\ude00){0,12}"#,
            before in "[a-z]{0,9}",
        ) {
            let (wanted, changed) = slowly(raw.as_bytes());
            let mut out = before.clone().into_bytes();
            decode(raw.as_bytes(), &mut out);
            prop_assert_eq!(&out, &[before.as_bytes(), &wanted].concat());
            let (mut out, mut noted) = (Vec::new(), 0);
            decode_with(raw.as_bytes(), &mut out, |place| {
                noted += 1;
                assert!(place.start < place.end);
            });
            prop_assert_eq!((out, noted), (wanted, changed));
        }

        #[test]
        fn text_is_what_serde_reads_and_places_are_found_again(text in "\\PC{0,40}", unicode: bool) {
            let raw = match unicode {
                false => serde_json::to_string(&text).unwrap(),
                true => {
                    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
                    format!("\"{}\"", units.collect::<String>())
                }
            };
            let raw = &raw[1..raw.len() - 1];
            prop_assert_eq!(decoded(raw), text.clone());
            let mut place = Place::new(raw.as_bytes());
            for (at, _) in text.char_indices() {
                let found = place.of(at);
                prop_assert_eq!(decoded(&raw[..found]), &text[..at]);
            }
            prop_assert_eq!(place.of(text.len()), raw.len());
        }
    }
}
