//! Counts many characters at once, where they are letters, spaces and punctuation: most of every
//! text.
//!
//! What a character counts depends on a few characters before it, so all of a block are counted in
//! the same way. These loops have no branches, and the compiler makes them wide.

use super::{Census, Kind, Last, USUAL_WORD};

/// The bytes that are counted in one step.
const BLOCK: usize = 64;
/// The bytes before them of which something is known; more than needed, so that a block is aligned.
const BEFORE: usize = 16;
/// The most that is counted before it is added up, so that each place's count fits into a byte.
const MOST: usize = BLOCK * 255;
/// A shorter text is counted one by one. No count depends on more characters before.
const LEAST: usize = 8;
const ALL: u8 = u8::MAX;

/// Whether each byte of a block is something, behind the same of the bytes before it.
type Each = [u8; BEFORE + BLOCK];

/// The bytes of a block by kind.
struct Known {
    small: Each,
    capital: Each,
    space: Each,
    mark: Each,
    /// Letters that go on with a word.
    goes_on: Each,
    /// Letters behind two of their word.
    third: Each,
}

/// The kinds that occur in plain text, and how many there were at each place of a block. They are
/// added up at the end only, since that costs more than a block does.
struct Sums([(Kind, [u8; BLOCK]); 6]);

impl Census {
    /// How much at the beginning of a text is plain, up to a limit, and whether it is counted: few
    /// characters are not.
    pub(super) fn plain(&mut self, text: &[u8]) -> (usize, bool) {
        let text = &text[..text.len().min(MOST)];
        let length = plain_length(text);
        if length >= LEAST {
            self.count_plain(&text[..length]);
        }
        (length, length >= LEAST)
    }

    fn count_plain(&mut self, text: &[u8]) {
        let kinds = [Kind::Word, Kind::Long, Kind::Capital, Kind::Mark, Kind::Marks, Kind::Indent];
        let mut sums = Sums(kinds.map(|kind| (kind, [0; BLOCK])));
        let mut known = self.before();
        for part in text.chunks(BLOCK) {
            known.read(&block(part));
            sums.add(&known);
            known.move_on();
        }
        for (kind, counts) in sums.0 {
            let sum = counts.iter().map(|count| u32::from(*count)).sum();
            self.counts[kind as usize] = self.counts[kind as usize].saturating_add(sum);
        }
        self.after(text);
    }

    /// What is known of the characters before.
    fn before(&self) -> Known {
        let none = [0; BEFORE + BLOCK];
        let mut known = Known {
            small: none,
            capital: none,
            space: none,
            mark: none,
            goes_on: none,
            third: none,
        };
        let last = BEFORE - 1;
        match self.last {
            Last::Small => known.small[last] = ALL,
            Last::Capital => known.capital[last] = ALL,
            Last::Mark => known.mark[last] = ALL,
            Last::Space => known.space[last - usize::from(self.run)..BEFORE].fill(ALL),
            // As behind one space, the next one is an indentation.
            Last::Line => known.space[last] = ALL,
            Last::Digit | Last::Other => {}
        }
        if matches!(self.last, Last::Small | Last::Capital) {
            let run = usize::from(self.run.min(USUAL_WORD + 1));
            known.goes_on[BEFORE + 1 - run..BEFORE].fill(ALL);
            known.third[(BEFORE + 2 - run).min(BEFORE)..BEFORE].fill(ALL);
        }
        known
    }

    /// The state behind a plain text.
    fn after(&mut self, text: &[u8]) {
        let Some([.., before, last]) = text.last_chunk::<LEAST>() else { return };
        let pairs = text.windows(2).rev().take(usize::from(USUAL_WORD));
        let word = || pairs.take_while(|pair| goes_on(pair[0], pair[1])).count() as u8 + 1;
        (self.last, self.run) = match last {
            b'a'..=b'z' => (Last::Small, word()),
            b'A'..=b'Z' => (Last::Capital, word()),
            b' ' => (Last::Space, u8::from(*before == b' ')),
            _ => (Last::Mark, 0),
        };
    }
}

/// Whether the second of two characters is in the same word as the first.
fn goes_on(first: u8, second: u8) -> bool {
    match first {
        b'a'..=b'z' => second.is_ascii_lowercase(),
        b'A'..=b'Z' => second.is_ascii_alphabetic(),
        _ => false,
    }
}

impl Known {
    /// Classifies the bytes of a block.
    #[inline(always)]
    fn read(&mut self, block: &[u8; BLOCK]) {
        let Self { small, capital, space, mark, goes_on, third } = self;
        for (at, &byte) in (BEFORE..).zip(block) {
            small[at] = mask(byte.wrapping_sub(b'a') < 26);
            capital[at] = mask(byte.wrapping_sub(b'A') < 26);
            space[at] = mask(byte == b' ');
            mark[at] = mask(byte > b' ') & !small[at] & !capital[at];
        }
        for at in BEFORE..BEFORE + BLOCK {
            goes_on[at] =
                small[at] & (small[at - 1] | capital[at - 1]) | capital[at] & capital[at - 1];
        }
        for at in BEFORE..BEFORE + BLOCK {
            third[at] = goes_on[at] & goes_on[at - 1];
        }
    }

    /// The block becomes what is before the next one.
    #[inline(always)]
    fn move_on(&mut self) {
        let Self { small, capital, space, mark, goes_on, third } = self;
        for each in [small, capital, space, mark, goes_on, third] {
            each.copy_within(BLOCK.., 0);
        }
    }
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, known: &Known) {
        let Known { small, capital, space, mark, goes_on, third } = known;
        let [word, long, inside, marks, runs, indent] = &mut self.0;
        sum(word, |at| (small[at] | capital[at]) & !goes_on[at]);
        sum(long, |at| third[at] & third[at - 2] & third[at - 4]);
        sum(inside, |at| capital[at] & capital[at - 1]);
        sum(marks, |at| mark[at]);
        sum(runs, |at| mark[at] & !mark[at - 1]);
        sum(indent, |at| space[at] & space[at - 1] & !space[at - 2]);
    }
}

#[inline(always)]
fn sum((_, total): &mut (Kind, [u8; BLOCK]), counts: impl Fn(usize) -> u8) {
    for (at, total) in (BEFORE..).zip(total) {
        *total = total.wrapping_sub(counts(at));
    }
}

/// The length of letters, spaces and punctuation at the beginning of a text. A backslash may begin an
/// escape and not one of these.
#[inline(always)]
fn plain_length(text: &[u8]) -> usize {
    for (nth, part) in text.chunks(BLOCK).enumerate() {
        let block = block(part);
        let mut other = [0; BLOCK];
        for (other, byte) in other.iter_mut().zip(&block) {
            *other = mask(byte.wrapping_sub(b' ') > b'~' - b' ')
                | mask(byte.wrapping_sub(b'0') < 10)
                | mask(*byte == b'\\');
        }
        for (word, bytes) in other.chunks_exact(8).enumerate() {
            let bytes = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            if bytes != 0 {
                return nth * BLOCK + word * 8 + bytes.trailing_zeros() as usize / 8;
            }
        }
    }
    text.len()
}

/// The bytes of a block; behind a shorter part, what counts as nothing.
#[inline(always)]
fn block(part: &[u8]) -> [u8; BLOCK] {
    match part.first_chunk() {
        Some(whole) => *whole,
        None => {
            let mut block = [0; BLOCK];
            block[..part.len()].copy_from_slice(part);
            block
        }
    }
}

#[inline(always)]
fn mask(is: bool) -> u8 {
    0_u8.wrapping_sub(u8::from(is))
}
