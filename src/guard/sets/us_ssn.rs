//! Social security numbers of the United States: an area, a group and a serial number, each of the ranges
//! that are issued.
//!
//! Nine digits in one piece, or in two, are one only where the words before them say so.

use std::ops::Range;

use super::{
    digits::{self, Group, Run, each_run},
    words::{begins_number, part},
};

/// Calls `found` with each number.
pub(super) fn each(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    each_run(text, LENGTH, &mut |run| {
        for from in 0..run.groups.len() {
            let place = whole(text, run, from).or_else(|| grouped(text, run, from));
            if let Some(place) = place {
                found(place);
            }
        }
    });
}

/// Area, group and serial number with separators.
fn grouped(text: &[u8], run: &Run, from: usize) -> Option<Range<usize>> {
    let groups @ [area, group, serial] = run.groups.get(from..from + 3)? else { return None };
    if (area.len(), group.len(), serial.len()) != (3, 2, 4) || group.after != serial.after {
        return None;
    }
    // A longer number with dashes is another kind of number; in a row of numbers it is one of them.
    let before = if from > 0 { area.after } else { 0 };
    let after = run.groups.get(from + 3).map_or(0, |next| next.after);
    let is_part = |separator| match group.after {
        b' ' => separator != 0,
        own => separator == own,
    };
    (!is_part(before) && !is_part(after)).then_some(())?;
    is_issued(text, groups).then(|| digits::place(groups))
}

/// Nine digits, not in their three groups, behind words that say what they are.
fn whole(text: &[u8], run: &Run, from: usize) -> Option<Range<usize>> {
    let rest = run.groups.get(from..)?;
    let groups = match rest {
        [one, ..] if one.len() == LENGTH => &rest[..1],
        [one, two, ..] if matches!((one.len(), two.len()), (3, 6) | (5, 4)) => &rest[..2],
        _ => return None,
    };
    let before = part(text, groups[0].start.saturating_sub(NEAR)..groups[0].start);
    let before = before.to_ascii_lowercase();
    let is_named = NAMES.iter().any(|name| memchr::memmem::find(&before, name).is_some());
    (is_named && is_issued(text, groups)).then(|| digits::place(groups))
}

fn is_issued(text: &[u8], groups: &[Group]) -> bool {
    let place = digits::place(groups);
    if !begins_number(text, place.start) {
        return false;
    }
    let digits = digits::digits(text, groups);
    let number = |digits: &[u8]| digits.iter().fold(0, |all, digit| all * 10 + u32::from(*digit));
    let (area, group) = (number(part(&digits, 0..3)), number(part(&digits, 3..5)));
    let serial = number(part(&digits, 5..9));
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0
}

const LENGTH: usize = 9;
/// How far before nine digits a word may stand that says what they are.
const NEAR: usize = 32;
const NAMES: [&[u8]; 6] =
    [b"ssn", b"ss#", b"ss #", b"social security", b"social_security", b"social-security"];
