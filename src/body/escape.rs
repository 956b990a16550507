//! Escapes in strings, decoded at once within a chunk and byte by byte across chunks. Lone
//! surrogates are refused.

/// An escape that may break off at any byte.
#[derive(Clone, Copy, Default)]
pub(super) struct Escape {
    /// Bytes read after the backslash.
    read: u8,
    unit: u16,
    high: u16,
}

/// What a byte made of an escape.
pub(super) enum Escaped {
    More,
    Done(char),
    Wrong,
}

impl Escape {
    /// Reads the next byte after the backslash.
    pub(super) fn step(&mut self, byte: u8) -> Escaped {
        let read = self.read;
        self.read += 1;
        match (read, byte) {
            (0, b'u') | (5, b'\\') | (6, b'u') => Escaped::More,
            (0, _) => simple(byte).map_or(Escaped::Wrong, |byte| Escaped::Done(byte.into())),
            (1..=4 | 7..=10, _) => {
                let digit = HEX[usize::from(byte)];
                if digit > 0xf {
                    return Escaped::Wrong;
                }
                self.unit = self.unit << 4 | u16::from(digit);
                if matches!(read, 4 | 10) { self.unit_read() } else { Escaped::More }
            }
            _ => Escaped::Wrong,
        }
    }

    fn unit_read(&mut self) -> Escaped {
        let unit = std::mem::take(&mut self.unit);
        match (self.high, unit) {
            (0, 0xD800..=0xDBFF) => {
                self.high = unit;
                Escaped::More
            }
            (0, _) => char::from_u32(unit.into()).map_or(Escaped::Wrong, Escaped::Done),
            (high, 0xDC00..=0xDFFF) => {
                let code = 0x1_0000 + (u32::from(high - 0xD800) << 10 | u32::from(unit - 0xDC00));
                char::from_u32(code).map_or(Escaped::Wrong, Escaped::Done)
            }
            _ => Escaped::Wrong,
        }
    }
}

/// What a letter after a backslash stands for.
#[inline(always)]
pub(super) fn simple(letter: u8) -> Option<u8> {
    Some(SIMPLE[usize::from(letter)]).filter(|&decoded| decoded != 0)
}

/// Four hexadecimal digits.
pub(super) fn quad(digits: [u8; 4]) -> Option<u32> {
    let [a, b, c, d] = digits.map(|digit| u32::from(HEX[usize::from(digit)]));
    (a | b | c | d <= 0xf).then_some(a << 12 | b << 8 | c << 4 | d)
}

/// The value of each hexadecimal digit, `0xff` for everything else.
const HEX: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// What each letter after a backslash stands for, 0 for those that stand for nothing.
const SIMPLE: [u8; 256] = {
    let pairs = *b"\"\"\\\\//b\x08f\x0cn\nr\rt\t";
    let mut decoded = [0; 256];
    let mut pair = 0;
    while pair < pairs.len() {
        decoded[pairs[pair] as usize] = pairs[pair + 1];
        pair += 2;
    }
    decoded
};
