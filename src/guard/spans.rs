//! The matches of rules in one text, ordered and without overlaps.

use std::ops::Range;

use super::{Action, Finder, Rule, Set, escapes};

/// A place, and the rule that found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) place: Range<usize>,
    pub(super) rule: usize,
}

/// Looks with each rule. Of a rule that takes nothing out, one place is enough: a pattern may take a look at all
/// that follows for each.
pub(super) fn find_in_whole<'a>(
    text: &[u8],
    rules: impl Iterator<Item = (usize, &'a Rule)>,
    spans: &mut Vec<Span>,
) {
    spans.clear();
    for (nth, rule) in rules {
        let mut note = |place: Range<usize>| {
            if !place.is_empty() {
                spans.push(Span { place, rule: nth });
            }
        };
        match &rule.finder {
            Finder::Pattern(pattern) if rule.action != Action::Redact => {
                pattern.first(text).into_iter().for_each(note);
            }
            finder => finder.each(text, &mut note),
        }
    }
}

/// Looks again at a text that was looked at before some of its places changed: only at what these are a part of, or stand
/// beside. A pattern may reach from anywhere, and looks at all of it.
pub(super) fn find_near<'a>(
    text: &[u8],
    changed: &[Range<usize>],
    rules: impl Iterator<Item = (usize, &'a Rule)> + Clone,
    spans: &mut Vec<Span>,
) {
    spans.clear();
    let is_found = windows(text, changed).is_some_and(|windows| {
        let mut sets = rules.clone().filter_map(|(nth, rule)| match &rule.finder {
            Finder::Set(set) => Some((nth, *set)),
            _ => None,
        });
        sets.all(|(rule, set)| {
            let mut left = text.len();
            windows.iter().all(|window| window.look(text, (rule, set), &mut left, spans))
        })
    });
    if !is_found {
        return find_in_whole(text, rules, spans);
    }
    let mut patterns = Vec::new();
    let is_pattern = |(_, rule): &(usize, &Rule)| matches!(rule.finder, Finder::Pattern(_));
    find_in_whole(text, rules.filter(is_pattern), &mut patterns);
    spans.append(&mut patterns);
}

/// What is looked at around places that have changed.
struct Window {
    place: Range<usize>,
    changed: Range<usize>,
}

/// Those of all places, none over another; `None` where they are most of the text. A word is looked at whole: a long
/// credential is one.
fn windows(text: &[u8], changed: &[Range<usize>]) -> Option<Vec<Window>> {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let mut windows: Vec<Window> = Vec::new();
    for place in changed {
        let before = windows.last().map_or(0, |window| window.place.end);
        let start = place.start.saturating_sub(AROUND);
        let blank = text.get(before..start).and_then(|it| it.iter().rposition(is_blank));
        let end = (place.end + AROUND).clamp(before.min(text.len()), text.len());
        let end = end + text[end..].iter().position(is_blank).unwrap_or(text.len() - end);
        match (windows.last_mut(), blank) {
            (Some(last), None) => (last.place.end, last.changed.end) = (end, place.end),
            (_, blank) => {
                let start = blank.map_or(0, |blank| before + blank);
                windows.push(Window { place: start..end, changed: place.clone() });
            }
        }
    }
    let all: usize = windows.iter().map(|window| window.place.len()).sum();
    (all <= text.len() / 2).then_some(windows)
}

impl Window {
    /// Looks for a set in it; `false` where more than is `left` had to be looked at.
    fn look(
        &self,
        text: &[u8],
        (rule, set): (usize, Set),
        left: &mut usize,
        spans: &mut Vec<Span>,
    ) -> bool {
        let Range { start, mut end } = self.place;
        let begun = spans.len();
        loop {
            let Some(less) = left.checked_sub(end - start) else { return false };
            *left = less;
            let mut last = 0;
            set.each(&text[start..end], &mut |place| {
                let place = start + place.start..start + place.end;
                last = last.max(place.end);
                // What stands far from what has changed was found before, or is cut here.
                let is_near = place.start <= self.changed.end + BESIDE
                    && self.changed.start <= place.end + BESIDE;
                if is_near && !place.is_empty() {
                    spans.push(Span { place, rule });
                }
            });
            // It may go on behind what was looked at.
            if end == text.len() || last + BESIDE < end {
                return true;
            }
            spans.truncate(begun);
            end = (end + 4 * (end - start)).min(text.len());
        }
    }
}

