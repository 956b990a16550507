//! The inner loops over the bytes of strings.
//!
//! They never decide; they say where to look, as fast as the processor allows.

/// Marks the first byte of a word that is a quote, a backslash, a control character or not
/// ASCII, in the byte's highest bit; 0 when there is none. Marks above the first may be false.
pub(super) fn special(word: u64) -> u64 {
    let controls = word.wrapping_sub(EACH * 0x20);
    let quotes = (word ^ (EACH * 0x22)).wrapping_sub(EACH);
    let backslashes = (word ^ (EACH * 0x5c)).wrapping_sub(EACH);
    (controls | quotes | backslashes | word) & (EACH * 0x80)
}

/// The lowest byte as a signed number: below zero is not ASCII, below `0x20` is one or the other.
///
/// Compiled twice, because the baseline instruction set has no signed minimum of bytes.
#[multiversion::multiversion(targets("x86_64+avx2"))]
pub(super) fn lowest(bytes: &[u8]) -> i8 {
    bytes.iter().fold(i8::MAX, |lowest, &byte| lowest.min(byte.cast_signed()))
}

/// Whether there is a control character; what is not ASCII does not hide it.
pub(super) fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(u8::MAX, |lowest, &byte| lowest.min(byte)) < 0x20
}

/// A one in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_finds_the_first_in_every_position() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut bytes = *b"abcdefgh";
                bytes[at] = byte;
                let hits = special(u64::from_le_bytes(bytes));
                let wanted = byte < 0x20 || byte >= 0x80 || byte == b'"' || byte == b'\\';
                assert_eq!(hits != 0, wanted, "{byte:#x} at {at}");
                if wanted {
                    assert_eq!(hits.trailing_zeros() as usize / 8, at);
                }
            }
        }
    }

    #[test]
    fn lowest_and_controls_at_every_length() {
        for length in 0..200 {
            let mut bytes = vec![b'~'; length];
            assert_eq!(lowest(&bytes), if length == 0 { i8::MAX } else { 0x7e });
            assert!(!has_control(&bytes));
            for at in 0..length {
                bytes[at] = 0x1f;
                assert_eq!(lowest(&bytes), 0x1f);
                assert!(has_control(&bytes));
                bytes[at] = 0xc3;
                assert!(lowest(&bytes) < 0);
                assert!(!has_control(&bytes));
                bytes[at] = b'~';
            }
        }
    }
}
