//! A model's message, whole or as a delta, which have the same form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::protocol::calls::Fragment;
use crate::protocol::chat::proof;
use crate::protocol::codec::Reading;
use crate::protocol::conversation::tool::compact;
use crate::protocol::conversation::{Content, Signature};

/// A message, or its delta.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    content: Option<Words<Piece>>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    refusal: Option<String>,
    pub(super) tool_calls: Option<Vec<Call>>,
    /// Proofs of the reasoning, as they are written.
    pub(super) reasoning_details: Option<Box<RawValue>>,
}

/// A call, or a fragment of one.
#[derive(Debug, Deserialize)]
pub(super) struct Call {
    index: Option<u32>,
    pub(super) id: Option<String>,
    #[serde(default)]
    function: Option<Function>,
    extra_content: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<Arguments>,
}

/// Arguments are a string with JSON; some providers send the object itself, which is kept as
/// written.
#[derive(Debug)]
struct Arguments(String);

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = written(from)?;
        Ok(Self(text_of(raw).unwrap_or_else(|| compact(raw))))
    }
}

/// A text, or pieces, as some write answers and reasoning into one list.
#[derive(Debug)]
enum Words<P> {
    Text(String),
    Pieces(Vec<P>),
    Other,
}

#[derive(Debug, Deserialize)]
struct Piece {
    text: Option<String>,
    refusal: Option<String>,
    thinking: Option<Words<Thought>>,
}

#[derive(Debug, Deserialize)]
struct Thought {
    text: Option<String>,
}

/// By its first character: a try at each form would build a tree of the value first.
impl<'de, P: DeserializeOwned> Deserialize<'de> for Words<P> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = written(from)?;
        let pieces = || serde_json::from_str(raw).map_or(Self::Other, Self::Pieces);
        Ok(text_of(raw).map_or_else(pieces, Self::Text))
    }
}

impl Said {
    /// The content in order, without empty parts.
    pub(super) fn contents(&mut self) -> Vec<Content> {
        // Some providers send both names, and one may be empty.
        let names = [self.reasoning_content.take(), self.reasoning.take()];
        let reasoning = names.into_iter().flatten().find(|text| !text.is_empty());
        let mut contents: Vec<Content> = reasoning.map(Content::Reasoning).into_iter().collect();
        match self.content.take() {
            Some(Words::Text(text)) => contents.push(Content::Text(text)),
            Some(Words::Pieces(pieces)) => {
                contents.extend(pieces.into_iter().filter_map(Piece::into_content));
            }
            Some(Words::Other) | None => {}
        }
        contents.extend(self.refusal.take().map(Content::Refusal));
        contents.retain(|content| match content {
            Content::Text(text) | Content::Reasoning(text) | Content::Refusal(text) => {
                !text.is_empty()
            }
            _ => true,
        });
        contents
    }
}

impl Call {
    /// As a fragment.
    pub(super) fn into_fragment(mut self, reading: &Reading) -> Fragment {
        let id = self.id.take().map(|id| reading.own_id(id));
        let index = self.index.map(u64::from);
        let signature = self.proof(reading);
        let (name, json) = self.into_words();
        Fragment { index, id, name: reading.tool_name(name), json, whole: false, signature }
    }

    /// Google's signature of it, if the provider sends one.
    pub(super) fn proof(&self, reading: &Reading) -> Option<Signature> {
        proof::read(self.extra_content.as_deref()?.get(), reading.service)
    }

    /// The name and the arguments; each may be empty.
    pub(super) fn into_words(self) -> (String, String) {
        let function = self.function.unwrap_or_default();
        let arguments = match function.arguments {
            None => String::new(),
            Some(Arguments(json)) => json,
        };
        (function.name.unwrap_or_default(), arguments)
    }
}

impl Piece {
    fn into_content(self) -> Option<Content> {
        let text = self.text.map(Content::Text);
        let thinking = || self.thinking.map(|words| Content::Reasoning(words.joined()));
        text.or_else(thinking).or_else(|| self.refusal.map(Content::Refusal))
    }
}

impl Words<Thought> {
    fn joined(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Pieces(pieces) => pieces.into_iter().filter_map(|piece| piece.text).collect(),
            Self::Other => String::new(),
        }
    }
}

/// The raw value; trying each form would first build a tree.
fn written<'de, D: Deserializer<'de>>(from: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(from).map(RawValue::get)
}

/// The text that a value is.
fn text_of(written: &str) -> Option<String> {
    written.starts_with('"').then(|| serde_json::from_str(written).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_as_a_text_or_in_pieces() {
        let shown = |said: &str| -> Vec<String> {
            let mut said: Said = serde_json::from_str(said).unwrap();
            said.contents().iter().map(|content| format!("{content:?}")).collect()
        };
        for (said, contents) in [
            (r#"{"content":"a"}"#, vec![r#"Text("a")"#]),
            (r#"{"content":"","reasoning":"r"}"#, vec![r#"Reasoning("r")"#]),
            (r#"{"reasoning_content":"","reasoning":"r"}"#, vec![r#"Reasoning("r")"#]),
            (r#"{"reasoning_content":"r","reasoning":"r"}"#, vec![r#"Reasoning("r")"#]),
            (r#"{"content":null,"refusal":"no"}"#, vec![r#"Refusal("no")"#]),
            (
                r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"r"}]},{"type":"text","text":"a"},{"type":"text","text":""},{"type":"reference"}]}"#,
                vec![r#"Reasoning("r")"#, r#"Text("a")"#],
            ),
            (r#"{"content":5}"#, vec![]),
        ] {
            assert_eq!(shown(said), contents, "{said}");
        }
    }

    #[test]
    fn arguments_come_as_a_text_or_as_an_object() {
        for (call, words) in [
            (r#"{"function":{"name":"f","arguments":"{\"a\":1}"}}"#, ("f", r#"{"a":1}"#)),
            (r#"{"function":{"name":"f","arguments":{"a":1}}}"#, ("f", r#"{"a":1}"#)),
            (r#"{"function":{"arguments":null}}"#, ("", "")),
            (r#"{"index":0}"#, ("", "")),
        ] {
            let call: Call = serde_json::from_str(call).unwrap();
            assert_eq!(call.into_words(), (words.0.to_owned(), words.1.to_owned()));
        }
    }
}
