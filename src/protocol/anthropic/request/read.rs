//! Reads a request: fields are taken by name, and the remaining ones are extras.

use serde_json::value::RawValue;

use super::carried;
use crate::protocol::Protocol;
use crate::protocol::anthropic::error::THREAD;
use crate::protocol::anthropic::profile::FIELDS;
use crate::protocol::cache;
use crate::protocol::codec::{Head, ReadError};
use crate::protocol::conversation::{
    Content, Conversation, Delivery, Media, MediaKind, OutputFormat, Part, Role, Signature, Source,
    Tool, ToolCall, ToolChoice, ToolResult, Turn, WebSearch, proofs,
};
use crate::protocol::fields;
use crate::protocol::fit::claude;
use crate::protocol::object::{Object, TextOr, present};

/// Reads a request, also one that only counts tokens.
pub(crate) fn read(body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError> {
    let mut body = Object::parse(body)?;
    // A client that has a thread sends the next turn alone.
    if body.raw(THREAD).is_some() {
        return Err(ReadError::new(THREAD, NOTHING_STORED));
    }
    let stream = Delivery::from_flag(body.take("stream")?);
    let mut to = Conversation {
        model: body.require("model")?,
        delivery: head.delivery.unwrap_or(stream),
        include_usage: true,
        ..Conversation::default()
    };
    fields::read(&FIELDS, &mut body, &mut to)?;
    to.system = read_blocks("system", &mut body, &mut to)?;
    // Anthropic's alone: it changes with each request and would spoil every other vendor's cache.
    to.system.retain(|part| !part.as_text().is_some_and(|text| text.starts_with(BILLING)));
    read_messages(&mut body, &mut to)?;
    read_tools(&mut body, &mut to)?;
    read_tool_choice(&mut body, &mut to)?;
    to.thinking = body.with("thinking", claude::read_thinking)?;
    to.cache = cache::read_mark(&mut body)?;
    read_output_config(&mut body, &mut to)?;
    body.inside("metadata", &mut to, |metadata, to| {
        to.user = metadata.take("user_id")?;
        Ok(())
    })?;
    body.keep_rest("", &mut to);
    Ok(to)
}

fn read_messages(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.messages(to, |message, to| {
        let role: String = message.require("role")?;
        let role = match role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => return Err(ReadError::new("role", "is not a role of this protocol")),
        };
        let mut parts = read_blocks("content", message, to)?;
        proofs::join(&mut parts);
        if role == Role::Assistant {
            carried::take_summary(&mut parts, to);
        }
        if !parts.is_empty() || to.turns.is_empty() {
            to.turns.push(Turn::new(role, parts));
        }
        Ok(())
    })
}

