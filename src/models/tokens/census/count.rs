//! Counts characters by their classes, a block at a time. An escape of one letter is inside its block: there is one
//! in every few words.
//!
//! What a character counts depends on a few before it. These are the lowest bits of each word, so that a shift
//! brings each character to the one behind it.

use super::{
    classes::{BLOCK, Classes, Stops, WIDTH, without},
    kinds::{KINDS, Kind},
};

/// The counts of a text so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Each at the place of its kind.
    pub(super) of: [u32; KINDS],
    before: Before,
}

/// What the last eight characters were: the highest bit is the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Before {
    letter: u8,
    capital: u8,
    space: u8,
    digit: u8,
    line: u8,
    mark: u8,
    /// Letters that go on with a word.
    goes_on: u8,
    /// Digits that begin a group.
    group: u8,
}

/// Counts what is of classes at the beginning of these bytes: up to a character that is not, or an escape of
/// several letters, or one that is cut, or the quote that ends the text where it does. Returns how many bytes that
/// was.
#[multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt"))]
pub(super) fn count(counts: &mut Counts, bytes: &[u8], ends_at_quote: bool) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let block = block(rest);
        let (classes, stops) = multiversion::target::match_target! {
            "x86_64+avx2" => super::classes::by_vectors(&block),
            _ => super::classes::by_words(&block),
        };
        let stops = Stops { quote: if ends_at_quote { stops.quote } else { 0 }, ..stops };
        let (taken, has_stopped) = count_block(counts, rest, classes, stops);
        at += taken;
        if has_stopped {
            break;
        }
    }
    at
}

impl Counts {
    /// One character of these classes.
    pub(super) fn one(&mut self, is: Classes) {
        add(self, is, 1);
    }

    /// One character of a kind that is of no class.
    pub(super) fn add(&mut self, kind: Kind) {
        let count = &mut self.of[kind as usize];
        *count = count.saturating_add(1);
    }

    /// What comes next does not depend on what came before.
    pub(super) fn end(&mut self) {
        self.before = Before::default();
    }
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

/// Counts the block at the beginning of these bytes. Returns its length in bytes, and whether there is a stop
/// behind it.
#[inline(always)]
fn count_block(counts: &mut Counts, bytes: &[u8], mut is: Classes, stops: Stops) -> (usize, bool) {
    let end = bytes.len().min(BLOCK) as u32;
    let mut length = stops.other.trailing_zeros().min(end);
    let mut has_stopped = length < end;
    // Backslashes are removed from the left to the right: one behind another does not begin an escape.
    let Stops { mut escape, mut quote, .. } = stops;
    let mut removed = 0;
    loop {
        let at = (escape | quote).trailing_zeros();
        if at >= length {
            break;
        }
        if quote >> at & 1 == 1 {
            (length, has_stopped) = (at, true);
            break;
        }
        let letter = bytes.get((at + removed + 1) as usize);
        let is_simple = letter.is_some_and(|letter| *letter != b'u');
        if !is_simple || at + 1 == length {
            // What is cut by the end of the block begins the next one.
            has_stopped |= !is_simple;
            length = at;
            break;
        }
        is.remove(at);
        escape = without(escape, at) & !(1 << at);
        quote = without(quote, at) & !(1 << at);
        if matches!(letter, Some(b'n' | b'r' | b't')) {
            is.becomes_line(at);
        }
        (length, removed) = (length - 1, removed + 1);
    }
    if length > 0 {
        add(counts, is, length);
    }
    ((length + removed) as usize, has_stopped)
}

/// Counts this many characters.
#[inline(always)]
fn add(counts: &mut Counts, is: Classes, length: u32) {
    let before = &mut counts.before;
    let new = ((1 << length) - 1) << EARLIER;
    let behind = |earlier: u8, now: u64| u64::from(earlier) | now << EARLIER & new;
    let (letter, capital) = (behind(before.letter, is.letter), behind(before.capital, is.capital));
    let (space, line) = (behind(before.space, is.space), behind(before.line, is.line));
    let digit = behind(before.digit, is.digit);
    let mark = u64::from(before.mark) | new & !(letter | space | line | digit);
    // A capital behind a small letter begins a word.
    let goes_on = letter & !capital & letter << 1 | capital & capital << 1;
    let goes_on = goes_on & new | u64::from(before.goes_on);
    let two = goes_on & goes_on << 1;
    let four = two & two << 2;
    let group = groups(digit, u64::from(before.group), new);
    // Behind the beginning of a line, the first space is indentation.
    let indent = space & (space << 1 & !(space << 2 | line << 2) | line << 1);

    let mut count = |kind: Kind, bits: u64| {
        let count = &mut counts.of[kind as usize];
        *count = count.saturating_add((bits & new).count_ones());
    };
    count(Kind::Word, letter & !goes_on);
    count(Kind::Long, two << 4 & four);
    count(Kind::Capital, capital & goes_on);
    count(Kind::Mark, mark);
    count(Kind::Marks, mark & !(mark << 1));
    count(Kind::Indent, indent);
    if digit & new != 0 {
        count(Kind::Digit, digit);
        count(Kind::DigitGroup, group);
        count(Kind::SpacedNumber, digit & space << 1);
    }
    if line & new != 0 {
        count(Kind::Line, line & !(line << 1));
    }
    let last = |bits: u64| (bits >> length) as u8;
    *before = Before {
        letter: last(letter),
        capital: last(capital),
        space: last(space),
        digit: last(digit),
        line: last(line),
        mark: last(mark),
        goes_on: last(goes_on),
        group: last(group),
    };
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
