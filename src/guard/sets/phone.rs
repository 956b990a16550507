//! Telephone numbers: international ones, which begin with `+` and a country's code (ITU-T E.164), and those
//! of North America with separators.
//!
//! A number without `+` and separators is not taken for a telephone number, since too many others look like it.

use std::ops::Range;

use memchr::memchr;
use smallvec::SmallVec;

use super::{
    digits::{self, Group, Run, each_run, separator},
    words::{begins, ends, is_word, part, stretch},
};

/// Calls `found` with each number.
pub(super) fn each(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let (mut at, mut taken) = (0, SmallVec::<[Range<usize>; 4]>::new());
    while let Some(plus) = memchr(b'+', text.get(at..).unwrap_or_default()) {
        let plus = at + plus;
        at = plus + 1;
        if let Some(end) = international(text, plus) {
            found(plus..end);
            taken.push(plus..end);
            at = end;
        }
    }
    each_run(text, LOCAL, &mut |run| {
        for from in 0..run.groups.len() {
            let is_taken = |place: &Range<usize>| {
                let next = taken.partition_point(|it| it.end <= place.start);
                taken.get(next).is_some_and(|it| it.start < place.end)
            };
            if let Some(place) = american(text, run, from).filter(|place| !is_taken(place)) {
                found(place);
            }
        }
    });
}

/// Where the number ends that begins with this plus.
fn international(text: &[u8], plus: usize) -> Option<usize> {
    let before = plus.checked_sub(1).and_then(|at| text.get(at));
    if before.is_some_and(|byte| is_word(*byte) || *byte == b'+') {
        return None;
    }
    let (mut digits, mut count, mut end) = (0_u64, 0, plus + 1);
    let (mut at, mut gap, mut most) = (end, 0, LONGEST);
    loop {
        match text.get(at) {
            Some(digit) if digit.is_ascii_digit() => {
                let length = stretch(text, at, |byte| byte.is_ascii_digit());
                if count == 0 && matches!(digit, b'1' | b'7') {
                    most = ELEVEN;
                }
                if count + length > most {
                    break;
                }
                for digit in part(text, at..at + length) {
                    digits = digits * 10 + u64::from(digit - b'0');
                }
                (count, at, gap) = (count + length, at + length, 0);
                end = at;
            }
            Some(b'(' | b')' | b'/') if gap < 2 => (at, gap) = (at + 1, gap + 1),
            _ => match separator(text, at) {
                Some((_, length)) if gap < 2 && count > 0 => (at, gap) = (at + length, gap + 1),
                _ => break,
            },
        }
    }
    let is_over = ends(text, end);
    let long = (SHORTEST..=LONGEST).contains(&count) && is_over && has_country(digits, count);
    long.then_some(end)
}

/// Whether the first digits are the code of a country.
fn has_country(digits: u64, count: usize) -> bool {
    let first = |most: u32| digits / 10_u64.pow((count as u32).saturating_sub(most));
    match first(1) {
        1 | 7 => count == ELEVEN,
        _ => TWO.contains(&first(2)) || THREE.contains(&first(2)),
    }
}

/// Where the number stands whose area code is this group.
fn american(text: &[u8], run: &Run, from: usize) -> Option<Range<usize>> {
    let groups = run.groups.get(from..)?;
    let (place, number) = match groups {
        [area, exchange, line, ..] if lengths([area, exchange, line]) == [3, 3, 4] => {
            (area.start..line.end, [area, exchange])
        }
        // `(415) 555-2671`: a run ends at the bracket.
        [exchange, line, ..] if from == 0 && (exchange.len(), line.len()) == (3, 4) => {
            let (start, area) = bracketed(text, exchange.start)?;
            let area = &area;
            return of_numbering(text, [area, exchange]).then_some(start..line.end);
        }
        _ => return None,
    };
    let is_first = from == 0 || (from == 1 && part(text, digits::place(&run.groups[..1])) == b"1");
    let is_last = groups.len() == 3;
    let is_apart = is_first && is_last && begins(text, place.start) && ends(text, place.end);
    (is_apart && of_numbering(text, number)).then_some(place)
}

fn lengths(groups: [&Group; 3]) -> [usize; 3] {
    groups.map(Group::len)
}

/// The area code in brackets before this place.
fn bracketed(text: &[u8], at: usize) -> Option<(usize, Group)> {
    let end = match part(text, at.saturating_sub(2)..at) {
        [b')', b' ' | b'-'] => at - 2,
        [_, b')'] => at - 1,
        _ => return None,
    };
    let start = end.checked_sub(4)?;
    let area = Group { start: start + 1, end, after: 0 };
    let is_area = text.get(start) == Some(&b'(')
        && part(text, area.start..area.end).iter().all(u8::is_ascii_digit);
    is_area.then_some((start, area))
}

/// Whether area code and exchange are of the North American Numbering Plan.
fn of_numbering(text: &[u8], groups: [&Group; 2]) -> bool {
    groups.iter().all(|group| match part(text, group.start..group.end) {
        [first, rest @ ..] => (b'2'..=b'9').contains(first) && rest != b"11",
        [] => false,
    })
}

const SHORTEST: usize = 8;
const LONGEST: usize = 15;
const LOCAL: usize = 7;
/// What all numbers of North America and of Russia and Kazakhstan have, with their code.
const ELEVEN: usize = 11;
/// Codes of two digits.
const TWO: [u64; 41] = [
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56,
    57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93,
];
/// The first two digits of codes of three.
const THREE: [u64; 17] = [21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 85];
