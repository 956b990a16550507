//! Strings: skipped in long strides, decoded only where somebody asked for the text.
//!
//! It never lets through what `serde_json` refuses in a string: control characters, broken
//! UTF-8, unknown escapes, surrogates without their other half.

use memchr::memchr2;

use super::json::{Expect, LONGEST_KEY, Machine, Step, Token};
use super::plain::{has_control, lowest, special};

/// What is to be done with the text of the string being read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    Key,
    Text,
}

/// An escape that may break off at any byte.
#[derive(Clone, Copy, Default)]
pub(super) struct Escape {
    /// Bytes read after the backslash.
    read: u8,
    unit: u16,
    high: u16,
}

enum Escaped {
    More,
    Done(char),
    Wrong,
}

/// A UTF-8 sequence that broke off: its bytes so far.
#[derive(Default)]
pub(super) struct Cut {
    bytes: [u8; 4],
    length: usize,
}

impl<const N: usize> Machine<N> {
    /// Goes on inside a string; its opening quote lies before `at`.
    pub(super) fn string(&mut self, piece: &[u8], mut at: usize) -> Step {
        loop {
            let from = at;
            at = self.stride(piece, at)?;
            let run = piece.get(from..at).unwrap_or_default();
            match piece.get(at) {
                Some(b'"') => return Ok(self.string_end(run, at + 1)),
                Some(_) => {
                    self.keep(run);
                    at = self.escape(piece, at)?;
                    if let Token::Escape(_) = self.token {
                        return Ok(at);
                    }
                }
                None => {
                    self.keep(run);
                    self.token = Token::String;
                    return Ok(at);
                }
            }
        }
    }

    /// Goes on in an escape that the previous piece broke off in, then in its string.
    pub(super) fn resume_escape(&mut self, escape: Escape, piece: &[u8]) -> Step {
        let at = self.escape_bytes(escape, piece, 0)?;
        match self.token {
            Token::Escape(_) => Ok(at),
            _ => self.string(piece, at),
        }
    }

    fn string_end(&mut self, run: &[u8], at: usize) -> usize {
        if !matches!(self.expect, Expect::Key | Expect::FirstKey) {
            if self.keep == Keep::Text {
                self.keep(run);
                self.keep = Keep::Nothing;
            }
            return self.value_end(at);
        }
        if self.keep == Keep::Key {
            if self.key.is_empty() {
                self.named(run);
            } else {
                self.keep(run);
                let key = std::mem::take(&mut self.key);
                self.named(&key);
            }
            self.keep = Keep::Nothing;
        }
        self.expect = Expect::Colon;
        at
    }

    fn keep(&mut self, run: &[u8]) {
        match self.keep {
            Keep::Nothing => {}
            Keep::Key => {
                let room = LONGEST_KEY - self.key.len();
                self.key.extend_from_slice(run.get(..room).unwrap_or(run));
            }
            Keep::Text => self.text.extend_from_slice(run),
        }
    }

    /// The next quote or backslash, or the end of the piece; everything before it is fine.
    fn stride(&mut self, piece: &[u8], mut at: usize) -> Step {
        if self.cut.length == 0 {
            // Most strings are short: the set-up of the long stride would cost more than they do.
            for _ in 0..NEAR {
                let Some(word) = piece.get(at..).and_then(|rest| rest.first_chunk()) else { break };
                let hits = special(u64::from_le_bytes(*word));
                if hits == 0 {
                    at += 8;
                    continue;
                }
                at += hits.trailing_zeros() as usize / 8;
                match piece.get(at) {
                    Some(b'"' | b'\\') => return Ok(at),
                    Some(0x80..) => break,
                    _ => return Err(self.base + at as u64),
                }
            }
        }
        self.long_stride(piece, at)
    }

    fn long_stride(&mut self, piece: &[u8], mut at: usize) -> Step {
        loop {
            at = self.mend(piece, at)?;
            // A window at a time, so that the second look finds the bytes in the nearest cache.
            let rest = piece.get(at..).unwrap_or_default();
            let window = rest.get(..WINDOW).unwrap_or(rest);
            let stop = memchr2(b'"', b'\\', window);
            let run = stop.and_then(|stop| window.get(..stop)).unwrap_or(window);
            if lowest(run) < 0x20 {
                self.check(run, at, stop.is_none())?;
            }
            at += run.len();
            if stop.is_some() || at == piece.len() {
                return Ok(at);
            }
        }
    }