/// Looks with each rule for all places.
pub(super) fn find<'a>(
    text: &[u8],
    rules: impl Iterator<Item = (usize, &'a Rule)>,
    spans: &mut Vec<Span>,
) {
    spans.clear();
    for (nth, rule) in rules {
        rule.finder.each(text, &mut |place| {
            if !place.is_empty() {
                spans.push(Span { place, rule: nth });
            }
        });
    }
}

/// The same places where no end of one lies inside of an escape of the text.
pub(super) fn outside(text: &[u8], spans: Vec<Span>) -> Vec<Span> {
    let place = |span: Span| Span { place: escapes::outside(text, &span.place), ..span };
    merged(spans.into_iter().map(place).collect())
}

/// The places of those that are to be taken out, without overlaps.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.place.start, span.rule));
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.place.start < last.place.end => {
                last.place.end = last.place.end.max(span.place.end);
            }
            _ => merged.push(span),
        }
    }
    merged
}

/// How far around a place is looked: further than any set looks beyond a word.
const AROUND: usize = 256;
/// How close to a place something stands that may depend on it.
const BESIDE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Side;

    fn rule(set: Set) -> Rule {
        Rule { name: "r".into(), finder: Finder::Set(set), on: Side::Input, action: Action::Redact }
    }

    fn found(text: &str, changed: &[Range<usize>], set: Set) -> Vec<Range<usize>> {
        let (rule, mut spans) = (rule(set), Vec::new());
        find_near(text.as_bytes(), changed, std::iter::once((0, &rule)), &mut spans);
        spans.into_iter().map(|span| span.place).collect()
    }

    #[test]
    fn only_what_stands_near_a_change_is_found_again() {
        let mail = "ann@example.com";
        let blank = "no secret here ".repeat(200);
        let text = format!("{mail} {blank}{mail} {blank}{mail}");
        let second = mail.len() + 1 + blank.len();
        let change = std::iter::once(second + 3..second + 4).collect::<Vec<_>>();
        let wanted = std::iter::once(second..second + mail.len()).collect::<Vec<_>>();
        assert_eq!(found(&text, &change, Set::Email), wanted);
        // Of what is mostly changed all is looked at.
        let most = std::iter::once(0..text.len()).collect::<Vec<_>>();
        assert_eq!(found(&text, &most, Set::Email).len(), 3);
    }

    #[test]
    fn windows_lie_beside_each_other_and_are_less_than_half() {
        let text = format!("{}{}", "word ".repeat(4000), "x".repeat(10_000));
        let text = text.as_bytes();
        let at = |places: &[usize]| places.iter().map(|at| *at..*at + 1).collect::<Vec<_>>();
        let windows_of = |places: &[usize]| {
            let windows = windows(text, &at(places))?;
            let ends = windows.into_iter().map(|it| (it.place.start, it.place.end));
            Some(ends.collect::<Vec<_>>())
        };
        let all = windows_of(&[0, 300, 3000]).unwrap();
        let [(0, first), (second, _)] = all[..] else { panic!("{all:?}") };
        assert!(first <= second, "{all:?}");
        assert!(first >= 301 + AROUND && second <= 3000 - AROUND, "{all:?}");
        // A word is looked at whole.
        assert_eq!(windows_of(&[29_000]), Some(vec![(19_999, 30_000)]));
        let many: Vec<usize> = (0..30).map(|nth| nth * 1000).collect();
        assert_eq!(windows_of(&many), None);
    }

    #[test]
    fn what_goes_on_far_is_looked_at_twice_at_most() {
        let text = format!("{} -----BEGIN PRIVATE KEY-----\n", "word ".repeat(4000));
        let begins = text.len() - 20;
        let text = format!("{text}{}", "MIIEabcd0123456789abcdef\n".repeat(1000));
        let window = Window { place: begins - 200..begins + 400, changed: begins..begins + 1 };
        let (mut spans, mut left) = (Vec::new(), text.len());
        assert!(window.look(text.as_bytes(), (0, Set::Secrets), &mut left, &mut spans));
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].place.end, text.len(), "it is looked at to its end");
        let mut left = 1000;
        assert!(!window.look(text.as_bytes(), (0, Set::Secrets), &mut left, &mut spans));
    }
}
