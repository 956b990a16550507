//! Reads the tree of a sound file into `raw` piece by piece, and each target by itself.
//!
//! It never builds a second tree of the whole file: of 20 000 targets that is more than the table.

use serde::{
    Deserializer,
    de::{IntoDeserializer, Visitor, value::MapDeserializer},
    forward_to_deserialize_any,
};
use serde_json::Error;

use super::{
    json::{Kind, Node, Span},
    references::Texts,
    source::Source,
};

/// A value of the file, as serde reads it.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    source: &'a Source,
    texts: &'a Texts,
    node: &'a Node,
    depth: usize,
}

impl<'a> Piece<'a> {
    /// The whole file, but for its targets.
    pub(super) fn whole(source: &'a Source, texts: &'a Texts) -> Self {
        Self { source, texts, node: source.root(), depth: 0 }
    }

    /// One target of it.
    pub(super) fn of_target(source: &'a Source, texts: &'a Texts, node: &'a Node) -> Self {
        Self { source, texts, node, depth: DEEPEST - 1 }
    }

    fn value(self) -> serde_json::Value {
        self.texts.value(self.source, self.node)
    }
}

impl<'de> Deserializer<'de> for Piece<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Kind::Object(entries) = &self.node.kind else {
            return self.value().deserialize_any(visitor);
        };
        if self.depth == DEEPEST {
            return self.value().deserialize_any(visitor);
        }
        visitor.visit_map(MapDeserializer::new(entries.iter().map(|entry| {
            let key = self.source.string(entry.key).into_owned();
            let is_left_out = self.depth == 0 && key == TARGETS;
            let node = if is_left_out { &NO_TARGETS } else { &entry.value };
            (key, Self { node, depth: self.depth + 1, ..self })
        })))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.value().deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Piece<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The key of the root that holds them.
pub(super) const TARGETS: &str = "targets";
/// What stands for the targets where the whole file is read.
static NO_TARGETS: Node = Node { span: Span { start: 0, end: 0 }, kind: Kind::Object(Vec::new()) };
/// Keys of a target, or of the definition of a key.
const DEEPEST: usize = 3;
