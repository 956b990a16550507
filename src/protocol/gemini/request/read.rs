//! Reads a request: fields are taken by name, and the remaining ones are extras.

use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::protocol::codec::{Head, ReadError};
use crate::protocol::conversation::{
    Conversation, OutputFormat, Part, Thinking, Tool, ToolChoice, WebSearch,
};
use crate::protocol::fields;
use crate::protocol::gemini::profile::FIELDS;
use crate::protocol::gemini::schema::to_json_schema;
use crate::protocol::gemini::spelling::EitherName;
use crate::protocol::object::{Object, present, text_of};

use super::parts::read_contents;

/// Reads a request, also one that only counts tokens: it may hold the whole request in a field.
pub(crate) fn read(body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError> {
    let mut body = Object::parse(body)?;
    if let Some(whole) = body.raw_either("generateContentRequest", "generate_content_request") {
        body = Object::of(whole).map_err(|error| error.within("generateContentRequest"))?;
    }
    let model = body.model(head.model)?;
    let mut to = Conversation {
        model: model.strip_prefix("models/").unwrap_or(&model).to_owned(),
        delivery: head.delivery.unwrap_or_default(),
        include_usage: true,
        ..Conversation::default()
    };
    to.system = read_system(&mut body, &mut to)?;
    read_contents(&mut body, &mut to)?;
    read_tools(&mut body, &mut to)?;
    body.with_either("toolConfig", "tool_config", |config| read_tool_config(config, &mut to))?;
    body.with_either("generationConfig", "generation_config", |config| {
        read_generation_config(config, &mut to)
    })?;
    body.keep_rest("", &mut to);
    Ok(to)
}

fn read_system(body: &mut Object<'_>, to: &mut Conversation) -> Result<Vec<Part>, ReadError> {
    let Some(value) = body.raw_either("systemInstruction", "system_instruction") else {
        return Ok(Vec::new());
    };
    if value.get().starts_with('"') {
        let text = text_of(value).map_err(|error| error.within("systemInstruction"))?;
        return Ok(vec![Part::text(text)]);
    }
    let mut read = |mut content: Object<'_>| {
        content.each("parts", |mut part| {
            let text: Option<String> = part.take("text")?;
            part.keep_rest("systemInstruction.parts.", to);
            Ok(text.map(Part::text))
        })
    };
    let parts = Object::of(value).and_then(&mut read);
    let parts = parts.map_err(|error| error.within("systemInstruction"))?;
    Ok(present(parts))
}

fn read_tools(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let tools = body.each("tools", |mut tool| {
        let functions =
            tool.each_either("functionDeclarations", "function_declarations", |function| {
                read_function(function, to)
            })?;
        if tool.raw_either("googleSearch", "google_search").is_some() {
            to.search = Some(WebSearch::called("googleSearch"));
        }
        for (name, _) in tool.rest() {
            // Google's own tools; often an empty object turns them on.
            to.keep_extra(format!("tools.{name}"), RawValue::TRUE);
        }
        Ok(functions)
    })?;
    to.tools = tools.into_iter().flatten().collect();
    Ok(())
}

fn read_function(mut function: Object<'_>, to: &mut Conversation) -> Result<Tool, ReadError> {
    let schema = function.raw_either("parametersJsonSchema", "parameters_json_schema");
    let older = function.raw("parameters");
    // The schema of a result is not sent to other vendors and changes no call.
    function.raw("response");
    function.raw_either("responseJsonSchema", "response_json_schema");
    let tool = Tool {
        name: function.require("name")?,
        description: function.take("description")?,
        schema: schema.map(ToOwned::to_owned).or_else(|| older.map(to_json_schema)),
        strict: None,
        cache: None,
    };
    function.keep_rest("tools.functionDeclarations.", to);
    Ok(tool)
}

