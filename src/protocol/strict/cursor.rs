//! A cursor in a JSON text that moves over one value at a time without recursion.

use std::borrow::Cow;

use memchr::memchr;
use smallvec::SmallVec;

use super::{digits::number_end, shape::Malformed};
use crate::body::{pass_text, special};

/// A place in a JSON text, which is UTF-8.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// How far it is.
    pub(super) at: usize,
}

/// The raw text of a string, without quotes.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) text: &'a [u8],
    pub(super) has_escapes: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next byte that is not white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, Malformed> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte > b' ' => Ok(byte),
            _ => self.peek_further(),
        }
    }

    /// The same behind white space. Most JSON of servers has none.
    #[cold]
    fn peek_further(&mut self) -> Result<u8, Malformed> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(Malformed)
    }

    /// Passes that byte.
    #[inline]
    pub(super) fn next(&mut self) -> Result<u8, Malformed> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// Passes this byte.
    #[inline]
    pub(super) fn expect(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.next()? == wanted { Ok(()) } else { Err(Malformed) }
    }

    /// Whether only white space follows.
    pub(super) fn is_over(&mut self) -> bool {
        self.peek().is_err()
    }

    /// What was passed since `from`.
    pub(super) fn since(&self, from: usize) -> &'a [u8] {
        self.bytes.get(from..self.at).unwrap_or_default()
    }

    /// Passes a key and its colon. Its opening quote is next.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Written<'a>, Malformed> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Passes a string, whose opening quote is next.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Written<'a>, Malformed> {
        let start = self.at + 1;
        let end = self.plain_end()?;
        let is_short = self.bytes.get(end) == Some(&b'"');
        if is_short {
            self.at = end + 1;
        } else {
            self.long_string(end)?;
        }
        let text = self.bytes.get(start..self.at - 1).unwrap_or_default();
        Ok(Written { text, has_escapes: !is_short && memchr(b'\\', text).is_some() })
    }

    /// The same, where its text is not wanted.
    #[inline]
    pub(super) fn pass_string(&mut self) -> Result<(), Malformed> {
        let end = self.plain_end()?;
        if self.bytes.get(end) != Some(&b'"') {
            return self.long_string(end);
        }
        self.at = end + 1;
        Ok(())
    }

    /// How far the string that is next is plain; most end there.
    #[inline]
    fn plain_end(&self) -> Result<usize, Malformed> {
        match self.bytes.get(self.at) {
            Some(b'"') => Ok(near(self.bytes, self.at + 1)),
            _ => Err(Malformed),
        }
    }

    /// Passes a string from a place in it on.
    #[inline(never)]
    fn long_string(&mut self, start: usize) -> Result<(), Malformed> {
        let (mut at, mut rows) = (start, 0);
        loop {
            at = near(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(());
                }
                // What is not ASCII may be written in escapes alone: these come in rows.
                Some(b'\\') if rows < A_FEW || self.bytes.get(at + 1) == Some(&b'u') => {
                    while self.bytes.get(at) == Some(&b'\\') {
                        at = self.escape(at)?;
                    }
                    rows += 1;
                }
                // A control character has to be escaped.
                Some(..0x20) | None => return Err(Malformed),
                Some(_) => match pass_text(self.bytes.get(at..).unwrap_or_default()) {
                    0 => at = self.escape(at)?,
                    passed => at += passed,
                },
            }
        }
    }

    /// The end of the escape that begins here.
    #[inline]
    fn escape(&self, at: usize) -> Result<usize, Malformed> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => self.code(at),
            _ => Err(Malformed),
        }
    }

    /// The end of the escape of four digits that begins here.
    fn code(&self, at: usize) -> Result<usize, Malformed> {
        let digits = self.bytes.get(at + 2..).and_then(|rest| rest.first_chunk::<4>());
        let is_hex = digits.ok_or(Malformed)?.iter().all(|digit| HEX[usize::from(*digit)]);
        if is_hex { Ok(at + 6) } else { Err(Malformed) }
    }

    /// Passes a text, a number, `true`, `false` or `null`.
    pub(super) fn scalar(&mut self) -> Result<(), Malformed> {
        match self.peek()? {
            b'"' => self.pass_string(),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    /// Passes a literal.
    pub(super) fn literal(&mut self, literal: &[u8]) -> Result<(), Malformed> {
        let is_there = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(literal));
        self.at += literal.len();
        if is_there { Ok(()) } else { Err(Malformed) }
    }

    /// Passes this key and its colon, if they are next as most write them.
    #[inline]
    pub(super) fn is_key(&mut self, name: &str) -> bool {
        // Most names that differ differ in their length, which the quote tells without a comparison.
        let written = self.bytes.get(self.at..).and_then(|rest| rest.get(..name.len() + 3));
        let is_it = written.is_some_and(|written| match written {
            [b'"', key @ .., b'"', b':'] => are_same(key, name.as_bytes()),
            _ => false,
        });
        if is_it {
            self.at += name.len() + 3;
        }
        is_it
    }

    fn pass_key(&mut self) -> Result<(), Malformed> {
        self.peek()?;
        self.pass_string()?;
        self.expect(b':')
    }

    /// Passes a number.
    #[inline]
    pub(super) fn number(&mut self) -> Result<(), Malformed> {
        self.at = number_end(self.bytes, self.at).ok_or(Malformed)?;
        Ok(())
    }

    /// The text of a later field of the object within which this is, behind one of its values.
    pub(super) fn later(&self, name: &str) -> Option<Written<'a>> {
        let mut ahead = Cursor { bytes: self.bytes, at: self.at };
        while ahead.next().ok()? == b',' {
            ahead.peek().ok()?;
            let is_it = ahead.key().ok()?.is(name);
            if ahead.peek().ok()? == b'"' && is_it {
                return ahead.string().ok();
            }
            ahead.skip().ok()?;
        }
        None
    }

    /// Passes any value.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        if matches!(self.peek()?, b'{' | b'[') { self.skip_nested() } else { self.scalar() }
    }

    fn skip_nested(&mut self) -> Result<(), Malformed> {
        // Whether each list or object that is open is an object.
        let mut open: SmallVec<[bool; 64]> = SmallVec::new();
        loop {
            match self.peek()? {
                b'{' => {
                    self.at += 1;
                    if self.peek()? != b'}' {
                        open.push(true);
                        self.pass_key()?;
                        continue;
                    }
                    self.at += 1;
                }
                b'[' => {
                    self.at += 1;
                    if self.peek()? != b']' {
                        open.push(false);
                        continue;
                    }
                    self.at += 1;
                }
                _ => self.scalar()?,
            }
            if open.len() > DEEPEST {
                return Err(Malformed);
            }
            loop {
                let Some(&is_object) = open.last() else { return Ok(()) };
                match (self.next()?, is_object) {
                    (b',', true) => {
                        self.pass_key()?;
                        break;
                    }
                    (b',', false) => break,
                    (b'}', true) | (b']', false) => open.truncate(open.len() - 1),
                    _ => return Err(Malformed),
                }
            }
        }
    }
}

