//! Reads contents: turns, parts, and the call of each result.
//!
//! A result without a call keeps its own ID.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use serde_json::value::RawValue;

use crate::protocol::codec::ReadError;
use crate::protocol::conversation::tool::compact;
use crate::protocol::conversation::{
    Content, Conversation, Media, MediaKind, Part, Role, Source, ToolCall, ToolResult, Turn,
};
use crate::protocol::gemini::part::push;
use crate::protocol::gemini::signature;
use crate::protocol::gemini::spelling::EitherName;
use crate::protocol::object::{Object, present, text_of};

/// The calls, in order.
#[derive(Default)]
struct Calls {
    /// Their ids, until the result is there.
    open: Vec<Option<String>>,
    /// Where those of an id stand.
    by_id: HashMap<String, VecDeque<usize>>,
    /// Where those of a tool stand.
    by_name: HashMap<String, VecDeque<usize>>,
}

/// Reads the turns.
pub(super) fn read_contents(body: &mut Object<'_>, to: &mut Conversation) -> Result<(), ReadError> {
    let mut calls = Calls::default();
    let contents = body.each("contents", |mut content| {
        let role: Option<String> = content.take("role")?;
        let role = match role.as_deref() {
            Some("user" | "function" | "tool") | None => Role::User,
            Some("model") => Role::Assistant,
            Some("system") => Role::System,
            Some(_) => return Err(ReadError::new("role", "is not a role of this protocol")),
        };
        let parts = content.each("parts", |part| read_part(part, &mut calls, to))?;
        content.keep_rest("contents.", to);
        add_turn(role, present(parts), to);
        Ok(())
    })?;
    if contents.is_empty() {
        return Err(ReadError::new("contents", "must hold at least one content"));
    }
    Ok(())
}

/// A history collected from a stream has one content or part for each chunk. They are joined to one
/// turn, and the fragments of thoughts and texts are concatenated; otherwise a fragment that is a
/// space would be dropped as blank.
fn add_turn(role: Role, parts: Vec<Part>, to: &mut Conversation) {
    let is_more = |turn: &&mut Turn| role == Role::Assistant && turn.role == role;
    let mut turn = match to.turns.last_mut().filter(is_more) {
        Some(_) => to.turns.pop().unwrap_or_else(|| Turn::new(role, Vec::new())),
        None => Turn::new(role, Vec::new()),
    };
    if role == Role::Assistant {
        parts.into_iter().for_each(|part| push(part, &mut turn.parts));
    } else {
        turn.parts = parts;
    }
    to.turns.push(turn);
}

fn read_part(
    mut part: Object<'_>,
    calls: &mut Calls,
    to: &mut Conversation,
) -> Result<Option<Part>, ReadError> {
    let is_thought = part.take("thought")? == Some(true);
    let signature: Option<Cow<'_, str>> =
        part.take_either::<String>("thoughtSignature", "thought_signature")?.map(Cow::Owned);
    let content = if let Some(text) = part.take("text")? {
        Some(if is_thought { Content::Reasoning(text) } else { Content::Text(text) })
    } else if let Some(media) = part.with_either("inlineData", "inline_data", read_blob)? {
        Some(Content::Media(media))
    } else if let Some(media) = part.with_either("fileData", "file_data", read_file)? {
        Some(Content::Media(media))
    } else if let Some(call) =
        part.with_either("functionCall", "function_call", |call| calls.read_call(call))?
    {
        Some(Content::ToolCall(call))
    } else {
        part.with_either("functionResponse", "function_response", |result| {
            calls.read_result(result)
        })?
        .map(Content::ToolResult)
    };
    if content.is_none() {
        // Code that Google ran, and new types.
        for (name, _) in part.rest() {
            to.keep_extra(format!("contents.parts.{name}"), RawValue::TRUE);
        }
        return Ok(None);
    }
    part.keep_rest("contents.parts.", to);
    Ok(content.map(|content| signature::from_client(Part::new(content), signature.as_deref())))
}

