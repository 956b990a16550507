//! Writes a request from a conversation with borrowed parts.
//!
//! Nothing that could change the answer is dropped silently.

use serde_json::value::RawValue;

use super::SHARED_EXTRAS;
use super::form::{Body, Choice, Message, Named, ResponseFormat, StreamOptions};
use crate::models::recall::{self, Recall};
use crate::models::{Effort, MediaTypes, Model, openai};
use crate::protocol::Protocol;
use crate::protocol::cache;
use crate::protocol::chat::{
    ExtraContent, File, InputAudio, PartOut, Text, ToolCallOut, ToolOut, write_image,
    write_result_media,
};
use crate::protocol::codec::{Refused, Target, Written, json};
use crate::protocol::conversation::part::one_text;
use crate::protocol::conversation::turns::{GO_ON, UNDERSTOOD};
use crate::protocol::conversation::{
    Content, Conversation, Extras, Losses, Media, MediaKind, Part, Role, Signature, Source,
    ToolChoice, ToolNames,
};
use crate::protocol::fields::Fields;
use crate::protocol::fit;
use crate::protocol::fit::gpt::{self, fit_effort, fit_sampling, fit_user};
use crate::protocol::foreign;
use crate::protocol::openai::profile::{FIELDS, OLDER_FIELDS};
use crate::protocol::service::Service;

/// Writes a request.
pub(crate) fn write(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    let model = openai::model(target.known_as());
    let names = ToolNames::fit(from, openai::TOOL_NAMES.of(model), openai::CALL_IDS.of(model));
    let mut losses = target.losses();
    let mut messages = write_messages(from, target, &names, &mut losses)?;
    if !openai::FREE_ORDER.of(model) {
        messages = in_order(messages);
    }
    losses.lose_if(from.sampling.top_k.is_some(), "top_k")?;
    let mut effort = fit_effort(from.thinking, model, &mut losses)?;
    if !from.tools.is_empty() {
        effort = gpt::beside_tools(effort, model, &mut losses)?;
    }
    let sampling = fit_sampling(&from.sampling, effort, model, &mut losses)?;
    let stop = fit::stops(&from.stop, openai::STOPS.of(model), &mut losses)?;
    if let Some(search) = &from.search {
        search.lose(&mut losses)?;
    }
    from.lose_extras(|name| SHARED_EXTRAS.contains(&name), &mut losses)?;
    let max_tokens = gpt::fit_max_tokens(from.max_tokens, model, &mut losses)?;
    let has_newer = openai::MAX_COMPLETION_TOKENS.of(model);
    let table = if has_newer { &FIELDS } else { &OLDER_FIELDS };
    let stream = from.is_stream();
    let body = Body {
        model: target.model,
        messages,
        fields: Fields { table, sampling, max_tokens, stop },
        response_format: from.format.as_ref().map(ResponseFormat::of),
        reasoning_effort: effort.map(Effort::name),
        tools: write_tools(from, model, &names, &mut losses)?,
        tool_choice: tool_choice(from, &names),
        parallel_tool_calls: from.parallel_tool_calls.filter(|_| !from.tools.is_empty()),
        user: fit_user(from.user.as_deref()),
        stream: stream.then_some(true),
        // Always: the client may not want usage, but its record does.
        stream_options: stream.then_some(StreamOptions { include_usage: true }),
        prompt_cache_key: cache::key_of(from, target.cache)
            .filter(|_| openai::CACHE_KEYS.of(model)),
        extras: Extras { all: &from.extras, known: SHARED_EXTRAS },
    };
    let body = json(&body);
    Ok(Written::json("/v1/chat/completions", body, losses, target.reading(names, None)))
}

fn write_tools<'a>(
    from: &'a Conversation,
    model: Model<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Vec<ToolOut<'a>>, Refused> {
    let mut tools = Vec::with_capacity(from.tools.len());
    for tool in &from.tools {
        let (schema, strict) = gpt::fit_tool(tool, model, losses)?;
        tools.push(ToolOut::of(tool, names, schema, strict));
    }
    Ok(tools)
}

/// The same messages for models that accept one order only: the assistant follows a tool, and the
/// assistant is not the last.
fn in_order(messages: Vec<Message<'_>>) -> Vec<Message<'_>> {
    let mut ordered: Vec<Message<'_>> = Vec::with_capacity(messages.len() + 1);
    for message in messages {
        if message.role == "user" && ordered.last().is_some_and(|last| last.role == "tool") {
            ordered.push(Message::new("assistant", Some(Text::Plain(UNDERSTOOD.into()))));
        }
        ordered.push(message);
    }
    let ends = ordered.last();
    if ends.is_some_and(|last| last.role == "assistant" && last.tool_calls.is_empty()) {
        ordered.push(Message::new("user", Some(Text::Plain(GO_ON.into()))));
    }
    ordered
}

fn tool_choice<'a>(from: &'a Conversation, names: &'a ToolNames) -> Option<Choice<'a>> {
    if from.tools.is_empty() {
        return None;
    }
    Some(match from.tool_choice.as_ref()? {
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::Required => Choice::Word("required"),
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Tool(name) => {
            Choice::Tool { kind: "function", function: Named { name: names.sent(name) } }
        }
    })
}

fn write_messages<'a>(
    from: &'a Conversation,
    target: &Target<'_>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Vec<Message<'a>>, Refused> {
    let recall = recall::of(target.known_as());
    let knows_googles = target.service.is_googles() || foreign::is_googles_model(target.known_as());
    let to = (recall, target.service, knows_googles);
    let images = openai::IMAGES.of(openai::model(target.known_as()));
    let mut messages = Vec::with_capacity(from.turns.len() + 1);
    messages.extend(write_system(&from.system));
    for turn in &from.turns {
        match turn.role {
            Role::System => messages.extend(write_system(&turn.parts)),
            Role::User => {
                write_user(&turn.parts, (names, images), &mut messages, losses)?;
            }
            Role::Assistant => messages.extend(write_assistant(&turn.parts, to, names, losses)?),
        }
    }
    Ok(messages)
}

/// One message with one text: many servers of this protocol accept neither several instructions nor
/// instructions in parts.
fn write_system(parts: &[Part]) -> Option<Message<'_>> {
    let texts = parts.iter().filter(|part| !part.is_blank()).filter_map(Part::as_text);
    one_text(texts, "\n\n").map(|text| Message::new("system", Some(Text::Plain(text))))
}

