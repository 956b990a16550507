//! Writing: the conversation's fields, borrowed, put into the body's form.
//!
//! It never leaves anything out in silence that could change the answer.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

use super::form::{
    Body, CachePoint, Choice, Count, CountConverse, CountInput, Extras, InputSchema, JsonSchema,
    Metadata, Output, Spec, Structure, TextFormat, ToolConfig, ToolOut,
};
use super::media::DocumentNames;
use super::plan::Plan;
use super::turns::Blocks;
use super::{MODEL_FIELDS, OWN_EXTRAS};
use crate::protocol::bedrock::model::Family;
use crate::protocol::conversation::tool::raw;
use crate::protocol::conversation::{
    Conversation, Delivery, Losses, OutputFormat, Tool, ToolChoice, ToolNames,
};
use crate::protocol::wire::{Reading, Refused, Target, Written, json};

/// Writes a request.
pub(in crate::protocol::bedrock) fn write(
    from: &Conversation,
    target: &Target<'_>,
) -> Result<Written, Refused> {
    let family = Family::of(target.model);
    let names = ToolNames::fit(from, LONGEST_TOOL_NAME, &['-']);
    let mut losses = target.losses();
    let turns = from.alternating();
    let plan = Plan::of(from, &turns, family, &mut losses)?;
    let format = Answer::of(from, &plan, family, &mut losses)?;
    let answer_tool = matches!(format, Answer::Tool { .. }).then_some(ANSWER_TOOL);
    let tool_config = write_tools(from, &plan, &format, family, &names, &mut losses)?;
    lose_rest(from, &mut losses)?;
    let request_metadata = match from.user.as_deref() {
        Some(user) if is_metadata(user) => Some(Metadata { user }),
        user => losses.lose_if(user.is_some(), "user").map(|()| None)?,
    };
    let documents = DocumentNames::default();
    let mut blocks = Blocks { family, names: &names, losses: &mut losses, documents };
    let body = Body {
        system: blocks.system(from.instructions()),
        messages: blocks.turns(&turns)?,
        inference_config: plan.inference,
        tool_config,
        additional_model_request_fields: plan.fields,
        output_config: format.into_native(),
        request_metadata,
        extras: Extras(&from.extras),
    };
    let body = json(&body);
    let (operation, accept) = match from.delivery {
        Delivery::Whole => ("converse", "application/json"),
        Delivery::Events | Delivery::Array => {
            ("converse-stream", "application/vnd.amazon.eventstream")
        }
    };
    Ok(Written {
        path_and_query: path(target.model, operation),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("accept", accept.to_owned()),
        ],
        body,
        dropped: losses.into_names(),
        reading: Reading { seed: target.seed.to_owned(), renamed: names.back(), answer_tool },
    })
}

/// Writes a request that counts tokens, which only Anthropic's models do.
pub(in crate::protocol::bedrock) fn write_count(
    from: &Conversation,
    target: &Target<'_>,
) -> Result<Option<Written>, Refused> {
    let family = Family::of(target.model);
    if !family.is_claude() {
        return Ok(None);
    }
    let names = ToolNames::fit(from, LONGEST_TOOL_NAME, &['-']);
    let mut losses = target.losses();
    let turns = from.alternating();
    let tools = offered_tools(from, family, &names, &mut losses)?;
    let documents = DocumentNames::default();
    let mut blocks = Blocks { family, names: &names, losses: &mut losses, documents };
    let converse = CountConverse {
        system: blocks.system(from.instructions()),
        messages: blocks.turns(&turns)?,
        tool_config: (!tools.is_empty()).then_some(ToolConfig { tools, tool_choice: None }),
    };
    let body = json(&Count { input: CountInput { converse } });
    Ok(Some(Written {
        path_and_query: path(target.model, "count-tokens"),
        headers: vec![("content-type", "application/json".to_owned())],
        body,
        dropped: losses.into_names(),
        reading: Reading { seed: target.seed.to_owned(), ..Reading::default() },
    }))
}

