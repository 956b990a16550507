//! Where a number ends, its digits looked at a word at a time.
//!
//! It never reckons what a number is.

/// Whether a number begins so.
#[inline]
pub(super) fn begins_number(first: u8) -> bool {
    matches!(first, b'-' | b'0'..=b'9')
}

/// The end of the number that begins here; none where it is not one.
#[inline]
pub(super) fn number_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..).and_then(|rest| fraction(rest.first_chunk()?)) {
        Some(length) => Some(at + length),
        None => any(bytes, at),
    }
}

fn any(bytes: &[u8], at: usize) -> Option<usize> {
    let start = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut end = digits(bytes, start)?;
    if end > start + 1 && bytes.get(start) == Some(&b'0') {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let is_signed = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        end = digits(bytes, end + 1 + usize::from(is_signed))?;
    }
    Some(end)
}

/// The end of the digits that begin here; there must be one.
fn digits(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > start).then_some(at)
}

/// The length of a number with one digit before its point and few behind it: embeddings and logprobs are
/// nothing else.
#[inline]
fn fraction(bytes: &[u8; FRACTION]) -> Option<usize> {
    let start = usize::from(bytes[0] == b'-');
    if !bytes[start].is_ascii_digit() || bytes[start + 1] != b'.' {
        return None;
    }
    let mut end = start + 2;
    let mut hits = no_digit(u64::from_le_bytes(*bytes[end..].first_chunk()?));
    if hits == 0 {
        end += 8;
        hits = no_digit(u64::from_le_bytes(*bytes[end..].first_chunk()?));
    }
    let digits = hits.trailing_zeros() as usize / 8;
    end += digits;
    let is_whole = hits != 0 && end > start + 2 && !matches!(bytes[end], b'e' | b'E');
    is_whole.then_some(end)
}

/// Marks the first byte of a word that is not a digit, in the byte's highest bit; 0 without one. Marks
/// above the first may be false.
#[inline]
fn no_digit(word: u64) -> u64 {
    let values = word ^ (EACH * 0x30);
    (values.wrapping_add(EACH * 0x76) | values) & (EACH * 0x80)
}

/// A one in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;
/// How much is looked at of a short fraction, with what follows it.
const FRACTION: usize = 20;
