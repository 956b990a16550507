//! Deserializes a valid file into `raw` in pieces, each target by itself.
//!
//! No second tree of the whole file is built: for 20 000 targets it would be larger than the table.

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

/// A value of the file as a serde deserializer.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    source: &'a Source,
    texts: &'a Texts,
    node: &'a Node,
    depth: usize,
}

impl<'a> Piece<'a> {
    /// The whole file without its targets.
    pub(super) fn whole(source: &'a Source, texts: &'a Texts) -> Self {
        Self { source, texts, node: source.root(), depth: 0 }
    }

    /// One target.
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

/// The root's key for targets.
pub(super) const TARGETS: &str = "targets";
/// An empty object in place of the targets when the whole file is read.
static NO_TARGETS: Node = Node { span: Span { start: 0, end: 0 }, kind: Kind::Object(Vec::new()) };
/// The nesting of keys in a target or a key definition.
const DEEPEST: usize = 3;
