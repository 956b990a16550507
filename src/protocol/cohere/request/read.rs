//! Reading: every field is taken by name; what nobody takes is an extra.

use serde_json::value::RawValue;

use crate::protocol::conversation::{
    Content, Conversation, Delivery, Media, MediaKind, OutputFormat, Part, Role, Sampling,
    Thinking, Tool, ToolCall, ToolChoice, ToolResult, Turn,
};
use crate::protocol::object::{Object, TextOr, text_of};
use crate::protocol::wire::{Head, ReadError};

use super::MOST_P;

/// Reads a request.
pub(in crate::protocol::cohere) fn read(
    body: &[u8],
    _head: &Head<'_>,
) -> Result<Conversation, ReadError> {
    let mut body = Object::parse(body)?;
    let nonzero = |penalty: &f64| *penalty != 0.0;
    let mut to = Conversation {
        model: body.require("model")?,
        sampling: Sampling {
            temperature: body.take("temperature")?,
            // 0.99, the most there is, and 0 are the vendor's words for all.
            top_p: body.take("p")?.map(|p: f64| if p >= MOST_P { 1.0 } else { p }),
            top_k: body.take("k")?.filter(|top_k| *top_k != 0),
            // Up to 64 bits without a sign: what does not fit keeps its bits.
            seed: body.take::<u64>("seed")?.map(u64::cast_signed),
            presence_penalty: body.take("presence_penalty")?.filter(nonzero),
            frequency_penalty: body.take("frequency_penalty")?.filter(nonzero),
        },
        max_tokens: body.take("max_tokens")?,
        stop: body.take("stop_sequences")?.unwrap_or_default(),
        format: read_format(&mut body)?,
        thinking: read_thinking(&mut body)?,
        delivery: Delivery::from_flag(body.take("stream")?),
        include_usage: true,
        ..Conversation::default()
    };
    read_messages(&mut body, &mut to)?;
    read_tools(&mut body, &mut to)?;
    read_tool_choice(&mut body, &mut to)?;
    keep_rest("", body, &mut to);
    Ok(to)
}

fn read_format(body: &mut Object<'_>) -> Result<Option<OutputFormat>, ReadError> {
    let format = body.with("response_format", |mut format| {
        let kind: String = format.require("type")?;
        // `schema` is what the field was called first.
        let schema = format.raw("json_schema").or_else(|| format.raw("schema"));
        Ok(match (kind.as_str(), schema.map(ToOwned::to_owned)) {
            ("json_object", Some(schema)) => Some(OutputFormat::JsonSchema {
                name: None,
                description: None,
                schema,
                strict: None,
            }),
            ("json_object", None) => Some(OutputFormat::JsonObject),
            _ => None,
        })
    });
    format.map(Option::flatten)
}

fn read_thinking(body: &mut Object<'_>) -> Result<Option<Thinking>, ReadError> {
    body.with("thinking", |mut thinking| {
        let kind: Option<String> = thinking.take("type")?;
        let budget: Option<u64> = thinking.take("token_budget")?;
        Ok(match (kind.as_deref(), budget) {
            (Some("disabled"), _) => Thinking::Off,
            (_, budget) => budget.map_or(Thinking::Adaptive, Thinking::Budget),
        })
    })
}

fn read_messages(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let messages = body.each("messages", |mut message| {
        let role: String = message.require("role")?;
        match role.as_str() {
            "system" | "developer" => {
                let parts = read_content(&mut message, to)?;
                if to.turns.is_empty() {
                    to.system.extend(parts);
                } else {
                    to.turns.push(Turn::new(Role::System, parts));
                }
            }
            "user" => {
                let parts = read_content(&mut message, to)?;
                to.turns.push(Turn::new(Role::User, parts));
            }
            "assistant" => {
                let parts = read_assistant(&mut message, to)?;
                to.turns.push(Turn::new(Role::Assistant, parts));
            }
            "tool" => read_tool_result(&mut message, to)?,
            _ => return Err(ReadError::new("role", "is not a role of this protocol")),
        }
        // Citations of an earlier answer prove nothing to anyone else.
        message.raw("citations");
        keep_rest("messages.", message, to);
        Ok(())
    })?;
    if messages.is_empty() {
        return Err(ReadError::new("messages", "must hold at least one message"));
    }
    Ok(())
}

