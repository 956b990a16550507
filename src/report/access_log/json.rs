//! A line as one JSON object. Written by hand, since a third of what a line cost was to look for what to
//! escape in keys that are known. Control characters are escaped, those of C1 and DEL and those that turn
//! the writing direction as well: a terminal acts on them.

use std::io::{self, Write as _};

use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::line::{Attempt, Dollars, Line, Millis, Stamp};
use crate::{protocol::conversation::Usage, record::Outcome, refusal::drives_terminals};

/// Appends the line, without its line feed.
pub(super) fn write(line: &Line<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.stamp("time", line.time);
    object.text("id", &line.id);
    if let Some(client) = line.client {
        object.display("client", client);
    }
    object.text("method", line.method);
    object.text("path", &line.path);
    object.text_if("key", line.key.as_deref());
    object.text("protocol", line.protocol.name());
    object.text("op", line.op);
    object.raw("stream", if line.stream { "true" } else { "false" });
    object.text_if("alias", line.alias.as_deref());
    object.text_if("served_alias", line.served_alias.as_deref());
    object.text_if("provider", line.provider.as_deref());
    object.text_if("model", line.model.as_deref());
    object.number("status", line.status.into());
    object.text_if("code", line.code);
    object.text("end", line.end);
    if !line.attempts.is_empty() {
        object.key("attempts");
        let mut before = b'[';
        for attempt in line.attempts.iter() {
            object.out.push(std::mem::replace(&mut before, b','));
            self::attempt(&attempt, object.out);
        }
        object.out.push(b']');
    }
    if let Some(usage) = line.usage {
        object.key("usage");
        self::usage(usage, object.out);
    }
    if let Some(Dollars(cost)) = line.cost {
        object.decimal("cost", cost, 12);
    }
    object.number("bytes_in", line.bytes_in);
    object.number("bytes_out", line.bytes_out);
    object.millis("ttfb_ms", line.ttfb_ms);
    object.millis("own_ms", line.own_ms);
    object.millis("ms", Some(line.ms));
    object.end();
}

fn attempt(attempt: &Attempt<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text_if("alias", attempt.alias.as_deref());
    object.text("provider", &attempt.provider);
    object.text("model", &attempt.model);
    object.text("protocol", attempt.protocol.name());
    match attempt.outcome {
        Outcome::Status(OK) => object.text("outcome", "200"),
        outcome => object.text("outcome", &outcome.to_string()),
    }
    object.text_if("class", attempt.class);
    object.millis("ms", attempt.ms);
    object.end();
}

/// Input and output always; the others where there are any.
fn usage(usage: Usage, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    for (nth, (kind, count)) in usage.by_kind().into_iter().enumerate() {
        if nth < 2 || count > 0 {
            object.number(kind, count);
        }
    }
    object.end();
}

/// A JSON object under way.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    /// What stands before the next key.
    before: u8,
}

impl<'a> Object<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        Self { out, before: b'{' }
    }

    fn end(self) {
        self.out.push(b'}');
    }

    /// A key of ours, in which nothing is to be escaped.
    fn key(&mut self, key: &'static str) {
        self.out.push(std::mem::replace(&mut self.before, b','));
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn raw(&mut self, key: &'static str, value: &str) {
        self.key(key);
        self.out.extend_from_slice(value.as_bytes());
    }

    fn text(&mut self, key: &'static str, text: &str) {
        self.key(key);
        // No branch inside, so that many bytes are compared at once.
        let is_odd = |byte: u8| !(b' '..=b'~').contains(&byte) || byte == b'"' || byte == b'\\';
        if text.bytes().fold(false, |odd, byte| odd | is_odd(byte)) {
            // Writing into memory does not fail.
            let formatter = Escaping(CompactFormatter);
            let _ = text.serialize(&mut Serializer::with_formatter(&mut *self.out, formatter));
        } else {
            self.out.push(b'"');
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(b'"');
        }
    }

    fn text_if(&mut self, key: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    fn display(&mut self, key: &'static str, value: impl std::fmt::Display) {
        self.key(key);
        let _ = write!(self.out, "\"{value}\"");
    }

    fn number(&mut self, key: &'static str, number: u64) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// So many units of which one is `10^-places`; exact, without a zero at the end.
    fn decimal(&mut self, key: &'static str, units: u64, places: usize) {
        let one = 10_u64.pow(places as u32);
        self.number(key, units / one);
        let mut rest = units % one;
        if rest == 0 {
            return;
        }
        let mut digits = [b'0'; 20];
        for digit in digits[..places].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let length =
            digits[..places].iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1);
        self.out.push(b'.');
        self.out.extend_from_slice(&digits[..length]);
    }

    fn millis(&mut self, key: &'static str, time: Option<Millis>) {
        if let Some(Millis(time)) = time {
            let micros = time.as_secs() * 1_000_000 + u64::from(time.subsec_micros());
            self.decimal(key, micros, 3);
        }
    }

    fn stamp(&mut self, key: &'static str, stamp: Stamp) {
        self.key(key);
        self.out.push(b'"');
        stamp.append(self.out);
        self.out.push(b'"');
    }
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

const OK: u16 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_is_exact_and_short() {
        let written = |units, places| {
            let mut out = Vec::new();
            let mut object = Object::begin(&mut out);
            object.decimal("a", units, places);
            object.end();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(147_500_000, 12), r#"{"a":0.0001475}"#);
        assert_eq!(written(250_000_000_000, 12), r#"{"a":0.25}"#);
        assert_eq!(written(3_000_000_000_001, 12), r#"{"a":3.000000000001}"#);
        assert_eq!(written(12_340, 3), r#"{"a":12.34}"#);
        assert_eq!(written(0, 3), r#"{"a":0}"#);
        assert_eq!(written(u64::MAX, 12), r#"{"a":18446744.073709551615}"#);
    }

    #[test]
    fn text_is_json_whatever_it_holds() {
        for text in ["plain", "a \"b\" \\ \n", "é\u{85}\u{7f}\u{202e}"] {
            let mut out = Vec::new();
            let mut object = Object::begin(&mut out);
            object.text("a", text);
            object.end();
            let written = std::str::from_utf8(&out).unwrap();
            assert!(!written.contains(drives_terminals), "{written}");
            let read: serde_json::Value = serde_json::from_str(written).unwrap();
            assert_eq!(read["a"], text);
        }
    }
}
