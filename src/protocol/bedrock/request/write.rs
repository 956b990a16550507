//! Writes a request from a conversation with borrowed parts.
//!
//! Nothing that could change the answer is dropped silently.

use std::borrow::Cow;
use std::collections::HashSet;

use percent_encoding::utf8_percent_encode;
use serde_json::value::RawValue;

use super::form::{
    Body, CachePoint, Choice, Count, CountConverse, CountInput, InputSchema, JsonSchema, Metadata,
    Output, Spec, Structure, TextFormat, ToolConfig, ToolOut,
};
use super::media::DocumentNames;
use super::plan::Plan;
use super::turns::Blocks;
use super::{MODEL_FIELDS, OWN_EXTRAS};
use crate::models::bedrock::{self, Choices, Family};
use crate::models::{Model, openai};
use crate::path::NOT_IN_A_SEGMENT;
use crate::protocol::cache;
use crate::protocol::codec::{Reading, Refused, Target, Written, json};
use crate::protocol::conversation::tool::raw;
use crate::protocol::conversation::{
    CacheMark, Conversation, Delivery, Extras, Losses, OutputFormat, Tool, ToolChoice, ToolNames,
};
use crate::protocol::fit::claude;
use crate::protocol::structured::{ANSWER_TOOL, ANSWER_TOOL_DESCRIPTION, Structured};

/// Writes a request.
pub(crate) fn write(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    let model = bedrock::model(target.known_as());
    let names = ToolNames::fit(from, openai::TOOL_NAMES.of(model), bedrock::CALL_IDS.of(model));
    let mut losses = target.losses();
    let late = from.late(false);
    let turns = from.alternating_with(&late);
    let mut plan = Plan::of(from, &turns, model, &mut losses)?;
    if bedrock::FAMILY.of(model) == Family::Claude {
        plan.fields.betas = target.betas;
    }
    let has_field = bedrock::SCHEMAS.of(model);
    let format = Structured::of(from, has_field, !plan.can_force, &mut losses)?;
    let answer_tool = format.tool();
    let tool_config = write_tools(from, &plan, &format, model, &names, &mut losses)?;
    if let Some(search) = &from.search {
        search.lose(&mut losses)?;
    }
    from.lose_extras(
        |name| OWN_EXTRAS.contains(&name) || name.starts_with(MODEL_FIELDS),
        &mut losses,
    )?;
    let output_config = write_format(&format, &mut losses)?;
    let user = from.user.as_deref().filter(|user| is_metadata(user));
    let takes_prefill = bedrock::PREFILL.of(model) && !plan.thinks && output_config.is_none();
    let documents = DocumentNames::default();
    let mut blocks = Blocks { model, names: &names, losses: &mut losses, documents };
    let streams = tool_config.is_none() || bedrock::STREAMS_TOOLS.of(model);
    let mut body = Body {
        system: blocks.system(from.instructions()),
        messages: blocks.turns(&turns, takes_prefill)?,
        inference_config: plan.inference,
        tool_config,
        additional_model_request_fields: plan.fields,
        output_config,
        request_metadata: user.map(|user| Metadata { user }),
        extras: Extras { all: &from.extras, known: OWN_EXTRAS },
    };
    if bedrock::CACHE_MARKS.of(model) {
        let mark = cache::is_marked_for(from, target.cache).then(|| usual_mark(from));
        body.fit_marks(mark, bedrock::CACHE_MARKS_IN_TOOLS.of(model));
    }
    let body = json(&body);
    let (operation, accept) = match from.delivery {
        Delivery::Whole => ("converse", "application/json"),
        // The whole answer becomes the client's stream.
        _ if !streams => ("converse", "application/json"),
        Delivery::Events | Delivery::Array => {
            ("converse-stream", "application/vnd.amazon.eventstream")
        }
    };
    let reading = target.reading(names, answer_tool);
    let mut written = Written::json(path(target.model, operation), body, losses, reading);
    written.headers.push(("accept", accept.to_owned()));
    Ok(written)
}

/// Writes a request that counts tokens, which only Anthropic's models do.
pub(crate) fn write_count(
    from: &Conversation,
    target: &Target<'_>,
) -> Result<Option<Written>, Refused> {
    let model = bedrock::model(target.known_as());
    if bedrock::FAMILY.of(model) != Family::Claude {
        return Ok(None);
    }
    let names = ToolNames::fit(from, openai::TOOL_NAMES.of(model), bedrock::CALL_IDS.of(model));
    let mut losses = target.losses();
    let late = from.late(false);
    let turns = from.alternating_with(&late);
    let tools = offered_tools(from, model, &names, &mut losses)?;
    let documents = DocumentNames::default();
    let mut blocks = Blocks { model, names: &names, losses: &mut losses, documents };
    let converse = CountConverse {
        system: blocks.system(from.instructions()),
        messages: blocks.turns(&turns, bedrock::PREFILL.of(model))?,
        tool_config: (!tools.is_empty()).then_some(ToolConfig { tools, tool_choice: None }),
    };
    let body = json(&Count { input: CountInput { converse } });
    let reading = Reading { seed: target.seed.to_owned(), ..Reading::default() };
    Ok(Some(Written::json(path(target.model, "count-tokens"), body, losses, reading)))
}

/// The cache mark for a client that sets none.
fn usual_mark(from: &Conversation) -> CachePoint<'_> {
    static USUAL: CacheMark = CacheMark { ttl: None };
    CachePoint::of(from.cache.as_ref().unwrap_or(&USUAL))
}