    /// Looks closely at a run with control characters or bytes beyond ASCII in it.
    #[cold]
    fn check(&mut self, run: &[u8], at: usize, cut_off: bool) -> Result<(), u64> {
        let offset = self.base + at as u64;
        let control =
            if has_control(run) { run.iter().position(|&byte| byte < 0x20) } else { None };
        let text = control.and_then(|control| run.get(..control)).unwrap_or(run);
        if let Err(error) = std::str::from_utf8(text) {
            let valid = error.valid_up_to();
            let rest = text.get(valid..).unwrap_or_default();
            if error.error_len().is_some() || control.is_some() || !cut_off {
                return Err(offset + valid as u64);
            }
            self.cut.set(rest);
        }
        match control {
            Some(control) => Err(offset + control as u64),
            None => Ok(()),
        }
    }

    /// Completes a UTF-8 sequence that broke off, as far as the piece goes.
    fn mend(&mut self, piece: &[u8], mut at: usize) -> Step {
        let start = self.base + at as u64 - self.cut.length as u64;
        while self.cut.length > 0
            && let Some(&byte) = piece.get(at)
        {
            at += 1;
            if !self.cut.takes(byte) {
                return Err(start);
            }
        }
        Ok(at)
    }

    /// Reads an escape from its backslash on.
    fn escape(&mut self, piece: &[u8], at: usize) -> Step {
        let rest = piece.get(at + 1..).unwrap_or_default();
        if let Some(&byte) = rest.first()
            && let Some(decoded) = simple(byte)
        {
            self.keep(&[decoded]);
            return Ok(at + 2);
        }
        if let Some([b'u', a, b, c, d]) = rest.first_chunk()
            && let Some(decoded) = quad([*a, *b, *c, *d]).and_then(char::from_u32)
        {
            self.keep_char(decoded);
            return Ok(at + 6);
        }
        self.escape_bytes(Escape::default(), piece, at + 1)
    }

    fn escape_bytes(&mut self, mut escape: Escape, piece: &[u8], mut at: usize) -> Step {
        while let Some(&byte) = piece.get(at) {
            match escape.step(byte) {
                Escaped::More => at += 1,
                Escaped::Done(decoded) => {
                    self.keep_char(decoded);
                    return Ok(at + 1);
                }
                Escaped::Wrong => return Err(self.base + at as u64),
            }
        }
        self.token = Token::Escape(escape);
        Ok(at)
    }

    fn keep_char(&mut self, decoded: char) {
        if self.keep != Keep::Nothing {
            self.keep(decoded.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

impl Escape {
    fn step(&mut self, byte: u8) -> Escaped {
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

impl Cut {
    fn set(&mut self, bytes: &[u8]) {
        for (to, from) in self.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.length = bytes.len();
    }

    /// Adds a byte; whole sequences are forgotten, wrong ones answer `false`.
    fn takes(&mut self, byte: u8) -> bool {
        let Some(place) = self.bytes.get_mut(self.length) else { return false };
        *place = byte;
        self.length += 1;
        match std::str::from_utf8(self.bytes.get(..self.length).unwrap_or_default()) {
            Ok(_) => self.length = 0,
            Err(error) if error.error_len().is_some() => return false,
            Err(_) => {}
        }
        true
    }
}

fn simple(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' | b'/' => byte,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 0x08,
        b'f' => 0x0c,
        _ => return None,
    })
}

/// Four hexadecimal digits.
fn quad(digits: [u8; 4]) -> Option<u32> {
    let [a, b, c, d] = digits.map(|digit| u32::from(HEX[usize::from(digit)]));
    (a | b | c | d <= 0xf).then_some(a << 12 | b << 8 | c << 4 | d)
}

/// How many words are looked at before the long stride begins.
const NEAR: usize = 3;
const WINDOW: usize = 16 * 1024;

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
