//! Reads `input`: items into turns. Consecutive model items are one turn, and so are consecutive
//! results, since other protocols refuse a call apart from its neighbours.

use serde_json::value::RawValue;

use crate::protocol::Protocol;
use crate::protocol::cache;
use crate::protocol::codec::ReadError;
use crate::protocol::conversation::{
    Content, Conversation, Media, MediaKind, Part, Role, Signature, Source, ToolCall, ToolResult,
    Turn,
};
use crate::protocol::object::{Object, TextOr, present};
use crate::protocol::openai_responses::{custom, item as answer, namespace};

/// Reads the input, a text or a list of items.
pub(super) fn read(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    match body.text_or_each("input", |item| read_item(item, to))? {
        None => Err(ReadError::new("input", "is missing")),
        Some(TextOr::Each(items)) if items.is_empty() => {
            Err(ReadError::new("input", "must hold at least one item"))
        }
        Some(TextOr::Each(_)) => Ok(()),
        Some(TextOr::Text(text)) => {
            to.turns.push(Turn::new(Role::User, vec![Part::text(text)]));
            Ok(())
        }
    }
}

fn read_item(mut item: Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let kind: Option<String> = item.take("type")?;
    // IDs and states of earlier items mean nothing to another vendor, except IDs of reasoning.
    let id: Option<&RawValue> = item.raw("id");
    let id: Option<String> = id.and_then(|id| serde_json::from_str(id.get()).ok());
    for name in ["status", "phase"] {
        item.raw(name);
    }
    let mark = cache::read_mark(&mut item)?;
    match kind.as_deref().unwrap_or("message") {
        "message" => read_message(&mut item, to)?,
        "reasoning" => {
            if let Some(part) = read_reasoning(id.as_deref(), &mut item)? {
                add_said(part, to);
            }
        }
        "function_call" => {
            let (id, name) = (item.require("call_id")?, read_name(&mut item)?);
            let arguments = item.take::<String>("arguments")?.filter(|text| !text.is_empty());
            let arguments = arguments.unwrap_or_else(|| "{}".to_owned());
            add_said(Part::new(Content::ToolCall(ToolCall { id, name, arguments })), to);
        }
        "custom_tool_call" => {
            let name = custom::mark(&read_name(&mut item)?);
            let arguments = custom::arguments(&item.require::<String>("input")?);
            let call = ToolCall { id: item.require("call_id")?, name, arguments };
            add_said(Part::new(Content::ToolCall(call)), to);
        }
        "function_call_output" | "custom_tool_call_output" => {
            let call_id = item.require("call_id")?;
            let mut content = read_content("output", &mut item, to)?;
            let inner = cache::hoisted(&mut content);
            to.add_result(ToolResult { call_id, name: None, content, is_error: false });
            cache::mark_end(inner, to);
        }
        "compaction" | "compaction_summary" | "context_compaction" => {
            let Some(summary) = read_summary(&mut item)? else {
                return Err(ReadError::new("type", SEALED_SUMMARY));
            };
            to.turns.push(Turn::new(Role::User, vec![Part::text(summary)]));
        }
        "compaction_trigger" => return Err(ReadError::new("type", NO_COMPACTION)),
        "item_reference" => {
            return Err(ReadError::new(
                "type",
                "refers to a stored item: nothing is stored; send the item itself",
            ));
        }
        // Calls of OpenAI's own tools, and new types.
        other => {
            to.keep_extra(format!("input.{other}"), RawValue::TRUE);
            return Ok(());
        }
    }
    cache::mark_end(mark, to);
    item.keep_rest("input.", to);
    Ok(())
}

/// What can be read of a compacted conversation, where anything can.
fn read_summary(item: &mut Object<'_>) -> Result<Option<String>, ReadError> {
    item.raw("encrypted_content");
    for field in ["summary", "content", "text"] {
        let text = match item.text_or_each(field, |mut piece| piece.take::<String>("text"))? {
            None => continue,
            Some(TextOr::Text(text)) => text,
            Some(TextOr::Each(pieces)) => present(pieces).join("\n\n"),
        };
        if !text.trim().is_empty() {
            return Ok(Some(format!("{SUMMARY}{text}")));
        }
    }
    Ok(None)
}

fn read_name(call: &mut Object<'_>) -> Result<String, ReadError> {
    let (name, namespace): (String, Option<String>) =
        (call.require("name")?, call.take("namespace")?);
    Ok(namespace::mark(&name, namespace.as_deref()))
}

fn read_message(item: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let role: String = item.require("role")?;
    let parts = read_content("content", item, to)?;
    match role.as_str() {
        "system" | "developer" if to.turns.is_empty() => to.system.extend(parts),
        "system" | "developer" => to.turns.push(Turn::new(Role::System, parts)),
        "user" => to.turns.push(Turn::new(Role::User, parts)),
        "assistant" => parts.into_iter().for_each(|part| add_said(part, to)),
        _ => return Err(ReadError::new("role", "is not a role of this protocol")),
    }
    Ok(())
}

/// Adds to the model's turn.
fn add_said(part: Part, to: &mut Conversation) {
    match to.turns.last_mut().filter(|turn| turn.role == Role::Assistant) {
        Some(turn) => turn.parts.push(part),
        None => to.turns.push(Turn::new(Role::Assistant, vec![part])),
    }
}

