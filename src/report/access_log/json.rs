//! A line as one JSON object. Control characters are escaped, those of C1 and DEL and those that turn
//! the writing direction as well: a terminal acts on them.

use std::io;

use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::line::Line;
use crate::refusal::drives_terminals;

/// Appends the line, without its line feed.
pub(super) fn write(line: &Line<'_>, out: &mut Vec<u8>) {
    // Writing into memory does not fail, and every key is a string.
    let _ = line.serialize(&mut Serializer::with_formatter(out, Escaping(CompactFormatter)));
}

/// JSON without white space, and without a raw control character.
struct Escaping(CompactFormatter);

impl Formatter for Escaping {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(drives_terminals) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            if let Some(control) = chars.next() {
                write!(writer, "\\u{:04x}", u32::from(control))?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}
