//! Reads a request: fields are taken by name, and the remaining ones are extras.

use serde_json::value::RawValue;

use crate::protocol::chat::{Dialect, read_function, read_messages};
use crate::protocol::codec::{Head, ReadError};
use crate::protocol::cohere::profile::{FIELDS, MOST_P};
use crate::protocol::conversation::{
    Content, Conversation, Delivery, OutputFormat, Part, Thinking, Tool, ToolChoice,
};
use crate::protocol::fields;
use crate::protocol::object::{Object, text_of};

/// Reads a request.
pub(crate) fn read(body: &[u8], _head: &Head<'_>) -> Result<Conversation, ReadError> {
    let mut body = Object::parse(body)?;
    let mut to = Conversation {
        model: body.require("model")?,
        thinking: read_thinking(&mut body)?,
        delivery: Delivery::from_flag(body.take("stream")?),
        include_usage: true,
        ..Conversation::default()
    };
    fields::read(&FIELDS, &mut body, &mut to)?;
    // The largest value means all.
    let top_p = to.sampling.top_p;
    to.sampling.top_p = top_p.map(|top_p| if top_p >= MOST_P { 1.0 } else { top_p });
    to.format = read_format(&mut body, &mut to)?;
    read_messages(&mut body, &mut to, &DIALECT)?;
    read_tools(&mut body, &mut to)?;
    read_tool_choice(&mut body, &mut to)?;
    body.keep_rest("", &mut to);
    Ok(to)
}

fn read_format(
    body: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<Option<OutputFormat>, ReadError> {
    let format = body.with("response_format", |mut format| {
        let kind: String = format.require("type")?;
        // `schema` is the older name of the field.
        let schema = format.raw("json_schema").or_else(|| format.raw("schema"));
        Ok(match (kind.as_str(), schema.map(ToOwned::to_owned)) {
            ("json_object", Some(schema)) => Some(OutputFormat::JsonSchema {
                name: None,
                description: None,
                schema,
                strict: None,
            }),
            ("json_object", None) => Some(OutputFormat::JsonObject),
            ("text", _) => None,
            _ => to.keep_unknown_format(),
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

/// Citations of an earlier answer mean nothing to another vendor.
fn read_said(message: &mut Object<'_>, parts: &mut Vec<Part>) -> Result<(), ReadError> {
    message.raw("citations");
    let plan: Option<String> = message.take("tool_plan")?;
    parts.extend(plan.filter(|plan| !plan.is_empty()).map(Part::text));
    Ok(())
}

fn read_part(kind: &str, part: &mut Object<'_>) -> Result<Option<Content>, ReadError> {
    Ok(match kind {
        "thinking" => Some(Content::Reasoning(part.require("thinking")?)),
        "document" => {
            let text = part.with("document", read_document)?;
            Some(Content::Text(text.ok_or_else(|| ReadError::new(kind, "is missing"))?))
        }
        _ => None,
    })
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
    let tools = body.each("tools", |tool| {
        Ok(Tool { strict: strict.filter(|strict| *strict), ..read_function(tool, to)? })
    })?;
    to.tools = tools;
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

const DIALECT: Dialect = Dialect { part: read_part, said: read_said };
