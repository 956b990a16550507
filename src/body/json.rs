//! The JSON grammar as a machine that can stop at any byte and go on with the next piece.
//!
//! It never looks at a value it was not asked for beyond checking it, never recurses, and
//! allocates only for a `model` longer than most.

use smallvec::SmallVec;

use super::number::{Number, plain_number};
use super::string::{Cut, Escape, Keep};

/// Checks one JSON object and notes where the values of `N` top-level keys stand.
pub(super) struct Machine<const N: usize> {
    names: &'static [&'static str; N],
    seen: [Seen; N],
    /// Which of `names` the value being read belongs to, or `NOBODY`.
    pub(super) watching: usize,
    /// Bytes of all the pieces before this one.
    pub(super) base: u64,
    pub(super) expect: Expect,
    pub(super) token: Token,
    /// One bit per open container, the innermost lowest: 1 is an object.
    stack: u128,
    pub(super) depth: u8,
    pub(super) keep: Keep,
    /// The start of a top-level key that did not lie in one piece without escapes.
    pub(super) key: SmallVec<[u8; LONGEST_KEY]>,
    /// The decoded text of the first name's value.
    pub(super) text: SmallVec<[u8; 64]>,
    pub(super) cut: Cut,
    failed: Option<u64>,
}

/// A whole, valid object: what was seen of each name, and the text of the first.
pub(super) struct Object<const N: usize> {
    pub(super) seen: [Seen; N],
    pub(super) text: String,
}

/// How often a name occurred, and its last value.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) times: u32,
    pub(super) kind: Kind,
    pub(super) start: u64,
    pub(super) end: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Number,
    True,
    False,
    Null,
    Object,
    Array,
}

/// What may come next, between tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Top,
    FirstKey,
    Key,
    Colon,
    Value,
    FirstItem,
    Next,
    Nothing,
}