/// Reasoning: its summary, or its text if there is none; its signature is the encrypted content.
fn read_reasoning(id: Option<&str>, item: &mut Object<'_>) -> Result<Option<Part>, ReadError> {
    let mut texts = |field: &str| item.each(field, |mut part| part.require::<String>("text"));
    let (summary, content) = (texts("summary")?, texts("content")?);
    let text = if summary.is_empty() { content } else { summary }.join("\n\n");
    let proof = answer::proof(id, item.take("encrypted_content")?);
    Ok(answer::reasoning(text, proof, |value| {
        Signature::from_client(Protocol::OpenAiResponses, value)
    }))
}

fn read_content(
    field: &str,
    item: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<Vec<Part>, ReadError> {
    Ok(match item.text_or_each(field, |part| read_part(part, to))? {
        None => Vec::new(),
        Some(TextOr::Text(text)) => vec![Part::text(text)],
        Some(TextOr::Each(parts)) => present(parts),
    })
}

fn read_part(mut part: Object<'_>, to: &mut Conversation) -> Result<Option<Part>, ReadError> {
    let kind: String = part.require("type")?;
    let mark = cache::read_mark(&mut part)?;
    let content = match kind.as_str() {
        "input_text" | "output_text" | "text" => Content::Text(part.require("text")?),
        "refusal" => Content::Refusal(part.require("refusal")?),
        "input_image" => Content::Media(read_image(&mut part)?),
        "input_file" => Content::Media(read_file(&mut part)?),
        "input_audio" => match part.with("input_audio", read_audio)? {
            Some(media) => Content::Media(media),
            None => return Err(ReadError::new("input_audio", "is missing")),
        },
        _ => {
            to.keep_extra(format!("input.content.{kind}"), RawValue::TRUE);
            return Ok(None);
        }
    };
    // Citations of an earlier answer mean nothing to another vendor.
    for name in ["annotations", "logprobs"] {
        part.raw(name);
    }
    part.keep_rest("input.content.", to);
    Ok(Some(Part::new(content).cached(mark)))
}

fn read_image(image: &mut Object<'_>) -> Result<Media, ReadError> {
    let media = match image.take("file_id")? {
        Some(id) => Media::new(MediaKind::Image, Source::File(id)),
        None => Media::from_url(MediaKind::Image, image.require("image_url")?),
    };
    Ok(Media { detail: image.take("detail")?, ..media }.without_usual_detail())
}

fn read_file(part: &mut Object<'_>) -> Result<Media, ReadError> {
    let name: Option<String> = part.take("filename")?;
    if let Some(id) = part.take("file_id")? {
        return Ok(Media { name, ..Media::new(MediaKind::Document, Source::File(id)) });
    }
    let media = match part.take("file_url")? {
        Some(url) => Media::from_url(MediaKind::Document, url),
        None => Media::from_url(MediaKind::Document, part.require("file_data")?),
    };
    let kind = media.media_type.as_deref().map_or(MediaKind::Document, MediaKind::of);
    Ok(Media { kind, name, ..media })
}

fn read_audio(mut audio: Object<'_>) -> Result<Media, ReadError> {
    let format: String = audio.take("format")?.unwrap_or_else(|| "wav".to_owned());
    let media = Media::new(MediaKind::Audio, Source::Base64(audio.require("data")?));
    Ok(Media { media_type: Some(format!("audio/{format}")), ..media })
}

const SUMMARY: &str = "This conversation was compacted. Summary of what came before:\n\n";
const SEALED_SUMMARY: &str = "is a compacted conversation that only OpenAI can read: go on with one of \
    OpenAI's models, or begin a new conversation";
const NO_COMPACTION: &str = "asks OpenAI to compact the conversation, which this model's provider cannot: \
    let the client compact it locally, or begin a new conversation";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::codec::Head;

    fn turns(input: &str) -> Vec<(Role, Vec<String>)> {
        let body = format!(r#"{{"model":"m","input":{input}}}"#);
        let read = crate::protocol::openai_responses::CODEC
            .read_request(body.as_bytes(), &Head::default())
            .unwrap();
        let show = |part: &Part| match &part.content {
            Content::Text(text) => text.clone(),
            Content::Reasoning(text) => format!("({text})"),
            Content::ToolCall(call) => format!("{}:{}{}", call.id, call.name, call.arguments),
            Content::ToolResult(result) => format!("={}:{}", result.call_id, result.text()),
            other => format!("{other:?}"),
        };
        read.turns.iter().map(|turn| (turn.role, turn.parts.iter().map(show).collect())).collect()
    }

    #[test]
    fn items_become_turns() {
        let input = r#"[
            {"role":"user","content":"q"},
            {"type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"E"},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"let me"}]},
            {"type":"function_call","call_id":"1","name":"f","arguments":""},
            {"type":"custom_tool_call","call_id":"2","name":"p","input":"x"},
            {"type":"function_call_output","call_id":"1","output":"r1"},
            {"type":"custom_tool_call_output","call_id":"2","output":[{"type":"input_text","text":"r2"}]},
            {"type":"message","role":"user","content":[{"type":"input_text","text":"next"}]}
        ]"#;
        let owned = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            turns(input),
            [
                (Role::User, owned(&["q"])),
                (
                    Role::Assistant,
                    owned(&["(a\n\nb)", "let me", "1:f{}", r#"2:custom:p{"input":"x"}"#])
                ),
                (Role::User, owned(&["=1:r1", "=2:r2"])),
                (Role::User, owned(&["next"])),
            ]
        );
    }
}
