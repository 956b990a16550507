//! Counts characters by their classes, a block at a time. Escapes of one letter are inside their block: there is one
//! in every few words.
//!
//! What a character counts depends on a few before it. These are the lowest bits of each word, so that a shift
//! brings each character to the one behind it. The backslash of an escape stays where it is and is no character: what
//! it escapes is a mark or begins a line, and looks over it at the character before.

use super::{
    classes::{BLOCK, Classes, Escaped, Stops, WIDTH},
    kinds::{KINDS, Kind},
};

/// The counts of a text so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Each at the place of its kind.
    pub(super) of: [u32; KINDS],
    before: Before<u8>,
}

/// What the last eight characters were: the highest of eight bits is the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Before<T> {
    letter: T,
    capital: T,
    space: T,
    digit: T,
    line: T,
    mark: T,
    /// Digits that begin a group.
    group: T,
}

/// The characters of a block that are counted.
#[derive(Clone, Copy)]
struct Block {
    is: Classes,
    /// How many bytes it has, the backslashes of escapes included.
    length: u32,
    /// These backslashes.
    escapes: u64,
    /// Whether there is a stop behind it.
    has_stopped: bool,
}

/// Counts what is of classes at the beginning of these bytes: up to a character that is not, or an escape of
/// several letters, or one that is cut, or the quote that ends the text where it does. Returns how many bytes that
/// was.
#[multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt"))]
pub(super) fn count(counts: &mut Counts, bytes: &[u8], ends_at_quote: bool) -> usize {
    let mut counting = Counting::from(*counts);
    let (mut at, mut has_stopped) = (0, false);
    while at < bytes.len() && !has_stopped {
        let rest = &bytes[at..];
        let read = block(rest);
        let (is, stops) = multiversion::target::match_target! {
            "x86_64+avx2" => super::classes::by_vectors(&read),
            _ => super::classes::by_words(&read),
        };
        let quote = if ends_at_quote { stops.quote } else { 0 };
        let end = rest.len().min(BLOCK) as u32;
        let block = if stops.escape == 0 {
            let length = (stops.other | quote).trailing_zeros().min(end);
            Block { is, length, escapes: 0, has_stopped: length < end }
        } else {
            let escaped = multiversion::target::match_target! {
                "x86_64+avx2" => super::classes::escaped_by_vectors(&read),
                _ => super::classes::escaped_by_words(&read),
            };
            with_escapes(is, stops, escaped, quote, end)
        };
        counting.add(&mut counts.of, block);
        (at, has_stopped) = (at + block.length as usize, block.has_stopped);
    }
    counting.end(counts);
    at
}

impl Counts {
    /// One character of these classes.
    pub(super) fn one(&mut self, is: Classes) {
        let mut counting = Counting::from(*self);
        counting.add(&mut self.of, Block { is, length: 1, escapes: 0, has_stopped: false });
        counting.end(self);
    }

    /// One character of a kind that is of no class.
    pub(super) fn add(&mut self, kind: Kind) {
        add(&mut self.of, kind, 1);
    }

    /// What comes next does not depend on what came before.
    pub(super) fn end(&mut self) {
        self.before = Before::default();
    }
}

#[inline(always)]
fn add(counts: &mut [u32; KINDS], kind: Kind, more: u64) {
    let count = &mut counts[kind as usize];
    *count = count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
}

/// The first bytes, and zeros behind them if there are fewer.
#[inline(always)]
fn block(bytes: &[u8]) -> [u8; WIDTH] {
    match bytes.first_chunk() {
        Some(whole) => *whole,
        None => {
            let mut block = [0; WIDTH];
            block[..bytes.len()].copy_from_slice(bytes);
            block
        }
    }
}

/// A block that has escapes, up to the first that is not of one letter.
#[inline(always)]
fn with_escapes(mut is: Classes, stops: Stops, escaped: Escaped, quote: u64, end: u32) -> Block {
    let escapes = beginnings(stops.escape);
    let behind = escapes << 1;
    let known = escaped.line | escaped.slash | stops.quote | stops.escape;
    let stop = stops.other | quote & !behind | escapes & !(known >> 1);
    is.line = escaped.line & behind;
    is.letter &= !is.line;
    let stop = stop.trailing_zeros();
    let mut length = stop.min(end);
    // What is cut by the end of the block begins the next one.
    length -= (escapes << 1 >> length & 1) as u32;
    Block { is, length, escapes, has_stopped: stop < end }
}

/// The backslashes that begin an escape: in a row of them the first, the third, and so on.
#[inline(always)]
fn beginnings(backslashes: u64) -> u64 {
    // What is subtracted borrows up to the end of its row, so that every other bit of the row is turned: which ones,
    // the place of the first decides.
    const ODD: u64 = (u64::MAX / 3) << 1;
    let turned = (backslashes << 1 | ODD).wrapping_sub(backslashes) ^ ODD;
    turned & backslashes
}

