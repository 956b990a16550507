//! Splits a JSON array that arrives in chunks into its elements, without validating them.

use crate::protocol::nesting::{Edge, Nesting};
use crate::sse::LONGEST;

/// Collects bytes and returns elements.
#[derive(Debug, Default)]
pub(super) struct Elements {
    buffer: Vec<u8>,
    /// Looked at so far.
    at: usize,
    /// Where the element begins that is not complete yet.
    start: Option<usize>,
    nesting: Nesting,
}

/// An element is longer than any that the vendor sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Elements {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let done = self.start.unwrap_or(self.at);
        self.buffer.drain(..done);
        self.at -= done;
        self.start = self.start.map(|_| 0);
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole element; `None` if more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        while let Some(&byte) = self.buffer.get(self.at) {
            self.at += 1;
            match self.nesting.pass(byte) {
                Edge::None => {}
                Edge::Begins => self.start = Some(self.at - 1),
                Edge::Ends => {
                    let start = self.start.take().unwrap_or_default();
                    return Ok(Some(&self.buffer[start..self.at]));
                }
            }
        }
        let held = self.buffer.len() - self.start.unwrap_or(self.buffer.len());
        if held > LONGEST { Err(TooLong) } else { Ok(None) }
    }

    /// Whether an element has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        self.start.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let (mut elements, mut all) = (Elements::default(), Vec::new());
        for piece in pieces {
            elements.push(piece);
            while let Some(element) = elements.next().unwrap() {
                all.push(String::from_utf8(element.to_vec()).unwrap());
            }
        }
        assert!(!elements.is_inside());
        all
    }

    #[test]
    fn every_split_gives_the_same_elements() {
        let array = "[{\"a\": {\"b\": [{}]}}\n,\r\n{\"t\": \"}]{\\\"\\\\\"} , {\"ü\": \"€😀\"}]\n";
        let expected = ["{\"a\": {\"b\": [{}]}}", "{\"t\": \"}]{\\\"\\\\\"}", "{\"ü\": \"€😀\"}"];
        let bytes = array.as_bytes();
        for at in 0..=bytes.len() {
            assert_eq!(read(&[&bytes[..at], &bytes[at..]]), expected, "split at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected);
    }
}
