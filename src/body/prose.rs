//! The inner loop over text that is only validated: prose and code with escapes and non-ASCII
//! letters. Where it stops, the caller checks.

use super::{
    escape::simple,
    plain::{plain_run, special},
};

/// How far a string may be passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    /// Bytes up to the first one that wants a closer look.
    pub(super) length: usize,
    /// Whether some of them are not ASCII.
    pub(super) foreign: bool,
}

/// Passes over what is neither a quote, nor a control character, nor an escape of more than one
/// letter. Bytes beyond ASCII are passed over unchecked.
///
/// An escape comes every few words, and a branch that mostly misses its guess would cost more
/// than the bytes around it. So whole blocks are judged with their escapes in them, without a
/// branch; only where a block holds something else are its bytes looked at one by one.
#[multiversion::multiversion(targets("x86_64+avx2"))]
pub(super) fn pass_over(bytes: &[u8]) -> Passed {
    let mut passed = Passed { length: plain_run(bytes), foreign: false };
    // A run that gets further than that has met an escape or a letter that is not ASCII.
    let mut look_closer_until = passed.length + 1;
    loop {
        if passed.length >= look_closer_until && pass_blocks(bytes, &mut passed) {
            look_closer_until = passed.length + BLOCK;
        }
        if !pass_one(bytes, &mut passed) {
            return passed;
        }
    }
}

/// How far the inside of a string may be passed over that is known to be UTF-8: up to its quote, a control
/// character, an escape of more than one letter, or the end.
#[inline]
pub(crate) fn pass_text(bytes: &[u8]) -> usize {
    pass_over(bytes).length
}

/// Passes over words up to the next stop, and over that where it is an escape of one letter or
/// not ASCII. `false`: it is something else, or the end.
#[inline(always)]
fn pass_one(bytes: &[u8], passed: &mut Passed) -> bool {
    let rest = bytes.get(passed.length..).unwrap_or_default();
    for word in rest.as_chunks::<8>().0 {
        match special(u64::from_le_bytes(*word)) {
            0 => passed.length += 8,
            hits => {
                passed.length += hits.trailing_zeros() as usize / 8;
                break;
            }
        }
    }
    let letter = bytes.get(passed.length + 1);
    match bytes.get(passed.length) {
        Some(b'\\') if letter.is_some_and(|&letter| simple(letter).is_some()) => {
            passed.length += 2;
        }
        Some(b'\\' | b'"' | ..0x20) | None => return false,
        Some(byte) => {
            passed.foreign |= *byte >= 0x80;
            passed.length += 1;
        }
    }
    true
}

/// Passes over whole blocks in which every quote is escaped and every escape is a frequent one.
/// `true` at a block in which something else may be; `false` when no whole block is left.
#[inline(always)]
fn pass_blocks(bytes: &[u8], passed: &mut Passed) -> bool {
    // The byte before a block says whether its first byte is escaped. An escaped backslash there
    // would seem to escape.
    let Some(before) = passed.length.checked_sub(1) else { return false };
    let (Some(previous), Some(current)) = (bytes.get(before..), bytes.get(passed.length..)) else {
        return false;
    };
    if previous.first() == Some(&b'\\') {
        return true;
    }
    let blocks = previous.as_chunks::<BLOCK>().0.iter().zip(current.as_chunks::<BLOCK>().0);
    let mut whole = false;
    for (previous, current) in blocks {
        let judged = judge(previous, current);
        if judged.remarkable {
            whole = true;
            break;
        }
        passed.foreign |= judged.foreign;
        passed.length += BLOCK;
    }
    if passed.length > before + 1 && bytes.get(passed.length - 1) == Some(&b'\\') {
        // It escapes what follows the block.
        passed.length -= 1;
    }
    whole
}

/// What one block holds.
struct Judged {
    /// A control character, a quote that ends the string, an escape that is not frequent.
    remarkable: bool,
    /// Something beyond ASCII.
    foreign: bool,
}

/// Judges a block, given the same bytes one place earlier, lane by lane.
#[inline(always)]
fn judge(previous: &[u8; BLOCK], current: &[u8; BLOCK]) -> Judged {
    let mut wrong = [0_u8; LANES];
    let mut lowest = [u8::MAX; LANES];
    let mut highest = [0_u8; LANES];
    let previous = previous.as_chunks::<LANES>().0;
    for (previous, current) in previous.iter().zip(current.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            let byte = current[lane];
            let escaped = mask(previous[lane] == b'\\');
            let quote = mask(byte == b'"');
            let letter = escaped & (mask(byte == b'n') | mask(byte == b't'));
            // Right are: escaped and a quote, escaped and such a letter, neither.
            wrong[lane] |= escaped ^ quote ^ letter;
            lowest[lane] = lowest[lane].min(byte);
            highest[lane] = highest[lane].max(byte);
        }
    }
    let mut judged = Judged { remarkable: false, foreign: false };
    for lane in 0..LANES {
        judged.remarkable |= wrong[lane] != 0 || lowest[lane] < 0x20;
        judged.foreign |= highest[lane] >= 0x80;
    }
    judged
}

#[inline(always)]
fn mask(holds: bool) -> u8 {
    if holds { u8::MAX } else { 0 }
}

/// Bytes in the widest register that is used.
const LANES: usize = 32;
/// Large enough that what is reckoned once a block does not count, small enough that looking
/// closer at one does not either.
const BLOCK: usize = 4 * LANES;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, said plainly.
    fn plainly(bytes: &[u8]) -> Passed {
        let mut passed = Passed::default();
        loop {
            match &bytes[passed.length..] {
                [b'\\', letter, ..] if simple(*letter).is_some() => passed.length += 2,
                [] | [b'\\' | b'"' | ..0x20, ..] => return passed,
                [byte, ..] => {
                    passed.foreign |= *byte >= 0x80;
                    passed.length += 1;
                }
            }
        }
    }

    #[test]
    fn stops_where_it_should() {
        for (text, stop) in [
            (r#"one\ntwo \"three\" \\ \/ four"and more"#, r#"one\ntwo \"three\" \\ \/ four"#.len()),
            (r"a\u0041", 1),
            (r"a\x", 1),
            ("a\\", 1),
            ("caf\u{e9}", 5),
            ("line\nbreak", 4),
            ("", 0),
        ] {
            for before in [0, 1, 7, 31, 32, 126, 127, 128, 129, 200, 300] {
                let long = "x".repeat(before) + text;
                assert_eq!(pass_over(long.as_bytes()).length, before + stop, "{long}");
                let long = r"\n".to_owned() + &long;
                assert_eq!(pass_over(long.as_bytes()).length, 2 + before + stop, "{long}");
            }
        }
    }

    proptest! {
        #[test]
        fn says_what_a_plain_loop_says(parts in prop::collection::vec(part(), 0..60)) {
            let text = parts.concat();
            prop_assert_eq!(pass_over(&text), plainly(&text));
        }
    }

    /// Mostly what may be passed over, so that runs are long.
    fn part() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => "[ -!#-\\[\\]-~]{0,90}".prop_map(String::into_bytes),
            8 => prop::sample::select(vec![r"\n", r#"\""#, r"\t", r"\\", r"\/", r"\\\\", r#"\\\""#])
                .prop_map(|escape| escape.as_bytes().to_vec()),
            4 => "[à-ÿ你好]{1,40}".prop_map(String::into_bytes),
            1 => prop::sample::select(vec!["\"", "\u{1f}", r"\u0041", r"\", r"\x", "\u{80}"])
                .prop_map(|stop| stop.as_bytes().to_vec()),
        ]
    }
}
