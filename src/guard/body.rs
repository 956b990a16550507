//! Searches a JSON body of any protocol: every string, including keys, and long numbers.
//!
//! Each string is also searched in its decoded forms, as many times as it is escaped, since the
//! arguments of tools are JSON in a string. No string is skipped because of its name.

mod found;
mod levels;
mod object;
mod parts;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc};

use smallvec::SmallVec;

use self::{
    found::{Edit, Found, joined, numbered, spliced},
    levels::Levels,
    object::Object,
    parts::Parts,
};
use super::{
    Rule,
    data::{self, Data, Named},
    escapes,
    json::{self, See, Text, Unreadable},
    spans,
};

/// What the rules have found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The rules that have found anything, in their order.
    pub(crate) hits: Vec<usize>,
    /// Whether some of the body cannot be read.
    pub(crate) unreadable: bool,
    /// What is to be put in the place of which bytes; in their order.
    pub(crate) edits: Vec<(Range<u64>, Vec<u8>)>,
}

/// Looks at a body with these rules. `passed`: places in their order that are looked at elsewhere.
pub(crate) fn look(body: &[u8], rules: &[Arc<Rule>], passed: &[Range<u64>]) -> Verdict {
    let mut scan = Scan {
        rules,
        passed,
        found: Found { hit: vec![false; rules.len()], edits: Vec::new() },
        unreadable: false,
        objects: SmallVec::new(),
        levels: Levels::default(),
        parts: Parts::default(),
    };
    scan.unreadable |= json::read(body, &mut scan).is_err();
    let Scan { mut found, unreadable, parts, .. } = scan;
    parts.look(body, rules, &mut found);
    let hits = found.hits();
    Verdict { hits, unreadable, edits: joined(found.edits) }
}

/// Looks at a whole text that is not JSON.
pub(crate) fn look_at_plain(text: &[u8], rules: &[Arc<Rule>]) -> Verdict {
    let mut found = Found { hit: vec![false; rules.len()], edits: Vec::new() };
    let mut spans = Vec::new();
    spans::find_in_whole(text, numbered(rules), &mut spans);
    for span in found.note(rules, &mut spans) {
        let with = rules[span.rule].mark().into_bytes();
        found.edits.push(Edit { place: span.place, with, rank: 0 });
    }
    let hits = found.hits();
    Verdict { hits, unreadable: false, edits: joined(found.edits) }
}

/// Looks at a text that is not JSON; answers the rules that have found anything.
pub(crate) fn look_at_text(text: &[u8], rules: &[Arc<Rule>]) -> Vec<usize> {
    let mut found = Vec::new();
    spans::find_in_whole(text, numbered(rules), &mut found);
    let mut hits: Vec<usize> = found.into_iter().map(|span| span.rule).collect();
    hits.dedup();
    hits
}

struct Scan<'a> {
    rules: &'a [Arc<Rule>],
    passed: &'a [Range<u64>],
    found: Found,
    unreadable: bool,
    /// What is known of each object that has begun.
    objects: SmallVec<[Object; 16]>,
    levels: Levels,
    parts: Parts,
}

impl See for Scan<'_> {
    fn begins(&mut self, bytes: &[u8], key: &Range<usize>) {
        let named = Named::of(&escapes::read(bytes.get(key.clone()).unwrap_or_default()));
        self.objects.push(Object::under(named));
    }

    fn ends(&mut self) -> Result<(), Unreadable> {
        let Some(object) = self.objects.pop() else { return Err(Unreadable) };
        self.unreadable |= object.ends_in(self.objects.last_mut());
        Ok(())
    }

    fn scalar(&mut self, bytes: &[u8], key: &Range<usize>, place: Range<usize>) {
        self.unreadable |= self.is_token(bytes, key, &place);
    }

    fn text(&mut self, bytes: &[u8], text: Text) -> Result<(), Unreadable> {
        self.unreadable |= text.is_number && self.is_token(bytes, &text.key, &text.place);
        if !self.passed.is_empty() && self.is_passed(&text.place) {
            return Ok(());
        }
        let raw = bytes.get(text.place.clone()).unwrap_or_default();
        let key = bytes.get(text.key.clone()).unwrap_or_default();
        let named = Named::of(&escapes::read(key));
        if let Some(object) = self.objects.last_mut().filter(|_| !text.is_key) {
            object.says();
        }
        // Data may stand behind any key as a `data:` URL.
        let may_be_data =
            named != Named::Other || raw.first().is_some_and(|it| matches!(it, b'd' | b'D'));
        if may_be_data && self.is_data(named, raw, &text) {
            return Ok(());
        }
        self.levels.look(raw, &text, self.rules, &mut self.found);
        if let Some(list) = text.list {
            self.parts.push(list, text);
        }
        Ok(())
    }
}

impl Scan<'_> {
    /// Whether the place is looked at elsewhere.
    fn is_passed(&self, place: &Range<usize>) -> bool {
        let next = self.passed.partition_point(|it| it.end < place.end as u64);
        self.passed.get(next).is_some_and(|it| it.start <= place.start as u64)
    }

    /// Whether it is a number where a request has its texts: a token of a text that cannot be read.
    fn is_token(&self, bytes: &[u8], key: &Range<usize>, place: &Range<usize>) -> bool {
        let is_at_top = self.objects.len() == 1;
        let is_number = || bytes.get(place.start).is_some_and(u8::is_ascii_digit);
        is_at_top && is_number() && {
            let key = escapes::read(bytes.get(key.clone()).unwrap_or_default());
            TOKENS.contains(&&*key)
        }
    }

    /// Whether a text is data, which is looked at here.
    fn is_data(&mut self, named: Named, raw: &[u8], text: &Text) -> bool {
        let mut whole = Vec::new();
        let value = match text.has_escapes {
            false => raw,
            true => {
                escapes::decode(raw, &mut whole);
                &whole
            }
        };
        if let Some(object) = self.objects.last_mut() {
            object.holds(named, value);
        }
        self.unreadable |= named == Named::Medium && data::is_address(value);
        match data::of(matches!(named, Named::Data | Named::FileData), value) {
            Data::Plain => false,
            Data::Picture => true,
            Data::Unreadable => {
                match self.objects.last_mut() {
                    Some(object) => object.holds_unknown(),
                    None => self.unreadable = true,
                }
                false
            }
            Data::Unknown => {
                if let Some(object) = self.objects.last_mut() {
                    object.holds_undecoded();
                }
                false
            }
            Data::Text(inner, payload) => {
                self.inner(&inner, value, payload, &text.place);
                false
            }
        }
    }

    /// Text that stands in base64: what is taken out of it is taken out before it is written so again.
    fn inner(&mut self, inner: &[u8], value: &[u8], payload: Range<usize>, place: &Range<usize>) {
        let mut spans = Vec::new();
        spans::find_in_whole(inner, numbered(self.rules), &mut spans);
        let spans = self.found.note(self.rules, &mut spans);
        if spans.is_empty() {
            return;
        }
        let encoded = data::encoded(&spliced(inner, &spans, self.rules));
        let before = value.get(..payload.start).unwrap_or_default();
        let with = [before, encoded.as_bytes()].concat();
        self.found.edits.push(Edit { place: place.clone(), with, rank: 0 });
    }
}

/// Where requests have texts, or their tokens.
const TOKENS: [&[u8]; 4] = [b"input", b"prompt", b"prompt_token_ids", b"tokens"];
