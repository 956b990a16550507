//! Writes texts as JSON strings. `serde_json` looks at each byte by itself; a long text, of which
//! most have nothing to escape, is looked at in wide steps here, and copied.

use std::borrow::Cow;

use serde::{Serialize as _, Serializer};
use serde_json::value::RawValue;

/// For `serialize_with`: a text.
pub(crate) fn text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match whole(text) {
        Some(quoted) => quoted.serialize(serializer),
        None => serializer.serialize_str(text),
    }
}

/// The same for a text that may be absent.
pub(crate) fn maybe<S: Serializer>(
    text: &Option<Cow<'_, str>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => self::text(text, serializer),
        None => serializer.serialize_none(),
    }
}

/// A long text in quotes, if nothing in it is escaped.
fn whole(text: &str) -> Option<Box<RawValue>> {
    if text.len() < LONG || !is_plain(text.as_bytes()) {
        return None;
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    quoted.push_str(text);
    quoted.push('"');
    RawValue::from_string(quoted).ok()
}

/// Whether JSON has these bytes in a string as they are.
fn is_plain(bytes: &[u8]) -> bool {
    let is_escaped = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"' || byte == b'\\');
    let any = |part: &[u8]| part.iter().fold(0, |any, byte| any | is_escaped(*byte)) != 0;
    !bytes.chunks(STEP).any(any)
}

/// A copy costs more than a look at fewer bytes.
const LONG: usize = 64;
/// The bytes between two decisions.
const STEP: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize)]
    struct Texts<'a> {
        #[serde(serialize_with = "text")]
        text: &'a str,
        #[serde(serialize_with = "maybe")]
        there: Option<Cow<'a, str>>,
        #[serde(serialize_with = "maybe")]
        absent: Option<Cow<'a, str>>,
    }

    #[test]
    fn texts_are_written_as_serde_json_writes_them() {
        for length in [0, 63, 64, 65, 255, 256, 257, 600] {
            let plain = "aé漢\u{7f}".chars().cycle().take(length).collect::<String>();
            for odd in ["", "\"", "\\", "\n", "\0", "\u{1f}", "\u{2028}"] {
                for at in [0, plain.chars().count() / 2, plain.chars().count()] {
                    let at = plain.char_indices().nth(at).map_or(plain.len(), |(at, _)| at);
                    let all = [&plain[..at], odd, &plain[at..]].concat();
                    let there = Some(all.as_str().into());
                    let written = serde_json::to_string(&Texts { text: &all, there, absent: None });
                    let quoted = serde_json::to_string(&all).unwrap();
                    let wanted = format!(r#"{{"text":{quoted},"there":{quoted},"absent":null}}"#);
                    assert_eq!(written.unwrap(), wanted);
                }
            }
        }
    }
}
