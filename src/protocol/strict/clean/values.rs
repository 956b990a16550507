//! Values that have no fields of their own: words of an enumeration, the model, the arguments of a call.

use bytes::Bytes;

use super::{Cleaner, Seen, Step};
use crate::protocol::strict::{
    forms::is_media_of,
    shape::{Malformed, Words},
};

impl Cleaner<'_> {
    pub(super) fn tag(&mut self, words: &'static [&'static str]) -> Step {
        let text = self.cursor.string()?.text;
        let Some(word) = words.iter().find(|word| word.as_bytes() == text) else {
            return Ok(Seen::Unknown);
        };
        self.word = Some(word);
        if self.depth == 1 {
            self.tag = Some(word);
        }
        Ok(Seen::Kept)
    }

    pub(super) fn one_of(&mut self, words: &[&str]) -> Step {
        let text = self.cursor.string()?.text;
        let is_known = words.iter().any(|word| word.as_bytes() == text);
        Ok(if is_known { Seen::Kept } else { Seen::Unknown })
    }

    pub(super) fn word(&mut self, words: &Words, is_media: bool) -> Result<(), Malformed> {
        let start = self.cursor.at;
        let written = self.cursor.string()?;
        if words.known.iter().any(|word| word.as_bytes() == written.text) {
            return Ok(());
        }
        if is_media && !written.has_escapes && is_media_of(words, written.text) {
            return Ok(());
        }
        if let Some(nearest) = words.nearest(&written.decoded()) {
            self.edits.replace(start, self.cursor.at, &[b"\"", nearest.as_bytes(), b"\""]);
        }
        Ok(())
    }

    pub(super) fn model(&mut self) -> Result<(), Malformed> {
        let start = self.cursor.at;
        self.cursor.skip()?;
        if self.cursor.since(start) != self.known.model {
            self.edits.replace(start, self.cursor.at, &[&self.known.model]);
        }
        Ok(())
    }

    /// Some providers send nothing for empty arguments, and some send the object itself.
    pub(super) fn arguments(&mut self, first: u8) -> Result<(), Malformed> {
        let start = self.cursor.at;
        self.cursor.skip()?;
        if first == b'{' && self.takes_objects() {
            return Ok(());
        }
        let written = self.cursor.since(start);
        let inner = written.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\""));
        if inner.is_some_and(|inner| !matches!(inner.trim_ascii(), b"" | b"null")) {
            return Ok(());
        }
        let with = match first {
            b'{' => crate::body::json_string(&String::from_utf8_lossy(written)),
            _ => Bytes::from_static(b"\"{}\""),
        };
        self.edits.replace(start, self.cursor.at, &[&with]);
        Ok(())
    }

    /// Whether the call whose arguments have been passed has an object there in its protocol.
    fn takes_objects(&self) -> bool {
        let is_it = |it: &&str| match self.word {
            Some(word) => word == *it,
            None => self.cursor.later("type").is_some_and(|word| word.is(it)),
        };
        WITH_OBJECTS.iter().any(is_it)
    }
}

/// Calls whose arguments are an object in their protocol.
const WITH_OBJECTS: [&str; 1] = ["tool_search_call"];
