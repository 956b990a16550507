//! Writes a request from a conversation with borrowed parts.
//!
//! Nothing that could change the answer is dropped silently.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::form::{Body, Choice, Content, Filters, Format, Item, Reasoning, Text, ToolOut};
use super::read::ENCRYPTED_REASONING;
use super::turns;
use super::{NESTED_EXTRAS, PLAIN_EXTRAS};
use crate::models::{Effort, Model, openai};
use crate::protocol::cache;
use crate::protocol::codec::{Refused, Target, Written, json};
use crate::protocol::conversation::part::one_text;
use crate::protocol::conversation::search::Told;
use crate::protocol::conversation::tool::raw;
use crate::protocol::conversation::{
    Conversation, Extras, Losses, Part, Thinking, Tool, ToolChoice, ToolNames,
};
use crate::protocol::fields::Fields;
use crate::protocol::fit::gpt::{self, fit_effort, fit_sampling, fit_user};
use crate::protocol::openai_responses::custom;
use crate::protocol::openai_responses::profile::FIELDS;

/// Writes a request.
pub(crate) fn write(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    let model = openai::model(target.known_as());
    let id_rule = openai::RESPONSES_CALL_IDS.of(model);
    let names = ToolNames::fit(from, openai::TOOL_NAMES.of(model), id_rule);
    let mut losses = target.losses();
    let input = turns::write(from, &names, openai::IMAGES.of(model), &mut losses)?;
    let (instructions, input) = match (instructions(&from.system), input) {
        // At least one item is required, so instructions alone become user text.
        (Some(text), input) if input.is_empty() => {
            let content = Content::Plain(text);
            (None, vec![Item::Message { role: "user", content }])
        }
        said => said,
    };
    let effort = fit_effort(from.thinking, model, &mut losses)?;
    let sampling = fit_sampling(&from.sampling, effort, model, &mut losses)?;
    let stop = from.stop.iter().map(String::as_str).collect();
    let fields = Fields { table: &FIELDS, sampling, max_tokens: from.max_tokens, stop };
    let fields = fields.fitted(&mut losses)?;
    let takes = |name: &str| PLAIN_EXTRAS.contains(&name) || NESTED_EXTRAS.contains(&name);
    from.lose_extras(takes, &mut losses)?;
    let body = Body {
        model: target.model,
        instructions,
        input,
        fields,
        text: Text {
            format: from.format.as_ref().map(Format::of),
            verbosity: extra(from, "verbosity"),
        },
        reasoning: write_reasoning(from, effort, model),
        tools: write_tools(from, model, &names, &mut losses)?,
        tool_choice: tool_choice(from, &names),
        parallel_tool_calls: from.parallel_tool_calls.filter(|_| !from.tools.is_empty()),
        user: fit_user(from.user.as_deref()),
        stream: from.is_stream().then_some(true),
        include: if openai::REASONS.of(model) { &[ENCRYPTED_REASONING] } else { &[] },
        prompt_cache_key: cache::key_of(from, target.cache)
            .filter(|_| openai::CACHE_KEYS.of(model)),
        // OpenAI's default is to store, which the client did not ask for.
        store: extra(from, "store").is_none().then_some(false),
        extras: Extras { all: &from.extras, known: PLAIN_EXTRAS },
    };
    let body = json(&body);
    Ok(Written::json("/v1/responses", body, losses, target.reading(names, None)))
}

/// One text: the field is a text.
fn instructions(system: &[Part]) -> Option<Cow<'_, str>> {
    one_text(system.iter().filter(|part| !part.is_blank()).filter_map(Part::as_text), "\n\n")
}

/// The effort, and the summary of the reasoning. Clients that speak of tokens are used to see the
/// reasoning: they get its summary.
fn write_reasoning<'a>(
    from: &'a Conversation,
    effort: Option<Effort>,
    model: Model<'_>,
) -> Reasoning<'a> {
    if openai::EFFORTS.of(model).is_none() {
        return Reasoning::default();
    }
    let shown = matches!(from.thinking, Some(Thinking::Budget(1..) | Thinking::Adaptive));
    let summary = match extra(from, "reasoning.summary") {
        Some(summary) => Some(Cow::Borrowed(summary)),
        None => shown.then(|| Cow::Owned(raw("\"auto\""))),
    };
    Reasoning { effort: effort.map(Effort::name), summary }
}

fn write_tools<'a>(
    from: &'a Conversation,
    model: Model<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Vec<ToolOut<'a>>, Refused> {
    let mut tools = Vec::with_capacity(from.tools.len() + 1);
    for tool in &from.tools {
        tools.push(write_tool(tool, model, names, losses)?);
    }
    if let Some(search) = &from.search {
        search.fit(Told { allowed: true, location: true, ..Told::default() }, losses)?;
        let filters = Filters { allowed_domains: &search.allowed };
        tools.push(ToolOut::WebSearch {
            filters: Some(filters).filter(|_| !search.allowed.is_empty()),
            user_location: search.location.as_deref(),
        });
    }
    Ok(tools)
}

/// Strictness is this protocol's default and must be declined in words.
fn write_tool<'a>(
    tool: &'a Tool,
    model: Model<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<ToolOut<'a>, Refused> {
    let description = tool.description.as_deref();
    if let Some(name) = custom::name_of(&tool.name) {
        return Ok(ToolOut::Custom { name, description });
    }
    let (schema, strict) = gpt::fit_tool(tool, model, losses)?;
    Ok(ToolOut::Function {
        name: names.sent(&tool.name),
        description,
        parameters: schema.unwrap_or_else(|| tool.schema_or_empty()),
        strict: strict.unwrap_or_default(),
    })
}

fn tool_choice<'a>(from: &'a Conversation, names: &'a ToolNames) -> Option<Choice<'a>> {
    if from.tools.is_empty() {
        return None;
    }
    Some(match from.tool_choice.as_ref()? {
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::Required => Choice::Word("required"),
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Tool(name) => match custom::name_of(name) {
            Some(name) => Choice::Tool { r#type: "custom", name },
            None => Choice::Tool { r#type: "function", name: names.sent(name) },
        },
    })
}

fn extra<'a>(from: &'a Conversation, name: &str) -> Option<&'a RawValue> {
    from.extras.iter().find(|extra| extra.name == name).map(|extra| &*extra.value)
}