fn read_tool_config(mut config: Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    config.with_either("functionCallingConfig", "function_calling_config", |mut calling| {
        let mode: Option<String> = calling.take("mode")?;
        let allowed: Option<Vec<String>> =
            calling.take_either("allowedFunctionNames", "allowed_function_names")?;
        let mut allowed = allowed.unwrap_or_default();
        let mode = mode.map(|mode| mode.to_ascii_uppercase());
        if mode.as_deref() == Some("VALIDATED") {
            to.tools.iter_mut().for_each(|tool| tool.strict = Some(true));
        }
        let named: HashSet<&str> = allowed.iter().map(String::as_str).collect();
        let are_all = to.tools.iter().all(|tool| named.contains(tool.name.as_str()));
        to.tool_choice = match mode.as_deref() {
            Some("AUTO" | "VALIDATED") => Some(ToolChoice::Auto),
            Some("NONE") => Some(ToolChoice::None),
            Some("ANY") if allowed.len() == 1 => allowed.pop().map(ToolChoice::Tool),
            Some("ANY") => Some(ToolChoice::Required),
            _ => None,
        };
        if allowed.len() > 1 && !are_all {
            to.keep_extra("toolConfig.allowedFunctionNames", RawValue::TRUE);
        }
        calling.keep_rest("toolConfig.functionCallingConfig.", to);
        Ok(())
    })?;
    config.keep_rest("toolConfig.", to);
    Ok(())
}

fn read_generation_config(mut config: Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    fields::read(&FIELDS, &mut config, to)?;
    to.format = read_format(&mut config, to)?;
    to.thinking = config.with_either("thinkingConfig", "thinking_config", read_thinking)?.flatten();
    for (name, value) in config.rest() {
        let is_usual = match &*name {
            "candidateCount" | "candidate_count" => value.get() == "1",
            "responseModalities" | "response_modalities" => {
                serde_json::from_str::<Vec<&str>>(value.get())
                    .is_ok_and(|kinds| kinds.iter().all(|kind| kind.eq_ignore_ascii_case("text")))
            }
            _ => false,
        };
        if !is_usual {
            to.keep_extra(format!("generationConfig.{name}"), value);
        }
    }
    Ok(())
}

fn read_format(
    config: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<Option<OutputFormat>, ReadError> {
    let media_type: Option<String> =
        config.take_either("responseMimeType", "response_mime_type")?;
    let schema = config.raw_either("responseJsonSchema", "response_json_schema");
    let schema = schema.or_else(|| config.raw("_responseJsonSchema")).map(ToOwned::to_owned);
    let older = config.raw_either("responseSchema", "response_schema").map(to_json_schema);
    Ok(match (schema.or(older), media_type.as_deref()) {
        (Some(schema), kind) if kind != Some("text/x.enum") => {
            Some(OutputFormat::JsonSchema { name: None, description: None, schema, strict: None })
        }
        (None, Some("application/json")) => Some(OutputFormat::JsonObject),
        (None, None | Some("" | "text/plain")) => None,
        _ => to.keep_unknown_format(),
    })
}

/// A level speaks louder than a budget. Asking to see thoughts asks for thinking.
fn read_thinking(mut config: Object<'_>) -> Result<Option<Thinking>, ReadError> {
    let shown: Option<bool> = config.take_either("includeThoughts", "include_thoughts")?;
    let budget: Option<i64> = config.take_either("thinkingBudget", "thinking_budget")?;
    let level: Option<String> = config.take_either("thinkingLevel", "thinking_level")?;
    let level = level.map(|level| level.to_ascii_lowercase());
    Ok(match (level.as_deref(), budget) {
        (Some(level), _) if level != "thinking_level_unspecified" => {
            Some(Thinking::in_words(level))
        }
        (_, Some(0)) => Some(Thinking::Off),
        (_, Some(budget)) => {
            Some(u64::try_from(budget).map_or(Thinking::Adaptive, Thinking::Budget))
        }
        (_, None) => (shown == Some(true)).then_some(Thinking::Adaptive),
    })
}
