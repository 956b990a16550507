//! The targets of a file, read one at a time: 20 000 targets in raw form take half the memory of
//! their table.
//!
//! Only checked targets are read.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    json::{Entry, Kind},
    piece::{Piece, TARGETS},
    raw::Target,
    references::Texts,
    source::Source,
};

crate::secret::unseen!(Targets);

/// The source of the targets.
pub(super) enum Targets {
    /// In the text of a valid file: each alias with its index, in the order of aliases.
    Written { texts: Texts, places: BTreeMap<String, usize> },
    /// Already read, from the valid part of a file with problems.
    Read(BTreeMap<String, Target>),
}

impl Targets {
    /// The targets of a valid file.
    pub(super) fn written(source: &Source, texts: Texts) -> Self {
        let places = entries(source).iter().enumerate();
        let places =
            places.map(|(at, entry)| (source.string(entry.key).into_owned(), at)).collect();
        Self::Written { texts, places }
    }

    /// The aliases, in order.
    pub(super) fn aliases(&self) -> Box<dyn ExactSizeIterator<Item = &str> + '_> {
        match self {
            Self::Written { places, .. } => Box::new(places.keys().map(String::as_str)),
            Self::Read(targets) => Box::new(targets.keys().map(String::as_str)),
        }
    }

    /// Calls `used` with the target of an alias; `None` if the alias is missing or does not match
    /// its schema.
    pub(super) fn with<R>(
        &self,
        source: &Source,
        alias: &str,
        used: impl FnOnce(&Target) -> R,
    ) -> Option<R> {
        match self {
            Self::Written { texts, places } => {
                let entry = entries(source).get(*places.get(alias)?)?;
                let piece = Piece::of_target(source, texts, &entry.value);
                Some(used(&Target::deserialize(piece).ok()?))
            }
            Self::Read(targets) => Some(used(targets.get(alias)?)),
        }
    }
}

/// The entries of the file's `targets`.
fn entries(source: &Source) -> &[Entry] {
    let Kind::Object(root) = &source.root().kind else { return &[] };
    let targets = root.iter().find(|entry| source.string(entry.key) == TARGETS);
    match targets.map(|entry| &entry.value.kind) {
        Some(Kind::Object(entries)) => entries,
        _ => &[],
    }
}
