//! What the words of a JSON body say that a request needs, where it has no neutral form or where its reader keeps
//! fields aside: keys, types and media types as they read, wherever they stand.
//!
//! It never takes a text, the schema of a tool or what a tool is called with for what the request itself says.

use std::fmt;

use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{
    Capabilities, NONE,
    reasoning::{REASONING, reasons},
    tables::{
        EMPTY, GIVEN, KEYS, MEDIA, MEDIA_TYPES, MODALITIES, NOTHING, OF_TOOLS, READ_KEYS,
        READ_TYPES, SCHEMA_KEYS, SCHEMAS, TYPES,
    },
};
use crate::words::Capability::{self, Audio, Documents, JsonSchema, Reasoning, Tools, Vision};

/// What a body says that has no neutral form, or that cannot be read: rather too much than too little.
pub(crate) fn all(body: &[u8]) -> Capabilities {
    said(body, true)
}

/// What the fields say that readers keep aside, of a body that can be read.
pub(crate) fn aside(body: &[u8]) -> Capabilities {
    said(body, false)
}

fn said(body: &[u8], is_all: bool) -> Capabilities {
    let mut found = Found { needs: NONE, is_all };
    let mut reader = serde_json::Deserializer::from_slice(body);
    // A batch is one body after the other.
    loop {
        let node = Node { found: &mut found, key: "", depth: 0 };
        if node.deserialize(&mut reader).is_err() {
            return found.needs.or(searched(body, is_all));
        }
        if reader.end().is_ok() {
            return found.needs;
        }
    }
}

struct Found {
    needs: Capabilities,
    /// Whether words are looked for, too, that readers know.
    is_all: bool,
}

impl Found {
    fn add(&mut self, one: Capability) {
        self.needs = self.needs.or(one.into());
    }

    /// Something stands under a key.
    fn key(&mut self, key: &str) {
        let known = if self.is_all { &[KEYS, READ_KEYS][..] } else { &[KEYS] };
        let named = known.iter().copied().flatten().filter(|(its, _)| *its == key);
        self.needs = named.fold(self.needs, |needs, (_, one)| needs.or((*one).into()));
    }

    /// A text stands under a key.
    fn text(&mut self, key: &str, text: &str) {
        match key {
            "text" | "content" => return,
            "type" => {
                let known = if self.is_all { &[TYPES, READ_TYPES][..] } else { &[TYPES] };
                let named = known.iter().copied().flatten().filter(|(its, _)| *its == text);
                self.needs = named.fold(self.needs, |needs, (_, one)| needs.or((*one).into()));
            }
            // The older form of a tool's result.
            "role" if text == "function" => self.add(Tools),
            _ if MODALITIES.contains(&key) && text.eq_ignore_ascii_case("audio") => self.add(Audio),
            _ => {}
        }
        let medium = if MEDIA_TYPES.contains(&key) { Some(text) } else { after(text, "data:") };
        let begins =
            |(start, _): &&(&str, Capability)| after(medium.unwrap_or(""), start).is_some();
        if let Some((_, one)) = MEDIA.iter().find(begins) {
            self.add(*one);
        }
    }
}

/// What follows such a beginning, in letters of any case.
fn after<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let begins = text.get(..start.len())?.eq_ignore_ascii_case(start);
    text.get(start.len()..).filter(|_| begins)
}

/// What a part of the body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Nothing,
    /// An object without members.
    Object,
    Something,
}

impl From<bool> for Says {
    fn from(says: bool) -> Self {
        if says { Self::Something } else { Self::Nothing }
    }
}

