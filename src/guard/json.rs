//! Reads every string of a JSON document, including keys, and every long number, in one pass
//! without a tree.
//!
//! It refuses what two readers could read differently: comments, a missing comma, other quotes.

use std::ops::Range;

use memchr::memchr;
use smallvec::SmallVec;

use super::escapes;

/// The document cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// A string or a long number.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// Where it stands, without its quotes.
    pub(super) place: Range<usize>,
    /// Whether it is a key of an object.
    pub(super) is_key: bool,
    /// Whether it is a number, which has no quotes.
    pub(super) is_number: bool,
    /// Whether anything in it is escaped.
    pub(super) has_escapes: bool,
    /// Where the key stands whose value it is; empty where it is a key itself, or an item of a list.
    pub(super) key: Range<usize>,
    /// The list around it, where it is a part of a text: of its items, what stands under `text`.
    pub(super) list: Option<u32>,
}

/// What hears of a document.
pub(super) trait See {
    /// A string or a number.
    fn text(&mut self, bytes: &[u8], text: Text) -> Result<(), Unreadable>;

    /// A short number, `true`, `false` or `null`, under this key.
    fn scalar(&mut self, _bytes: &[u8], _key: &Range<usize>, _place: Range<usize>) {}

    /// An object begins, under this key.
    fn begins(&mut self, bytes: &[u8], key: &Range<usize>);

    /// The innermost object ends.
    ///
    /// # Errors
    /// What it holds cannot be read.
    fn ends(&mut self) -> Result<(), Unreadable>;
}

/// Reads a whole document.
///
/// # Errors
/// It is not JSON, or nested beyond reason.
pub(super) fn read(bytes: &[u8], see: &mut dyn See) -> Result<(), Unreadable> {
    Reader { bytes, at: 0, open: SmallVec::new(), lists: 0 }.read(see)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    open: SmallVec<[Frame; 16]>,
    lists: u32,
}

/// An object or a list that has begun.
struct Frame {
    is_object: bool,
    /// The key that it stands under; in an object, the last one that was read.
    key: Range<usize>,
    /// The nearest list, itself or around it; zero where there is none.
    list: u32,
}

