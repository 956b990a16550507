//! A cursor in a JSON text that moves over one value at a time without recursion.

use std::borrow::Cow;

use memchr::memchr2;
use smallvec::SmallVec;

use super::shape::Malformed;

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

    /// Passes a key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Written<'a>, Malformed> {
        self.peek()?;
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Passes a string, whose opening quote is next.
    pub(super) fn string(&mut self) -> Result<Written<'a>, Malformed> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(Malformed);
        }
        let start = self.at + 1;
        let (mut from, mut has_escapes) = (start, false);
        loop {
            let rest = self.bytes.get(from..).ok_or(Malformed)?;
            let length = run(rest).ok_or(Malformed)?;
            let end = from + length;
            if has_controls(rest.get(..length).unwrap_or_default()) {
                return Err(Malformed);
            }
            if self.bytes.get(end) == Some(&b'"') {
                self.at = end + 1;
                let text = self.bytes.get(start..end).unwrap_or_default();
                return Ok(Written { text, has_escapes });
            }
            has_escapes = true;
            from = self.escape(end)?;
        }
    }

    /// The end of the escape that begins here.
    fn escape(&self, at: usize) -> Result<usize, Malformed> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                let hex = self.bytes.get(at + 2..at + 6).ok_or(Malformed)?;
                let is_hex = hex.iter().all(u8::is_ascii_hexdigit);
                if is_hex { Ok(at + 6) } else { Err(Malformed) }
            }
            _ => Err(Malformed),
        }
    }

    /// Passes a text, a number, `true`, `false` or `null`.
    pub(super) fn scalar(&mut self) -> Result<(), Malformed> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
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

    /// Passes a number.
    pub(super) fn number(&mut self) -> Result<(), Malformed> {
        let is =
            |at: usize, wanted: &[u8]| self.bytes.get(at).is_some_and(|it| wanted.contains(it));
        let digits = |from: usize| {
            let rest = self.bytes.get(from..).unwrap_or_default();
            from + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
        };
        let start = if is(self.at, b"-") { self.at + 1 } else { self.at };
        let mut end = digits(start);
        if end == start || (end > start + 1 && is(start, b"0")) {
            return Err(Malformed);
        }
        if is(end, b".") {
            let fraction = digits(end + 1);
            if fraction == end + 1 {
                return Err(Malformed);
            }
            end = fraction;
        }
        if is(end, b"eE") {
            let sign = if is(end + 1, b"+-") { end + 2 } else { end + 1 };
            let exponent = digits(sign);
            if exponent == sign {
                return Err(Malformed);
            }
            end = exponent;
        }
        self.at = end;
        Ok(())
    }

    /// Passes any value.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        // Whether each list or object that is open is an object.
        let mut open: SmallVec<[bool; 64]> = SmallVec::new();
        loop {
            match self.peek()? {
                b'{' => {
                    self.at += 1;
                    if self.peek()? != b'}' {
                        open.push(true);
                        self.key()?;
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
                        self.key()?;
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
    /// The text without escapes.
    pub(super) fn decoded(&self) -> Cow<'a, str> {
        let plain = String::from_utf8_lossy(self.text);
        if !self.has_escapes {
            return plain;
        }
        let decoded: Result<String, _> = serde_json::from_str(&format!("\"{plain}\""));
        decoded.unwrap_or_default().into()
    }
}

/// How many bytes come before the next quote or backslash. Most strings are short.
#[inline]
fn run(bytes: &[u8]) -> Option<usize> {
    let near = bytes.iter().take(NEAR).position(|byte| matches!(byte, b'"' | b'\\'));
    near.or_else(|| Some(NEAR + memchr2(b'"', b'\\', bytes.get(NEAR..)?)?))
}

/// Control characters have to be escaped.
#[inline]
fn has_controls(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, byte| found | (*byte < 0x20))
}

/// Bytes that are looked at one by one.
const NEAR: usize = 16;
/// More than any reader of JSON follows.
pub(super) const DEEPEST: usize = 512;
