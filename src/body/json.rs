//! A JSON parser as a state machine that can stop at any byte and continue with the next chunk.
//!
//! It only validates values that it does not search for, never recurses, and allocates only for an
//! unusually long `model`.

use super::further::names_further_models;
use super::machine::{Expect, Keep, Kind, Machine, NOBODY, Object, Seen, Step, Token};
use super::number::{Number, plain_number};

impl<const N: usize> Machine<N> {
    pub(super) fn feed(&mut self, piece: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.run(piece).err();
        }
        self.base += piece.len() as u64;
    }

    /// The whole object, or the offset of the first wrong byte.
    pub(super) fn finish(self) -> Result<Object<N>, u64> {
        if let Some(offset) = self.failed {
            return Err(offset);
        }
        if self.expect != Expect::Nothing {
            return Err(self.base);
        }
        Ok(Object { seen: self.seen, text: self.text })
    }

    /// The text of the first name's value, as soon as the value has ended.
    pub(super) fn text_so_far(&self) -> Option<&[u8]> {
        let seen = self.seen.first().filter(|_| self.failed.is_none())?;
        let is_whole = seen.times == 1 && seen.kind == Kind::String && seen.end > seen.start;
        is_whole.then_some(&*self.text)
    }

    fn run(&mut self, piece: &[u8]) -> Result<(), u64> {
        let mut at = self.resume(piece)?;
        while let Some(&byte) = piece.get(at) {
            at = match byte {
                b' ' | b'\n' | b'\r' | b'\t' => at + 1,
                b'"' => self.quote(piece, at)?,
                b',' if self.expect == Expect::Next => {
                    self.expect = self.after_comma();
                    at + 1
                }
                b':' if self.expect == Expect::Colon => {
                    self.expect = Expect::Value;
                    at + 1
                }
                b'}' | b']' if self.may_close(byte) => self.close(piece, at),
                b'{' if self.expect == Expect::Top => self.open(at, true)?,
                _ if matches!(self.expect, Expect::Value | Expect::FirstItem) => {
                    self.value(piece, at, byte)?
                }
                _ => return Err(self.base + at as u64),
            };
        }
        Ok(())
    }

    /// Ends the token that the previous piece broke off in.
    fn resume(&mut self, piece: &[u8]) -> Step {
        match std::mem::replace(&mut self.token, Token::None) {
            Token::None => Ok(0),
            Token::String => self.string_from(piece, 0, 0),
            Token::Escape(escape) => self.resume_escape(escape, piece),
            Token::Number(number) => self.number(number, piece, 0),
            Token::Literal(rest) => self.literal(rest, piece, 0),
        }
    }

    #[inline]
    fn quote(&mut self, piece: &[u8], at: usize) -> Step {
        match self.expect {
            Expect::Key | Expect::FirstKey if N > 0 && self.depth == 1 => {
                self.keep = Keep::Key;
                self.key.clear();
            }
            Expect::Key | Expect::FirstKey => {}
            Expect::Value | Expect::FirstItem => self.begin(b'"', at),
            _ => return Err(self.base + at as u64),
        }
        self.string(piece, at + 1)
    }

    #[inline]
    fn value(&mut self, piece: &[u8], at: usize, byte: u8) -> Step {
        self.begin(byte, at);
        match byte {
            b'-' | b'0'..=b'9' => match plain_number(piece, at) {
                Some(end) => Ok(self.value_end(piece, end)),
                None => self.number(Number::default(), piece, at),
            },
            b'{' => self.open(at, true),
            b'[' => self.open(at, false),
            b't' => self.word(b"true", piece, at),
            b'f' => self.word(b"false", piece, at),
            b'n' => self.word(b"null", piece, at),
            _ => Err(self.base + at as u64),
        }
    }

    #[inline]
    fn begin(&mut self, byte: u8, at: usize) {
        if self.watching != NOBODY && self.depth == 1 {
            self.note(byte, at);
        }
    }

    /// Notes that the value of a watched name begins, with this byte.
    #[inline(never)]
    fn note(&mut self, byte: u8, at: usize) {
        let kind = match byte {
            b'"' => Kind::String,
            b't' => Kind::True,
            b'f' => Kind::False,
            b'n' => Kind::Null,
            _ => Kind::Other,
        };
        let start = self.base + at as u64;
        if let Some(seen) = self.seen.get_mut(self.watching) {
            let times = seen.times.saturating_add(self.counts);
            *seen = Seen { times, kind, start, end: start };
        }
        if self.watching == 0 && kind == Kind::String {
            self.keep = Keep::Text;
            self.text.clear();
        }
    }

    fn open(&mut self, at: usize, object: bool) -> Step {
        if self.depth == DEEPEST {
            return Err(self.base + at as u64);
        }
        self.depth += 1;
        self.stack = self.stack << 1 | u128::from(object);
        self.expect = if object { Expect::FirstKey } else { Expect::FirstItem };
        Ok(at + 1)
    }

    fn close(&mut self, piece: &[u8], at: usize) -> usize {
        self.depth -= 1;
        self.stack >>= 1;
        self.value_end(piece, at + 1)
    }

    /// A key has ended before `at`. The colon that mostly follows is read at once.
    #[inline]
    pub(super) fn key_end(&mut self, piece: &[u8], at: usize) -> usize {
        if piece.get(at) == Some(&b':') {
            self.expect = Expect::Value;
            return at + 1;
        }
        self.expect = Expect::Colon;
        at
    }

    /// A value has ended before `at`. The comma that mostly follows is read at once.
    #[inline]
    pub(super) fn value_end(&mut self, piece: &[u8], at: usize) -> usize {
        if self.watching != NOBODY && self.depth == 1 {
            if let Some(seen) = self.seen.get_mut(self.watching) {
                seen.end = self.base + at as u64;
            }
            self.watching = NOBODY;
        }
        if self.depth == 0 {
            self.expect = Expect::Nothing;
            return at;
        }
        if piece.get(at) == Some(&b',') {
            self.expect = self.after_comma();
            return at + 1;
        }
        self.expect = Expect::Next;
        at
    }

    fn may_close(&self, byte: u8) -> bool {
        match self.expect {
            Expect::FirstKey => byte == b'}',
            Expect::FirstItem => byte == b']',
            Expect::Next => (byte == b'}') == (self.stack & 1 == 1),
            _ => false,
        }
    }

    fn after_comma(&self) -> Expect {
        if self.stack & 1 == 1 { Expect::Key } else { Expect::Value }
    }

    /// A top-level key has ended: whether its value is wanted. Keys that decide which model is asked are
    /// found in any case of letters, since providers written in Go ignore it.
    pub(super) fn named(&mut self, key: &[u8]) {
        let is_it = |name: &str| match name {
            MODELS => names_further_models(key),
            MODEL | TOOLS => key.eq_ignore_ascii_case(name.as_bytes()),
            name => name.as_bytes() == key,
        };
        self.watching = self.names.iter().position(|name| is_it(name)).unwrap_or(NOBODY);
        if self.folds {
            self.named_in_any_letters(key);
        }
    }

    #[inline(never)]
    fn named_in_any_letters(&mut self, key: &[u8]) {
        self.counts = 1;
        if self.watching == NOBODY {
            let is_it = |name: &&str| key.eq_ignore_ascii_case(name.as_bytes());
            self.watching = self.names.iter().position(is_it).unwrap_or(NOBODY);
            self.counts = 2;
        }
    }

    fn word(&mut self, word: &'static [u8], piece: &[u8], at: usize) -> Step {
        match piece.get(at..at + word.len()) {
            Some(found) if found == word => Ok(self.value_end(piece, at + word.len())),
            _ => self.literal(word, piece, at),
        }
    }

    fn literal(&mut self, mut rest: &'static [u8], piece: &[u8], mut at: usize) -> Step {
        while let Some((&next, after)) = rest.split_first() {
            match piece.get(at) {
                None => {
                    self.token = Token::Literal(rest);
                    return Ok(at);
                }
                Some(&byte) if byte == next => at += 1,
                Some(_) => return Err(self.base + at as u64),
            }
            rest = after;
        }
        Ok(self.value_end(piece, at))
    }

    fn number(&mut self, mut number: Number, piece: &[u8], mut at: usize) -> Step {
        while let Some(&byte) = piece.get(at) {
            if !number.takes(byte) {
                let end = self.base + at as u64;
                return if number.is_whole() { Ok(self.value_end(piece, at)) } else { Err(end) };
            }
            at += 1;
        }
        self.token = Token::Number(number);
        Ok(at)
    }
}

const MODEL: &str = "model";
/// Stands for all fields that name further models.
pub(super) const MODELS: &str = "models";
pub(super) const TOOLS: &str = "tools";
/// `serde_json` refuses the 128th level, too.
const DEEPEST: u8 = 127;
