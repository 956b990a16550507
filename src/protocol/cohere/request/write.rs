//! Writes a request from a conversation with borrowed parts.
//!
//! Nothing that could change the answer is dropped silently.

use super::form::{Body, Message, ResponseFormat, ThinkingOut};
use crate::models::{MediaTypes, Model, cohere};
use crate::protocol::chat::{PartOut, Text, ToolCallOut, ToolOut, write_image, write_result_media};
use crate::protocol::codec::{Refused, Target, Written, json};
use crate::protocol::cohere::profile::FIELDS;
use crate::protocol::conversation::late::Late;
use crate::protocol::conversation::part::one_text;
use crate::protocol::conversation::{
    Content, Conversation, Losses, Media, MediaKind, Merged, OutputFormat, Part, Role, Thinking,
    ToolChoice, ToolNames,
};
use crate::protocol::fields::Fields;
use crate::protocol::fit;

/// Writes a request.
pub(crate) fn write(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    let model = cohere::model(target.known_as());
    let names = ToolNames::fit(from, cohere::TOOL_NAMES.of(model), cohere::CALL_IDS.of(model));
    let mut losses = target.losses();
    let late = from.late(false);
    let images = cohere::IMAGES.of(model);
    let messages = write_messages(from, &late, (&names, images), &mut losses)?;
    let (tools, tool_choice) = write_tools(from, &names, &mut losses)?;
    let (sampling, max_tokens) = (from.sampling.clone(), from.max_tokens);
    let fields = Fields { table: &FIELDS, sampling, max_tokens, stop: Vec::new() };
    let fields = fields.fitted(&mut losses)?;
    let stop = fit::stops(&from.stop, cohere::STOPS.of(model), &mut losses)?;
    if let Some(search) = &from.search {
        search.lose(&mut losses)?;
    }
    from.lose_extras(|_| false, &mut losses)?;
    let body = Body {
        model: target.model,
        messages,
        strict_tools: write_strict(from, &mut losses)?,
        tools,
        tool_choice,
        response_format: write_format(from, &mut losses)?,
        thinking: write_thinking(from.thinking, model, &mut losses)?,
        fields: Fields { stop, ..fields },
        stream: from.is_stream().then_some(true),
    };
    let body = json(&body);
    Ok(Written::json("/v2/chat", body, losses, target.reading(names, None)))
}

/// The tools and the tool choice. To force one tool, only that one is sent.
fn write_tools<'a>(
    from: &'a Conversation,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<(Vec<ToolOut<'a>>, Option<&'static str>), Refused> {
    if from.tools.is_empty() {
        return Ok((Vec::new(), None));
    }
    losses.lose_if(from.parallel_tool_calls == Some(false), "parallel_tool_calls")?;
    let (word, only) = match &from.tool_choice {
        None | Some(ToolChoice::Auto) => (None, None),
        Some(ToolChoice::Required) => (Some("REQUIRED"), None),
        Some(ToolChoice::None) => (Some("NONE"), None),
        Some(ToolChoice::Tool(name)) => (Some("REQUIRED"), Some(name)),
    };
    let offered = from.tools.iter().filter(|tool| only.is_none_or(|only| *only == tool.name));
    Ok((offered.map(|tool| ToolOut::with_schema(tool, names)).collect(), word))
}

/// Strictness applies to all tools or to none.
fn write_strict(from: &Conversation, losses: &mut Losses) -> Result<Option<bool>, Refused> {
    let strict = from.tools.iter().filter(|tool| tool.strict == Some(true)).count();
    let is_all = strict > 0 && strict == from.tools.len();
    losses.lose_if(strict > 0 && !is_all, "tools.strict")?;
    Ok(is_all.then_some(true))
}

