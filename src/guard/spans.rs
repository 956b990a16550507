//! The matches of rules in one text, ordered and without overlaps.

use std::ops::Range;

use super::{Action, Finder, Rule, escapes};

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
