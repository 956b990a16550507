//! Words in a text of bytes: where they begin and end.
//!
//! A byte beyond ASCII does not belong to a word, since scripts without spaces stand beside numbers.

use std::ops::Range;

/// Whether a byte is part of a word, so that what stands beside it is not a whole word.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether no word goes on before this place.
#[inline]
pub(super) fn begins(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(|byte| !is_word(*byte))
}

/// Whether no word goes on at this place.
#[inline]
pub(super) fn ends(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| !is_word(*byte))
}

/// Whether a number may begin here: the letters before it have no digit before them, as the digits of an id in
/// base 16 do. An underscore divides.
#[inline]
pub(super) fn begins_number(text: &[u8], at: usize) -> bool {
    let before = part(text, 0..at).iter().rev().take(LONGEST_LETTERS);
    let mut before = before.skip_while(|byte| byte.is_ascii_alphabetic());
    !before.next().is_some_and(u8::is_ascii_digit)
}

/// Whether no digit goes on at this place.
#[inline]
pub(super) fn ends_number(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(u8::is_ascii_digit)
}

/// How many letters before a number are looked at: less than what is kept of a stream.
const LONGEST_LETTERS: usize = 32;

/// How many bytes from here on are of a kind.
#[inline]
pub(super) fn stretch(text: &[u8], from: usize, is_of: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.iter().position(|byte| !is_of(*byte)).unwrap_or(rest.len())
}

/// The bytes of a place in the text.
#[inline]
pub(super) fn part(text: &[u8], place: Range<usize>) -> &[u8] {
    text.get(place).unwrap_or_default()
}
