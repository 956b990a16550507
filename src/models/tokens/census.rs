//! Counts a text by kinds of characters: words, digits, punctuation, scripts. A tokenizer's count
//! is a weighted sum of these. No text is kept, and chunks may be split anywhere.

mod classes;
mod count;
mod kinds;
#[cfg(test)]
pub(super) mod tests;

pub(super) use self::kinds::KINDS;
use self::{classes::Classes, count::Counts, kinds::Kind};

/// The counts of one text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    counts: Counts,
    /// The end of the last piece was inside an escape or a character, of which this was the beginning.
    cut: Cut,
}

/// The beginning of what a piece cut through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cut {
    bytes: [u8; 5],
    length: u8,
}

impl Census {
    /// Counts more of a text as JSON has it, between its quotes.
    pub(crate) fn json(&mut self, piece: &[u8]) {
        let cut = std::mem::take(&mut self.cut);
        if cut.length == 0 {
            self.count_from(piece, false);
            return;
        }
        // A few bytes join the beginning to the rest of what was cut; whatever they hold is counted once.
        let begun = usize::from(cut.length);
        let mut joined = [0; 16];
        let taken = piece.len().min(joined.len() - begun);
        joined[..begun].copy_from_slice(&cut.bytes[..begun]);
        joined[begun..begun + taken].copy_from_slice(&piece[..taken]);
        let length = length_at(&joined[..begun + taken]);
        match length {
            Some(length) => {
                self.count_from(&joined[..length], false);
                self.count_from(&piece[length - begun..], false);
            }
            None => self.keep(&joined[..begun + taken]),
        }
    }

    /// The text has ended; what follows is another.
    pub(crate) fn end(&mut self) {
        self.counts.end();
        self.cut = Cut::default();
    }

    /// The counts, each at the place of its kind.
    pub(super) fn counts(&self) -> &[u32; KINDS] {
        &self.counts.of
    }

    /// Counts a text of a JSON document up to its last quote, or to the end if it has none. Returns its length.
    pub(crate) fn quoted(&mut self, from: &[u8]) -> usize {
        let length = self.count_from(from, true);
        self.end();
        length
    }

    fn count_from(&mut self, piece: &[u8], ends_at_quote: bool) -> usize {
        let mut at = 0;
        loop {
            at += count::count(&mut self.counts, &piece[at..], ends_at_quote);
            // What is counted one by one is most often followed by more of it.
            while let rest @ [first, ..] = &piece[at..] {
                if ends_at_quote && *first == b'"' {
                    return at;
                }
                let Some(length) = length_at(rest) else {
                    self.keep(rest);
                    return piece.len();
                };
                self.one(&rest[..length]);
                at += length;
                if !matches!(piece[at..], [0x80..=0xff, ..] | [b'\\', b'u', ..]) {
                    break;
                }
            }
            if at >= piece.len() {
                return at;
            }
        }
    }

    fn keep(&mut self, begun: &[u8]) {
        let length = begun.len().min(5);
        self.cut.bytes[..length].copy_from_slice(&begun[..length]);
        self.cut.length = length as u8;
    }

    fn ascii(&mut self, byte: u8) {
        let mut is = Classes::default();
        match byte {
            b'a'..=b'z' => is.letter = 1,
            b'A'..=b'Z' => (is.letter, is.capital) = (1, 1),
            b' ' => is.space = 1,
            b'0'..=b'9' => is.digit = 1,
            b'\n' | b'\r' | b'\t' => is.line = 1,
            _ => {}
        }
        self.counts.one(is);
    }

    /// One escape or one character beyond ASCII.
    fn one(&mut self, bytes: &[u8]) {
        match bytes {
            [b'\\', b'u', hex @ ..] => self.scalar(of_hex(hex)),
            [b'\\', b'n' | b'r' | b't'] => self.ascii(b'\n'),
            [b'\\', other] => self.ascii(*other),
            bytes => match std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
                Some(c) => self.scalar(u32::from(c)),
                None => self.scalar(REPLACEMENT),
            },
        }
    }

    fn scalar(&mut self, code: u32) {
        if let Ok(ascii @ ..0x80) = u8::try_from(code) {
            return self.ascii(ascii);
        }
        let kind = match code {
            ..=0x24f => {
                self.ascii(b'a');
                return self.counts.add(Kind::Accented);
            }
            0x250..=0x52f => Kind::Cyrillic,
            0x530..=0x8ff | 0xfb00..=0xfeff => Kind::Arabic,
            0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7af => Kind::Hangul,
            0x900..=0x10ff | 0x1200..=0x1fff | 0xa000..=0xabff | 0xd7b0..=0xd7ff => Kind::Indic,
            0x2000..=0x2e7f | 0xe000..=0xf8ff => Kind::Typography,
            0x3040..=0x30ff | 0x31f0..=0x31ff => Kind::Kana,
            0x3000..=0x303f | 0xff00..=0xffff => Kind::Wide,
            // The second half of a pair: the first was counted.
            0xdc00..=0xdfff => return,
            0x2e80..=0xffff if !(0xd800..=0xdbff).contains(&code) => Kind::Han,
            0x20000..=0x3ffff => Kind::Han,
            _ => Kind::Emoji,
        };
        self.counts.add(kind);
        self.counts.end();
    }
}

/// The length of the escape or the character beyond ASCII that these bytes begin with; `None` where it goes
/// on behind them.
fn length_at(bytes: &[u8]) -> Option<usize> {
    let length = match bytes {
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        [0xf0..=0xf7, ..] => 4,
        [0xe0..=0xef, ..] => 3,
        [0xc0..=0xdf, ..] => 2,
        _ => 1,
    };
    (length <= bytes.len()).then_some(length)
}

fn of_hex(hex: &[u8]) -> u32 {
    let text = std::str::from_utf8(hex).ok();
    text.and_then(|text| u32::from_str_radix(text, 16).ok()).unwrap_or(REPLACEMENT)
}

/// What stands for a character that cannot be read.
const REPLACEMENT: u32 = 0xfffd;
