//! Runs of digits: groups with one separator between two, as people write long numbers.
//!
//! It never joins groups over more than one separator.

use std::ops::Range;

use smallvec::SmallVec;

use super::words::{part, stretch};

/// Groups of digits with a separator between two.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The groups in their order.
    pub(super) groups: SmallVec<[Group; 8]>,
}

/// Digits without anything between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// What stands before it; a space stands for each kind of space.
    pub(super) after: u8,
}

impl Group {
    /// How many digits it has.
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

impl Run {
    /// How many digits it has.
    pub(super) fn len(&self) -> usize {
        self.groups.iter().map(Group::len).sum()
    }
}

/// Calls `see` with each run of digits that has at least so many of them.
pub(super) fn each_run(text: &[u8], least: usize, see: &mut dyn FnMut(&Run)) {
    let mut run = Run::default();
    let mut at = next(text, 0);
    while at < text.len() {
        run.groups.clear();
        let mut after = 0;
        let mut start = at;
        loop {
            let end = start + stretch(text, start, |byte| byte.is_ascii_digit());
            run.groups.push(Group { start, end, after });
            at = end;
            let Some((separator, length)) = separator(text, end) else { break };
            if !text.get(end + length).is_some_and(u8::is_ascii_digit) {
                break;
            }
            (after, start) = (separator, end + length);
        }
        if run.len() >= least {
            see(&run);
        }
        at = next(text, at);
    }
}

/// The digits of some groups as numbers, up to as many as there is room for.
pub(super) fn digits(text: &[u8], groups: &[Group]) -> SmallVec<[u8; 24]> {
    let all = groups.iter().flat_map(|group| part(text, group.start..group.end));
    all.map(|digit| digit - b'0').collect()
}

/// Where some groups stand.
pub(super) fn place(groups: &[Group]) -> Range<usize> {
    let start = groups.first().map_or(0, |group| group.start);
    start..groups.last().map_or(start, |group| group.end)
}

/// The separator that stands here, and its length in bytes. Spaces and dashes beyond ASCII, and characters
/// without width, are read as a space and as a dash.
pub(super) fn separator(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match part(text, at..(at + 3).min(text.len())) {
        [byte @ (b' ' | b'-' | b'.'), ..] => Some((*byte, 1)),
        [b'_', ..] => Some((b'-', 1)),
        // A space that does not break, and a hyphen that is not shown.
        [0xc2, 0xa0 | 0xad, ..] => Some((b' ', 2)),
        [0xc2, 0xb7, ..] => Some((b'-', 2)),
        // U+2010 to U+2015 are dashes; the rest to U+202F are spaces or have no width.
        [0xe2, 0x80, 0x90..=0x95] => Some((b'-', 3)),
        [0xe2, 0x80, 0x80..=0xaf] => Some((b' ', 3)),
        [0xe2, 0x81, 0xa0] | [0xef, 0xbb, 0xbf] => Some((b' ', 3)),
        // Minus, hyphen bullet, small and full-width hyphens, a full-width underscore.
        [0xe2, 0x88, 0x92] | [0xe2, 0x81, 0x83] | [0xef, 0xb9, 0xa3] => Some((b'-', 3)),
        [0xef, 0xbc, 0x8d | 0xbf] => Some((b'-', 3)),
        [0xe3, 0x80, 0x80] | [0xe1, 0xa0, 0x8e] => Some((b' ', 3)),
        _ => None,
    }
}

/// The next digit from here on, or the end. Most text has few: 32 bytes are looked at together.
pub(super) fn next(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let (blocks, last) = rest.as_chunks::<32>();
    let has_digit =
        |block: &[u8]| block.iter().fold(false, |any, byte| any | byte.is_ascii_digit());
    let passed = blocks.iter().position(|block| has_digit(block)).unwrap_or(blocks.len()) * 32;
    let tail = rest.get(passed..).unwrap_or(last);
    let near = tail.iter().position(u8::is_ascii_digit).unwrap_or(tail.len());
    from + passed + near
}

/// From where on a run of digits, and of these marks, may go on behind the text.
pub(super) fn open(text: &[u8], marks: &[u8]) -> usize {
    let is_of = |byte: &&u8| {
        byte.is_ascii_digit()
            || matches!(byte, b' ' | b'-' | b'.' | b'_' | 0x80..)
            || marks.contains(byte)
    };
    let length = text.iter().rev().take(LONGEST).take_while(is_of).count();
    let from = text.len() - length;
    let first = part(text, from..text.len()).iter().position(|byte| {
        byte.is_ascii_digit() || matches!(byte, b'+' | b'(') && marks.contains(byte)
    });
    first.map_or(text.len(), |first| from + first)
}

/// The longest number with its separators.
const LONGEST: usize = 96;