/// Tool results become messages of their own, before the rest of the turn. Their media follow in
/// the user's message, since a `tool` message accepts only text.
fn write_user<'a>(
    parts: &'a [Part],
    (names, images): (&'a ToolNames, MediaTypes),
    messages: &mut Vec<Message<'a>>,
    losses: &mut Losses,
) -> Result<(), Refused> {
    let write_media = |media: &'a Media, losses: &mut Losses| write_media(media, images, losses);
    let mut said = Vec::new();
    for part in parts {
        if let Content::ToolResult(result) = &part.content {
            messages.push(Message {
                tool_call_id: Some(names.id(&result.call_id)),
                ..Message::new("tool", Some(Text::Plain(result.text_or_error())))
            });
            write_result_media(result, &mut said, losses, write_media)?;
        }
    }
    for part in parts {
        match &part.content {
            Content::Text(text) => said.push(PartOut::Text { text: text.into() }),
            Content::Media(media) => said.extend(write_media(media, losses)?),
            _ => {}
        }
    }
    if !said.is_empty() {
        messages.push(Message::new("user", Some(Text::of(said))));
    }
    Ok(())
}

fn write_assistant<'a>(
    parts: &'a [Part],
    (recall, service, knows_googles): (Recall, Service, bool),
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<Message<'a>>, Refused> {
    let mut message = Message::new("assistant", None);
    let (mut said, mut thought) = (Vec::new(), Vec::new());
    for part in parts {
        match &part.content {
            Content::Text(text) => said.push(PartOut::Text { text: text.into() }),
            Content::Refusal(text) => message.refusal = Some(text),
            Content::ToolCall(call) => {
                // Only the service that made the proof accepts it.
                let is_known = |given: &&Signature| {
                    given.vendor == Protocol::Gemini
                        && service != Service::Unknown
                        && (given.made_at == service
                            || knows_googles && given.made_at.may_be(service))
                };
                let proof = part.signature.as_ref().filter(is_known);
                let proof = proof.map(|given| given.value.as_str());
                let extra_content = proof.map(ExtraContent::for_provider);
                let call = ToolCallOut::sent(call, names);
                message.tool_calls.push(call.proven(extra_content));
            }
            Content::Media(media) => losses.lose(media.kind.name())?,
            Content::Reasoning(text) => thought.push(text.as_str()),
            Content::Redacted => {
                let details = part.signature_for(Protocol::OpenAi, service);
                let details =
                    details.and_then(|all| serde_json::from_str::<Vec<&RawValue>>(all).ok());
                message.reasoning_details.extend(details.into_iter().flatten());
            }
            Content::ToolResult(_) => {}
        }
    }
    if !message.tool_calls.is_empty() {
        message.reasoning_content = recalled(recall, &thought);
    }
    if !said.is_empty() {
        message.content = Some(Text::of(said));
    }
    let silent =
        message.content.is_none() && message.refusal.is_none() && message.tool_calls.is_empty();
    Ok((!silent).then_some(message))
}

/// The reasoning that is sent back before a call.
fn recalled(recall: Recall, thought: &[&str]) -> Option<String> {
    let has_any = thought.iter().any(|text| !text.is_empty());
    match recall {
        Recall::Nothing => None,
        Recall::Reasoning => has_any.then(|| thought.concat()),
        Recall::Field => Some(thought.concat()),
    }
}

/// Documents that are mere text are text here: of others the vendor reads PDF alone.
fn write_media<'a>(
    media: &'a Media,
    images: MediaTypes,
    losses: &mut Losses,
) -> Result<Option<PartOut<'a>>, Refused> {
    if let Some(text) = media.as_text() {
        return Ok(Some(PartOut::Text { text }));
    }
    let part = match (media.kind, &media.source) {
        (MediaKind::Image, Source::Base64(_) | Source::Url(_)) if media.is_among(images) => {
            write_image(media)
        }
        (MediaKind::Audio, Source::Base64(data)) => {
            let kind = media.media_type_or_default();
            let format = kind.split_once('/').map_or(kind, |(_, format)| format);
            let format = if format == "mpeg" { "mp3" } else { format };
            Some(PartOut::InputAudio { input_audio: InputAudio { data, format } })
        }
        (MediaKind::Document, Source::Base64(_)) if media.essence() == PDF => {
            media.to_url().map(|file_data| PartOut::File {
                file: File { filename: media.name.as_deref().unwrap_or("document.pdf"), file_data },
            })
        }
        _ => None,
    };
    losses.lose_if(part.is_none(), media.kind.name())?;
    Ok(part)
}

const PDF: &str = "application/pdf";
