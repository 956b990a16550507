//! One event of a stream: the fragments of texts in it, and the texts that it ends. Only places are
//! kept.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
};

use smallvec::SmallVec;

use super::texts::AllTexts;
use crate::guard::{
    data::Named,
    escapes,
    json::{self, See, Text, Unreadable},
};

/// What an event carries.
#[derive(Debug, Default)]
pub(super) struct Event {
    /// Pieces of texts, in their order.
    pub(super) texts: Vec<Carried>,
    /// The ids whose texts it ends.
    pub(super) ends: Vec<Ids>,
    /// Whether it carries a piece of a sound.
    pub(super) is_sound: bool,
}

/// A piece of a text.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) place: Range<usize>,
    pub(super) key: Key,
}

/// What tells a text from others of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Its place in events, and their type.
    place: u64,
    ids: Ids,
}

/// What objects around a text tell it by, from the outermost on.
pub(super) type Ids = SmallVec<[u64; 4]>;

impl Key {
    /// Whether it has these ids, or more.
    pub(super) fn is_of(&self, ids: &Ids) -> bool {
        self.ids.starts_with(ids)
    }

    /// Whether it is another text of the same answer.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self != other && (self.is_of(&other.ids) || other.is_of(&self.ids))
    }
}

impl Event {
    /// Reads an event; none where it is not JSON.
    pub(super) fn read(data: &[u8], name: Option<&str>, texts: &AllTexts) -> Option<Self> {
        let (nodes, open, found) = (Vec::new(), Vec::new(), Vec::new());
        let mut read = Read { texts, nodes, open, found, kind: None, is_sound: false };
        json::read(data, &mut read).ok()?;
        let kind = read.kind.take().and_then(|place| data.get(place)).unwrap_or_default();
        let kind = escapes::read(kind);
        let kind = if kind.is_empty() { name.unwrap_or_default().as_bytes() } else { &kind };
        let is_sound = kind.ends_with(SOUND) && !read.found.is_empty();
        let is_sound = is_sound || read.is_sound;
        let mut event = Self { is_sound, ..Self::default() };
        for (node, row, place) in &read.found {
            let mut hasher = DefaultHasher::new();
            (row, kind).hash(&mut hasher);
            let key = Key { place: hasher.finish(), ids: read.ids(*node) };
            event.texts.push(Carried { place: place.clone(), key });
        }
        if texts.ends.iter().any(|end| kind.ends_with(end.as_bytes())) {
            event.ends.push(read.ids(0));
        }
        let finished = read.nodes.iter().enumerate().filter(|(_, node)| node.is_finished);
        event.ends.extend(finished.map(|(nth, _)| read.ids(nth)));
        Some(event)
    }
}

/// An event while it is read.
struct Read<'a> {
    texts: &'a AllTexts,
    nodes: Vec<Node>,
    open: Vec<usize>,
    /// The node of each text, its row, and its place.
    found: Vec<(usize, u64, Range<usize>)>,
    kind: Option<Range<usize>>,
    is_sound: bool,
}

/// An object of the event.
#[derive(Debug, Default)]
struct Node {
    around: Option<usize>,
    key: Range<usize>,
    ids: u64,
    is_finished: bool,
}

