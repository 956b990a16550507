//! Where in a text a credential may stand: around a long word with a digit in it, and at the prefixes
//! of credentials that may have none. Most of a text is neither, and is passed many bytes at a time.
//!
//! It never decides what a credential is.

use std::{iter::Peekable, ops::Range};

use crate::guard::sets::{digits, words::part};

/// Calls `look` with each place where a credential may begin, in their order; none of two overlap.
pub(super) fn each(
    text: &[u8],
    others: impl Iterator<Item = Range<usize>>,
    look: &mut dyn FnMut(Range<usize>),
) {
    let words = Words { text, at: 0 };
    let mut last: Option<Range<usize>> = None;
    for window in (Merged { words: words.peekable(), others: others.peekable() }) {
        match &mut last {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            last => last.replace(window).into_iter().for_each(&mut *look),
        }
    }
    last.into_iter().for_each(look);
}

/// Both kinds of places by where they begin.
struct Merged<A: Iterator, B: Iterator> {
    words: Peekable<A>,
    others: Peekable<B>,
}

impl<A, B> Iterator for Merged<A, B>
where
    A: Iterator<Item = Range<usize>>,
    B: Iterator<Item = Range<usize>>,
{
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        match (self.words.peek(), self.others.peek()) {
            (Some(word), Some(other)) if other.start < word.start => self.others.next(),
            (None, _) => self.others.next(),
            _ => self.words.next(),
        }
    }
}

/// Long words with a digit, each with the prefix that may stand before it.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let digit = digits::next(self.text, self.at);
            let before = part(self.text, self.at..digit);
            let after = self.text.get(digit..).filter(|after| !after.is_empty())?;
            let length = before.iter().rev().take_while(|byte| is_of_word(**byte)).count();
            let start = digit - length;
            let length = after.iter().take_while(|byte| is_of_word(**byte)).count();
            self.at = digit + length;
            if self.at - start >= SHORTEST {
                return Some(start.saturating_sub(BEFORE)..self.at);
            }
        }
    }
}

/// Whether a byte may stand in a credential that has a digit.
#[inline]
pub(super) fn is_of_word(byte: u8) -> bool {
    OF_WORD[usize::from(byte)]
}

const OF_WORD: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0_u8);
    loop {
        let is_mark = matches!(at, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=');
        table[at as usize] = is_mark || at.is_ascii_alphanumeric();
        if at == u8::MAX {
            break table;
        }
        at += 1;
    }
};
/// No credential that has a digit is shorter.
pub(super) const SHORTEST: usize = 16;
/// The longest prefix that ends with what is not of the word behind it.
pub(super) const BEFORE: usize = 7;
