//! Numbers: whether their syntax is valid, and whether a double can hold them, in agreement with
//! `serde_json`.

/// A number that may break off at any digit.
#[derive(Clone, Copy, Default)]
pub(super) struct Number {
    phase: Phase,
    significand: u64,
    /// Further digits no longer fit into `significand`.
    full: bool,
    /// The power of ten that `significand` is to be multiplied by, without the written exponent.
    shift: i64,
    exponent: i64,
    negative_exponent: bool,
}

#[derive(Clone, Copy, Default)]
enum Phase {
    #[default]
    Start,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

/// The end of a number without exponent, if it is short and lies in the piece with the byte that
/// follows it. Everything else goes the careful way.
pub(super) fn plain_number(piece: &[u8], start: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while piece.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let first = if piece.get(start) == Some(&b'-') { start + 1 } else { start };
    let mut end = match piece.get(first)? {
        b'0' => first + 1,
        b'1'..=b'9' => digits(first + 1),
        _ => return None,
    };
    if piece.get(end)? == &b'.' {
        let fraction = end + 1;
        end = digits(fraction);
        if end == fraction {
            return None;
        }
    }
    let exponent_follows = matches!(piece.get(end)?, b'e' | b'E');
    (!exponent_follows && end - start < SURELY_IN_RANGE).then_some(end)
}

impl Number {
    /// Takes one byte, or says that it does not belong to the number.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        self.phase = match (self.phase, byte) {
            (Phase::Start, b'-') => Phase::Minus,
            (Phase::Start | Phase::Minus, b'0') => Phase::Zero,
            (Phase::Start | Phase::Minus, b'1'..=b'9') | (Phase::Integer, b'0'..=b'9') => {
                self.integer_digit(byte);
                Phase::Integer
            }
            (Phase::Zero | Phase::Integer, b'.') => Phase::Point,
            (Phase::Point | Phase::Fraction, b'0'..=b'9') => {
                self.fraction_digit(byte);
                Phase::Fraction
            }
            (Phase::Zero | Phase::Integer | Phase::Fraction, b'e' | b'E') => Phase::E,
            (Phase::E, b'+' | b'-') => {
                self.negative_exponent = byte == b'-';
                Phase::Sign
            }
            (Phase::E | Phase::Sign | Phase::Exponent, b'0'..=b'9') => {
                let exponent = self.exponent * 10 + i64::from(byte - b'0');
                self.exponent = exponent.min(HUGE);
                Phase::Exponent
            }
            _ => return false,
        };
        true
    }

    /// Whether the bytes so far are a number, and one that a double can hold.
    pub(super) fn is_whole(&self) -> bool {
        match self.phase {
            Phase::Zero => true,
            Phase::Integer | Phase::Fraction | Phase::Exponent => self.in_range(),
            _ => false,
        }
    }

    fn integer_digit(&mut self, byte: u8) {
        match self.extended(byte) {
            Some(significand) if !self.full => self.significand = significand,
            _ => {
                self.full = true;
                self.shift += 1;
            }
        }
    }

    fn fraction_digit(&mut self, byte: u8) {
        match self.extended(byte) {
            Some(significand) if !self.full => {
                self.significand = significand;
                self.shift -= 1;
            }
            _ => self.full = true,
        }
    }

    fn extended(&self, byte: u8) -> Option<u64> {
        self.significand.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    }

    /// The rule of `serde_json`, to the last bit: `significand × 10^exponent` in doubles.
    fn in_range(&self) -> bool {
        if self.significand == 0 {
            return true;
        }
        if self.exponent > i64::from(i32::MAX) {
            return self.negative_exponent;
        }
        let written = if self.negative_exponent { -self.exponent } else { self.exponent };
        let exponent = self.shift + written;
        if exponent < 0 {
            return true;
        }
        let power = format!("1e{exponent}").parse::<f64>().unwrap_or(f64::INFINITY);
        (self.significand as f64 * power).is_finite()
    }
}

/// So few bytes without an exponent stay below the largest double.
const SURELY_IN_RANGE: usize = 300;
/// Larger than any exponent that is told apart, and small enough never to overflow.
const HUGE: i64 = 1 << 40;