impl Read<'_> {
    fn ids(&self, node: usize) -> Ids {
        let mut ids = Ids::new();
        let mut next = Some(node);
        while let Some(node) = next.and_then(|at| self.nodes.get(at)) {
            if node.ids != 0 {
                ids.push(node.ids);
            }
            next = node.around;
        }
        ids.reverse();
        ids
    }

    /// Notes what tells an object from others.
    fn id(&mut self, node: usize, key: &[u8], value: &[u8]) {
        let mut hasher = DefaultHasher::new();
        (key, Some(value)).hash(&mut hasher);
        // In whatever order they stand.
        self.nodes[node].ids = self.nodes[node].ids.wrapping_add(hasher.finish() | 1);
    }

    /// What tells the place of a text that goes on from event to event, where it does: a row, or the keys that
    /// lead to it where it stands in what a stream adds, at a place that no row has.
    fn place(&self, bytes: &[u8], node: usize, key: &[u8]) -> Option<u64> {
        let row = self.texts.places.iter().position(|place| self.leads(bytes, node, key, place));
        if let Some(row) = row {
            return Some(row as u64);
        }
        let (mut hasher, mut is_added) = (DefaultHasher::new(), false);
        key.hash(&mut hasher);
        let mut next = Some(node);
        while let Some(node) = next.and_then(|at| self.nodes.get(at)) {
            let key = keyed(bytes, &node.key);
            is_added |= *key == *b"delta";
            key.hash(&mut hasher);
            next = node.around;
        }
        is_added.then(|| hasher.finish())
    }

    /// Whether these keys lead to what stands under a key of an object.
    fn leads(&self, bytes: &[u8], node: usize, key: &[u8], place: &[&str]) -> bool {
        let mut next = Some(node);
        let Some((last, before)) = place.split_last() else { return false };
        let fits = before.iter().rev().all(|wanted| {
            let Some(node) = next.and_then(|at| self.nodes.get(at)) else { return false };
            next = node.around;
            *keyed(bytes, &node.key) == *wanted.as_bytes()
        });
        // The outermost object stands under no key.
        let is_top = next.and_then(|at| self.nodes.get(at)).is_some_and(|it| it.around.is_none());
        last.as_bytes() == key && fits && is_top
    }
}

/// A key as it reads.
fn keyed<'a>(bytes: &'a [u8], place: &Range<usize>) -> Cow<'a, [u8]> {
    escapes::read(bytes.get(place.clone()).unwrap_or_default())
}

/// Whether it is a word of letters alone, as roles and types are.
fn is_plain_word(value: &[u8]) -> bool {
    value.len() <= LONGEST_WORD && value.iter().all(|it| it.is_ascii_lowercase() || *it == b'_')
}

/// Whether a sound stands under a key, in an object under another.
fn is_sound(of: &[u8], key: &[u8]) -> bool {
    matches!(of, b"audio" | b"output_audio") && Named::of(key) == Named::Data
}

impl See for Read<'_> {
    fn text(&mut self, bytes: &[u8], text: Text) -> Result<(), Unreadable> {
        let Some(&node) = self.open.last() else { return Ok(()) };
        let key = &*keyed(bytes, &text.key);
        if key.is_empty() {
            return Ok(());
        }
        if text.is_number {
            self.scalar(bytes, &text.key, text.place);
            return Ok(());
        }
        if node == 0 && key == b"type" {
            self.kind = Some(text.place.clone());
        }
        if !text.place.is_empty() && self.texts.finishes.iter().any(|it| it.as_bytes() == key) {
            self.nodes[node].is_finished = true;
        }
        let value = bytes.get(text.place.clone()).unwrap_or_default();
        if self.texts.ids.iter().any(|it| it.as_bytes() == key) {
            self.id(node, key, value);
        }
        // It is the whole of a text: its event need not wait for more of it.
        if matches!(key, b"role" | b"type") && is_plain_word(value) {
            return Ok(());
        }
        if let Some(place) = self.place(bytes, node, key) {
            let of = keyed(bytes, &self.nodes[node].key);
            self.is_sound |= is_sound(&of, key) && !value.is_empty();
            self.found.push((node, place, text.place));
        }
        Ok(())
    }

    fn scalar(&mut self, bytes: &[u8], key: &Range<usize>, place: Range<usize>) {
        let Some(&node) = self.open.last() else { return };
        let key = &*keyed(bytes, key);
        if self.texts.ids.iter().any(|it| it.as_bytes() == key) {
            self.id(node, key, bytes.get(place).unwrap_or_default());
        }
    }

    fn begins(&mut self, _bytes: &[u8], key: &Range<usize>) {
        self.nodes.push(Node {
            around: self.open.last().copied(),
            key: key.clone(),
            ..Node::default()
        });
        self.open.push(self.nodes.len() - 1);
    }

    fn ends(&mut self) -> Result<(), Unreadable> {
        self.open.pop().map(|_| ()).ok_or(Unreadable)
    }
}

/// How the types of events end that carry a sound.
const SOUND: &[u8] = b"audio.delta";
const LONGEST_WORD: usize = 32;