fn write_format<'a>(
    format: &Structured<'a>,
    losses: &mut Losses,
) -> Result<Option<Output<'a>>, Refused> {
    let Structured::Native(OutputFormat::JsonSchema { name, description, schema, .. }) = format
    else {
        return Ok(None);
    };
    let schema = claude::fit_schema(schema, "response_format.schema", losses)?;
    let (name, description) = (name.as_deref(), description.as_deref());
    let structure = Structure { json_schema: JsonSchema { schema, name, description } };
    Ok(Some(Output { text_format: TextFormat { r#type: "json_schema", structure } }))
}

/// The tools and the tool choice. Bedrock has no choice `none`: without tool calls in the history
/// the tools are omitted; with them they must be present.
fn write_tools<'a>(
    from: &'a Conversation,
    plan: &Plan<'_>,
    format: &Structured<'a>,
    model: Model<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<ToolConfig<'a>>, Refused> {
    let is_none = from.tool_choice == Some(ToolChoice::None);
    if is_none && !from.has_tool_parts() && format.tool().is_none() {
        return Ok(None);
    }
    let mut tools = offered_tools(from, model, names, losses)?;
    let mut choice = write_choice(from, plan, model, names, losses)?;
    if let Structured::Tool(schema) = format {
        tools.push(tool_for_answer(Cow::clone(schema)));
        choice = match bedrock::TOOL_CHOICES.of(model) {
            Choices::All => Some(Choice::Tool { name: ANSWER_TOOL }),
            // There is no other tool.
            Choices::Any => Some(Choice::Any {}),
            Choices::Auto => losses.lose("response_format").map(|()| None)?,
        };
    }
    Ok((!tools.is_empty()).then_some(ToolConfig { tools, tool_choice: choice }))
}

/// The client's tools; where a history of tools comes without any, those of the history, as Bedrock
/// refuses such a history without tools.
fn offered_tools<'a>(
    from: &'a Conversation,
    model: Model<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Vec<ToolOut<'a>>, Refused> {
    let mut tools = Vec::with_capacity(from.tools.len());
    for tool in &from.tools {
        tools.push(ToolOut::ToolSpec(write_spec(tool, model, names, losses)?));
        let mark = tool.cache.as_ref().filter(|_| bedrock::CACHE_MARKS_IN_TOOLS.of(model));
        tools.extend(mark.map(|mark| ToolOut::CachePoint(CachePoint::of(mark))));
    }
    if tools.is_empty() && from.has_tool_parts() {
        let mut known = HashSet::new();
        let called = from.tool_calls().map(|call| call.name.as_str());
        let used = called.filter(|name| known.insert(*name));
        tools.extend(used.map(|name| used_tool(names.sent(name))));
        if tools.is_empty() {
            tools.push(used_tool("tool"));
        }
    }
    Ok(tools)
}

fn write_spec<'a>(
    tool: &'a Tool,
    model: Model<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Spec<'a>, Refused> {
    let strict = (bedrock::SCHEMAS.of(model) && claude::is_strict(tool)).then_some(true);
    losses.lose_if(tool.strict == Some(true) && strict.is_none(), "tools.strict")?;
    let json = claude::fit_tool(tool.schema_or_empty(), strict.is_some(), losses)?;
    Ok(Spec {
        name: names.sent(&tool.name),
        description: tool.description.as_deref().filter(|text| !text.trim().is_empty()),
        input_schema: InputSchema { json },
        strict,
    })
}

fn used_tool(name: &str) -> ToolOut<'_> {
    let json = Cow::Owned(raw(r#"{"type":"object","properties":{}}"#));
    let input_schema = InputSchema { json };
    ToolOut::ToolSpec(Spec { name, description: None, input_schema, strict: None })
}

fn tool_for_answer(schema: Cow<'_, RawValue>) -> ToolOut<'_> {
    ToolOut::ToolSpec(Spec {
        name: ANSWER_TOOL,
        description: Some(ANSWER_TOOL_DESCRIPTION),
        input_schema: InputSchema { json: schema },
        strict: None,
    })
}

fn write_choice<'a>(
    from: &'a Conversation,
    plan: &Plan<'_>,
    model: Model<'_>,
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
    if !plan.can_force && !matches!(choice, Choice::Auto {}) {
        return losses.lose("tool_choice").map(|()| None);
    }
    Ok(match (choice, bedrock::TOOL_CHOICES.of(model)) {
        (choice, Choices::All) | (choice @ (Choice::Auto {} | Choice::Any {}), Choices::Any) => {
            Some(choice)
        }
        (Choice::Tool { .. }, Choices::Any) => {
            losses.lose("tool_choice")?;
            Some(Choice::Any {})
        }
        (Choice::Auto {}, Choices::Auto) => None,
        (Choice::Any {} | Choice::Tool { .. }, Choices::Auto) => {
            losses.lose("tool_choice").map(|()| None)?
        }
    })
}

/// Whether a text is a valid value of `requestMetadata`.
fn is_metadata(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " :_@$#=/+,-.".contains(c);
    text.len() <= LONGEST_METADATA && text.chars().all(fits)
}

/// The model's id may hold `:` and, as an ARN, `/`.
pub(crate) fn path(model: &str, operation: &str) -> String {
    format!("/model/{}/{operation}", utf8_percent_encode(model, NOT_IN_A_SEGMENT))
}

const LONGEST_METADATA: usize = 256;
