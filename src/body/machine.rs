//! The state of the JSON machine: what it searches for, what it has found, and where the last chunk
//! ended. The grammar is in `json`, strings in `string`.

use smallvec::SmallVec;

use super::escape::Escape;
use super::number::Number;

/// Checks one JSON object and notes where the values of `N` top-level keys stand.
pub(super) struct Machine<const N: usize> {
    pub(super) names: &'static [&'static str; N],
    /// Whether names in other letters are noted, too.
    pub(super) folds: bool,
    pub(super) seen: [Seen; N],
    /// Which of `names` the value being read belongs to, or `NOBODY`.
    pub(super) watching: usize,
    /// How much the name before that value counts: one in other letters counts twice, since it is another name to
    /// some readers.
    pub(super) counts: u32,
    /// Bytes of all the pieces before this one.
    pub(super) base: u64,
    pub(super) expect: Expect,
    pub(super) token: Token,
    /// One bit per open container, the innermost lowest: 1 is an object.
    pub(super) stack: u128,
    pub(super) depth: u8,
    pub(super) keep: Keep,
    /// The start of a top-level key that did not lie in one piece without escapes.
    pub(super) key: SmallVec<[u8; LONGEST_KEY]>,
    /// The decoded text of the first name's value.
    pub(super) text: Text,
    pub(super) cut: Cut,
    pub(super) failed: Option<u64>,
}

/// A whole, valid object: what was seen of each name, and the text of the first.
pub(super) struct Object<const N: usize> {
    pub(super) seen: [Seen; N],
    pub(super) text: Text,
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
    True,
    False,
    Null,
    Other,
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

pub(super) type Text = SmallVec<[u8; 64]>;

/// Where to go on in the piece, or the offset in the body of the first wrong byte.
pub(super) type Step = Result<usize, u64>;

impl<const N: usize> Machine<N> {
    /// A machine that watches `names`; the text of the first one is kept.
    pub(super) fn new(names: &'static [&'static str; N]) -> Self {
        Self {
            names,
            folds: false,
            seen: [Seen { times: 0, kind: Kind::Null, start: 0, end: 0 }; N],
            watching: NOBODY,
            counts: 1,
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

    /// The same; a name in other letters is noted as if it stood there twice.
    pub(super) fn in_any_letters(names: &'static [&'static str; N]) -> Self {
        Self { folds: true, ..Self::new(names) }
    }
}

/// What is to be done with the text of the string being read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    Key,
    Text,
}

/// A UTF-8 sequence that broke off: its bytes so far.
#[derive(Default)]
pub(super) struct Cut {
    bytes: [u8; 4],
    pub(super) length: usize,
}

impl Cut {
    pub(super) fn set(&mut self, bytes: &[u8]) {
        for (to, from) in self.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.length = bytes.len();
    }

    /// Adds a byte; whole sequences are forgotten, wrong ones answer `false`.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
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

pub(super) const NOBODY: usize = usize::MAX;

/// Longer than any name watched, so that what was cut off here matches none.
pub(super) const LONGEST_KEY: usize = 32;
