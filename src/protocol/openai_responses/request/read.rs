//! Reads a request: fields are taken by name, and the remaining ones are extras.

use serde_json::value::RawValue;

use super::items;
use crate::protocol::cache;
use crate::protocol::codec::{Head, ReadError};
use crate::protocol::conversation::{
    Conversation, Delivery, OutputFormat, Part, Thinking, Tool, ToolChoice, WebSearch, proofs,
};
use crate::protocol::fields;
use crate::protocol::object::{Object, present};
use crate::protocol::openai_responses::profile::FIELDS;
use crate::protocol::openai_responses::{custom, namespace};
use crate::protocol::structured::read_schema;

/// Reads a request.
pub(crate) fn read(body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError> {
    let mut body = Object::parse(body)?;
    refuse_stored(&mut body)?;
    let stream = Delivery::from_flag(body.take("stream")?);
    let mut to = Conversation {
        model: body.require("model")?,
        system: body
            .take("instructions")?
            .map(|text: String| Part::text(text))
            .into_iter()
            .collect(),
        parallel_tool_calls: body.take("parallel_tool_calls")?,
        user: body.take("user")?,
        delivery: head.delivery.unwrap_or(stream),
        include_usage: true,
        ..Conversation::default()
    };
    fields::read(&FIELDS, &mut body, &mut to)?;
    items::read(&mut body, &mut to)?;
    to.turns.iter_mut().for_each(|turn| proofs::join(&mut turn.parts));
    read_reasoning(&mut body, &mut to)?;
    read_text(&mut body, &mut to)?;
    read_tools(&mut body, &mut to)?;
    read_tool_choice(&mut body, &mut to)?;
    read_include(&mut body, &mut to)?;
    to.cache = cache::read_mark(&mut body)?;
    // It only controls the padding of deltas.
    body.raw("stream_options");
    body.keep_rest("", &mut to);
    Ok(to)
}

/// What needs a store of answers, or an answer that comes later.
fn refuse_stored(body: &mut Object<'_>) -> Result<(), ReadError> {
    for field in ["previous_response_id", "conversation", "prompt"] {
        if body.raw(field).is_some() {
            return Err(ReadError::new(field, NOTHING_STORED));
        }
    }
    if body.take::<bool>("background")? == Some(true) {
        return Err(ReadError::new("background", "cannot be used: answers are not stored"));
    }
    Ok(())
}

fn read_reasoning(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.inside("reasoning", to, |reasoning, to| {
        let effort: Option<String> = reasoning.take("effort")?;
        to.thinking = effort.as_deref().map(Thinking::in_words);
        let old_summary = reasoning.raw("generate_summary");
        if let Some(summary) = reasoning.raw("summary").or(old_summary) {
            to.keep_extra("reasoning.summary", summary);
        }
        Ok(())
    })
}

fn read_text(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.inside("text", to, |text, to| {
        to.format = text.with("format", |format| read_format(format, to))?.flatten();
        if let Some(verbosity) = text.raw("verbosity") {
            to.keep_extra("verbosity", verbosity);
        }
        Ok(())
    })
}

fn read_format(
    mut format: Object<'_>,
    to: &mut Conversation,
) -> Result<Option<OutputFormat>, ReadError> {
    let kind: String = format.require("type")?;
    Ok(match kind.as_str() {
        "json_object" => Some(OutputFormat::JsonObject),
        "json_schema" => Some(read_schema(format)?),
        "text" => None,
        _ => to.keep_unknown_format(),
    })
}

fn read_tools(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.each("tools", |tool| read_tool(tool, None, to))?;
    Ok(())
}

fn read_tool(
    mut tool: Object<'_>,
    namespace: Option<&str>,
    to: &mut Conversation,
) -> Result<(), ReadError> {
    let kind: String = tool.require("type")?;
    let read = match kind.as_str() {
        "function" => Tool {
            name: tool.require("name")?,
            description: tool.take("description")?,
            schema: tool.raw("parameters").map(ToOwned::to_owned),
            strict: tool.take("strict")?,
            cache: None,
        },
        "custom" => {
            let name: String = tool.require("name")?;
            let grammar = tool.with("format", |mut format| format.take("definition"))?;
            let grammar: Option<String> = grammar.flatten();
            custom::tool(&name, tool.take("description")?, grammar.as_deref())
        }
        "namespace" if namespace.is_none() => {
            let name: String = tool.require("name")?;
            tool.each("tools", |tool| read_tool(tool, Some(&name), to))?;
            tool.keep_rest("tools.namespace.", to);
            return Ok(());
        }
        kind if kind.starts_with("web_search") => {
            let allowed = tool.with("filters", |mut filters| filters.take("allowed_domains"))?;
            to.search = Some(WebSearch {
                allowed: allowed.flatten().unwrap_or_default(),
                location: tool.raw("user_location").map(ToOwned::to_owned),
                ..WebSearch::called(kind)
            });
            // How much of the search results is read does not change the form of the answer.
            for name in ["search_context_size", "external_web_access"] {
                tool.raw(name);
            }
            tool.keep_rest(&format!("tools.{kind}."), to);
            return Ok(());
        }
        // Tools that OpenAI runs, or that only its own models know.
        _ => {
            to.keep_extra(format!("tools.{kind}"), RawValue::TRUE);
            return Ok(());
        }
    };
    let cache = cache::read_mark(&mut tool)?;
    tool.keep_rest("tools.", to);
    to.tools.push(Tool { name: namespace::mark(&read.name, namespace), cache, ..read });
    Ok(())
}

fn read_tool_choice(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let Some(value) = body.raw("tool_choice") else { return Ok(()) };
    to.tool_choice = match value.get() {
        "\"auto\"" => Some(ToolChoice::Auto),
        "\"none\"" => Some(ToolChoice::None),
        "\"required\"" => Some(ToolChoice::Required),
        object if object.starts_with('{') => {
            if let Some((must, names)) = read_allowed(value)? {
                to.tool_choice = Some(to.allow(must, &names, value));
                return Ok(());
            }
            let chosen = Object::of(value).and_then(|mut choice| {
                let kind: String = choice.require("type")?;
                Ok(match kind.as_str() {
                    "function" => Some(choice.require("name")?),
                    "custom" => Some(custom::mark(&choice.require::<String>("name")?)),
                    _ => None,
                })
            });
            let chosen = chosen.map_err(|error| error.within("tool_choice"))?;
            if chosen.is_none() {
                to.keep_extra("tool_choice", value);
            }
            chosen.map(ToolChoice::Tool)
        }
        _ => return Err(ReadError::new("tool_choice", "is not a choice of this protocol")),
    };
    Ok(())
}

/// Whether one must be called of some tools, and their names, if the choice is among some.
fn read_allowed(choice: &RawValue) -> Result<Option<(bool, Vec<String>)>, ReadError> {
    let read = || {
        let mut choice = Object::of(choice)?;
        if choice.take::<String>("type")?.as_deref() != Some("allowed_tools") {
            return Ok(None);
        }
        let mode: Option<String> = choice.take("mode")?;
        let names = choice.each("tools", |mut tool| {
            let kind: Option<String> = tool.take("type")?;
            let name: Option<String> = tool.take("name")?;
            let is_custom = kind.as_deref() == Some("custom");
            Ok(name.map(|name| if is_custom { custom::mark(&name) } else { name }))
        })?;
        Ok(Some((mode.as_deref() == Some("required"), present(names))))
    };
    read().map_err(|error: ReadError| error.within("tool_choice"))
}

/// Encrypted reasoning is always included; everything else is OpenAI's own.
fn read_include(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let include: Option<Vec<String>> = body.take("include")?;
    let others = include.into_iter().flatten().filter(|name| name != ENCRYPTED_REASONING);
    for name in others {
        to.keep_extra(format!("include.{name}"), RawValue::TRUE);
    }
    Ok(())
}

/// What can be included in the answer so that reasoning comes back on the next turn.
pub(super) const ENCRYPTED_REASONING: &str = "reasoning.encrypted_content";

const NOTHING_STORED: &str =
    "cannot be used: nothing is stored; send the whole conversation as `input`";

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> String {
        read(body.as_bytes(), &Head::default()).unwrap_err().to_string()
    }

    #[test]
    fn what_needs_a_store_is_refused() {
        for (body, said) in [
            (
                r#"{"model":"m","input":"a","previous_response_id":"resp_1"}"#,
                "`previous_response_id` cannot be used: nothing is stored; send the whole conversation as `input`",
            ),
            (
                r#"{"model":"m","input":"a","background":true}"#,
                "`background` cannot be used: answers are not stored",
            ),
            (
                r#"{"model":"m","input":[{"type":"item_reference","id":"x"}]}"#,
                "`input[0].type` refers to a stored item: nothing is stored; send the item itself",
            ),
            (r#"{"model":"m"}"#, "`input` is missing"),
            (r#"{"model":"m","input":[]}"#, "`input` must hold at least one item"),
            (
                r#"{"model":"m","input":[{"role":"tool","content":""}]}"#,
                "`input[0].role` is not a role of this protocol",
            ),
            (
                r#"{"model":"m","input":"a","tools":[{"type":"function"}]}"#,
                "`tools[0].name` is missing",
            ),
            (
                r#"{"model":"m","input":"a","tool_choice":{"type":"function"}}"#,
                "`tool_choice.name` is missing",
            ),
        ] {
            assert_eq!(error(body), said);
        }
        let body = br#"{"model":"m","input":"a","previous_response_id":null,"background":false}"#;
        assert!(read(body, &Head::default()).unwrap().extras.is_empty());
    }

    #[test]
    fn an_agents_usual_fields_are_understood() {
        let body = br#"{"model":"m","input":"a","store":false,"service_tier":"auto",
            "include":["reasoning.encrypted_content"],"prompt_cache_key":"k","stream":true,
            "reasoning":{"effort":"low","summary":"auto"},"text":{"verbosity":"low"},
            "tools":[{"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark",
            "definition":"start"}},{"type":"web_search"}],"tool_choice":"auto"}"#;
        let read = read(body, &Head::default()).unwrap();
        let extras: Vec<&str> = read.extras.iter().map(|extra| extra.name.as_str()).collect();
        let expected = ["reasoning.summary", "verbosity", "prompt_cache_key"];
        assert_eq!(read.search.as_ref().unwrap().called, "web_search");
        assert_eq!(extras, expected);
        assert_eq!(read.tools[0].name, "custom:patch");
        assert!(read.is_stream() && read.include_usage);
    }
}