impl<'a> Written<'a> {
    /// Whether it stands for this.
    #[inline]
    pub(super) fn is(&self, text: &str) -> bool {
        match self.has_escapes {
            false => self.text == text.as_bytes(),
            true => self.decoded() == text,
        }
    }

    /// The text without escapes.
    pub(super) fn decoded(&self) -> Cow<'a, str> {
        let plain = match std::str::from_utf8(self.text) {
            Ok(plain) => Cow::Borrowed(plain),
            Err(_) => String::from_utf8_lossy(self.text),
        };
        if !self.has_escapes {
            return plain;
        }
        let decoded: Result<String, _> = serde_json::from_str(&format!("\"{plain}\""));
        decoded.unwrap_or_default().into()
    }
}

/// Whether two texts of one length are the same. Names are short: a call would cost more than they do.
#[inline]
fn are_same(one: &[u8], other: &[u8]) -> bool {
    fn ends<const N: usize>(one: &[u8], other: &[u8]) -> Option<bool> {
        let begins = one.first_chunk::<N>()? == other.first_chunk::<N>()?;
        Some(begins && one.last_chunk::<N>() == other.last_chunk::<N>())
    }
    if one.len() > 16 {
        return one == other;
    }
    let is_it = ends::<8>(one, other).or_else(|| ends::<4>(one, other));
    is_it.or_else(|| ends::<2>(one, other)).unwrap_or_else(|| one == other)
}

/// Where the first byte may be that is a quote, a backslash, a control character or not ASCII, within the
/// next few words; before that place there is none.
#[inline]
fn near(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    for _ in 0..NEAR {
        let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { break };
        match special(u64::from_le_bytes(*word)) {
            0 => at += 8,
            hits => return at + hits.trailing_zeros() as usize / 8,
        }
    }
    at
}

/// How many words are looked at before the long stride begins.
const NEAR: usize = 6;
/// How many rows of escapes are passed one by one before the long stride begins.
const A_FEW: usize = 16;
/// Which bytes are digits of hexadecimal numbers.
const HEX: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0_u8);
    loop {
        table[at as usize] = at.is_ascii_hexdigit();
        if at == u8::MAX {
            break table;
        }
        at += 1;
    }
};
/// More than any reader of JSON follows.
pub(super) const DEEPEST: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_the_same_where_each_byte_is() {
        for length in 0..40 {
            let name = &"abcdefghijklmnopqrstuvwxyz_abcdefghijklmnop"[..length];
            let is_key = |key: &str, rest: &str| {
                let text = format!("\"{key}\"{rest}");
                let mut cursor = Cursor::new(text.as_bytes());
                cursor.is_key(name).then_some(cursor.at)
            };
            assert_eq!(is_key(name, ":1"), Some(length + 3), "{name}");
            assert_eq!(is_key(name, ":"), Some(length + 3), "{name}");
            assert_eq!(is_key(name, " :1"), None, "{name}");
            assert_eq!(is_key(name, ""), None, "{name}");
            assert_eq!(is_key(&format!("{name}a"), ":1"), None, "{name}");
            for at in 0..length {
                let mut other = name.to_owned();
                other.replace_range(at..=at, "-");
                assert_eq!(is_key(&other, ":1"), None, "{name} {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_string_is_passed_where_serde_reads_one(
            inner in r#"([a-zé ]{0,70}|[\\\\\"nu/x\x09]{1,3}|\\\\n|\\\\u[0-9a-f]{3,4}){0,30}"#,
            rest in "[,} ]{0,9}",
        ) {
            let text = format!("\"{inner}\"{rest}");
            let mut read = serde_json::Deserializer::from_str(&text).into_iter::<Box<serde_json::value::RawValue>>();
            let wanted = match read.next() {
                Some(Ok(raw)) => Ok(raw.get().len()),
                _ => Err(Malformed),
            };
            let mut cursor = Cursor::new(text.as_bytes());
            prop_assert_eq!(cursor.pass_string().map(|()| cursor.at), wanted, "{}", &text);
            let mut cursor = Cursor::new(text.as_bytes());
            let written = cursor.string().map(|it| (it.text.len() + 2, it.has_escapes));
            prop_assert_eq!(written, wanted.map(|length| (length, text[..length].contains('\\'))));
        }
    }
}
