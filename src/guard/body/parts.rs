//! The parts of a message, which a model reads as one text. Matches across the border of two parts
//! are searched in their concatenation; matches within a part were found there.

use std::{ops::Range, sync::Arc};

use super::found::{Edit, Found, numbered};
use crate::guard::{
    Action, Rule,
    escapes::{Place, decode},
    json::Text,
    spans::{self, Span},
};

/// The parts of all lists, each with its list.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<(u32, Text)>);

impl Parts {
    /// Another part.
    pub(super) fn push(&mut self, list: u32, text: Text) {
        self.0.push((list, text));
    }

    /// Looks at the parts of each list.
    pub(super) fn look(mut self, body: &[u8], rules: &[Arc<Rule>], found: &mut Found) {
        self.0.sort_by_key(|(list, _)| *list);
        for parts in self.0.chunk_by(|(one, _), (other, _)| one == other) {
            if parts.len() > 1 {
                look(body, parts, rules, found);
            }
        }
    }
}

fn look(body: &[u8], parts: &[(u32, Text)], rules: &[Arc<Rule>], found: &mut Found) {
    let raw = |text: &Text| body.get(text.place.clone()).unwrap_or_default();
    let (mut whole, mut borders) = (Vec::new(), Vec::with_capacity(parts.len()));
    for (_, text) in parts {
        match text.has_escapes {
            false => whole.extend_from_slice(raw(text)),
            true => decode(raw(text), &mut whole),
        }
        borders.push(whole.len());
    }
    let mut all = Vec::new();
    spans::find(&whole, numbered(rules), &mut all);
    all.retain(|span| {
        let first = borders.partition_point(|border| *border <= span.place.start);
        borders.get(first).is_some_and(|border| *border < span.place.end)
    });
    let spans = found.note(rules, &mut all);
    for (nth, (_, text)) in parts.iter().enumerate() {
        let from = nth.checked_sub(1).map_or(0, |before| borders[before]);
        take_out(raw(text), text, from..borders[nth], &spans, rules, found);
    }
}

/// Takes out of one part, which is this of the whole, what of the places lies in it.
fn take_out(
    raw: &[u8],
    text: &Text,
    part: Range<usize>,
    spans: &[Span],
    rules: &[Arc<Rule>],
    found: &mut Found,
) {
    let first = spans.partition_point(|span| span.place.end <= part.start);
    let mut at = Place::new(raw);
    for span in spans.iter().skip(first).take_while(|span| span.place.start < part.end) {
        debug_assert_eq!(rules[span.rule].action, Action::Redact);
        let start = span.place.start.max(part.start) - part.start;
        let end = span.place.end.min(part.end) - part.start;
        let place = match text.has_escapes {
            false => start..end,
            true => at.of(start)..at.of(end),
        };
        // The rule's name stands where the match begins.
        let begins = span.place.start >= part.start;
        let with = if begins { rules[span.rule].mark().into_bytes() } else { Vec::new() };
        let start = text.place.start;
        let place = start + place.start..start + place.end;
        found.edits.push(Edit { place, with, rank: RANK });
    }
}

/// What stands over a border is written once, whatever a part of it looks like.
const RANK: u8 = u8::MAX;