/// The token that the last piece broke off in.
#[derive(Clone, Copy)]
pub(super) enum Token {
    None,
    String,
    Escape(Escape),
    Number(Number),
    Literal(&'static [u8]),
}

/// Where to go on in the piece, or the offset in the body of the first wrong byte.
pub(super) type Step = Result<usize, u64>;

impl<const N: usize> Machine<N> {
    /// A machine that watches `names`; the text of the first one is kept.
    pub(super) fn new(names: &'static [&'static str; N]) -> Self {
        Self {
            names,
            seen: [Seen { times: 0, kind: Kind::Null, start: 0, end: 0 }; N],
            watching: NOBODY,
            base: 0,
            expect: Expect::Top,
            token: Token::None,
            stack: 0,
            depth: 0,
            keep: Keep::Nothing,
            key: SmallVec::new(),
            text: SmallVec::new(),
            cut: Cut::default(),
            failed: None,
        }
    }

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
        let text = String::from_utf8(self.text.into_vec()).map_err(|_| self.base)?;
        Ok(Object { seen: self.seen, text })
    }

    fn run(&mut self, piece: &[u8]) -> Result<(), u64> {
        let mut at = self.resume(piece)?;
        while let Some(&byte) = piece.get(at) {
            at = match (self.expect, byte) {
                (_, b' ' | b'\n' | b'\r' | b'\t') => at + 1,
                (Expect::Next, b',') => {
                    self.expect = if self.stack & 1 == 1 { Expect::Key } else { Expect::Value };
                    at + 1
                }
                (Expect::Key | Expect::FirstKey, b'"') => self.key(piece, at + 1)?,
                (Expect::Colon, b':') => {
                    self.expect = Expect::Value;
                    at + 1
                }
                (Expect::FirstItem, b']') | (Expect::FirstKey, b'}') => self.close(at),
                (Expect::Value | Expect::FirstItem, _) => self.value(piece, at, byte)?,
                (Expect::Next, b'}') if self.stack & 1 == 1 => self.close(at),
                (Expect::Next, b']') if self.stack & 1 == 0 => self.close(at),
                (Expect::Top, b'{') => self.open(at, true)?,
                _ => return Err(self.base + at as u64),
            };
        }
        Ok(())
    }

    /// Ends the token that the previous piece broke off in.
    fn resume(&mut self, piece: &[u8]) -> Step {
        match std::mem::replace(&mut self.token, Token::None) {
            Token::None => Ok(0),
            Token::String => self.string(piece, 0),
            Token::Escape(escape) => self.resume_escape(escape, piece),
            Token::Number(number) => self.number(number, piece, 0),
            Token::Literal(rest) => self.literal(rest, piece, 0),
        }
    }

    fn key(&mut self, piece: &[u8], at: usize) -> Step {
        if self.depth == 1 {
            self.keep = Keep::Key;
            self.key.clear();
        }
        self.string(piece, at)
    }

    fn value(&mut self, piece: &[u8], at: usize, byte: u8) -> Step {
        let kind = match byte {
            b'"' => Kind::String,
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b't' => Kind::True,
            b'f' => Kind::False,
            b'n' => Kind::Null,
            b'-' | b'0'..=b'9' => Kind::Number,
            _ => return Err(self.base + at as u64),
        };
        if self.watching != NOBODY && self.depth == 1 {
            self.note(kind, at);
        }
        match kind {
            Kind::String => self.string(piece, at + 1),
            Kind::Object => self.open(at, true),
            Kind::Array => self.open(at, false),
            Kind::True => self.word(b"true", piece, at),
            Kind::False => self.word(b"false", piece, at),
            Kind::Null => self.word(b"null", piece, at),
            Kind::Number => match plain_number(piece, at) {
                Some(end) => Ok(self.value_end(end)),
                None => self.number(Number::default(), piece, at),
            },
        }
    }

    /// Notes that the value of a watched name begins.
    fn note(&mut self, kind: Kind, at: usize) {
        let start = self.base + at as u64;
        if let Some(seen) = self.seen.get_mut(self.watching) {
            *seen = Seen { times: seen.times.saturating_add(1), kind, start, end: start };
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

    fn close(&mut self, at: usize) -> usize {
        self.depth -= 1;
        self.stack >>= 1;
        self.value_end(at + 1)
    }

    /// A value has ended before `at`.
    pub(super) fn value_end(&mut self, at: usize) -> usize {
        if self.watching != NOBODY && self.depth == 1 {
            let end = self.base + at as u64;
            if let Some(seen) = self.seen.get_mut(self.watching) {
                seen.end = end;
            }
            self.watching = NOBODY;
        }
        self.expect = if self.depth == 0 { Expect::Nothing } else { Expect::Next };
        at
    }

    /// A top-level key has ended: is its value one of those asked for?
    pub(super) fn named(&mut self, key: &[u8]) {
        let known = self.names.iter().position(|name| name.as_bytes() == key);
        self.watching = known.unwrap_or(NOBODY);
    }

    fn word(&mut self, word: &'static [u8], piece: &[u8], at: usize) -> Step {
        match piece.get(at..at + word.len()) {
            Some(found) if found == word => Ok(self.value_end(at + word.len())),
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
        Ok(self.value_end(at))
    }

    fn number(&mut self, mut number: Number, piece: &[u8], mut at: usize) -> Step {
        while let Some(&byte) = piece.get(at) {
            if !number.takes(byte) {
                let end = self.base + at as u64;
                return if number.is_whole() { Ok(self.value_end(at)) } else { Err(end) };
            }
            at += 1;
        }
        self.token = Token::Number(number);
        Ok(at)
    }
}

pub(super) const NOBODY: usize = usize::MAX;
/// `serde_json` refuses the 128th level, too.
const DEEPEST: u8 = 127;
/// Longer than any name watched, so that what was cut off here matches none.
pub(super) const LONGEST_KEY: usize = 24;
