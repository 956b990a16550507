//! A line as one JSON object. Written by hand, since a third of what a line cost was to look for what to
//! escape in keys that are known. Control characters are escaped, those of C1 and DEL and those that turn
//! the writing direction as well: a terminal acts on them.

use std::{
    io::{self, Write as _},
    net::IpAddr,
};

use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::line::{Attempt, Dollars, Line, Millis, Stamp};
use crate::{protocol::conversation::Usage, record::Outcome, refusal::drives_terminals};

/// A key of ours, in which nothing is to be escaped, with all that stands around it: so it is one copy.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

/// Appends the line, without its line feed.
pub(super) fn write(line: &Line<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.stamp(key!("time"), line.time);
    object.text(key!("id"), &line.id);
    if let Some(client) = line.client {
        object.address(key!("client"), client);
    }
    object.text(key!("method"), line.method);
    object.text(key!("path"), &line.path);
    object.text_if(key!("key"), line.key.as_deref());
    object.word(key!("protocol"), line.protocol.name());
    object.word(key!("op"), line.op);
    object.raw(key!("stream"), if line.stream { "true" } else { "false" });
    object.text_if(key!("alias"), line.alias.as_deref());
    object.text_if(key!("served_alias"), line.served_alias.as_deref());
    object.text_if(key!("provider"), line.provider.as_deref());
    object.text_if(key!("model"), line.model.as_deref());
    object.number(key!("status"), line.status.into());
    if let Some(code) = line.code {
        object.word(key!("code"), code);
    }
    object.word(key!("end"), line.end);
    if !line.attempts.is_empty() {
        object.key(key!("attempts"));
        let mut before = b'[';
        for attempt in line.attempts.iter() {
            object.out.push(std::mem::replace(&mut before, b','));
            self::attempt(&attempt, object.out);
        }
        object.out.push(b']');
    }
    if let Some(usage) = line.usage {
        object.key(key!("usage"));
        self::usage(usage, object.out);
    }
    if let Some(Dollars(cost)) = line.cost {
        object.decimal(key!("cost"), cost, 12);
    }
    object.number(key!("bytes_in"), line.bytes_in);
    object.number(key!("bytes_out"), line.bytes_out);
    object.millis(key!("ttfb_ms"), line.ttfb_ms);
    object.millis(key!("own_ms"), line.own_ms);
    object.millis(key!("ms"), Some(line.ms));
    object.end();
}

fn attempt(attempt: &Attempt<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text_if(key!("alias"), attempt.alias.as_deref());
    object.text(key!("provider"), &attempt.provider);
    object.text(key!("model"), &attempt.model);
    object.word(key!("protocol"), attempt.protocol.name());
    match attempt.outcome {
        Outcome::Status(OK) => object.word(key!("outcome"), "200"),
        outcome => object.text(key!("outcome"), &outcome.to_string()),
    }
    if let Some(class) = attempt.class {
        object.word(key!("class"), class);
    }
    object.millis(key!("ms"), attempt.ms);
    object.end();
}

/// Input and output always; the others where there are any.
fn usage(usage: Usage, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    for (nth, (kind, count)) in usage.by_kind().into_iter().enumerate() {
        if nth < 2 || count > 0 {
            object.name(kind);
            object.digits(count);
        }
    }
    object.end();
}

/// A JSON object under way.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    /// Where it begins: each key is written behind a comma, and the first of these becomes its bracket.
    start: usize,
}

impl<'a> Object<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        Self { start: out.len(), out }
    }

    fn end(self) {
        match self.out.get_mut(self.start) {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }

    fn key(&mut self, key: &'static str) {
        self.out.extend_from_slice(key.as_bytes());
    }

    /// A key of ours that has a name in a table.
    fn name(&mut self, name: &'static str) {
        self.out.extend_from_slice(b",\"");
        self.key(name);
        self.out.extend_from_slice(b"\":");
    }

    fn raw(&mut self, key: &'static str, value: &str) {
        self.key(key);
        self.out.extend_from_slice(value.as_bytes());
    }

    /// A word of ours, in which nothing is to be escaped either.
    fn word(&mut self, key: &'static str, word: &'static str) {
        self.key(key);
        self.quoted(word);
    }

    fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
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
            self.quoted(text);
        }
    }

    fn text_if(&mut self, key: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    fn address(&mut self, key: &'static str, address: IpAddr) {
        self.key(key);
        let IpAddr::V4(address) = address else {
            // Writing into memory does not fail.
            let _ = write!(self.out, "\"{address}\"");
            return;
        };
        let mut before = b'"';
        for number in address.octets() {
            self.out.push(std::mem::replace(&mut before, b'.'));
            self.digits(number.into());
        }
        self.out.push(b'"');
    }

    fn number(&mut self, key: &'static str, number: u64) {
        self.key(key);
        self.digits(number);
    }

    fn digits(&mut self, number: u64) {
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
            object.decimal(key!("a"), units, places);
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
    fn addresses_are_written_as_they_are_read() {
        for address in ["0.10.200.255", "127.0.0.1", "::1", "2001:db8::7"] {
            let mut out = Vec::new();
            let mut object = Object::begin(&mut out);
            object.address(key!("a"), address.parse().unwrap());
            object.name("b");
            object.digits(1);
            object.end();
            assert_eq!(out, format!(r#"{{"a":"{address}","b":1}}"#).into_bytes());
        }
    }

    #[test]
    fn text_is_json_whatever_it_holds() {
        for text in ["plain", "a \"b\" \\ \n", "é\u{85}\u{7f}\u{202e}"] {
            let mut out = Vec::new();
            let mut object = Object::begin(&mut out);
            object.text(key!("a"), text);
            object.end();
            let written = std::str::from_utf8(&out).unwrap();
            assert!(!written.contains(drives_terminals), "{written}");
            let read: serde_json::Value = serde_json::from_str(written).unwrap();
            assert_eq!(read["a"], text);
        }
    }
}
