//! The declared fields of answers, as data.

use super::want::Want;
use crate::protocol::Operation;

/// The bytes are invalid in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What one endpoint's answers hold.
#[derive(Debug)]
pub(crate) struct Declared {
    /// What the endpoint does.
    pub(crate) operation: Operation,
    /// The end of its path, if that distinguishes it from similar ones.
    pub(crate) ends: &'static str,
    /// A request.
    pub(crate) request: &'static Want,
    /// A whole answer.
    pub(crate) answer: &'static Shape,
    /// An event of a stream.
    pub(crate) event: Option<&'static Shape>,
    /// Whether events bear their type as their name.
    pub(crate) named: bool,
}

impl Declared {
    /// Of an endpoint without streams.
    pub(crate) const fn of(
        operation: Operation,
        request: &'static Want,
        answer: &'static Shape,
    ) -> Self {
        Self { operation, ends: "", request, answer, event: None, named: false }
    }

    /// Of one with streams of such events.
    pub(crate) const fn streamed(self, event: &'static Shape) -> Self {
        Self { event: Some(event), ..self }
    }

    /// Of one with streams of such events, which bear their type as their name.
    pub(crate) const fn streamed_by_name(self, event: &'static Shape) -> Self {
        Self { named: true, ..self.streamed(event) }
    }

    /// Of one whose path ends so.
    pub(crate) const fn at(self, ends: &'static str) -> Self {
        Self { ends, ..self }
    }
}

/// The type of a value. `null` is always allowed, unless the field is required.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any JSON: content, or what the client itself has sent.
    Any,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// No list and no object.
    Scalar,
    /// One of these words. An object with another one is not known, and left out as a whole.
    Tag(&'static [&'static str]),
    /// One of these words; a field with another one is left out.
    OneOf(&'static [&'static str]),
    /// A string of this form; a field with another one is left out.
    Like(fn(&[u8]) -> bool),
    /// A media type, perhaps with parameters; one that is not among these words becomes the nearest of them.
    Media(&'static Words),
    /// One of these words; another one becomes the nearest of them.
    Words(&'static Words),
    /// The model's name, which becomes the alias that was asked for.
    Model,
    /// The arguments of a call: JSON as a string. Nothing becomes `{}`.
    Arguments,
    /// A fragment of such a string. Nothing becomes the empty string.
    Fragment,
    /// An error in place of an answer.
    Fault,
    /// A list.
    List(&'static Shape),
    /// An object with any keys.
    Map(&'static Shape),
    /// An object with these fields.
    Object(&'static [Field]),
    /// What is declared there.
    Within(&'static Shape),
    /// One of these, by its first byte.
    Either(&'static [Shape]),
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// It may be left out.
    May,
    /// Without it the answer is invalid.
    Must,
    /// It may be absent; an unknown value makes the whole object unknown.
    Bound,
    /// It is filled in where it is left out.
    Fill(Fill),
}

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fill {
    /// This JSON.
    Json(&'static str),
    /// An id that begins so.
    Id(&'static str),
    /// The time of the request.
    Created,
    /// The place in the list.
    Index,
    /// The alias.
    Model,
}

/// The words of an enumeration.
#[derive(Debug)]
pub(crate) struct Words {
    /// The words that the protocol has.
    pub(crate) known: &'static [&'static str],
    /// Parts of unknown words, in lower case, and the word that each then means.
    pub(crate) near: &'static [(&'static str, &'static str)],
    /// What any other word means.
    pub(crate) usual: &'static str,
}

impl Words {
    /// A constant.
    pub(crate) const fn only(known: &'static [&'static str], usual: &'static str) -> Self {
        Self { known, near: &[], usual }
    }

    /// The word itself, or the nearest known one.
    pub(crate) fn nearest(&self, word: &str) -> Option<&'static str> {
        if self.known.contains(&word) {
            return None;
        }
        let word = word.to_ascii_lowercase();
        let near = self.near.iter().find(|(part, _)| word.contains(part));
        Some(near.map_or(self.usual, |(_, known)| known))
    }
}

/// An optional field.
pub(crate) const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, need: Need::May }
}

/// A field that must be there.
pub(crate) const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, need: Need::Must }
}

/// A field whose unknown value makes the whole object unknown.
pub(crate) const fn bound(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, need: Need::Bound }
}

/// A field that is filled in.
pub(crate) const fn fill(name: &'static str, shape: Shape, with: Fill) -> Field {
    Field { name, shape, need: Need::Fill(with) }
}