impl Calls {
    fn read_call(&mut self, mut call: Object<'_>) -> Result<ToolCall, ReadError> {
        let id: Option<String> = call.take("id")?;
        let at = self.open.len();
        let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{at}"));
        let name: String = call.require("name")?;
        let arguments =
            call.raw("args").map_or_else(|| "{}".to_owned(), |args| compact(args.get()));
        self.open.push(Some(id.clone()));
        self.by_id.entry(id.clone()).or_default().push_back(at);
        self.by_name.entry(name.clone()).or_default().push_back(at);
        Ok(ToolCall { id, name, arguments })
    }

    fn read_result(&mut self, mut result: Object<'_>) -> Result<ToolResult, ReadError> {
        let id: Option<String> = result.take("id")?;
        let name: String = result.require("name")?;
        let by_id = id.as_ref().and_then(|id| self.by_id.get_mut(id));
        let by_id = by_id.and_then(|places| first_open(places, &mut self.open));
        // One that comes again belongs to no other call.
        let is_known = id.as_ref().is_some_and(|id| self.by_id.contains_key(id));
        let by_name = self.by_name.get_mut(&name).filter(|_| by_id.is_none() && !is_known);
        let by_name = by_name.and_then(|places| first_open(places, &mut self.open));
        let call_id = by_id.or(by_name).or(id);
        let call_id = call_id.unwrap_or_else(|| format!("call_{}", self.open.len()));
        let (text, is_error) = read_response(result.raw("response"))?;
        let mut content = vec![Part::text(text)];
        content.extend(
            result
                .each("parts", |mut part| part.with_either("inlineData", "inline_data", read_blob))?
                .into_iter()
                .flatten()
                .map(|media| Part::new(Content::Media(media))),
        );
        Ok(ToolResult { call_id, name: Some(name), content, is_error })
    }
}

/// The first of these calls that waits for its result; it waits no more.
fn first_open(places: &mut VecDeque<usize>, open: &mut [Option<String>]) -> Option<String> {
    std::iter::from_fn(|| places.pop_front()).find_map(|at| open[at].take())
}

/// The text of a response: the value of its only key if that is a usual one, otherwise the whole
/// object; and whether it is an error.
fn read_response(response: Option<&RawValue>) -> Result<(String, bool), ReadError> {
    let Some(response) = response else { return Ok((String::new(), false)) };
    let fields: Vec<_> = match Object::of(response) {
        Ok(fields) => fields.rest().collect(),
        // The tool's own object, which may have any number of fields.
        Err(_) if response.get().starts_with('{') => Vec::new(),
        Err(error) => return Err(error.within("response")),
    };
    Ok(match fields.as_slice() {
        [(name, value)] if matches!(&**name, "output" | "result" | "error") => {
            let text = text_of(value).unwrap_or_else(|_| value.get().to_owned());
            (text, name == "error")
        }
        _ => (response.get().to_owned(), false),
    })
}

fn read_blob(mut blob: Object<'_>) -> Result<Media, ReadError> {
    let media_type: Option<String> = blob.take_either("mimeType", "mime_type")?;
    let data: String = blob.require("data")?;
    Ok(Media {
        kind: media_type.as_deref().map_or(MediaKind::Document, MediaKind::of),
        source: Source::Base64(standard_base64(data)),
        media_type,
        name: blob.take_either("displayName", "display_name")?,
        detail: None,
    })
}

fn read_file(mut file: Object<'_>) -> Result<Media, ReadError> {
    let media_type: Option<String> = file.take_either("mimeType", "mime_type")?;
    let Some(uri) = file.take_either::<String>("fileUri", "file_uri")? else {
        return Err(ReadError::new("fileUri", "is missing"));
    };
    let is_public = uri.starts_with("http") && !uri.contains("generativelanguage.googleapis.com/");
    Ok(Media {
        kind: media_type.as_deref().map_or(MediaKind::Document, MediaKind::of),
        source: if is_public { Source::Url(uri) } else { Source::File(uri) },
        media_type,
        name: file.take_either("displayName", "display_name")?,
        detail: None,
    })
}

/// Google reads both alphabets, and its own libraries write the one for URLs.
fn standard_base64(data: String) -> String {
    if !data.contains(['-', '_']) && data.len().is_multiple_of(4) {
        return data;
    }
    let mut data = data.replace('-', "+").replace('_', "/");
    while !data.len().is_multiple_of(4) {
        data.push('=');
    }
    data
}
