//! Numbers of payment cards: the ranges and lengths of the issuers, and the check digit of ISO/IEC 7812
//! (Luhn).
//!
//! A number in one piece, in the groups that are printed on cards, or in any groups where it stands alone.

use std::ops::Range;

use super::{
    digits::{self, Group, Run, each_run},
    words::{begins_number, part, stretch},
};

/// Calls `found` with each number.
pub(super) fn each(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    each_run(text, SHORTEST, &mut |run| {
        if run.len() <= LONGEST && is_alone(run) && is_card(text, &run.groups) {
            return found(digits::place(&run.groups));
        }
        if let Some(place) = with_exponent(text, run) {
            found(place);
        }
        for from in 0..run.groups.len() {
            for &printed in PRINTED {
                let Some(groups) = run.groups.get(from..from + printed.len()) else { continue };
                let fits = groups.iter().zip(printed).all(|(group, length)| group.len() == *length);
                let after = run.groups.get(from + printed.len());
                if fits && is_apart(text, groups, after) && is_card(text, groups) {
                    found(digits::place(groups));
                }
            }
            let (Some(one), after) = (run.groups.get(from..=from), run.groups.get(from + 1)) else {
                continue;
            };
            // A fraction has as many digits as a card.
            if (SHORTEST..=LONGEST).contains(&one[0].len())
                && is_apart(text, one, after)
                && is_card(text, one)
            {
                found(digits::place(one));
            }
        }
    });
}

/// Whether all of a run may be one number, written in groups of any length, or each digit by itself.
fn is_alone(run: &Run) -> bool {
    let lengths = || run.groups.iter().map(Group::len);
    let dots = run.groups.iter().any(|group| group.after == b'.');
    run.groups.len() == 1 || !dots && (lengths().all(|it| it >= 3) || lengths().all(|it| it == 1))
}

/// Whether the groups are not a part of a decimal number, and have one kind of separator.
fn is_apart(text: &[u8], groups: &[Group], after: Option<&Group>) -> bool {
    let inner = groups.get(1).map(|group| group.after);
    let is_same = groups.iter().skip(1).all(|group| Some(group.after) == inner);
    let is_decimal = groups.first().is_some_and(|group| group.after == b'.')
        || after.is_some_and(|group| group.after == b'.' && !is_zero(text, group));
    is_same && !is_decimal
}

/// Whether it is the fraction of a whole number, as tables write one.
fn is_zero(text: &[u8], group: &Group) -> bool {
    part(text, group.start..group.end).iter().all(|digit| *digit == b'0')
}

fn is_card(text: &[u8], groups: &[Group]) -> bool {
    let digits = digits::digits(text, groups);
    is_issued(&digits) && luhn(&digits) && begins_number(text, digits::place(groups).start)
}

/// A card that is written as a decimal number with an exponent, at the end of a run.
fn with_exponent(text: &[u8], run: &Run) -> Option<Range<usize>> {
    let end = run.groups.last().map_or(0, |group| group.end);
    let [b'e' | b'E', rest @ ..] = part(text, end..text.len()) else { return None };
    let (sign, rest) = match rest {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, rest),
    };
    let length = stretch(rest, 0, |byte| byte.is_ascii_digit());
    let exponent: isize = std::str::from_utf8(part(rest, 0..length.min(4))).ok()?.parse().ok()?;
    let groups = match &run.groups[..] {
        [.., whole, fraction] if fraction.after == b'.' && whole.after != b'.' => {
            &run.groups[run.groups.len() - 2..]
        }
        [.., _] => &run.groups[run.groups.len() - 1..],
        [] => return None,
    };
    let mut digits = digits::digits(text, groups);
    let count = groups[0].len().checked_add_signed(sign * exponent)?;
    let is_whole = count <= LONGEST && digits.iter().skip(count).all(|digit| *digit == 0);
    digits.resize(count.min(LONGEST), 0);
    let place = groups[0].start..text.len() - rest.len() + length;
    (is_whole && is_issued(&digits) && luhn(&digits) && begins_number(text, place.start))
        .then_some(place)
}

/// Whether an issuer has the first digits, with numbers of this length.
fn is_issued(digits: &[u8]) -> bool {
    let Some(first) = digits.get(..6) else { return false };
    let first = first.iter().fold(0, |first, digit| first * 10 + u32::from(*digit));
    let row = ISSUERS.iter().find(|(from, to, ..)| (*from..=*to).contains(&first));
    row.is_some_and(|(.., lengths)| lengths.contains(&digits.len()))
}

/// Whether the last digit is the check digit of the others.
fn luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (nth, digit)| {
        let doubled = if nth % 2 == 1 { digit * 2 } else { *digit };
        sum + u32::from(if doubled > 9 { doubled - 9 } else { doubled })
    });
    sum % 10 == 0
}

/// The groups that are printed on cards.
const PRINTED: &[&[usize]] = &[&[4, 4, 4, 4], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4], &[8, 8]];
const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// The first six digits of the issuers' ranges, from and to, and the lengths of their numbers.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    // Visa.
    (400_000, 499_999, &[13, 16, 19]),
    // Mastercard.
    (510_000, 559_999, &[16]),
    (222_100, 272_099, &[16]),
    // American Express.
    (340_000, 349_999, &[15]),
    (370_000, 379_999, &[15]),
    // Diners Club.
    (300_000, 305_999, &[14, 16]),
    (309_500, 309_599, &[14, 16]),
    (360_000, 369_999, &[14, 16]),
    (380_000, 399_999, &[14, 16]),
    // JCB.
    (352_800, 358_999, &[16, 17, 18, 19]),
    // Discover.
    (601_100, 601_199, &[16, 17, 18, 19]),
    (644_000, 659_999, &[16, 17, 18, 19]),
    // UnionPay.
    (620_000, 629_999, &[16, 17, 18, 19]),
    // Maestro.
    (501_800, 501_899, &[13, 14, 15, 16, 17, 18, 19]),
    (502_000, 502_099, &[13, 14, 15, 16, 17, 18, 19]),
    (503_800, 503_899, &[13, 14, 15, 16, 17, 18, 19]),
    (589_300, 589_399, &[13, 14, 15, 16, 17, 18, 19]),
    (630_400, 630_499, &[13, 14, 15, 16, 17, 18, 19]),
    (675_900, 675_999, &[13, 14, 15, 16, 17, 18, 19]),
    (676_100, 676_399, &[13, 14, 15, 16, 17, 18, 19]),
    // Mir.
    (220_000, 220_499, &[16]),
    // Troy.
    (979_200, 979_299, &[16]),
];