fn read_blocks(
    field: &str,
    object: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<Vec<Part>, ReadError> {
    read_blocks_with(field, object, to, read_block)
}

fn read_blocks_with(
    field: &str,
    object: &mut Object<'_>,
    to: &mut Conversation,
    read: fn(Object<'_>, &mut Conversation) -> Result<Option<Part>, ReadError>,
) -> Result<Vec<Part>, ReadError> {
    Ok(match object.text_or_each(field, |block| read(block, to))? {
        None => Vec::new(),
        Some(TextOr::Text(text)) => vec![Part::text(text)],
        Some(TextOr::Each(parts)) => present(parts),
    })
}

fn read_block(mut block: Object<'_>, to: &mut Conversation) -> Result<Option<Part>, ReadError> {
    let kind: String = block.require("type")?;
    let cache = cache::read_mark(&mut block)?;
    let client = Protocol::Anthropic;
    let part = match kind.as_str() {
        "text" => {
            // Citations of an earlier answer mean nothing to another vendor.
            block.raw("citations");
            Part::text(block.require::<String>("text")?)
        }
        "image" => Part::new(match read_media(MediaKind::Image, &mut block)? {
            Some(media) => Content::Media(media),
            None => return Ok(lost_block("image", to)),
        }),
        "document" if carried::has_content(&block) => {
            block.raw("citations");
            Part::text(carried::document(&mut block, to)?)
        }
        "document" => Part::new(match read_media(MediaKind::Document, &mut block)? {
            Some(media) => Content::Media(Media { name: block.take("title")?, ..media }),
            None => return Ok(lost_block("document", to)),
        }),
        "tool_use" => {
            block.raw("caller");
            let arguments = block.raw("input").map_or("{}", RawValue::get).to_owned();
            let (id, name) = (block.require("id")?, block.require("name")?);
            Part::new(Content::ToolCall(ToolCall { id, name, arguments }))
        }
        "tool_result" => Part::new(Content::ToolResult(ToolResult {
            call_id: block.require("tool_use_id")?,
            name: None,
            content: read_blocks_with("content", &mut block, to, read_inner)?,
            is_error: block.take("is_error")?.unwrap_or_default(),
        })),
        "thinking" => {
            let signature: Option<String> = block.take("signature")?;
            let signature = signature.and_then(|value| Signature::from_client(client, &value));
            Part::new(Content::Reasoning(block.require("thinking")?)).signed(signature)
        }
        "redacted_thinking" => {
            let seal = Signature::from_client(client, &block.require::<String>("data")?);
            Part::new(Content::Redacted).signed(seal)
        }
        "search_result" => Part::text(carried::search_result(&mut block, to)?),
        "tool_reference" => Part::text(block.require::<String>("tool_name")?),
        "compaction" => match block.take::<String>("content")? {
            // Anthropic does not read what stands before it either.
            Some(summary) => {
                to.turns.clear();
                Part::text(carried::summary(&summary))
            }
            None => return Ok(None),
        },
        other => return Ok(lost_block(other, to)),
    };
    block.keep_rest("messages.content.", to);
    Ok(Some(part.cached(cache)))
}

/// A block inside of a result. No vendor takes a result inside of a result, and without one no
/// content is walked more than once.
fn read_inner(block: Object<'_>, to: &mut Conversation) -> Result<Option<Part>, ReadError> {
    match block.peek("type").map(RawValue::get) {
        Some("\"tool_result\"") => Ok(lost_block("tool_result", to)),
        _ => read_block(block, to),
    }
}

/// A block without a neutral form: search results, server tools and new types.
fn lost_block(kind: &str, to: &mut Conversation) -> Option<Part> {
    to.keep_extra(format!("messages.content.{kind}"), RawValue::TRUE);
    None
}

fn read_media(kind: MediaKind, block: &mut Object<'_>) -> Result<Option<Media>, ReadError> {
    let media = block.with("source", |mut source| {
        let form: String = source.require("type")?;
        let media_type = source.take("media_type")?;
        let source = match form.as_str() {
            "base64" => Source::Base64(source.require("data")?),
            "text" => Source::Text(source.require("data")?),
            "url" => Source::Url(source.require("url")?),
            "file" => Source::File(source.require("file_id")?),
            _ => return Ok(None),
        };
        Ok(Some(Media { media_type, ..Media::new(kind, source) }))
    })?;
    media.ok_or_else(|| ReadError::new("source", "is missing"))
}

fn read_tools(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let tools = body.each("tools", |mut tool| {
        let kind: String = tool.take("type")?.unwrap_or_else(|| "custom".to_owned());
        if kind.starts_with("web_search_") {
            to.search = Some(read_search(&kind, &mut tool)?);
            tool.raw("name");
            tool.keep_rest(&format!("tools.{kind}."), to);
            return Ok(None);
        }
        if kind != "custom" {
            to.keep_extra(format!("tools.{kind}"), RawValue::TRUE);
            return Ok(None);
        }
        let read = Tool {
            name: tool.require("name")?,
            description: tool.take("description")?,
            schema: tool.raw("input_schema").map(ToOwned::to_owned),
            strict: tool.take("strict")?,
            cache: cache::read_mark(&mut tool)?,
        };
        tool.keep_rest("tools.", to);
        Ok(Some(read))
    })?;
    to.tools = tools.into_iter().flatten().collect();
    Ok(())
}

fn read_search(kind: &str, tool: &mut Object<'_>) -> Result<WebSearch, ReadError> {
    cache::read_mark(tool)?;
    Ok(WebSearch {
        max_uses: tool.take("max_uses")?,
        allowed: tool.take("allowed_domains")?.unwrap_or_default(),
        blocked: tool.take("blocked_domains")?.unwrap_or_default(),
        location: tool.raw("user_location").map(ToOwned::to_owned),
        ..WebSearch::called(kind)
    })
}

fn read_tool_choice(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.with("tool_choice", |mut choice| {
        let kind: String = choice.require("type")?;
        to.tool_choice = match kind.as_str() {
            "auto" => Some(ToolChoice::Auto),
            "any" => Some(ToolChoice::Required),
            "none" => Some(ToolChoice::None),
            "tool" => Some(ToolChoice::Tool(choice.require("name")?)),
            _ => return Err(ReadError::new("type", "is not a choice of this protocol")),
        };
        let one_only: Option<bool> = choice.take("disable_parallel_tool_use")?;
        to.parallel_tool_calls = one_only.map(|one_only| !one_only);
        Ok(())
    })?;
    Ok(())
}

/// `output_config`, and the older `output_format`.
fn read_output_config(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    to.format = body.with("output_format", |format| read_format(format, to))?.flatten();
    body.inside("output_config", to, |config, to| {
        if let Some(format) = config.with("format", |format| read_format(format, to))?.flatten() {
            to.format = Some(format);
        }
        to.ask_effort(config.take("effort")?);
        Ok(())
    })
}

fn read_format(
    mut format: Object<'_>,
    to: &mut Conversation,
) -> Result<Option<OutputFormat>, ReadError> {
    let kind: String = format.require("type")?;
    if kind != "json_schema" {
        return Ok(to.keep_unknown_format());
    }
    Ok(Some(OutputFormat::JsonSchema {
        name: format.take("name")?,
        description: None,
        schema: format.require::<&RawValue>("schema")?.to_owned(),
        strict: None,
    }))
}

/// The start of the block in which Claude Code names the payer to Anthropic.
const BILLING: &str = "x-anthropic-billing-header";
const NOTHING_STORED: &str =
    "cannot be used: nothing is stored; send the whole conversation as `messages`";
