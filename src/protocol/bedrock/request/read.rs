//! Reads a request: fields are taken by name, and the remaining ones are extras.

use serde_json::value::RawValue;

use super::blocks;
use crate::protocol::bedrock::profile::FIELDS;
use crate::protocol::codec::{Head, ReadError};
use crate::protocol::conversation::{
    Conversation, OutputFormat, Role, Tool, ToolChoice, Turn, proofs,
};
use crate::protocol::fields;
use crate::protocol::fit::claude;
use crate::protocol::object::Object;

/// Reads a request, also one that only counts tokens.
pub(crate) fn read(body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError> {
    let mut body = Object::parse(body)?;
    match body.raw("input") {
        None => read_converse(body, head),
        Some(input) => {
            let counted = Object::of(input).and_then(|mut input| {
                let converse = input.with("converse", |converse| read_converse(converse, head))?;
                converse.ok_or_else(|| ReadError::new("converse", "is missing"))
            });
            counted.map_err(|error| error.within("input"))
        }
    }
}

fn read_converse(mut body: Object<'_>, head: &Head<'_>) -> Result<Conversation, ReadError> {
    let Some(model) = head.model else {
        return Err(ReadError::new("", "the path names no model"));
    };
    let mut to = Conversation {
        model: model.to_owned(),
        delivery: head.delivery.unwrap_or_default(),
        include_usage: true,
        ..Conversation::default()
    };
    to.system = blocks::read("system", &mut body, &mut to)?;
    read_messages(&mut body, &mut to)?;
    body.inside("inferenceConfig", &mut to, |config, to| fields::read(&FIELDS, config, to))?;
    read_tools(&mut body, &mut to)?;
    read_model_fields(&mut body, &mut to)?;
    read_output(&mut body, &mut to)?;
    body.inside("requestMetadata", &mut to, |metadata, to| {
        to.user = metadata.take("user")?;
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
            _ => return Err(ReadError::new("role", "is not a role of this protocol")),
        };
        let mut parts = blocks::read("content", message, to)?;
        proofs::join(&mut parts);
        to.turns.push(Turn::new(role, parts));
        Ok(())
    })
}

fn read_tools(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.inside("toolConfig", to, |config, to| {
        config.each("tools", |mut tool| {
            let mark = blocks::read_mark(&mut tool)?;
            if let Some(last) = to.tools.last_mut().filter(|_| mark.is_some()) {
                last.cache = mark;
            }
            let read = tool.with("toolSpec", |spec| read_spec(spec, to))?;
            to.tools.extend(read);
            for (name, _) in tool.rest() {
                to.keep_extra(format!("tools.{name}"), RawValue::TRUE);
            }
            Ok(())
        })?;
        to.tool_choice = config.with("toolChoice", read_choice)?;
        Ok(())
    })
}

fn read_spec(mut spec: Object<'_>, to: &mut Conversation) -> Result<Tool, ReadError> {
    let schema = spec.with("inputSchema", |mut schema| Ok(schema.raw("json")))?;
    let read = Tool {
        name: spec.require("name")?,
        description: spec.take("description")?,
        schema: schema.flatten().map(ToOwned::to_owned),
        strict: spec.take("strict")?,
        cache: None,
    };
    spec.keep_rest("tools.toolSpec.", to);
    Ok(read)
}

fn read_choice(mut choice: Object<'_>) -> Result<ToolChoice, ReadError> {
    if let Some(name) = choice.with("tool", |mut tool| tool.require("name"))? {
        Ok(ToolChoice::Tool(name))
    } else if choice.raw("any").is_some() {
        Ok(ToolChoice::Required)
    } else if choice.raw("auto").is_some() {
        Ok(ToolChoice::Auto)
    } else {
        Err(ReadError::new("", "is not a choice of this protocol"))
    }
}

/// What the models themselves call thinking and `top_k`.
fn read_model_fields(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.inside("additionalModelRequestFields", to, |fields, to| {
        to.sampling.top_k = fields.take("top_k")?;
        to.thinking = fields.with("thinking", claude::read_thinking)?;
        let effort: Option<String> = fields.take("reasoning_effort")?;
        let nested = |name: &'static str| move |mut config: Object<'_>| config.take::<String>(name);
        let effort = effort.or(fields.with("output_config", nested("effort"))?.flatten());
        let nova = fields.with("reasoningConfig", nested("maxReasoningEffort"))?.flatten();
        to.ask_effort(effort.or(nova));
        Ok(())
    })
}

fn read_output(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    body.inside("outputConfig", to, |config, to| {
        to.ask_effort(config.take("effort")?);
        let schema = config.with("textFormat", |mut format| {
            let structure = format
                .with("structure", |mut structure| structure.with("jsonSchema", read_schema))?;
            Ok(structure.flatten().or_else(|| to.keep_unknown_format()))
        })?;
        to.format = schema.flatten();
        Ok(())
    })
}

/// The schema is a text that holds JSON.
fn read_schema(mut form: Object<'_>) -> Result<OutputFormat, ReadError> {
    let text: String = form.require("schema")?;
    let schema = RawValue::from_string(text)
        .map_err(|_| ReadError::new("schema", "must be a string that holds JSON"))?;
    let (name, description) = (form.take("name")?, form.take("description")?);
    Ok(OutputFormat::JsonSchema { name, description, schema, strict: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_requests_name_the_field() {
        let head = Head { model: Some("m"), delivery: None };
        for (body, said) in [
            ("{}", "`messages` must hold at least one message"),
            (
                r#"{"messages":[{"role":"system","content":[]}]}"#,
                "`messages[0].role` is not a role of this protocol",
            ),
            (
                r#"{"messages":[{"role":"user","content":[{"text":1}]}]}"#,
                "`messages[0].content[0].text` must be a string",
            ),
            (
                r#"{"messages":[{"role":"user","content":[{"toolResult":{"content":[]}}]}]}"#,
                "`messages[0].content[0].toolResult.toolUseId` is missing",
            ),
            (
                r#"{"input":{"converse":{"messages":[]}}}"#,
                "`input.converse.messages` must hold at least one message",
            ),
            (r#"{"input":{"invokeModel":{}}}"#, "`input.converse` is missing"),
            (
                r#"{"messages":[{"role":"user","content":[]}],"toolConfig":{"toolChoice":{}}}"#,
                "`toolConfig.toolChoice` is not a choice of this protocol",
            ),
        ] {
            assert_eq!(read(body.as_bytes(), &head).unwrap_err().to_string(), said);
        }
        assert!(read(b"{}", &Head::default()).is_err());
    }
}
