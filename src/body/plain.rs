//! The inner loops over the bytes of strings. They find the next structural byte in blocks, like
//! simdjson (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019).

/// Marks the first byte of a word that is a quote, a backslash, a control character or not
/// ASCII, in the byte's highest bit; 0 when there is none. Marks above the first may be false.
#[inline]
pub(crate) fn special(word: u64) -> u64 {
    let controls = word.wrapping_sub(EACH * 0x20);
    let quotes = (word ^ (EACH * 0x22)).wrapping_sub(EACH);
    let backslashes = (word ^ (EACH * 0x5c)).wrapping_sub(EACH);
    (controls | quotes | backslashes | word) & (EACH * 0x80)
}

/// The place of the first byte that is a quote, a backslash, a control character or not ASCII;
/// the length when there is none.
///
/// Compiled twice, because the baseline instruction set has no signed minimum of bytes.
#[multiversion::multiversion(targets("x86_64+avx2"))]
pub(super) fn first_special(bytes: &[u8]) -> usize {
    plain_run(bytes)
}

#[inline(always)]
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let mut at = clean_run::<LANES>(bytes.get(..NEAR).unwrap_or(bytes));
    if at == NEAR {
        at += clean_run::<BLOCK>(bytes.get(at..).unwrap_or_default());
        at += clean_run::<LANES>(bytes.get(at..).unwrap_or_default());
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        match special(u64::from_le_bytes(*word)) {
            0 => at += 8,
            hits => return at + hits.trailing_zeros() as usize / 8,
        }
    }
    at + tail.iter().position(|&byte| is_special(byte)).unwrap_or(tail.len())
}

/// How many bytes at the beginning are in clean blocks. A loop and not a chain of closures: these
/// would be compiled for the baseline instruction set, whatever calls it.
#[inline(always)]
fn clean_run<const N: usize>(bytes: &[u8]) -> usize {
    let mut at = 0;
    for block in bytes.as_chunks::<N>().0 {
        if !is_clean(block) {
            break;
        }
        at += N;
    }
    at
}

/// Whether a byte is a quote, a backslash, a control character or not ASCII.
fn is_special(byte: u8) -> bool {
    matches!(byte, ..0x20 | b'"' | b'\\' | 0x80..)
}

/// Whether no byte of the block is special. In minima, lane by lane, because these cost one
/// instruction each; only their end result is looked at.
#[inline(always)]
fn is_clean<const N: usize>(block: &[u8; N]) -> bool {
    let mut quotes = [u8::MAX; LANES];
    let mut backslashes = [u8::MAX; LANES];
    let mut lowest = [i8::MAX; LANES];
    for chunk in block.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            quotes[lane] = quotes[lane].min(chunk[lane] ^ b'"');
            backslashes[lane] = backslashes[lane].min(chunk[lane] ^ b'\\');
            lowest[lane] = lowest[lane].min(chunk[lane].cast_signed());
        }
    }
    let mut special = false;
    for lane in 0..LANES {
        special |= quotes[lane].min(backslashes[lane]) == 0 || lowest[lane] < 0x20;
    }
    !special
}

/// Bytes in the widest register that is used.
const LANES: usize = 32;
/// Looked at chunk by chunk before the blocks begin, as most strings end within.
const NEAR: usize = 4 * LANES;
const BLOCK: usize = 8 * LANES;
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
                let wanted = !(0x20..0x80).contains(&byte) || byte == b'"' || byte == b'\\';
                assert_eq!(hits != 0, wanted, "{byte:#x} at {at}");
                if wanted {
                    assert_eq!(hits.trailing_zeros() as usize / 8, at);
                }
            }
        }
    }

    #[test]
    fn the_first_special_byte_at_every_place() {
        for length in (0..200).chain([383, 384, 385, 640, 641, 700]) {
            let mut bytes = vec![b'~'; length];
            assert_eq!(first_special(&bytes), length);
            for at in 0..length {
                for special in [0, 0x1f, b'"', b'\\', 0x80, 0xc3, 0xff] {
                    bytes[at] = special;
                    assert_eq!(first_special(&bytes), at, "{special:#x} in {length}");
                }
                for plain in [b' ', b'!', b'#', b'[', b']', 0x7f] {
                    bytes[at] = plain;
                    assert_eq!(first_special(&bytes), length, "{plain:#x} at {at}");
                }
                bytes[at] = b'~';
            }
        }
    }
}
