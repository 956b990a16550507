//! A part of a content, the same in requests, answers and streams.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::protocol::Protocol;
use crate::protocol::codec::Reading;
use crate::protocol::conversation::tool::compact;
use crate::protocol::conversation::{
    Arguments, Content, Media, MediaKind, Part, Reply, Signature, Source, ToolCall,
};
use crate::protocol::service::Service;

use super::signature;

/// A part as written: one of its fields, and possibly a signature. Rare fields are boxed, since a
/// chat may have thousands of texts.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Box<Blob<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<Box<FileData<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<Box<FunctionCall<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<Box<FunctionResponse<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    pub(super) mime_type: &'a str,
    pub(super) data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileData<'a> {
    pub(super) mime_type: &'a str,
    pub(super) file_uri: &'a str,
}

#[derive(Serialize)]
pub(super) struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) args: Arguments<'a>,
}

#[derive(Serialize)]
pub(super) struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) response: Response<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<ResultPart<'a>>,
}

/// A medium inside a result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultPart<'a> {
    pub(super) inline_data: Blob<'a>,
}

/// A result must be an object; a text is put under the key that Google documents.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Response<'a> {
    Written(&'a RawValue),
    Owned(Box<RawValue>),
    Output { output: Cow<'a, str> },
    Error { error: Cow<'a, str> },
}

/// A part from a provider. Fields of Google's own tools are skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartIn {
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) thought: Option<bool>,
    pub(super) thought_signature: Option<String>,
    inline_data: Option<BlobIn>,
    pub(super) function_call: Option<CallIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlobIn {
    mime_type: Option<String>,
    data: String,
}

/// A call from a provider: whole, and not always with an ID.
#[derive(Deserialize)]
pub(super) struct CallIn {
    id: Option<String>,
    name: Option<String>,
    args: Option<Box<RawValue>>,
}

impl<'a> PartOut<'a> {
    /// A text.
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Reasoning, or its end.
    pub(super) fn thought(text: &'a str) -> Self {
        Self { thought: Some(true), ..Self::text(text) }
    }

    /// A call of a tool, whatever its arguments are.
    pub(super) fn call(call: &'a ToolCall, id: Option<&'a str>, name: &'a str) -> Self {
        let function_call = FunctionCall { id, name, args: call.written() };
        Self { function_call: Some(Box::new(function_call)), ..Self::default() }
    }

    /// A medium that stands here.
    pub(super) fn inline(mime_type: &'a str, data: &'a str) -> Self {
        Self { inline_data: Some(Box::new(Blob { mime_type, data })), ..Self::default() }
    }

    /// A medium of an answer; `None` if it cannot be in one.
    pub(super) fn of_medium(media: &'a Media) -> Option<Self> {
        match &media.source {
            Source::Base64(data) => Some(Self::inline(media.media_type_or_default(), data)),
            Source::Text(_) | Source::Url(_) | Source::File(_) => None,
        }
    }

    /// The same part with a signature.
    pub(super) fn signed(self, signature: Option<Cow<'a, str>>) -> Self {
        Self { thought_signature: signature, ..self }
    }

    /// A part of an answer, for a client.
    pub(super) fn of(part: &'a Part) -> Option<Self> {
        let sign = |sealed| {
            part.signature.as_ref().map(|given| signature::to_client(given, sealed).into())
        };
        let out = match &part.content {
            Content::Text(text) | Content::Refusal(text) => Self::text(text),
            Content::Reasoning(text) => Self::thought(text),
            Content::Redacted => return Some(Self::thought("").signed(Some(sign(true)?))),
            Content::ToolCall(call) => Self::call(call, Some(&call.id), &call.name),
            Content::Media(media) => Self::of_medium(media)?,
            Content::ToolResult(_) => return None,
        };
        Some(out.signed(sign(false)))
    }
}

impl PartIn {
    /// Adds it to an answer. Pieces of one text, and of one thought, become one.
    pub(super) fn add_to(self, reply: &mut Reply, calls: &mut u32, reading: &Reading) {
        let signature = own_signature(self.thought_signature, reading.service);
        let content = match (self.text, self.inline_data, self.function_call) {
            (Some(text), ..) if self.thought == Some(true) => Content::Reasoning(text),
            (Some(text), ..) => Content::Text(text),
            (_, Some(blob), _) => Content::Media(blob.into_media()),
            (_, _, Some(call)) => {
                let index = *calls;
                *calls += 1;
                Content::ToolCall(call.into_call(index, reading))
            }
            _ => return,
        };
        push(Part::new(content).signed(signature), &mut reply.parts);
    }
}

impl CallIn {
    /// The call with that number, in neutral form.
    pub(super) fn into_call(self, index: u32, reading: &Reading) -> ToolCall {
        ToolCall {
            id: self.id.filter(|id| !id.is_empty()).unwrap_or_else(|| reading.call_id(index)),
            name: reading.tool_name(self.name.unwrap_or_default()),
            arguments: self.args.map_or_else(|| "{}".to_owned(), |args| compact(args.get())),
        }
    }
}

impl BlobIn {
    fn into_media(self) -> Media {
        let kind = self.mime_type.as_deref().map_or(MediaKind::Image, MediaKind::of);
        let media = Media::new(kind, Source::Base64(self.data));
        Media { media_type: self.mime_type, ..media }
    }
}

/// A provider's signature; an empty one counts as absent, and so does a placeholder of another router's.
pub(super) fn own_signature(value: Option<String>, made_at: Service) -> Option<Signature> {
    let value = value.filter(|value| !signature::is_none(value))?;
    Some(Signature::new(Protocol::Gemini, value).made_at(made_at))
}

/// Adds a part, or continues the last one: text and thoughts come in pieces, and a signature ends
/// them.
pub(super) fn push(part: Part, parts: &mut Vec<Part>) {
    if let Some(last) = parts.last_mut().filter(|last| last.signature.is_none()) {
        match (&mut last.content, &part.content) {
            (Content::Text(before), Content::Text(more))
            | (Content::Reasoning(before), Content::Reasoning(more)) => {
                before.push_str(more);
                last.signature = part.signature;
                return;
            }
            _ => {}
        }
    }
    parts.push(part);
}
