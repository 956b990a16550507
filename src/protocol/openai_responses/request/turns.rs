//! Writes `input`: turns as items.
//!
//! Reasoning signed by another vendor is not written, since OpenAI cannot read it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::form::{Content as Contents, Item, PartOut};
use crate::models::MediaTypes;
use crate::protocol::Protocol;
use crate::protocol::codec::Refused;
use crate::protocol::conversation::{
    Content, Conversation, Losses, Media, MediaKind, Part, Role, Source, ToolCall, ToolNames,
    ToolResult,
};
use crate::protocol::openai_responses::{custom, item};

/// Writes every turn.
pub(super) fn write<'a>(
    from: &'a Conversation,
    names: &'a ToolNames,
    images: MediaTypes,
    losses: &mut Losses,
) -> Result<Vec<Item<'a>>, Refused> {
    let called = from.called_tools();
    let mut items = Vec::with_capacity(from.turns.len());
    for turn in &from.turns {
        match turn.role {
            Role::System => write_message("developer", &turn.parts, images, (&mut items, losses))?,
            Role::User => {
                // Results come before the rest of the turn, since they answer the last calls.
                for part in &turn.parts {
                    if let Content::ToolResult(result) = &part.content {
                        items.push(write_result(result, (&called, names, images), losses)?);
                    }
                }
                write_message("user", &turn.parts, images, (&mut items, losses))?;
            }
            Role::Assistant => {
                for parts in
                    turn.parts.chunk_by(|a, b| a.as_text().is_some() && b.as_text().is_some())
                {
                    items.extend(match parts {
                        [part] => write_said(part, names, losses)?,
                        texts => joined(texts),
                    });
                }
            }
        }
    }
    Ok(items)
}

fn write_message<'a>(
    role: &'static str,
    parts: &'a [Part],
    images: MediaTypes,
    (items, losses): (&mut Vec<Item<'a>>, &mut Losses),
) -> Result<(), Refused> {
    let mut said = Vec::new();
    for part in parts {
        said.extend(write_part(part, images, losses)?);
    }
    if !said.is_empty() {
        items.push(Item::Message { role, content: Contents::of(said) });
    }
    Ok(())
}

fn write_part<'a>(
    part: &'a Part,
    images: MediaTypes,
    losses: &mut Losses,
) -> Result<Option<PartOut<'a>>, Refused> {
    match &part.content {
        Content::Text(text) => Ok(Some(PartOut::InputText { text })),
        Content::Media(media) => write_media(media, images, losses),
        _ => Ok(None),
    }
}

fn write_said<'a>(
    part: &'a Part,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<Item<'a>>, Refused> {
    let said = |content| Some(Item::Message { role: "assistant", content });
    Ok(match &part.content {
        Content::Text(_) if part.is_blank() => None,
        // As a string: an output text stands only in an item with the id of an answer.
        Content::Text(text) => said(Contents::Plain(text.into())),
        Content::Refusal(refusal) => said(Contents::Parts(vec![PartOut::Refusal { refusal }])),
        Content::Reasoning(text) => {
            let encrypted = part.signature_of(Protocol::OpenAiResponses);
            encrypted.map(|proof| {
                let (id, encrypted_content) = item::split_proof(proof);
                let summary = (!text.is_empty()).then_some(PartOut::SummaryText { text });
                Item::Reasoning { id, summary: summary.into_iter().collect(), encrypted_content }
            })
        }
        Content::ToolCall(call) => Some(write_call(call, names)),
        Content::Media(media) => {
            losses.lose(media.kind.name())?;
            None
        }
        Content::Redacted | Content::ToolResult(_) => None,
    })
}

/// Texts in a row are one message: a message of their own would be an answer of its own.
fn joined(texts: &[Part]) -> Option<Item<'_>> {
    let text: String = texts.iter().filter_map(Part::as_text).collect();
    let content = Contents::Plain(text.into());
    (!texts.iter().all(Part::is_blank)).then_some(Item::Message { role: "assistant", content })
}

fn write_call<'a>(call: &'a ToolCall, names: &'a ToolNames) -> Item<'a> {
    match custom::name_of(&call.name) {
        Some(name) => {
            let input = custom::input(&call.arguments);
            Item::CustomToolCall { call_id: names.id(&call.id), name, input }
        }
        None => Item::FunctionCall {
            call_id: names.id(&call.id),
            name: names.sent(&call.name),
            arguments: &call.arguments,
        },
    }
}

fn write_result<'a>(
    result: &'a ToolResult,
    (called, names, images): (&HashMap<&str, &str>, &'a ToolNames, MediaTypes),
    losses: &mut Losses,
) -> Result<Item<'a>, Refused> {
    let has_media = result.content.iter().any(|part| matches!(part.content, Content::Media(_)));
    let output = if has_media {
        let mut parts = Vec::with_capacity(result.content.len() + 1);
        if result.is_error {
            parts.push(PartOut::InputText { text: "Error:" });
        }
        for part in &result.content {
            parts.extend(write_part(part, images, losses)?);
        }
        Contents::of(parts)
    } else {
        Contents::Plain(result.text_or_error())
    };
    let tool = called.get(result.call_id.as_str());
    let call_id = names.id(&result.call_id);
    let is_custom = tool.is_some_and(|name| custom::name_of(name).is_some());
    Ok(if is_custom {
        Item::CustomToolCallOutput { call_id, output }
    } else {
        Item::FunctionCallOutput { call_id, output }
    })
}

fn write_media<'a>(
    media: &'a Media,
    images: MediaTypes,
    losses: &mut Losses,
) -> Result<Option<PartOut<'a>>, Refused> {
    let filename = media.name.as_deref();
    let part = match (media.kind, &media.source) {
        (_, Source::Text(text)) => Some(PartOut::InputText { text }),
        (MediaKind::Image, Source::Base64(_) | Source::Url(_)) if media.is_among(images) => {
            let detail = media.detail.as_deref().unwrap_or("auto");
            media.to_url().map(|image_url| PartOut::InputImage { image_url, detail })
        }
        (MediaKind::Document, Source::Url(url)) => {
            Some(PartOut::InputFile { filename: None, file_data: None, file_url: Some(url) })
        }
        (MediaKind::Document, Source::Base64(_)) => {
            let file_data: Option<Cow<'_, str>> = media.to_url();
            let filename = Some(filename.unwrap_or("document.pdf"));
            Some(PartOut::InputFile { filename, file_data, file_url: None })
        }
        _ => None,
    };
    losses.lose_if(part.is_none(), media.kind.name())?;
    Ok(part)
}
