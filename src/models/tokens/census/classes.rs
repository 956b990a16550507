//! The classes of many characters at once: a bit of a word for each character.

/// The characters that are classified together. Eight bits of each word are left for those before them.
pub(super) const BLOCK: usize = 56;
/// As many bytes as a whole number of registers.
pub(super) const WIDTH: usize = 64;

/// Which characters are of which class: bit `n` stands for the character `n`. Whatever is in none of these is
/// punctuation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Classes {
    /// Latin letters.
    pub(super) letter: u64,
    /// Those of them that are capitals.
    pub(super) capital: u64,
    /// Spaces.
    pub(super) space: u64,
    /// Digits.
    pub(super) digit: u64,
    /// Line feeds and tabs. No byte of a text in JSON is one of these: they are written as escapes.
    pub(super) line: u64,
}

/// What stops the classification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stops {
    /// Backslashes.
    pub(super) escape: u64,
    /// Quotes.
    pub(super) quote: u64,
    /// Bytes beyond ASCII, and control characters.
    pub(super) other: u64,
}

/// Letters that are something else behind a backslash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Escaped {
    /// Those of line feeds and tabs.
    pub(super) line: u64,
    /// Slashes, which stay what they are.
    pub(super) slash: u64,
}

/// Classifies the bytes of a block, eight at a time in one register.
#[inline(always)]
pub(super) fn by_words(bytes: &[u8; WIDTH]) -> (Classes, Stops) {
    let (mut is, mut stops) = (Classes::default(), Stops::default());
    for (nth, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let put = |bits| put(bits, nth);
        let letter = among(word | ONES << 5, b'a', b'z');
        is.letter |= put(letter);
        // Small letters have this bit of their bytes.
        is.capital |= put(letter & !(word << 2));
        is.space |= put(among(word, b' ', b' '));
        is.digit |= put(among(word, b'0', b'9'));
        stops.escape |= put(among(word, b'\\', b'\\'));
        stops.quote |= put(among(word, b'"', b'"'));
        stops.other |= put((word | !at_least(word, b' ')) & HIGHS);
    }
    (is, stops)
}

/// The letters that may be escaped.
#[inline(always)]
pub(super) fn escaped_by_words(bytes: &[u8; WIDTH]) -> Escaped {
    let mut escaped = Escaped::default();
    for (nth, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let is = |byte| among(word, byte, byte);
        escaped.line |= put((is(b'n') | is(b'r') | is(b't')) & !word, nth);
        escaped.slash |= put(is(b'/') & !word, nth);
    }
    escaped
}

/// The highest bit of each byte says whether it is at least this, where it is of ASCII; no byte carries into the next.
#[inline(always)]
fn at_least(word: u64, least: u8) -> u64 {
    (word & !HIGHS).wrapping_add(ONES * u64::from(0x80 - least)) & HIGHS
}

#[inline(always)]
fn among(word: u64, least: u8, most: u8) -> u64 {
    at_least(word, least) & !at_least(word, most + 1)
}

/// The highest bits of the bytes of a block's word, at the places of these bytes.
#[inline(always)]
fn put(bits: u64, nth: usize) -> u64 {
    ((bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * nth)
}

/// [`by_words`], 32 at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn by_vectors(bytes: &[u8; WIDTH]) -> (Classes, Stops) {
    let (is, stops) = by_vector(bytes, 0);
    let (more, further) = by_vector(bytes, 1);
    let classes = Classes {
        letter: joined(is.letter, more.letter),
        capital: joined(is.capital, more.capital),
        space: joined(is.space, more.space),
        digit: joined(is.digit, more.digit),
        line: 0,
    };
    let stops = Stops {
        escape: joined(stops.escape, further.escape),
        quote: joined(stops.quote, further.quote),
        other: joined(stops.other, further.other),
    };
    (classes, stops)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn by_vector(bytes: &[u8; WIDTH], half: usize) -> (Classes, Stops) {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8 as equal, _mm256_cmpgt_epi8 as greater, _mm256_min_epu8 as least,
        _mm256_movemask_epi8, _mm256_or_si256 as or, _mm256_set1_epi8, _mm256_slli_epi16,
        _mm256_sub_epi8 as minus,
    };
    let bytes = vector(bytes, half);
    let all = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
    let bits = |vector| u64::from(_mm256_movemask_epi8(vector).cast_unsigned());
    let among = |bytes, first: u8, count: u8| {
        let from_first = minus(bytes, all(first));
        bits(equal(least(from_first, all(count - 1)), from_first))
    };
    let letter = among(or(bytes, all(0x20)), b'a', 26);
    let classes = Classes {
        letter,
        // Small letters have this bit of their bytes.
        capital: letter & !bits(_mm256_slli_epi16::<2>(bytes)),
        space: bits(equal(bytes, all(b' '))),
        digit: among(bytes, b'0', 10),
        line: 0,
    };
    let stops = Stops {
        escape: bits(equal(bytes, all(b'\\'))),
        quote: bits(equal(bytes, all(b'"'))),
        // As signed numbers, bytes beyond ASCII are the least.
        other: bits(greater(all(b' '), bytes)),
    };
    (classes, stops)
}