/// A form of the answer and tools exclude each other.
fn write_format<'a>(
    from: &'a Conversation,
    losses: &mut Losses,
) -> Result<Option<ResponseFormat<'a>>, Refused> {
    let Some(format) = &from.format else { return Ok(None) };
    if !from.tools.is_empty() {
        return losses.lose("response_format").map(|()| None);
    }
    let json_schema = match format {
        OutputFormat::JsonObject => None,
        OutputFormat::JsonSchema { schema, .. } => Some(&**schema),
    };
    Ok(Some(ResponseFormat { r#type: "json_object", json_schema }))
}

fn write_thinking(
    asked: Option<Thinking>,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Option<ThinkingOut>, Refused> {
    let Some(asked) = asked else { return Ok(None) };
    let is_off = asked.is_off();
    if !cohere::THINKING.of(model) {
        losses.lose_if(asked.asks_for_some(), "reasoning_effort")?;
        return Ok(None);
    }
    Ok(Some(if is_off {
        ThinkingOut { r#type: "disabled", token_budget: None }
    } else {
        ThinkingOut { r#type: "enabled", token_budget: asked.budget() }
    }))
}

fn write_messages<'a>(
    from: &'a Conversation,
    late: &'a Late,
    (names, images): (&'a ToolNames, MediaTypes),
    losses: &mut Losses,
) -> Result<Vec<Message<'a>>, Refused> {
    let mut messages = Vec::with_capacity(from.turns.len() + 1);
    let system = one_text(from.instructions().filter_map(Part::as_text), "\n\n");
    let said = |text| Message { role: "system", content: Some(text), ..Message::default() };
    messages.extend(system.map(Text::Plain).map(said));
    for turn in from.alternating_with(late) {
        match turn.role {
            Role::Assistant => messages.extend(write_assistant(&turn, names, losses)?),
            Role::User | Role::System => {
                write_user(&turn, (names, images), &mut messages, losses)?;
            }
        }
    }
    Ok(messages)
}

/// Tool results become messages of their own, before the rest of the turn. Their media follow in
/// the user's message, since a `tool` message accepts only text.
fn write_user<'a>(
    turn: &Merged<'a>,
    (names, images): (&'a ToolNames, MediaTypes),
    messages: &mut Vec<Message<'a>>,
    losses: &mut Losses,
) -> Result<(), Refused> {
    let write_media = |media: &'a Media, losses: &mut Losses| write_media(media, images, losses);
    let mut said = Vec::new();
    for &part in &turn.parts {
        match &part.content {
            Content::ToolResult(result) => {
                messages.push(Message {
                    role: "tool",
                    tool_call_id: Some(names.id(&result.call_id)),
                    content: Some(Text::Plain(result.text_or_error())),
                    ..Message::default()
                });
                write_result_media(result, &mut said, losses, write_media)?;
            }
            Content::Text(text) => said.push(PartOut::Text { text: text.into() }),
            Content::Media(media) => said.extend(write_media(media, losses)?),
            _ => {}
        }
    }
    if !said.is_empty() {
        let content = Some(Text::of(said));
        messages.push(Message { role: "user", content, ..Message::default() });
    }
    Ok(())
}

/// Text beside calls becomes the plan, since a message has either content or calls.
fn write_assistant<'a>(
    turn: &Merged<'a>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<Message<'a>>, Refused> {
    let mut message = Message { role: "assistant", ..Message::default() };
    let mut said: Vec<&str> = Vec::new();
    for &part in &turn.parts {
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => said.push(text),
            Content::ToolCall(call) => message.tool_calls.push(ToolCallOut::sent(call, names)),
            Content::Media(media) => losses.lose(media.kind.name())?,
            Content::Reasoning(_) | Content::Redacted | Content::ToolResult(_) => {}
        }
    }
    if !message.tool_calls.is_empty() {
        message.tool_plan = Some(said.join("\n\n")).filter(|plan| !plan.is_empty());
    } else if !said.is_empty() {
        let part = |text: &'a str| PartOut::Text { text: text.into() };
        message.content = Some(Text::of(said.into_iter().map(part).collect()));
    }
    let is_silent = message.content.is_none() && message.tool_calls.is_empty();
    Ok((!is_silent).then_some(message))
}

fn write_media<'a>(
    media: &'a Media,
    images: MediaTypes,
    losses: &mut Losses,
) -> Result<Option<PartOut<'a>>, Refused> {
    let part = match (media.as_text(), media.kind) {
        (Some(text), _) => Some(PartOut::Text { text }),
        (None, MediaKind::Image) if media.is_among(images) => write_image(media),
        _ => None,
    };
    losses.lose_if(part.is_none(), media.kind.name())?;
    Ok(part)
}
