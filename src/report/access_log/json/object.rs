//! A JSON object, written by hand: a third of what a line cost was to look for what to escape in keys that are known.
//! Control characters are escaped, those of C1 and DEL and those that turn the writing direction as well: a terminal
//! acts on them.

use std::{
    io::{self, Write as _},
    net::IpAddr,
};

use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::{
    record::{Guarded, RequestId},
    refusal::drives_terminals,
    report::access_log::line::{Millis, Stamp},
    trace::Trace,
};

/// A key of ours, in which nothing is to be escaped, with all that stands around it: so it is one copy.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}
pub(super) use key;

/// A JSON object under way.
pub(super) struct Object<'a> {
    /// Where it is written, and the objects and lists inside of it.
    pub(super) out: &'a mut Vec<u8>,
    /// Where it begins: each key is written behind a comma, and the first of these becomes its bracket.
    start: usize,
}

impl<'a> Object<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>) -> Self {
        Self { start: out.len(), out }
    }

    pub(super) fn end(self) {
        match self.out.get_mut(self.start) {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }

    /// Always inlined, as are its callers: the length of a key is known then, and it is one or two moves.
    #[inline(always)]
    pub(super) fn key(&mut self, key: &'static str) {
        self.out.extend_from_slice(key.as_bytes());
    }

    /// A key of ours that has a name in a table.
    pub(super) fn name(&mut self, name: &'static str) {
        self.out.extend_from_slice(b",\"");
        self.key(name);
        self.out.extend_from_slice(b"\":");
    }

    #[inline(always)]
    pub(super) fn raw(&mut self, key: &'static str, value: &str) {
        self.key(key);
        self.out.extend_from_slice(value.as_bytes());
    }

    /// A word of ours, in which nothing is to be escaped either.
    #[inline(always)]
    pub(super) fn word(&mut self, key: &'static str, word: &'static str) {
        self.key(key);
        self.quoted(word);
    }

    pub(super) fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    #[inline(always)]
    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        self.key(key);
        self.escaped(text);
    }

    pub(super) fn escaped(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            return self.quoted(text);
        }
        // Writing into memory does not fail.
        let formatter = Escaping(CompactFormatter);
        let _ = text.serialize(&mut Serializer::with_formatter(&mut *self.out, formatter));
    }

    /// Names of rules have nothing to be escaped either.
    #[cold]
    pub(super) fn guarded(&mut self, key: &'static str, all: &[Guarded]) {
        self.key(key);
        let mut before = b'[';
        for it in all {
            self.out.push(std::mem::replace(&mut before, b','));
            self.quoted(&format!("{}={}", it.rule.name, it.did));
        }
        self.out.push(b']');
    }

    /// An id has only letters, digits and a few marks.
    #[inline(always)]
    pub(super) fn id(&mut self, key: &'static str, id: &RequestId) {
        self.key(key);
        self.out.push(b'"');
        id.append(self.out);
        self.out.push(b'"');
    }

    #[inline(always)]
    pub(super) fn text_if(&mut self, key: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    pub(super) fn hex(&mut self, key: &'static str, id: u128) {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(&Trace::id_text(id));
        self.out.push(b'"');
    }

    pub(super) fn address(&mut self, key: &'static str, address: IpAddr) {
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

    #[inline(always)]
    pub(super) fn number(&mut self, key: &'static str, number: u64) {
        self.key(key);
        self.digits(number);
    }

    pub(super) fn digits(&mut self, number: u64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// So many units of which one is `10^-places`; exact, without a zero at the end.
    pub(super) fn decimal(&mut self, key: &'static str, units: u64, places: usize) {
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

    #[inline(always)]
    pub(super) fn millis(&mut self, key: &'static str, time: Option<Millis>) {
        if let Some(time) = time {
            self.key(key);
            self.thousandths(time);
        }
    }

    pub(super) fn thousandths(&mut self, Millis(time): Millis) {
        let micros = time.as_secs() * 1_000_000 + u64::from(time.subsec_micros());
        self.digits(micros / 1_000);
        let rest = (micros % 1_000) as u32;
        let digit = |one: u32| b'0' + (rest / one % 10) as u8;
        let digits = [b'.', digit(100), digit(10), digit(1)];
        let length = match (rest, rest % 10, rest % 100) {
            (0, ..) => 0,
            (_, _, 0) => 2,
            (_, 0, _) => 3,
            _ => 4,
        };
        self.out.extend_from_slice(&digits[..length]);
    }

    #[inline(always)]
    pub(super) fn stamp(&mut self, key: &'static str, stamp: Stamp) {
        self.key(key);
        self.out.push(b'"');
        stamp.append(self.out);
        self.out.push(b'"');
    }
}

/// Whether nothing in it is to be escaped: printable ASCII without quotes and backslashes. Eight bytes are
/// looked at together.
fn is_plain(text: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let odd = |word: u64| {
        let low = word.wrapping_sub(ONES * 0x20) & !word;
        let delete = has_zero(word ^ (ONES * 0x7f));
        let quote = has_zero(word ^ (ONES * u64::from(b'"')));
        let backslash = has_zero(word ^ (ONES * u64::from(b'\\')));
        (low | delete | quote | backslash | word) & HIGHS
    };
    let (words, rest) = text.as_chunks::<8>();
    let all = words.iter().fold(0, |all, word| all | odd(u64::from_ne_bytes(*word)));
    let is_odd = |byte: &u8| !(b' '..=b'~').contains(byte) || matches!(byte, b'"' | b'\\');
    all == 0 && !rest.iter().any(is_odd)
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
    fn plain_is_what_needs_no_escape() {
        for byte in 0..=255_u8 {
            let wanted = (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
            for at in 0..11 {
                let mut text = *b"abcdefghijk";
                text[at] = byte;
                assert_eq!(is_plain(&text), wanted, "{byte} at {at}");
            }
        }
        assert!(is_plain(b""));
    }

    #[test]
    fn milliseconds_are_short() {
        for (micros, wanted) in
            [(0, "0"), (1, "0.001"), (120, "0.12"), (1_300, "1.3"), (2_000, "2"), (9_040, "9.04")]
        {
            let mut out = Vec::new();
            let time = std::time::Duration::from_micros(micros);
            Object::begin(&mut out).millis(key!("a"), Some(Millis(time)));
            assert_eq!(String::from_utf8(out).unwrap(), format!(",\"a\":{wanted}"));
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
