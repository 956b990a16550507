//! Blocks that only Anthropic has, as text for others: search results, documents in pieces, and the
//! summary of a compacted conversation.
//!
//! Citations are not carried over, since the answer would have to cite.

use serde_json::value::RawValue;

use crate::protocol::codec::ReadError;
use crate::protocol::conversation::{Conversation, Part, Role, Turn};
use crate::protocol::object::{Object, TextOr};

/// A search result as text: title, source, content.
pub(super) fn search_result(
    block: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<String, ReadError> {
    block.raw("citations");
    let (title, source): (Option<String>, Option<String>) =
        (block.take("title")?, block.take("source")?);
    let said = texts(block, to)?;
    let parts = [title, source, Some(said)].into_iter().flatten();
    Ok(parts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"))
}

/// Whether a document's source is its content, in pieces.
pub(super) fn has_content(block: &Object<'_>) -> bool {
    let source = block.peek("source").and_then(|source| Object::of(source).ok());
    source.is_some_and(|source| source.peek("content").is_some())
}

/// Such a document as a text.
pub(super) fn document(block: &mut Object<'_>, to: &mut Conversation) -> Result<String, ReadError> {
    let title: Option<String> = block.take("title")?;
    let context: Option<String> = block.take("context")?;
    let said = block.with("source", |mut source| {
        source.raw("type");
        texts(&mut source, to)
    })?;
    let parts = [title, context, said].into_iter().flatten();
    Ok(parts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"))
}

/// The texts of a content; other parts are named as lost.
fn texts(object: &mut Object<'_>, to: &mut Conversation) -> Result<String, ReadError> {
    let read = object.text_or_each("content", |mut piece| {
        let kind: String = piece.require("type")?;
        if kind != "text" {
            to.keep_extra(format!("messages.content.{kind}"), RawValue::TRUE);
            return Ok(None);
        }
        piece.take::<String>("text")
    })?;
    Ok(match read {
        None => String::new(),
        Some(TextOr::Text(text)) => text,
        Some(TextOr::Each(pieces)) => pieces.into_iter().flatten().collect::<Vec<_>>().join("\n"),
    })
}

/// A summary as a user's text.
pub(super) fn summary(said: &str) -> String {
    format!("{SUMMARY}{said}")
}

/// A summary in the model's turn moves to the user's turn before it.
pub(super) fn take_summary(parts: &mut Vec<Part>, to: &mut Conversation) {
    let is_summary = |part: &Part| part.as_text().is_some_and(|text| text.starts_with(SUMMARY));
    if let Some(at) = parts.iter().position(is_summary) {
        let rest = parts.split_off(at + 1);
        let summary = parts.pop();
        *parts = rest;
        to.turns.push(Turn::new(Role::User, summary.into_iter().collect()));
    }
}

const SUMMARY: &str = "This conversation was compacted. Summary of what came before:\n\n";