fn read_assistant(message: &mut Object<'_>, to: &mut Conversation) -> Result<Vec<Part>, ReadError> {
    let mut parts = read_content(message, to)?;
    let plan: Option<String> = message.take("tool_plan")?;
    parts.extend(plan.filter(|plan| !plan.is_empty()).map(Part::text));
    parts.extend(message.each("tool_calls", |mut call| {
        let id = call.require("id")?;
        let function = call.with("function", |mut function| {
            let name = function.require("name")?;
            let arguments = function.take::<String>("arguments")?.unwrap_or_default();
            Ok((name, if arguments.is_empty() { "{}".to_owned() } else { arguments }))
        })?;
        let (name, arguments) = function.ok_or_else(|| ReadError::new("function", "is missing"))?;
        Ok(Part::new(Content::ToolCall(ToolCall { id, name, arguments })))
    })?);
    Ok(parts)
}

/// One `tool` message is one result; those that follow each other are one turn.
fn read_tool_result(message: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let result = ToolResult {
        call_id: message.require("tool_call_id")?,
        name: None,
        content: read_content(message, to)?,
        is_error: false,
    };
    let only_results = |turn: &&mut Turn| {
        turn.role == Role::User
            && turn.parts.iter().all(|part| matches!(part.content, Content::ToolResult(_)))
    };
    let part = Part::new(Content::ToolResult(result));
    match to.turns.last_mut().filter(only_results) {
        Some(turn) => turn.parts.push(part),
        None => to.turns.push(Turn::new(Role::User, vec![part])),
    }
    Ok(())
}

fn read_content(message: &mut Object<'_>, to: &mut Conversation) -> Result<Vec<Part>, ReadError> {
    let content = message.text_or_each("content", |part| read_part(part, to))?;
    Ok(match content {
        None => Vec::new(),
        Some(TextOr::Text(text)) => vec![Part::text(text)],
        Some(TextOr::Each(parts)) => parts.into_iter().flatten().collect(),
    })
}

fn read_part(mut part: Object<'_>, to: &mut Conversation) -> Result<Option<Part>, ReadError> {
    let kind: String = part.require("type")?;
    let content = match kind.as_str() {
        "text" => Some(Content::Text(part.require("text")?)),
        "thinking" => Some(Content::Reasoning(part.require("thinking")?)),
        "image_url" => part.with("image_url", read_image)?.map(Content::Media),
        "document" => part.with("document", read_document)?.map(Content::Text),
        _ => {
            to.keep_extra(format!("messages.content.{kind}"), RawValue::TRUE);
            return Ok(None);
        }
    };
    let content = content.ok_or_else(|| ReadError::new(kind, "is missing"))?;
    Ok(Some(Part::new(content)))
}

fn read_image(mut image: Object<'_>) -> Result<Media, ReadError> {
    let media = Media::from_url(MediaKind::Image, image.require("url")?);
    Ok(Media { detail: image.take("detail")?, ..media })
}

/// A tool's result as a document: its data, a text or an object, as text.
fn read_document(mut document: Object<'_>) -> Result<String, ReadError> {
    let data: &RawValue = document.require("data")?;
    if data.get().starts_with('"') {
        return text_of(data).map_err(|error| error.within("data"));
    }
    Ok(data.get().to_owned())
}

fn read_tools(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let strict: Option<bool> = body.take("strict_tools")?;
    to.tools = body.each("tools", |mut tool| {
        let function = tool.with("function", |mut function| {
            Ok(Tool {
                name: function.require("name")?,
                description: function.take("description")?,
                schema: function.raw("parameters").map(ToOwned::to_owned),
                strict: strict.filter(|strict| *strict),
                cache: None,
            })
        })?;
        function.ok_or_else(|| ReadError::new("function", "is missing"))
    })?;
    Ok(())
}

/// This protocol cannot name the tool that must be called; with one on offer it need not.
fn read_tool_choice(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let choice: Option<String> = body.take("tool_choice")?;
    to.tool_choice = match (choice.as_deref(), to.tools.as_slice()) {
        (None, _) => None,
        (Some("REQUIRED"), [only]) => Some(ToolChoice::Tool(only.name.clone())),
        (Some("REQUIRED"), _) => Some(ToolChoice::Required),
        (Some("NONE"), _) => Some(ToolChoice::None),
        (Some(_), _) => {
            return Err(ReadError::new("tool_choice", "is not a choice of this protocol"));
        }
    };
    Ok(())
}

fn keep_rest(inside: &str, object: Object<'_>, to: &mut Conversation) {
    for (name, value) in object.rest() {
        to.keep_extra(format!("{inside}{name}"), value);
    }
}
