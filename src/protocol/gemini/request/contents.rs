//! Writing the contents: turns in alternation, each call with the signature that its model wants,
//! each result as an object.
//!
//! It never gives one vendor's signature to another.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::form::ContentOut;
use crate::models::{Model, gemini};
use crate::protocol::Protocol;
use crate::protocol::codec::Refused;
use crate::protocol::conversation::{
    Content, Conversation, Losses, Media, Merged, Part, Role, Source, ToolNames, ToolResult,
};
use crate::protocol::gemini::part::{FileData, FunctionResponse, PartOut, Response};
use crate::protocol::gemini::signature::UNCHECKED;

/// Every instruction, in one content.
pub(super) fn write_system(from: &Conversation) -> Option<ContentOut<'_>> {
    let texts = from.instructions().filter_map(Part::as_text);
    let parts: Vec<_> = texts.map(PartOut::text).collect();
    (!parts.is_empty()).then_some(ContentOut { role: None, parts })
}

/// The turns.
pub(super) fn write_turns<'a>(
    from: &'a Conversation,
    names: &'a ToolNames,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Vec<ContentOut<'a>>, Refused> {
    let called = from.called_tools();
    let mut contents = Vec::with_capacity(from.turns.len());
    for turn in from.alternating() {
        let parts = match turn.role {
            Role::Assistant => write_model(&turn, names, model, losses)?,
            Role::User | Role::System => write_user(&turn, &called, names, losses)?,
        };
        let role = if turn.role == Role::Assistant { "model" } else { "user" };
        if !parts.is_empty() {
            contents.push(ContentOut { role: Some(role), parts });
        }
    }
    Ok(contents)
}

/// What the model said. The first call of a turn must carry a signature for newer models; where it
/// has none of Google's, a placeholder says that it is not to be checked.
fn write_model<'a>(
    turn: &Merged<'a>,
    names: &'a ToolNames,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Vec<PartOut<'a>>, Refused> {
    let mut demands = gemini::SIGNATURES.of(model);
    let mut parts = Vec::with_capacity(turn.parts.len());
    for &part in &turn.parts {
        let own = part.signature_of(Protocol::Gemini).map(Cow::Borrowed);
        let out = match &part.content {
            Content::Text(text) | Content::Refusal(text) => Some(PartOut::text(text).signed(own)),
            Content::ToolCall(call) => {
                let placeholder = std::mem::take(&mut demands).then_some(UNCHECKED.into());
                let name = names.sent(&call.name);
                Some(PartOut::call(call, name).signed(own.or(placeholder)))
            }
            // Thoughts are not read back; with Google's signature they are worth returning.
            Content::Reasoning(text) if own.is_some() => Some(PartOut::thought(text).signed(own)),
            Content::Media(media) => write_media(media, losses)?.map(|out| out.signed(own)),
            Content::Reasoning(_) | Content::Redacted | Content::ToolResult(_) => None,
        };
        parts.extend(out);
    }
    Ok(parts)
}

/// What the user said. Results come first; media that they hold follow all of them, so that
/// results stand as calls do.
fn write_user<'a>(
    turn: &Merged<'a>,
    called: &HashMap<&'a str, &'a str>,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Vec<PartOut<'a>>, Refused> {
    let mut parts = Vec::with_capacity(turn.parts.len());
    let mut held = Vec::new();
    for &part in &turn.parts {
        match &part.content {
            Content::ToolResult(result) => {
                parts.push(write_result(result, called, names));
                write_held_media(result, &mut held, losses)?;
            }
            content => {
                parts.append(&mut held);
                match content {
                    Content::Text(text) => parts.push(PartOut::text(text)),
                    Content::Media(media) => parts.extend(write_media(media, losses)?),
                    _ => {}
                }
            }
        }
    }
    parts.append(&mut held);
    Ok(parts)
}

fn write_result<'a>(
    result: &'a ToolResult,
    called: &HashMap<&'a str, &'a str>,
    names: &'a ToolNames,
) -> PartOut<'a> {
    let name = called.get(result.call_id.as_str()).copied().or(result.name.as_deref());
    let response = FunctionResponse {
        id: &result.call_id,
        name: names.sent(name.unwrap_or("unknown")),
        response: response_of(result.text(), result.is_error),
    };
    PartOut { function_response: Some(Box::new(response)), ..PartOut::default() }
}

/// A text of one part is not copied: it may be a table of many megabytes.
fn response_of(text: Cow<'_, str>, is_error: bool) -> Response<'_> {
    if is_error {
        return Response::Error { error: text };
    }
    match text {
        Cow::Borrowed(text) => match object(text) {
            Some(object) => Response::Written(object),
            None => Response::Output { output: text.into() },
        },
        Cow::Owned(text) => match object(&text) {
            Some(object) => Response::Owned(object.to_owned()),
            None => Response::Output { output: text.into() },
        },
    }
}

fn object(text: &str) -> Option<&RawValue> {
    let is_object = text.starts_with('{') && text.ends_with('}');
    is_object.then(|| serde_json::from_str(text).ok())?
}

fn write_held_media<'a>(
    result: &'a ToolResult,
    held: &mut Vec<PartOut<'a>>,
    losses: &mut Losses,
) -> Result<(), Refused> {
    let from = held.len();
    for part in &result.content {
        if let Content::Media(media) = &part.content {
            held.extend(write_media(media, losses)?);
        }
    }
    if held.len() > from {
        held.insert(from, PartOut::text(result.media_heading()));
    }
    Ok(())
}

fn write_media<'a>(media: &'a Media, losses: &mut Losses) -> Result<Option<PartOut<'a>>, Refused> {
    media.lose_detail(losses)?;
    Ok(match (media.as_text(), &media.source) {
        // Of documents that are mere text, few types are read as data.
        (Some(text), _) => Some(PartOut::text(text)),
        (None, Source::Base64(data)) => Some(PartOut::inline(media.media_type_or_default(), data)),
        (None, Source::Url(file_uri)) => {
            let mime_type = media.media_type.as_deref().unwrap_or_else(|| type_of_url(media));
            let file_data = Some(Box::new(FileData { mime_type, file_uri }));
            Some(PartOut { file_data, ..PartOut::default() })
        }
        // An id of another vendor's store.
        (None, Source::File(_) | Source::Text(_)) => {
            losses.lose(media.kind.name()).map(|()| None)?
        }
    })
}

/// The media type that a URL's ending tells: here it must be said.
fn type_of_url(media: &Media) -> &str {
    let Source::Url(url) = &media.source else { return media.media_type_or_default() };
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let known = ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending));
    known.map_or(media.media_type_or_default(), |(_, media_type)| media_type)
}

const ENDINGS: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("mp3", "audio/mp3"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
];
