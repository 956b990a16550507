//! The members of one object or list as text. A removed member takes its comma with it; a new one
//! is formatted like its neighbours.

use super::style::{Style, indent_at};
use crate::config::json::Span;

/// A span of the text and its replacement.
#[derive(Debug)]
pub(in crate::config) struct Splice {
    pub(in crate::config) start: usize,
    pub(in crate::config) end: usize,
    pub(in crate::config) text: String,
}

/// The members of one object or list.
pub(super) struct Members<'a> {
    /// Between the brackets.
    inside: Span,
    spans: &'a [Span],
    /// The text before each member: the start of a line, or the space after a comma.
    gap: String,
    /// The text before the closing bracket of a list without members.
    end: String,
    /// The indentation of a member.
    indent: String,
}

impl<'a> Members<'a> {
    /// The members at `spans`, in the object or list at `whole`.
    pub(super) fn new(text: &str, whole: Span, spans: &'a [Span], style: &Style) -> Self {
        let inside = Span { start: whole.start + 1, end: whole.end - 1 };
        let (gap, end) = match spans {
            [] => style.gap(indent_at(text, whole.start)),
            [only] => {
                let gap = last_line(&text[inside.start..only.start]);
                let gap = if gap.contains('\n') { gap } else { style.space() };
                (gap.to_owned(), String::new())
            }
            [.., before, last] => {
                let between = &text[before.end..last.start];
                let gap = last_line(between.split_once(',').map_or("", |(_, gap)| gap));
                (gap.to_owned(), String::new())
            }
        };
        let own = gap.rsplit_once('\n').map(|(_, indent)| indent.to_owned());
        let indent = own.unwrap_or_else(|| indent_at(text, whole.start).to_owned());
        Self { inside, spans, gap, end, indent }
    }

    /// The indentation of a new member.
    pub(super) fn indent(&self) -> &str {
        &self.indent
    }

    /// Removes the members that are not kept, and inserts new ones before member `at`.
    pub(super) fn splice(
        &self,
        keep: &[bool],
        at: usize,
        added: Vec<String>,
        splices: &mut Vec<Splice>,
    ) {
        if added.is_empty() && keep.iter().all(|keep| *keep) {
            return;
        }
        let joined = added.join(&format!(",{}", self.gap));
        let mut put = |start, end, text| splices.push(Splice { start, end, text });
        let Some(first) = keep.iter().position(|keep| *keep) else {
            let text = match (self.spans, added.is_empty()) {
                (_, true) => String::new(),
                ([], false) => format!("{}{joined}{}", self.gap, self.end),
                (_, false) => joined,
            };
            let whole = match self.spans {
                [first, .., last] if !added.is_empty() => (first.start, last.end),
                [only] if !added.is_empty() => (only.start, only.end),
                _ => (self.inside.start, self.inside.end),
            };
            return put(whole.0, whole.1, text);
        };
        if first > 0 {
            put(self.spans[0].start, self.spans[first].start, String::new());
        }
        for at in (first..keep.len()).filter(|at| !keep[*at]) {
            put(self.spans[at - 1].end, self.spans[at].end, String::new());
        }
        if added.is_empty() {
            return;
        }
        match (0..at).rev().find(|before| keep[*before]) {
            Some(before) => {
                let end = self.spans[before].end;
                put(end, end, format!(",{}{joined}", self.gap));
            }
            None => {
                let start = self.spans[first].start;
                put(start, start, format!("{joined},{}", self.gap));
            }
        }
    }
}

/// White space without its empty lines.
fn last_line(gap: &str) -> &str {
    let Some(end) = gap.rfind('\n') else { return gap };
    let start = end - usize::from(gap[..end].ends_with('\r'));
    &gap[start..]
}

/// The text with all of its splices.
pub(in crate::config) fn applied(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| (splice.start, splice.end));
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for splice in splices {
        result.push_str(&text[done..splice.start]);
        result.push_str(&splice.text);
        done = splice.end;
    }
    result.push_str(&text[done..]);
    result
}
