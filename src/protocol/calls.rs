//! The tool calls of one stream. Fragments may arrive interleaved; calls leave one after the other.
//!
//! Fragments of the first incomplete call are passed on at once; those of later calls wait. A call
//! is complete when the vendor says so, when its arguments are a whole object and another call has
//! started, or when the stream ends. Fragments are matched only by index and ID.

use std::collections::HashMap;

use super::bounds;
use super::codec::Reading;
use super::conversation::{Event, Failure, Signature};
use super::nesting::Nesting;
use super::parts::Parts;

/// A fragment of a call: what one event contains of it.
#[derive(Debug, Default)]
pub(crate) struct Fragment {
    /// Which call, by its place.
    pub(crate) index: Option<u64>,
    /// The vendor's id of it.
    pub(crate) id: Option<String>,
    /// The tool's name for the client, or empty.
    pub(crate) name: String,
    /// A part of its arguments, or empty.
    pub(crate) json: String,
    /// Whether it is the whole call, which may repeat earlier fragments.
    pub(crate) whole: bool,
    /// The vendor's proof of the call.
    pub(crate) signature: Option<Signature>,
}

/// The calls so far, in the order of their beginning.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    all: Vec<One>,
    /// How many of them are complete.
    complete: usize,
    /// Where the last call of an index or an id stands, so that no fragment is compared with every
    /// call.
    places: HashMap<Key, usize>,
    /// Bytes of all their fragments.
    said: usize,
}

/// The key of a fragment.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    /// The last call with this index.
    Index(u64),
    /// The call with this index and no ID. There is at most one, since every fragment with this
    /// index belongs to it.
    Anonymous(u64),
    /// The last call with this id.
    Id(String),
    /// The last call with this index and this id.
    Both(u64, String),
}

#[derive(Debug, Default)]
struct One {
    index: Option<u64>,
    id: Option<String>,
    name: String,
    /// The vendor's proof of it.
    signature: Option<Signature>,
    /// Whether it has gone out.
    begun: bool,
    /// Whether it has arguments.
    said: bool,
    /// Whether the vendor says that it is complete.
    whole: bool,
    /// Arguments that have not gone out yet.
    waiting: String,
    nesting: Nesting,
}

impl Calls {
    /// Takes a fragment.
    pub(crate) fn add(
        &mut self,
        fragment: Fragment,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        self.said += fragment.json.len();
        if self.said > MOST_SAID {
            return Err(Failure::malformed("the calls are longer than the router translates"));
        }
        let at = self.find(&fragment).unwrap_or(self.all.len());
        let is_new = at == self.all.len();
        if is_new {
            if at >= bounds::CALLS {
                return Err(Failure::malformed(bounds::TOO_MANY_CALLS));
            }
            self.all.push(One { index: fragment.index, ..One::default() });
        }
        let call = &mut self.all[at];
        let Fragment { id, name, json, whole, signature, .. } = fragment;
        let json = if whole && call.said { "" } else { json.as_str() };
        if at < self.complete {
            return if json.trim().is_empty() { Ok(()) } else { Err(mixed()) };
        }
        let had_id = call.id.is_some();
        if !call.begun {
            call.id = call.id.take().or(id.filter(|id| !id.is_empty()));
            call.name.push_str(if call.name.is_empty() { &name } else { "" });
            call.signature = call.signature.take().or(signature);
        }
        let has_got_id = !had_id && call.id.is_some();
        call.said |= !json.is_empty();
        call.whole |= whole;
        call.nesting.pass_all(json);
        call.waiting.push_str(json);
        if is_new || has_got_id {
            self.note(at);
        }
        self.advance(reading, parts, events)
    }

    /// Other content arrives, which ends the open call.
    pub(crate) fn interrupt(&mut self) {
        if self.all.get(self.complete).is_some_and(|call| call.begun) {
            self.complete += 1;
        }
    }

    /// The stream ends: waiting calls are written.
    pub(crate) fn end(
        &mut self,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        for call in self.all.iter_mut().skip(self.complete) {
            call.give_out(reading, parts, events)?;
            parts.close(events);
        }
        self.complete = self.all.len();
        Ok(())
    }

    /// The call that a fragment continues: the same index and no other ID. Some vendors give every
    /// call the same index, some give none.
    fn find(&self, fragment: &Fragment) -> Option<usize> {
        let Fragment { index, id, name, .. } = fragment;
        let id = id.as_deref().filter(|id| !id.is_empty());
        let place = |key| self.places.get(&key).copied();
        match (*index, id) {
            (Some(index), Some(id)) if !name.is_empty() => {
                place(Key::Both(index, id.to_owned())).max(place(Key::Anonymous(index)))
            }
            // Most fragments continue the call that came last.
            (Some(index), _) => match self.all.last() {
                Some(last) if last.index == Some(index) => Some(self.all.len() - 1),
                _ => place(Key::Index(index)),
            },
            (None, None) => self.all.len().checked_sub(1),
            (None, Some(id)) => place(Key::Id(id.to_owned())),
        }
    }

    /// Notes the key of a call that is new or has received its ID.
    fn note(&mut self, at: usize) {
        let Some(One { index, id, .. }) = self.all.get(at) else { return };
        let mut set = |key| {
            let place = self.places.entry(key).or_insert(at);
            *place = at.max(*place);
        };
        if let Some(index) = *index {
            set(Key::Index(index));
            match id {
                Some(id) => set(Key::Both(index, id.clone())),
                None => set(Key::Anonymous(index)),
            }
        }
        if let Some(id) = id {
            set(Key::Id(id.clone()));
            if let Some(index) = *index {
                self.places.remove(&Key::Anonymous(index));
            }
        }
    }

    fn advance(
        &mut self,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        while let Some(call) = self.all.get_mut(self.complete) {
            // Some vendors send the name after the ID.
            if call.name.is_empty() && !call.whole {
                return Ok(());
            }
            call.give_out(reading, parts, events)?;
            let (whole, ended) = (call.whole, call.nesting.is_whole());
            let is_last = self.complete + 1 == self.all.len();
            if !whole && (!ended || is_last) {
                return Ok(());
            }
            parts.close(events);
            self.complete += 1;
        }
        Ok(())
    }
}

impl One {
    fn give_out(
        &mut self,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        if !self.begun {
            self.begun = true;
            let (id, name) = (self.id.clone(), self.name.clone());
            let signature = self.signature.take();
            parts.call(id, name, |number| reading.call_id(number), signature, events)?;
        }
        let json = std::mem::take(&mut self.waiting);
        if parts.arguments(Some(json), events) { Ok(()) } else { Err(mixed()) }
    }
}

/// Bytes of arguments in one stream: millions of tokens.
const MOST_SAID: usize = 16 * 1024 * 1024;

fn mixed() -> Failure {
    Failure::malformed("the stream goes on with a tool call that had ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_longer_than_the_router_translates_end_the_stream() {
        let (mut calls, mut parts, mut events) = (Calls::default(), Parts::default(), Vec::new());
        let mut add = |json: &str| {
            let fragment = Fragment {
                index: Some(1),
                id: Some("call".into()),
                json: json.to_owned(),
                ..Fragment::default()
            };
            calls.add(fragment, &Reading::default(), &mut parts, &mut events)
        };
        let mebibyte = "x".repeat(1 << 20);
        for _ in 0..MOST_SAID >> 20 {
            assert_eq!(add(&mebibyte).err(), None);
        }
        assert!(add("x").is_err(), "one byte more than the most");
    }
}
