//! One string at each level of decoding, since the arguments of tools are JSON in a string and are
//! escaped twice.
//!
//! Matches at any level are removed from the string as written.

use std::{ops::Range, sync::Arc};

use memchr::memchr;

use super::found::{Edit, Found, numbered};
use crate::guard::{
    Rule,
    escapes::{Place, decode, decode_noting},
    json::Text,
    spans::{self, Span},
};

/// Room for the texts of one string, used again for the next.
#[derive(Debug, Default)]
pub(super) struct Levels {
    texts: Vec<Vec<u8>>,
    spans: Vec<Span>,
    /// Where a text differs from the one that it is read from.
    changed: Vec<Range<usize>>,
}

impl Levels {
    /// Looks at a string, or at a number.
    pub(super) fn look(&mut self, raw: &[u8], text: &Text, rules: &[Arc<Rule>], found: &mut Found) {
        if !text.has_escapes {
            spans::find_in_whole(raw, numbered(rules), &mut self.spans);
            if self.spans.is_empty() {
                return;
            }
            let mut quotes = Quotes::of(raw);
            for span in found.note(rules, &mut self.spans) {
                let mark = rules[span.rule].mark();
                let start = text.place.start;
                let number = quotes.number(&span.place).filter(|_| !text.is_number);
                let (place, with) = match number {
                    _ if text.is_number => (text.place.clone(), format!("\"{mark}\"")),
                    Some(it) => (start + it.start..start + it.end, format!("\\\"{mark}\\\"")),
                    None => (start + span.place.start..start + span.place.end, mark),
                };
                found.edits.push(Edit { place, with: with.into_bytes(), rank: 0 });
            }
            return;
        }
        for level in 0..DEEPEST {
            if !self.decode(raw, level) {
                return;
            }
            let Some(read) = self.texts.get(level) else { return };
            match level {
                0 => spans::find_in_whole(read, numbered(rules), &mut self.spans),
                _ => spans::find_near(read, &self.changed, numbered(rules), &mut self.spans),
            }
            if !self.spans.is_empty() {
                let spans = found.note(rules, &mut self.spans);
                self.take_out(raw, text.place.start, level, spans, rules, found);
            }
        }
    }

    /// Reads the text of a level; whether there is one.
    fn decode(&mut self, raw: &[u8], level: usize) -> bool {
        if self.texts.len() <= level {
            self.texts.push(Vec::new());
        }
        let (before, rest) = self.texts.split_at_mut(level);
        let from = before.last().map_or(raw, |text| text);
        let Some(text) = rest.first_mut().filter(|_| memchr(b'\\', from).is_some()) else {
            return false;
        };
        text.clear();
        text.reserve(from.len());
        self.changed.clear();
        match level {
            0 => decode(from, text),
            _ => decode_noting(from, text, &mut self.changed),
        }
        text.len() != from.len()
    }

    /// Takes what was found at a level out of the string, as it is written in the body.
    fn take_out(
        &self,
        raw: &[u8],
        start: usize,
        level: usize,
        spans: Vec<Span>,
        rules: &[Arc<Rule>],
        found: &mut Found,
    ) {
        let Some(text) = self.texts.get(level) else { return };
        let mut quotes = Quotes::of(text);
        let marked = spans::outside(text, spans).into_iter().map(|span| {
            let mark = rules[span.rule].mark();
            match quotes.number(&span.place) {
                // A number in JSON: what stands in its place is a string.
                Some(number) if level == 0 => (number, format!("\\\"{mark}\\\"")),
                _ => (span.place, mark),
            }
        });
        let (mut places, marks): (Vec<Range<usize>>, Vec<String>) = marked.unzip();
        for below in (0..=level).rev() {
            let from = below.checked_sub(1).and_then(|it| self.texts.get(it));
            let mut at = Place::new(from.map_or(raw, |text| text));
            for place in &mut places {
                *place = at.of(place.start)..at.of(place.end);
            }
        }
        let edits = places.into_iter().zip(marks);
        let rank = (DEEPEST - level) as u8;
        found.edits.extend(edits.map(|(it, mark)| {
            let place = start + it.start..start + it.end;
            Edit { place, with: mark.into_bytes(), rank }
        }));
    }
}

/// Where strings begin and end in a text that may be JSON itself.
struct Quotes<'a> {
    text: &'a [u8],
    is_json: bool,
    at: usize,
    inside: bool,
}

impl<'a> Quotes<'a> {
    fn of(text: &'a [u8]) -> Self {
        let is_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
        Self { text, is_json, at: 0, inside: false }
    }

    /// The whole number that a place is, where it is one of a JSON text and not in a string of it. Places
    /// ascend.
    fn number(&mut self, place: &Range<usize>) -> Option<Range<usize>> {
        if !self.is_json {
            return None;
        }
        while self.at < place.start {
            match self.text.get(self.at) {
                Some(b'"') => self.inside = !self.inside,
                Some(b'\\') => self.at += 1,
                _ => {}
            }
            self.at += 1;
        }
        let is_of = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let found = self.text.get(place.clone())?;
        if self.inside || !found.iter().all(is_of) {
            return None;
        }
        let before = self.text[..place.start].iter().rev().take_while(|byte| is_of(byte)).count();
        let after = self.text[place.end..].iter().take_while(|byte| is_of(byte)).count();
        Some(place.start - before..place.end + after)
    }
}

/// JSON in a string in JSON in a string: more is nothing that a client writes.
const DEEPEST: usize = 4;
