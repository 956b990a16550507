//! Reads messages into turns. Each `tool` message is a result; consecutive ones are one turn.
//! Instructions before the first turn are the system's.

use serde_json::value::RawValue;

use super::proof;
use crate::protocol::cache;
use crate::protocol::codec::ReadError;
use crate::protocol::conversation::{
    Content, Conversation, Media, MediaKind, Part, Role, Tool, ToolCall, ToolResult, Turn,
};
use crate::protocol::object::{Object, TextOr, present};
use crate::protocol::service::Service;

/// What only one of the protocols has.
pub(crate) struct Dialect {
    /// Reads a content part that only one dialect has; `None` for an unknown one.
    pub(crate) part: fn(&str, &mut Object<'_>) -> Result<Option<Content>, ReadError>,
    /// Adds the dialect's own fields of a model message, besides content and calls.
    pub(crate) said: fn(&mut Object<'_>, &mut Vec<Part>) -> Result<(), ReadError>,
}

/// Reads the messages.
pub(crate) fn read_messages(
    body: &mut Object<'_>,
    to: &mut Conversation,
    dialect: &Dialect,
) -> Result<(), ReadError> {
    body.messages(to, |message, to| read_message(message, to, dialect))
}

fn read_message(
    message: &mut Object<'_>,
    to: &mut Conversation,
    dialect: &Dialect,
) -> Result<(), ReadError> {
    let role: String = message.require("role")?;
    let mark = cache::read_mark(message)?;
    let mut parts = read_content(message, to, dialect)?;
    match role.as_str() {
        "system" | "developer" if to.turns.is_empty() => to.system.extend(parts),
        "system" | "developer" => to.turns.push(Turn::new(Role::System, parts)),
        "user" => to.turns.push(Turn::new(Role::User, parts)),
        "assistant" => {
            (dialect.said)(message, &mut parts)?;
            parts.extend(message.each("tool_calls", read_call)?);
            to.turns.push(Turn::new(Role::Assistant, parts));
        }
        "tool" => {
            let inner = cache::hoisted(&mut parts);
            to.add_result(ToolResult {
                call_id: message.require("tool_call_id")?,
                name: message.take("name")?,
                content: parts,
                is_error: false,
            });
            cache::mark_end(inner, to);
        }
        _ => return Err(ReadError::new("role", "is not a role of this protocol")),
    }
    cache::mark_end(mark, to);
    Ok(())
}

fn read_call(mut call: Object<'_>) -> Result<Part, ReadError> {
    let id = call.require("id")?;
    let function = call.with("function", |mut function| {
        let name = function.require("name")?;
        let arguments = function.take::<String>("arguments")?.unwrap_or_default();
        Ok((name, if arguments.is_empty() { "{}".to_owned() } else { arguments }))
    })?;
    let (name, arguments) = function.ok_or_else(|| ReadError::new("function", "is missing"))?;
    let extra_content = call.raw("extra_content").map(RawValue::get);
    let proof = extra_content.and_then(|written| proof::read(written, Service::Google));
    Ok(Part::new(Content::ToolCall(ToolCall { id, name, arguments })).signed(proof))
}

fn read_content(
    message: &mut Object<'_>,
    to: &mut Conversation,
    dialect: &Dialect,
) -> Result<Vec<Part>, ReadError> {
    let content = message.text_or_each("content", |part| read_part(part, to, dialect))?;
    Ok(match content {
        None => Vec::new(),
        Some(TextOr::Text(text)) => vec![Part::text(text)],
        Some(TextOr::Each(parts)) => present(parts),
    })
}

fn read_part(
    mut part: Object<'_>,
    to: &mut Conversation,
    dialect: &Dialect,
) -> Result<Option<Part>, ReadError> {
    let kind: String = part.require("type")?;
    let mark = cache::read_mark(&mut part)?;
    let content = match kind.as_str() {
        "text" => Some(Content::Text(part.require("text")?)),
        "image_url" => {
            let image = part.with("image_url", read_image)?;
            Some(Content::Media(image.ok_or_else(|| ReadError::new("image_url", "is missing"))?))
        }
        kind => (dialect.part)(kind, &mut part)?,
    };
    match &content {
        Some(_) => part.keep_rest("messages.content.", to),
        None => to.keep_extra(format!("messages.content.{kind}"), RawValue::TRUE),
    }
    Ok(content.map(|content| Part::new(content).cached(mark)))
}

fn read_image(mut image: Object<'_>) -> Result<Media, ReadError> {
    let media = Media::from_url(MediaKind::Image, image.require("url")?);
    Ok(Media { detail: image.take("detail")?, ..media }.without_usual_detail())
}

/// Reads the function that a tool is.
pub(crate) fn read_function(
    mut tool: Object<'_>,
    to: &mut Conversation,
) -> Result<Tool, ReadError> {
    tool.raw("type");
    let outer = cache::read_mark(&mut tool)?;
    let read = tool.with("function", |mut function| {
        let read = Tool {
            name: function.require("name")?,
            description: function.take("description")?,
            schema: function.raw("parameters").map(ToOwned::to_owned),
            strict: function.take("strict")?,
            cache: cache::read_mark(&mut function)?.or(outer),
        };
        function.keep_rest("tools.function.", to);
        Ok(read)
    })?;
    tool.keep_rest("tools.", to);
    read.ok_or_else(|| ReadError::new("function", "is missing"))
}