/// [`escaped_by_words`], 32 at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn escaped_by_vectors(bytes: &[u8; WIDTH]) -> Escaped {
    let (low, high) = (escaped_by_vector(bytes, 0), escaped_by_vector(bytes, 1));
    Escaped { line: joined(low.line, high.line), slash: joined(low.slash, high.slash) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn escaped_by_vector(bytes: &[u8; WIDTH], half: usize) -> Escaped {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8 as equal, _mm256_movemask_epi8, _mm256_or_si256 as or, _mm256_set1_epi8,
    };
    let bytes = vector(bytes, half);
    let is = |byte: u8| equal(bytes, _mm256_set1_epi8(byte.cast_signed()));
    let bits = |vector| u64::from(_mm256_movemask_epi8(vector).cast_unsigned());
    Escaped { line: bits(or(or(is(b'n'), is(b'r')), is(b't'))), slash: bits(is(b'/')) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn vector(bytes: &[u8; WIDTH], half: usize) -> std::arch::x86_64::__m256i {
    let words = bytes.as_chunks::<8>().0;
    let word = |at: usize| i64::from_le_bytes(words[4 * half + at]);
    std::arch::x86_64::_mm256_set_epi64x(word(3), word(2), word(1), word(0))
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn joined(low: u64, high: u64) -> u64 {
    low | high << 32
}

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

#[cfg(test)]
mod tests {
    use super::*;

    /// Each class by its definition.
    fn defined(bytes: &[u8; WIDTH]) -> (Classes, Stops) {
        let of = |is: fn(&u8) -> bool| {
            bytes.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is(byte)))
        };
        let classes = Classes {
            letter: of(u8::is_ascii_alphabetic),
            capital: of(u8::is_ascii_uppercase),
            space: of(|byte| *byte == b' '),
            digit: of(u8::is_ascii_digit),
            line: 0,
        };
        let stops = Stops {
            escape: of(|byte| *byte == b'\\'),
            quote: of(|byte| *byte == b'"'),
            other: of(|byte| !(b' '..0x80).contains(byte)),
        };
        (classes, stops)
    }

    #[test]
    fn every_byte_at_every_place_is_of_its_class() {
        for byte in 0..=u8::MAX {
            for at in 0..WIDTH {
                let mut bytes = [b'.'; WIDTH];
                bytes[at] = byte;
                let next = &mut bytes[(at + 1) % WIDTH];
                *next = byte.wrapping_mul(7).wrapping_add(3);
                let wanted = defined(&bytes);
                // Beyond ASCII, only the stop is asked for.
                let seen = |(is, stops): (Classes, Stops)| {
                    let kept = !stops.other;
                    let [letter, capital] = [is.letter & kept, is.capital & kept];
                    let [space, digit] = [is.space & kept, is.digit & kept];
                    (
                        Classes { letter, capital, space, digit, line: is.line },
                        stops.other,
                        stops.escape & kept,
                    )
                };
                assert_eq!(seen(by_words(&bytes)), seen(wanted), "{byte} at {at}");
                assert_eq!(seen(chosen(&bytes)), seen(wanted), "{byte} at {at}");
                let of = |is: fn(&u8) -> bool| {
                    bytes.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is(byte)))
                };
                let wanted = Escaped {
                    line: of(|byte| b"nrt".contains(byte)),
                    slash: of(|byte| *byte == b'/'),
                };
                assert_eq!(escaped_by_words(&bytes), wanted, "{byte} at {at}");
                assert_eq!(escaped_chosen(&bytes), wanted, "{byte} at {at}");
            }
        }
    }

    #[multiversion::multiversion(targets("x86_64+avx2"))]
    fn escaped_chosen(bytes: &[u8; WIDTH]) -> Escaped {
        multiversion::target::match_target! {
            "x86_64+avx2" => escaped_by_vectors(bytes),
            _ => escaped_by_words(bytes),
        }
    }

    #[multiversion::multiversion(targets("x86_64+avx2"))]
    fn chosen(bytes: &[u8; WIDTH]) -> (Classes, Stops) {
        multiversion::target::match_target! {
            "x86_64+avx2" => by_vectors(bytes),
            _ => by_words(bytes),
        }
    }
}