/// The counts that nearly every block adds to, and the characters before it, in whole registers.
struct Counting {
    before: Before<u64>,
    word: u64,
    long: u64,
    capital: u64,
    mark: u64,
    marks: u64,
    indent: u64,
}

impl From<Counts> for Counting {
    #[inline(always)]
    fn from(Counts { before, .. }: Counts) -> Self {
        let before = Before {
            letter: before.letter.into(),
            capital: before.capital.into(),
            space: before.space.into(),
            digit: before.digit.into(),
            line: before.line.into(),
            mark: before.mark.into(),
            group: before.group.into(),
        };
        Self { before, word: 0, long: 0, capital: 0, mark: 0, marks: 0, indent: 0 }
    }
}

impl Counting {
    /// Counts the characters of a block; what is rare is counted at once.
    #[inline(always)]
    fn add(&mut self, counts: &mut [u32; KINDS], block: Block) {
        let Block { is, length, escapes, .. } = block;
        let before = &mut self.before;
        let escapes = escapes << EARLIER;
        let new = ((1 << length) - 1) << EARLIER & !escapes;
        // Behind the end of the block is what is not counted; it changes nothing before it.
        let letter = before.letter | is.letter << EARLIER;
        let capital = before.capital | is.capital << EARLIER;
        let space = before.space | is.space << EARLIER;
        let digit = before.digit | is.digit << EARLIER;
        let line = before.line | is.line << EARLIER;
        let mark = before.mark | new & !(letter | space | line | digit);
        // A capital behind a small letter begins a word.
        let goes_on = letter & !capital & letter << 1 | capital & capital << 1;
        let two = goes_on & goes_on << 1;
        let four = two & two << 2;
        // Behind the beginning of a line, the first space is indentation.
        let indent = space & (space << 1 & !(space << 2 | line << 2) | line << 1);
        // What is behind a mark or the beginning of a line, an escape between them or not.
        let behind = |bits: u64| bits << 1 | bits << 2 & escapes << 1;

        let count = |bits: u64| u64::from((bits & new).count_ones());
        self.word += count(letter & !goes_on);
        self.long += count(two << 4 & four);
        self.capital += count(capital & goes_on);
        self.mark += count(mark);
        self.marks += count(mark & !behind(mark));
        self.indent += count(indent);
        let last = |bits: u64| bits >> length & KNOWN;
        let mut group = before.group;
        if digit & new != 0 {
            group = groups(digit, group, new);
            add(counts, Kind::Digit, count(digit));
            add(counts, Kind::DigitGroup, count(group));
            add(counts, Kind::SpacedNumber, count(digit & space << 1));
        }
        if line & new != 0 {
            add(counts, Kind::Line, count(line & !behind(line)));
        }
        *before = Before {
            letter: last(letter),
            capital: last(capital),
            space: last(space),
            digit: last(digit),
            line: last(line),
            mark: last(mark),
            group: last(group),
        };
    }

    #[inline(always)]
    fn end(self, counts: &mut Counts) {
        let Self { before, word, long, capital, mark, marks, indent } = self;
        let of = &mut counts.of;
        add(of, Kind::Word, word);
        add(of, Kind::Long, long);
        add(of, Kind::Capital, capital);
        add(of, Kind::Mark, mark);
        add(of, Kind::Marks, marks);
        add(of, Kind::Indent, indent);
        counts.before = Before {
            letter: before.letter as u8,
            capital: before.capital as u8,
            space: before.space as u8,
            digit: before.digit as u8,
            line: before.line as u8,
            mark: before.mark as u8,
            group: before.group as u8,
        };
    }
}

/// The digits that begin a group of up to three, given those before the new characters.
#[inline(always)]
fn groups(digit: u64, before: u64, new: u64) -> u64 {
    let mut all = before | digit & !(digit << 1) & new;
    let fourth = digit & digit << 1 & digit << 2 & new;
    let mut next = all << 3 & fourth;
    while next != 0 {
        all |= next;
        next = next << 3 & fourth;
    }
    all
}

/// The characters before the new ones that are known.
const EARLIER: usize = WIDTH - BLOCK;
/// Their bits.
const KNOWN: u64 = (1 << EARLIER) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_begins_with_a_backslash_that_is_not_escaped_itself() {
        for (backslashes, wanted) in [
            (0, 0),
            (0b1001_0010, 0b1001_0010),
            (0b0011, 0b0001),
            (0b0111, 0b0101),
            (0b1_1011_0111_1000, 0b0_1001_0010_1000),
            (u64::MAX, u64::MAX / 3),
            (1 << 63, 1 << 63),
        ] {
            assert_eq!(beginnings(backslashes), wanted, "{backslashes:b}");
        }
    }
}
