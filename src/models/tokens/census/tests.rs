//! The counts against their definition, one character after the other.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What the last character was.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Other,
    Small,
    Capital,
    Digit,
    Mark,
    Space,
    Line,
}

/// The counts of a text that is not JSON.
pub(crate) fn defined(text: &str) -> [u32; KINDS] {
    let mut counts = [0; KINDS];
    let mut count = |kind: Kind, is: bool| counts[kind as usize] += u32::from(is);
    // How long the word, the number or the row of spaces is.
    let (mut last, mut run, mut others) = (Last::Other, 0, Vec::new());
    for c in text.chars() {
        let is_accented = matches!(c, '\u{80}'..='\u{24f}');
        let (now, length) = match c {
            'A'..='Z' => {
                let goes_on = last == Last::Capital;
                count(Kind::Capital, goes_on);
                (Last::Capital, if goes_on { run + 1 } else { 1 })
            }
            'a'..='z' | '\u{80}'..='\u{24f}' => {
                let goes_on = matches!(last, Last::Capital | Last::Small);
                (Last::Small, if goes_on { run + 1 } else { 1 })
            }
            '0'..='9' => {
                count(Kind::SpacedNumber, last == Last::Space);
                (Last::Digit, if last == Last::Digit { run + 1 } else { 1 })
            }
            ' ' => match last {
                Last::Space => (Last::Space, run + 1),
                // The first space of a line is like a second one.
                Last::Line => (Last::Space, 2),
                _ => (Last::Space, 1),
            },
            '\n' | '\r' | '\t' => (Last::Line, 1),
            '\0'..'\u{80}' => (Last::Mark, 1),
            _ => (Last::Other, 0),
        };
        count(Kind::Accented, is_accented);
        match now {
            Last::Small | Last::Capital => {
                count(Kind::Word, length == 1);
                count(Kind::Long, length > 6);
            }
            Last::Digit => {
                count(Kind::Digit, true);
                count(Kind::DigitGroup, length % 3 == 1);
            }
            Last::Space => count(Kind::Indent, length == 2),
            Last::Line => count(Kind::Line, last != Last::Line),
            Last::Mark => {
                count(Kind::Mark, true);
                count(Kind::Marks, last != Last::Mark);
            }
            Last::Other => others.push(c),
        }
        (last, run) = (now, length);
    }
    let mut census = Census::default();
    others.into_iter().for_each(|c| census.scalar(u32::from(c)));
    std::array::from_fn(|kind| counts[kind] + census.counts()[kind])
}

/// The counts of a text as JSON, in pieces of this size.
fn counted(json: &str, size: usize) -> [u32; KINDS] {
    let mut census = Census::default();
    json.as_bytes().chunks(size).for_each(|piece| census.json(piece));
    *census.counts()
}

proptest! {
    #[test]
    fn counts_are_those_of_the_definition(
        text in r#"([a-zA-Z]{1,9}|[0-9]{1,9}| {1,4}|[.,;:!"\\/=(){}\-]{1,3}|[\n\r\t]{1,2}|[éЖ中あ한。—🙂\x01\x7f]{1,3}){0,40}"#,
        size in 1..200_usize,
    ) {
        let quoted = json!(text).to_string();
        let json = &quoted[1..quoted.len() - 1];
        prop_assert_eq!(counted(json, usize::MAX), defined(&text));
        prop_assert_eq!(counted(json, size), defined(&text));
        // The same text with any of its letters escaped by number.
        let escaped: String = text.char_indices().map(|(at, c)| {
            let quoted = json!(c.to_string()).to_string();
            let is_chosen = c.is_ascii_alphanumeric() && at % 5 == size % 5;
            if is_chosen { format!("\\u{:04x}", u32::from(c)) } else { quoted[1..quoted.len() - 1].into() }
        }).collect();
        prop_assert_eq!(counted(&escaped, size), defined(&text));
        let mut census = Census::default();
        prop_assert_eq!(census.quoted(format!(r#"{json}", "more\": 1"#).as_bytes()), json.len());
        prop_assert_eq!(*census.counts(), defined(&text));
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..300), text in r#"[\\u"n0-9a ]{0,200}"#) {
        Census::default().json(&bytes);
        Census::default().json(text.as_bytes());
    }
}