/// A part of the body.
struct Node<'a> {
    found: &'a mut Found,
    /// The key that it stands under, or the list around it.
    key: &'a str,
    /// How many objects are around it.
    depth: u32,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Says;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Says, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Says;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Says, E> {
        Ok(Says::Nothing)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Says, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Says, E> {
        Ok((value != 0).into())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Says, E> {
        Ok(Says::Something)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Says, E> {
        Ok((value != 0.0).into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Says, E> {
        self.found.text(self.key, text);
        Ok((!text.is_empty()).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Says, A::Error> {
        let Self { found, key, depth } = self;
        let mut says = Says::Nothing;
        while let Some(one) = items.next_element_seed(Node { found: &mut *found, key, depth })? {
            // A list of one is not empty, whatever that is.
            says = if one == Says::Nothing { says } else { Says::Something };
        }
        Ok(says)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Says, A::Error> {
        let Self { found, key: around, depth } = self;
        let (mut says, mut has_medium) = (Says::Object, false);
        let mut is_call = matches!(around, "toolUse" | "tool_use");
        while let Some(key) = members.next_key::<String>()? {
            let key = key.as_str();
            says = Says::Something;
            has_medium |= MEDIA_TYPES.contains(&key);
            if REASONING.contains(&key) {
                if reasons(&members.next_value::<Value>()?, key, depth) {
                    found.add(Reasoning);
                }
            } else if depth == 0 && key == "format" {
                let form = members.next_value::<Value>()?;
                found.needs.add_if(form.is_object(), JsonSchema);
            } else if is_given(around, key, is_call) {
                if let Some(schema) = schema_of(around, key) {
                    let is_there = members.next_value::<Present>()?.0;
                    found.needs.add_if(is_there, schema);
                } else {
                    members.next_value::<IgnoredAny>()?;
                }
            } else if key == "type" {
                let kind = members.next_value::<Value>()?;
                let kind = kind.as_str().unwrap_or_default();
                is_call |= kind.ends_with("tool_use");
                found.text(key, kind);
            } else {
                let node = Node { found: &mut *found, key, depth: depth + 1 };
                let said = members.next_value_seed(node)?;
                if said == Says::Something || said == Says::Object && EMPTY.contains(&key) {
                    found.key(key);
                }
            }
        }
        // It may be anything.
        if matches!(around, "fileData" | "file_data") && says == Says::Something && !has_medium {
            [Vision, Audio, Documents].into_iter().for_each(|one| found.add(one));
        }
        Ok(says)
    }
}

/// Whether what stands under a key is a schema, or what a tool was given or has answered: the client's own words.
fn is_given(around: &str, key: &str, is_call: bool) -> bool {
    let is_of_tool = match key {
        "input" => is_call,
        "response" => matches!(around, "functionResponse" | "function_response"),
        "json" => around == "content",
        // Elsewhere these are what the request itself asks for.
        "parameters" => OF_TOOLS.contains(&around),
        _ => GIVEN.contains(&key),
    };
    is_of_tool || schema_of(around, key).is_some()
}

/// What a schema under this key is for, where the answer has to keep to it.
fn schema_of(around: &str, key: &str) -> Option<Capability> {
    let is_schema = SCHEMAS.contains(&key)
        || key == "json" && around == "structured_outputs"
        || key == "schema" && around == "response_format";
    is_schema.then_some(JsonSchema)
}

/// Whether anything stands there.
struct Present(bool);

impl<'de> serde::Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut nothing = Found { needs: NONE, is_all: false };
        let node = Node { found: &mut nothing, key: "", depth: 1 };
        Ok(Self(node.deserialize(from)? > Says::Nothing))
    }
}

/// The same of what is no JSON, by its bytes: a reader that is lenient may read it.
fn searched(body: &[u8], is_all: bool) -> Capabilities {
    let tables = [KEYS, TYPES, SCHEMA_KEYS].into_iter();
    let tables = tables.chain([READ_KEYS, READ_TYPES].into_iter().filter(|_| is_all)).flatten();
    let reasoning = REASONING.iter().map(|key| (*key, Reasoning));
    let words = tables.copied().chain(reasoning).filter(|(word, _)| {
        let quoted = format!("\"{word}\"");
        let mut places = memmem::find_iter(body, quoted.as_bytes());
        places.any(|at| is_type(body, at) || is_key(body, at + quoted.len()))
    });
    let media = MEDIA.iter().copied().filter(|(start, _)| {
        let begins = [format!("\"{start}"), format!("\"data:{start}")];
        begins.iter().any(|begin| memmem::find(body, begin.as_bytes()).is_some())
    });
    words.chain(media).map(|(_, one)| one).collect()
}

/// Whether what stands here is a type's name: `"type": "image"`.
fn is_type(body: &[u8], at: usize) -> bool {
    let before = body[..at].trim_ascii_end().strip_suffix(b":");
    before.is_some_and(|before| before.trim_ascii_end().ends_with(b"\"type\""))
}

/// Whether what ends here is a key with something under it.
fn is_key(body: &[u8], end: usize) -> bool {
    let value = body[end..].trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    value.is_some_and(|value| !NOTHING.iter().any(|nothing| value.starts_with(nothing.as_bytes())))
}
