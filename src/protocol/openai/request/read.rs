//! Reads a request: fields are taken by name, and the remaining ones are extras.

use serde_json::value::RawValue;

use crate::protocol::Protocol;
use crate::protocol::cache;
use crate::protocol::chat::{Dialect, read_function, read_messages};
use crate::protocol::codec::{Head, ReadError};
use crate::protocol::conversation::{
    Content, Conversation, Delivery, Media, MediaKind, OutputFormat, Part, Signature, Source,
    Thinking, ToolChoice,
};
use crate::protocol::fields;
use crate::protocol::object::{Object, present};
use crate::protocol::openai::profile::FIELDS;
use crate::protocol::structured::read_schema;

/// Reads a request.
pub(crate) fn read(body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError> {
    let mut body = Object::parse(body)?;
    let mut to = Conversation {
        model: body.model(head.model)?,
        parallel_tool_calls: body.take("parallel_tool_calls")?,
        thinking: body.take("reasoning_effort")?.map(|effort: String| Thinking::in_words(&effort)),
        user: body.take("user")?,
        delivery: Delivery::from_flag(body.take("stream")?),
        ..Conversation::default()
    };
    fields::read(&FIELDS, &mut body, &mut to)?;
    // Not OpenAI's own, but used by most others.
    to.sampling.top_k = body.take("top_k")?;
    to.include_usage = read_stream_options(&mut body)?;
    to.cache = cache::read_mark(&mut body)?;

    to.format = read_format(&mut body, &mut to)?;
    read_messages(&mut body, &mut to, &DIALECT)?;
    read_tools(&mut body, &mut to)?;
    read_tool_choice(&mut body, &mut to)?;
    body.keep_rest("", &mut to);
    Ok(to)
}

fn read_format(
    body: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<Option<OutputFormat>, ReadError> {
    let format = body.with("response_format", |mut format| {
        let kind: String = format.require("type")?;
        match kind.as_str() {
            "json_object" => Ok(Some(OutputFormat::JsonObject)),
            "json_schema" => format.with("json_schema", read_schema),
            "text" => Ok(None),
            _ => Ok(to.keep_unknown_format()),
        }
    });
    format.map(Option::flatten)
}

fn read_stream_options(body: &mut Object<'_>) -> Result<bool, ReadError> {
    let asked = body.with("stream_options", |mut options| options.take("include_usage"))?;
    Ok(asked.flatten() == Some(true))
}

/// Reasoning fields are not OpenAI's own; this is the most common name.
fn read_said(message: &mut Object<'_>, parts: &mut Vec<Part>) -> Result<(), ReadError> {
    // If both are present, they are equal.
    let short: Option<String> = message.take("reasoning")?;
    if let Some(reasoning) = message.take("reasoning_content")?.or(short) {
        parts.insert(0, Part::new(Content::Reasoning(reasoning)));
    }
    if let Some(details) = message.raw("reasoning_details").filter(|it| it.get() != "[]") {
        let proof = Signature::new(Protocol::OpenAi, details.get());
        parts.insert(0, Part::new(Content::Redacted).signed(Some(proof)));
    }
    if let Some(refusal) = message.take::<String>("refusal")? {
        parts.push(Part::new(Content::Refusal(refusal)));
    }
    Ok(())
}

fn read_part(kind: &str, part: &mut Object<'_>) -> Result<Option<Content>, ReadError> {
    let media = match kind {
        "refusal" => return Ok(Some(Content::Refusal(part.require("refusal")?))),
        "input_audio" => part.with("input_audio", read_audio)?,
        "file" => part.with("file", read_file)?,
        _ => return Ok(None),
    };
    let media = media.ok_or_else(|| ReadError::new(kind, "is missing"))?;
    Ok(Some(Content::Media(media)))
}

fn read_audio(mut audio: Object<'_>) -> Result<Media, ReadError> {
    let format: String = audio.take("format")?.unwrap_or_else(|| "wav".to_owned());
    let media = Media::new(MediaKind::Audio, Source::Base64(audio.require("data")?));
    Ok(Media { media_type: Some(format!("audio/{format}")), ..media })
}

fn read_file(mut file: Object<'_>) -> Result<Media, ReadError> {
    let name = file.take("filename")?;
    if let Some(id) = file.take("file_id")? {
        return Ok(Media { name, ..Media::new(MediaKind::Document, Source::File(id)) });
    }
    let media = Media::from_url(MediaKind::Document, file.require("file_data")?);
    let kind = media.media_type.as_deref().map_or(MediaKind::Document, MediaKind::of);
    Ok(Media { kind, name, ..media })
}

fn read_tools(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let tools = body.each("tools", |mut tool| {
        let kind: String = tool.take("type")?.unwrap_or_else(|| "function".to_owned());
        if kind != "function" {
            to.keep_extra(format!("tools.{kind}"), RawValue::TRUE);
            return Ok(None);
        }
        read_function(tool, to).map(Some)
    })?;
    to.tools = tools.into_iter().flatten().collect();
    Ok(())
}

fn read_tool_choice(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let Some(value) = body.raw("tool_choice") else { return Ok(()) };
    to.tool_choice = match value.get() {
        "\"auto\"" => Some(ToolChoice::Auto),
        "\"none\"" => Some(ToolChoice::None),
        "\"required\"" => Some(ToolChoice::Required),
        object if object.starts_with('{') => {
            let mut choice = Object::of(value)?;
            let allowed = choice.with("allowed_tools", |mut allowed| {
                let mode: Option<String> = allowed.take("mode")?;
                let names = allowed.each("tools", |mut tool| {
                    tool.with("function", |mut function| function.require("name"))
                })?;
                Ok((mode.as_deref() == Some("required"), present(names)))
            });
            if let Some((must, names)) = allowed.map_err(|error| error.within("tool_choice"))? {
                to.tool_choice = Some(to.allow(must, &names, value));
                return Ok(());
            }
            let function = choice.with("function", |mut function| function.require("name"));
            let function = function.map_err(|error| error.within("tool_choice"))?;
            if function.is_none() {
                to.keep_extra("tool_choice", value);
            }
            function.map(ToolChoice::Tool)
        }
        _ => return Err(ReadError::new("tool_choice", "is not a choice of this protocol")),
    };
    Ok(())
}

const DIALECT: Dialect = Dialect { part: read_part, said: read_said };