impl Reader<'_> {
    fn read(mut self, see: &mut dyn See) -> Result<(), Unreadable> {
        loop {
            match self.next()? {
                b'{' => {
                    see.begins(self.bytes, &self.key());
                    self.push(true)?;
                    if self.peek()? != b'}' {
                        self.member(see)?;
                        continue;
                    }
                    self.at += 1;
                    see.ends()?;
                    self.open.pop();
                }
                b'[' => {
                    self.push(false)?;
                    if self.peek()? != b']' {
                        continue;
                    }
                    self.at += 1;
                    self.open.pop();
                }
                b'"' => self.string(false, see)?,
                b't' => self.literal(b"rue", see)?,
                b'f' => self.literal(b"alse", see)?,
                b'n' => self.literal(b"ull", see)?,
                b'-' | b'0'..=b'9' => self.number(see)?,
                _ => return Err(Unreadable),
            }
            loop {
                let Some(frame) = self.open.last() else {
                    return if self.peek().is_err() { Ok(()) } else { Err(Unreadable) };
                };
                match (frame.is_object, self.next()?) {
                    (true, b',') => {
                        self.member(see)?;
                        break;
                    }
                    (false, b',') => break,
                    (true, b'}') => {
                        see.ends()?;
                        self.open.pop();
                    }
                    (false, b']') => {
                        self.open.pop();
                    }
                    _ => return Err(Unreadable),
                }
            }
        }
    }

    /// A key and its colon.
    #[inline]
    fn member(&mut self, see: &mut dyn See) -> Result<(), Unreadable> {
        if self.next()? != b'"' {
            return Err(Unreadable);
        }
        self.string(true, see)?;
        if self.next()? == b':' { Ok(()) } else { Err(Unreadable) }
    }

    /// A string behind its opening quote.
    #[inline]
    fn string(&mut self, is_key: bool, see: &mut dyn See) -> Result<(), Unreadable> {
        let start = self.at;
        let length = closing(self.bytes.get(start..).unwrap_or_default()).ok_or(Unreadable)?;
        let place = start..start + length;
        self.at = place.end + 1;
        let has_escapes = memchr(b'\\', &self.bytes[place.clone()]).is_some();
        let (list, is_number) = (None, false);
        let mut text =
            Text { place: place.clone(), is_key, is_number, has_escapes, key: 0..0, list };
        match self.open.last_mut() {
            Some(frame) if is_key => frame.key = place,
            Some(frame) => {
                text.key = frame.key.clone();
                let key = escapes::read(self.bytes.get(frame.key.clone()).unwrap_or_default());
                let is_part = match frame.is_object {
                    true => *key == *b"text",
                    false => matches!(&*key, b"content" | b"parts"),
                };
                text.list = Some(frame.list).filter(|list| is_part && *list > 0);
            }
            None => {}
        }
        see.text(self.bytes, text)
    }

    /// A number from its second character on.
    fn number(&mut self, see: &mut dyn See) -> Result<(), Unreadable> {
        let start = self.at - 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let is_of = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = rest.iter().position(|byte| !is_of(byte)).unwrap_or(rest.len());
        self.at = start + length;
        if length < SHORTEST_NUMBER {
            see.scalar(self.bytes, &self.key(), start..self.at);
            return Ok(());
        }
        let (place, key) = (start..self.at, self.key());
        let (is_key, has_escapes) = (false, false);
        see.text(self.bytes, Text { place, is_key, is_number: true, has_escapes, key, list: None })
    }

    fn literal(&mut self, rest: &[u8], see: &mut dyn See) -> Result<(), Unreadable> {
        let is_there = self.bytes.get(self.at..).is_some_and(|it| it.starts_with(rest));
        see.scalar(self.bytes, &self.key(), self.at - 1..self.at + rest.len());
        self.at += rest.len();
        if is_there { Ok(()) } else { Err(Unreadable) }
    }

    fn key(&self) -> Range<usize> {
        self.open.last().map_or(0..0, |frame| frame.key.clone())
    }

    fn push(&mut self, is_object: bool) -> Result<(), Unreadable> {
        if self.open.len() >= DEEPEST {
            return Err(Unreadable);
        }
        let (key, around) = (self.key(), self.open.last().map_or(0, |frame| frame.list));
        self.lists += u32::from(!is_object);
        let list = if is_object { around } else { self.lists };
        self.open.push(Frame { is_object, key: if is_object { 0..0 } else { key }, list });
        Ok(())
    }

    #[inline]
    fn peek(&mut self) -> Result<u8, Unreadable> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(Unreadable)
    }

    #[inline]
    fn next(&mut self) -> Result<u8, Unreadable> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }
}

/// How many bytes come before the quote that ends a string: the first one before which backslashes stand in pairs.
#[inline]
fn closing(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += quote(bytes.get(at..)?)?;
        let slashes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % 2 == 0 {
            return Some(at);
        }
        at += 1;
    }
}

/// How many bytes come before the next quote. Most strings are short.
#[inline]
fn quote(bytes: &[u8]) -> Option<usize> {
    let mut passed = 0;
    for word in bytes.as_chunks::<8>().0.iter().take(NEAR) {
        match escapes::first(u64::from_le_bytes(*word), b'"') {
            8 => passed += 8,
            found => return Some(passed + found),
        }
    }
    Some(passed + memchr(b'"', bytes.get(passed..)?)?)
}

/// How many words are looked at before the long stride begins.
const NEAR: usize = 2;
/// More than any reader of JSON follows.
const DEEPEST: usize = 512;
/// A number with fewer digits is nothing that a rule looks for.
const SHORTEST_NUMBER: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same one byte after another.
    fn slowly(bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while bytes.get(at)? != &b'"' {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        Some(at)
    }

    proptest! {
        #[test]
        fn a_string_ends_where_its_bytes_say(bytes in r#"([a-zé]{0,30}|[\\\\"]{0,6}){0,6}"#) {
            prop_assert_eq!(closing(bytes.as_bytes()), slowly(bytes.as_bytes()));
        }
    }
}
