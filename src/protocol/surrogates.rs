//! Joins characters that a provider has split: JSON writes a character beyond the basic plane as
//! two escapes, and some providers send them in two chunks, neither of which is valid alone.
//!
//! Events without such an escape are not examined twice.

use std::borrow::Cow;

use memchr::memmem;

/// The first half of a pair whose second half has not arrived.
#[derive(Debug, Default)]
pub(crate) struct Halves {
    held: Option<[u8; 6]>,
}

impl Halves {
    /// The same event with whole characters: a first half at the end of a text waits for the second
    /// at the start of the next, and a half without its other is replaced.
    pub(crate) fn joined<'a>(&mut self, data: &'a str) -> Cow<'a, str> {
        let bytes = data.as_bytes();
        let is_candidate = |at: usize| matches!(bytes.get(at + 2), Some(b'd' | b'D'));
        if !memmem::find_iter(bytes, b"\\u").any(is_candidate) {
            return Cow::Borrowed(data);
        }
        self.rewritten(data)
    }

    fn rewritten<'a>(&mut self, data: &'a str) -> Cow<'a, str> {
        let bytes = data.as_bytes();
        let (mut out, mut from, mut at) = (String::new(), 0, 0);
        while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
            at += found;
            let Some(unit) = surrogate(&bytes[at..]) else {
                // An escape is two bytes at least: an escaped backslash does not begin another escape.
                at = (at + 2).min(bytes.len());
                continue;
            };
            let is_first = unit < 0xDC00;
            let second = surrogate(&bytes[at + 6..]).is_some_and(|unit| unit >= 0xDC00);
            if is_first && second {
                at += 12;
                continue;
            }
            out.push_str(&data[from..at]);
            let held = self.held.take();
            let half = <[u8; 6]>::try_from(&bytes[at..at + 6]).unwrap_or_default();
            match held {
                Some(first) if !is_first => {
                    out.extend(first.iter().chain(&half).map(|byte| char::from(*byte)));
                }
                _ if is_first && bytes.get(at + 6) == Some(&b'"') => self.held = Some(half),
                _ => out.push_str(UNKNOWN),
            }
            at += 6;
            from = at;
        }
        if from == 0 {
            return Cow::Borrowed(data);
        }
        out.push_str(&data[from..]);
        Cow::Owned(out)
    }
}

/// The surrogate that an escape at the beginning of these bytes spells.
fn surrogate(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let unit = u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    (0xD800..0xE000).contains(&unit).then_some(unit)
}

/// The replacement character.
const UNKNOWN: &str = "\\ufffd";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_character_are_joined() {
        for (events, joined) in [
            (
                vec![r#"{"t":"a"}"#, r#"{"t":"\n\u00e9"}"#],
                vec![r#"{"t":"a"}"#, r#"{"t":"\n\u00e9"}"#],
            ),
            (
                vec![r#"{"t":"a\ud83d"}"#, r#"{"t":"\ude00b"}"#],
                vec![r#"{"t":"a"}"#, r#"{"t":"\ud83d\ude00b"}"#],
            ),
            (vec![r#"{"t":"\uD83D\uDE00"}"#], vec![r#"{"t":"\uD83D\uDE00"}"#]),
            (
                vec![r#"{"t":"\ud83d x"}"#, r#"{"t":"\ude00"}"#],
                vec![r#"{"t":"\ufffd x"}"#, r#"{"t":"\ufffd"}"#],
            ),
            (vec![r#"{"t":"\\ud83d"}"#], vec![r#"{"t":"\\ud83d"}"#]),
            (
                vec![r#"{"t":"\ud83d"}"#, r#"{"t":"x"}"#, r#"{"t":"\udE00"}"#],
                vec![r#"{"t":""}"#, r#"{"t":"x"}"#, r#"{"t":"\ud83d\udE00"}"#],
            ),
        ] {
            let mut halves = Halves::default();
            let said: Vec<String> =
                events.iter().map(|event| halves.joined(event).into_owned()).collect();
            assert_eq!(said, joined, "{events:?}");
            for event in said {
                assert!(serde_json::from_str::<serde_json::Value>(&event).is_ok(), "{event}");
            }
        }
    }
}
