//! International bank account numbers (ISO 13616): a country, its length, and check digits (mod 97).
//!
//! In one piece or in groups of four.

use std::ops::Range;

use smallvec::SmallVec;

use super::{
    digits::{next, separator},
    words::{begins, begins_number, ends, ends_number, stretch},
};

/// Calls `found` with each number.
pub(super) fn each(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let mut at = next(text, 0);
    while at < text.len() {
        let after = at + stretch(text, at, |byte| byte.is_ascii_digit());
        if let Some(start) = at.checked_sub(2)
            && let Some(end) = number(text, start)
        {
            found(start..end);
            at = end;
        }
        at = next(text, at.max(after));
    }
}

/// Where the number ends that begins with a country here.
fn number(text: &[u8], start: usize) -> Option<usize> {
    let [a, b, c, d] = *text.get(start..)?.first_chunk()?;
    let is_one = a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
    if !is_one || !c.is_ascii_digit() || !d.is_ascii_digit() || !begins_number(text, start) {
        return None;
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let (_, length) = LENGTHS.iter().find(|(it, _)| **it == country)?;
    let (number, end) = read(text, start, usize::from(*length))?;
    // Small letters are no account number but where it has nearly none: beside other letters, those of the country.
    let is_word = begins(text, start) && ends(text, end);
    let most = if is_word { MOST_SMALL } else { country.len() };
    let small = number.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    (ends_number(text, end) && small <= most && mod_97(&number) == 1).then_some(end)
}

/// So many letters and digits, and where they end.
fn read(text: &[u8], start: usize, length: usize) -> Option<(SmallVec<[u8; 36]>, usize)> {
    let mut number = SmallVec::new();
    let mut at = start;
    while number.len() < length {
        match text.get(at) {
            Some(byte) if byte.is_ascii_alphanumeric() => {
                number.push(*byte);
                at += 1;
            }
            _ if number.len() % 4 == 0 => at += separator(text, at)?.1,
            _ => return None,
        }
    }
    Some((number, at))
}

/// The number with its first four characters last, letters as numbers from 10 on, modulo 97.
fn mod_97(number: &[u8]) -> u32 {
    let (first, rest) = number.split_at(4.min(number.len()));
    rest.iter().chain(first).fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    })
}

/// Letters of a country, and a few of a bank.
const MOST_SMALL: usize = 6;

/// The length of each country's numbers, as the registry of the standard has them.
const LENGTHS: &[(&[u8; 2], u8)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// From where on a number may go on behind the text.
pub(super) fn open(text: &[u8]) -> usize {
    let from = text.len().saturating_sub(LONGEST);
    (from..text.len()).find(|start| may_begin(text, *start)).unwrap_or(text.len())
}

/// Whether all that follows may be the beginning of a number.
fn may_begin(text: &[u8], start: usize) -> bool {
    let rest = text.get(start..).unwrap_or_default();
    let head = rest.iter().take(4).enumerate();
    let is_head = |(nth, byte): (usize, &u8)| match nth {
        0 | 1 => byte.is_ascii_alphabetic(),
        _ => byte.is_ascii_digit(),
    };
    if !begins_number(text, start) || !{ head }.all(is_head) {
        return false;
    }
    let is_of =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'.' | 0x80..);
    let country = rest.get(..2).map(<[u8]>::to_ascii_uppercase);
    let length = country.map(|it| LENGTHS.iter().find(|(own, _)| own[..] == it[..]));
    let longest = match length {
        None => 34,
        Some(None) => return false,
        Some(Some((_, length))) => usize::from(*length),
    };
    rest.iter().all(is_of)
        && rest.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() <= longest
}

/// The longest number with its separators.
const LONGEST: usize = 72;