/// How a structured answer is asked for.
enum Answer<'a> {
    /// It is not.
    Free,
    /// By the field that newer models know.
    Native(JsonSchema<'a>),
    /// By a tool that must be called, whose arguments are the answer.
    Tool { schema: Cow<'a, RawValue> },
}

impl<'a> Answer<'a> {
    fn of(
        from: &'a Conversation,
        plan: &Plan<'_>,
        family: Family,
        losses: &mut Losses,
    ) -> Result<Self, Refused> {
        let Some(format) = &from.format else { return Ok(Self::Free) };
        if let OutputFormat::JsonSchema { name, description, schema, .. } = format
            && family.keeps_to_schemas()
        {
            let (name, description) = (name.as_deref(), description.as_deref());
            return Ok(Self::Native(JsonSchema { schema: schema.get(), name, description }));
        }
        // A forced tool excludes thinking, and the client's own tools would never be called.
        if plan.thinks() || !from.tools.is_empty() {
            return losses.lose("response_format").map(|()| Self::Free);
        }
        let schema = match format {
            OutputFormat::JsonSchema { schema, .. } => Cow::Borrowed(&**schema),
            OutputFormat::JsonObject => Cow::Owned(raw(r#"{"type":"object"}"#)),
        };
        Ok(Self::Tool { schema })
    }

    fn into_native(self) -> Option<Output<'a>> {
        let Self::Native(json_schema) = self else { return None };
        let structure = Structure { json_schema };
        Some(Output { text_format: TextFormat { r#type: "json_schema", structure } })
    }
}

/// The tools on offer and the choice among them. There is no choice of none: without a history of
/// tools they are not offered at all, with one they must be.
fn write_tools<'a>(
    from: &'a Conversation,
    plan: &Plan<'_>,
    format: &Answer<'a>,
    family: Family,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<ToolConfig<'a>>, Refused> {
    let is_none = from.tool_choice == Some(ToolChoice::None);
    if is_none && !from.has_tool_parts() && !matches!(format, Answer::Tool { .. }) {
        return Ok(None);
    }
    let mut tools = offered_tools(from, family, names, losses)?;
    let mut choice = write_choice(from, plan, names, losses)?;
    if let Answer::Tool { schema } = format {
        tools.push(answer_tool(Cow::clone(schema)));
        choice = Some(Choice::Tool { name: ANSWER_TOOL });
    }
    Ok((!tools.is_empty()).then_some(ToolConfig { tools, tool_choice: choice }))
}

/// The client's tools; where a history of tools comes without any, those of the history, as Bedrock
/// refuses such a history without tools.
fn offered_tools<'a>(
    from: &'a Conversation,
    family: Family,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Vec<ToolOut<'a>>, Refused> {
    let mut tools = Vec::with_capacity(from.tools.len());
    for tool in &from.tools {
        tools.push(ToolOut::ToolSpec(write_spec(tool, family, names, losses)?));
        let mark = tool.cache.as_ref().filter(|_| family.takes_cache_marks_in_tools());
        tools.extend(mark.map(|mark| ToolOut::CachePoint(CachePoint::of(mark))));
    }
    if tools.is_empty() && from.has_tool_parts() {
        let mut used: Vec<&str> = Vec::new();
        for call in from.tool_calls() {
            if !used.contains(&call.name.as_str()) {
                used.push(&call.name);
            }
        }
        if used.is_empty() {
            used.push("tool");
        }
        tools.extend(used.into_iter().map(|name| used_tool(names.sent(name))));
    }
    Ok(tools)
}

fn write_spec<'a>(
    tool: &'a Tool,
    family: Family,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Spec<'a>, Refused> {
    let strict = tool.strict.filter(|strict| *strict && family.keeps_to_schemas());
    losses.lose_if(tool.strict == Some(true) && strict.is_none(), "tools.strict")?;
    Ok(Spec {
        name: names.sent(&tool.name),
        description: tool.description.as_deref().filter(|text| !text.trim().is_empty()),
        input_schema: InputSchema { json: tool.schema_or_empty() },
        strict,
    })
}

fn used_tool(name: &str) -> ToolOut<'_> {
    let json = Cow::Owned(raw(r#"{"type":"object","properties":{}}"#));
    let input_schema = InputSchema { json };
    ToolOut::ToolSpec(Spec { name, description: None, input_schema, strict: None })
}

fn answer_tool(schema: Cow<'_, RawValue>) -> ToolOut<'_> {
    ToolOut::ToolSpec(Spec {
        name: ANSWER_TOOL,
        description: Some("Gives the answer. Its arguments are the whole answer, as JSON."),
        input_schema: InputSchema { json: schema },
        strict: None,
    })
}

fn write_choice<'a>(
    from: &'a Conversation,
    plan: &Plan<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<Choice<'a>>, Refused> {
    if from.tools.is_empty() {
        return Ok(None);
    }
    losses.lose_if(from.parallel_tool_calls == Some(false), "parallel_tool_calls")?;
    let choice = match &from.tool_choice {
        None => return Ok(None),
        Some(ToolChoice::Auto) => Choice::Auto {},
        Some(ToolChoice::Required) => Choice::Any {},
        Some(ToolChoice::Tool(name)) => Choice::Tool { name: names.sent(name) },
        Some(ToolChoice::None) => return losses.lose("tool_choice").map(|()| None),
    };
    if plan.thinks() && !matches!(choice, Choice::Auto {}) {
        return losses.lose("tool_choice").map(|()| None);
    }
    Ok(Some(choice))
}

fn lose_rest(from: &Conversation, losses: &mut Losses) -> Result<(), Refused> {
    let lost = from
        .extras
        .iter()
        .map(|extra| extra.name.as_str())
        .filter(|name| !OWN_EXTRAS.contains(name) && !name.starts_with(MODEL_FIELDS));
    lost.into_iter().try_for_each(|name| losses.lose(name))
}

/// Whether a text may be a value of `requestMetadata`.
fn is_metadata(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " :_@$#=/+,-.".contains(c);
    text.len() <= LONGEST_METADATA && text.chars().all(fits)
}

/// The model's id may hold `:` and, as an ARN, `/`.
pub(in crate::protocol::bedrock) fn path(model: &str, operation: &str) -> String {
    format!("/model/{}/{operation}", utf8_percent_encode(model, RESERVED))
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const LONGEST_TOOL_NAME: usize = 64;
const LONGEST_METADATA: usize = 256;
/// The tool that stands for structured output.
const ANSWER_TOOL: &str = "give_answer";
