//! Reads blocks: each is an object with one key, which names its type.

use serde_json::value::RawValue;

use super::media;
use crate::protocol::bedrock::proof;
use crate::protocol::codec::ReadError;
use crate::protocol::conversation::{
    CacheMark, Content, Conversation, MediaKind, Part, ToolCall, ToolResult,
};
use crate::protocol::object::{Object, TextOr};

/// What a block is.
enum Block {
    Part(Box<Part>),
    /// The mark of the part before it.
    Mark(CacheMark),
    /// What has no neutral form.
    Lost,
}

/// Reads a list of blocks.
pub(super) fn read(
    field: &str,
    object: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<Vec<Part>, ReadError> {
    read_with(field, object, to, read_block)
}

fn read_with(
    field: &str,
    object: &mut Object<'_>,
    to: &mut Conversation,
    read: fn(Object<'_>, &mut Conversation) -> Result<Block, ReadError>,
) -> Result<Vec<Part>, ReadError> {
    let blocks = match object.text_or_each(field, |block| read(block, to))? {
        None => Vec::new(),
        Some(TextOr::Each(blocks)) => blocks,
        Some(TextOr::Text(_)) => return Err(ReadError::new(field, "must be a list of objects")),
    };
    let mut parts: Vec<Part> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match block {
            Block::Part(part) => parts.push(*part),
            Block::Mark(mark) => {
                if let Some(last) = parts.last_mut() {
                    last.cache = Some(mark);
                }
            }
            Block::Lost => {}
        }
    }
    Ok(parts)
}

/// The mark that a `cachePoint` is.
pub(super) fn read_mark(block: &mut Object<'_>) -> Result<Option<CacheMark>, ReadError> {
    block.with("cachePoint", |mut mark| Ok(CacheMark { ttl: mark.take("ttl")? }))
}

fn read_block(mut block: Object<'_>, to: &mut Conversation) -> Result<Block, ReadError> {
    if let Some(mark) = read_mark(&mut block)? {
        return Ok(Block::Mark(mark));
    }
    let part = if let Some(text) = block.take::<String>("text")? {
        Some(Part::text(text))
    } else if let Some(call) = block.with("toolUse", read_call)? {
        Some(Part::new(Content::ToolCall(call)))
    } else if let Some(result) = block.with("toolResult", |result| read_result(result, to))? {
        Some(Part::new(Content::ToolResult(result)))
    } else if let Some(part) = block.with("reasoningContent", read_reasoning)? {
        part
    } else if let Some(json) = block.raw("json") {
        Some(Part::text(json.get()))
    } else if let Some(text) = block.with("guardContent", read_guarded)? {
        text.map(Part::text)
    } else {
        read_media(&mut block)?
    };
    Ok(match part {
        Some(part) => {
            block.keep_rest("messages.content.", to);
            Block::Part(Box::new(part))
        }
        None => {
            for (name, _) in block.rest() {
                to.keep_extra(format!("messages.content.{name}"), RawValue::TRUE);
            }
            Block::Lost
        }
    })
}

/// A block inside of a result. The vendor takes no result inside of a result, and without one no
/// content is walked more than once.
fn read_inner(mut block: Object<'_>, to: &mut Conversation) -> Result<Block, ReadError> {
    if block.raw("toolResult").is_some() {
        to.keep_extra("messages.content.toolResult", RawValue::TRUE);
    }
    read_block(block, to)
}

fn read_call(mut call: Object<'_>) -> Result<ToolCall, ReadError> {
    let (id, name) = (call.require("toolUseId")?, call.require("name")?);
    let arguments = call.raw("input").map_or("{}", RawValue::get).to_owned();
    Ok(ToolCall { id, name, arguments })
}

fn read_result(mut result: Object<'_>, to: &mut Conversation) -> Result<ToolResult, ReadError> {
    let status: Option<String> = result.take("status")?;
    Ok(ToolResult {
        call_id: result.require("toolUseId")?,
        name: None,
        content: read_with("content", &mut result, to, read_inner)?,
        is_error: status.as_deref() == Some("error"),
    })
}

fn read_reasoning(mut reasoning: Object<'_>) -> Result<Option<Part>, ReadError> {
    if let Some(seal) = reasoning.take::<String>("redactedContent")? {
        return Ok(Some(Part::new(Content::Redacted).signed(proof::read_seal(&seal))));
    }
    reasoning.with("reasoningText", |mut text| {
        let signature: Option<String> = text.take("signature")?;
        let signature = signature.and_then(|value| proof::read(&value));
        Ok(Part::new(Content::Reasoning(text.require("text")?)).signed(signature))
    })
}

/// Text that a guardrail looks at is text.
fn read_guarded(mut guarded: Object<'_>) -> Result<Option<String>, ReadError> {
    guarded.with("text", |mut text| text.require("text"))
}

fn read_media(block: &mut Object<'_>) -> Result<Option<Part>, ReadError> {
    for (name, kind) in [
        ("image", MediaKind::Image),
        ("document", MediaKind::Document),
        ("video", MediaKind::Video),
        ("audio", MediaKind::Audio),
    ] {
        if let Some(media) = block.with(name, |medium| media::read(kind, medium))? {
            return Ok(media.map(|media| Part::new(Content::Media(media))));
        }
    }
    Ok(None)
}
