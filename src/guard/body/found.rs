//! The matches of rules in a body, and their replacements. Of two overlapping changes one is made.

use std::{ops::Range, sync::Arc};

use crate::guard::{Action, Rule, spans};

/// What is changed in a body, and which rules have found anything.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) hit: Vec<bool>,
    pub(super) edits: Vec<Edit>,
}

/// What is put in the place of some bytes.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) place: Range<usize>,
    pub(super) with: Vec<u8>,
    /// Of two that overlap, the one with the higher rank is written.
    pub(super) rank: u8,
}

impl Found {
    /// The rules that have found anything, in their order.
    pub(super) fn hits(&self) -> Vec<usize> {
        self.hit.iter().enumerate().filter(|(_, hit)| **hit).map(|(nth, _)| nth).collect()
    }

    /// Notes what rules have found; answers the places that are to be taken out.
    pub(super) fn note(
        &mut self,
        rules: &[Arc<Rule>],
        spans: &mut Vec<spans::Span>,
    ) -> Vec<spans::Span> {
        for span in spans.iter() {
            self.hit[span.rule] = true;
        }
        spans.retain(|span| rules[span.rule].action == Action::Redact);
        spans::merged(std::mem::take(spans))
    }
}

/// The rules with their numbers.
pub(super) fn numbered(rules: &[Arc<Rule>]) -> impl Iterator<Item = (usize, &Rule)> + Clone {
    rules.iter().map(|rule| &**rule).enumerate()
}

/// A text with the names of rules in these places, which ascend and do not overlap.
pub(super) fn spliced(bytes: &[u8], spans: &[spans::Span], rules: &[Arc<Rule>]) -> Vec<u8> {
    let (mut out, mut from) = (Vec::with_capacity(bytes.len()), 0);
    for span in spans {
        out.extend_from_slice(bytes.get(from..span.place.start).unwrap_or_default());
        out.extend_from_slice(rules[span.rule].mark().as_bytes());
        from = span.place.end;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out
}

/// Edits in their order, those that overlap as one.
pub(super) fn joined(mut edits: Vec<Edit>) -> Vec<(Range<u64>, Vec<u8>)> {
    edits.sort_by_key(|edit| edit.place.start);
    let mut joined: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match joined.last_mut() {
            Some(last) if edit.place.start < last.place.end => {
                last.place.end = last.place.end.max(edit.place.end);
                if edit.rank > last.rank {
                    (last.with, last.rank) = (edit.with, edit.rank);
                }
            }
            _ => joined.push(edit),
        }
    }
    let place = |place: Range<usize>| place.start as u64..place.end as u64;
    joined.into_iter().map(|edit| (place(edit.place), edit.with)).collect()
}
