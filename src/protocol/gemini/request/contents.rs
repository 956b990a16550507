//! Writes contents: alternating turns, each call with the signature that its model needs, each
//! result as an object.
//!
//! A vendor never receives another vendor's signature.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::form::ContentOut;
use crate::models::{Model, gemini};
use crate::protocol::Protocol;
use crate::protocol::codec::Refused;
use crate::protocol::conversation::late::Late;
use crate::protocol::conversation::turns::{GO_ON, HELLO};
use crate::protocol::conversation::{
    Content, Conversation, Losses, Media, MediaKind, Merged, Part, Role, Source, ToolNames,
    ToolResult,
};
use crate::protocol::gemini::part::{
    Blob, FileData, FunctionResponse, PartOut, Response, ResultPart,
};
use crate::protocol::gemini::signature::UNCHECKED;
use crate::protocol::service::Service;

/// Every instruction, in one content.
pub(super) fn write_system(from: &Conversation) -> Option<ContentOut<'_>> {
    let texts = from.instructions().filter_map(Part::as_text);
    let parts: Vec<_> = texts.map(PartOut::text).collect();
    (!parts.is_empty()).then_some(ContentOut { role: None, parts })
}

/// Writes the turns of one request.
pub(super) struct Contents<'a, 'l> {
    pub(super) names: &'a ToolNames,
    pub(super) model: Model<'a>,
    /// Whose proofs are good.
    pub(super) service: Service,
    /// Whether calls and results have IDs; Vertex AI has none.
    pub(super) has_ids: bool,
    pub(super) losses: &'l mut Losses,
}

/// The tools that were called, by the calls' ids, and the places of the calls.
type Called<'a> = HashMap<&'a str, (usize, &'a str)>;

impl<'a> Contents<'a, '_> {
    /// The turns. Results are alone in their content; the user's other parts follow in the next
    /// one.
    pub(super) fn turns(
        mut self,
        from: &'a Conversation,
        late: &'a Late,
    ) -> Result<Vec<ContentOut<'a>>, Refused> {
        let mut called = Called::new();
        for (at, call) in from.tool_calls().enumerate() {
            called.entry(call.id.as_str()).or_insert((at, call.name.as_str()));
        }
        let mut contents = Vec::with_capacity(from.turns.len() + 1);
        for turn in from.alternating_with(late) {
            let (role, parts) = match turn.role {
                Role::Assistant => ("model", [Vec::new(), self.model(&turn)?]),
                Role::User | Role::System => ("user", self.user(&turn, &called)?),
            };
            let parts = parts.into_iter().filter(|parts| !parts.is_empty());
            contents.extend(parts.map(|parts| ContentOut { role: Some(role), parts }));
        }
        fit_ends(&mut contents, gemini::PREFILL.of(self.model));
        Ok(contents)
    }

    /// A model's turn. Newer models require a signature on the first call of a turn; without one
    /// from this service, a placeholder skips the check.
    fn model(&mut self, turn: &Merged<'a>) -> Result<Vec<PartOut<'a>>, Refused> {
        let mut demands = gemini::SIGNATURES.of(self.model);
        let mut parts = Vec::with_capacity(turn.parts.len());
        for &part in &turn.parts {
            let own = part.signature_for(Protocol::Gemini, self.service).map(Cow::Borrowed);
            let out = match &part.content {
                Content::Text(text) | Content::Refusal(text) => {
                    Some(PartOut::text(text).signed(own))
                }
                Content::ToolCall(call) => {
                    let placeholder = std::mem::take(&mut demands).then_some(UNCHECKED.into());
                    let (id, name) = (self.id(&call.id), self.names.sent(&call.name));
                    Some(PartOut::call(call, id, name).signed(own.or(placeholder)))
                }
                // Thoughts are not read back; with Google's signature they are worth returning.
                Content::Reasoning(text) if own.is_some() => {
                    Some(PartOut::thought(text).signed(own))
                }
                Content::Media(media) => self.media(media)?.map(|out| out.signed(own)),
                Content::Reasoning(_) | Content::Redacted | Content::ToolResult(_) => None,
            };
            parts.extend(out);
        }
        Ok(parts)
    }

    fn id(&self, id: &'a str) -> Option<&'a str> {
        self.has_ids.then(|| self.names.id(id))
    }

    /// A user's turn: first the media of results that cannot be inside them.
    fn user(
        &mut self,
        turn: &Merged<'a>,
        called: &Called<'a>,
    ) -> Result<[Vec<PartOut<'a>>; 2], Refused> {
        let mut results: Vec<&'a ToolResult> = Vec::new();
        let mut said = Vec::with_capacity(turn.parts.len());
        let mut held = Vec::new();
        for &part in &turn.parts {
            match &part.content {
                Content::ToolResult(result) => results.push(result),
                Content::Text(text) => said.push(PartOut::text(text)),
                Content::Media(media) => said.extend(self.media(media)?),
                _ => {}
            }
        }
        if !self.has_ids {
            // Without ids the first result is the first call's.
            results.sort_by_key(|result| called.get(result.call_id.as_str()).map(|(at, _)| *at));
        }
        let mut written = Vec::with_capacity(results.len());
        for result in results {
            written.push(self.result(result, called, &mut held)?);
        }
        held.append(&mut said);
        Ok([written, held])
    }

    fn result(
        &mut self,
        result: &'a ToolResult,
        called: &Called<'a>,
        held: &mut Vec<PartOut<'a>>,
    ) -> Result<PartOut<'a>, Refused> {
        let name = called.get(result.call_id.as_str()).map(|(_, name)| *name);
        let known = gemini::MEDIA_IN_RESULTS.of(self.model);
        let (mut parts, from) = (Vec::new(), held.len());
        for part in &result.content {
            let Content::Media(media) = &part.content else { continue };
            match &media.source {
                Source::Base64(data) if known.contains(&media.essence()) => {
                    media.lose_detail(self.losses)?;
                    let mime_type = media.media_type_or_default();
                    parts.push(ResultPart { inline_data: Blob { mime_type, data } });
                }
                _ => held.extend(self.media(media)?),
            }
        }
        if held.len() > from {
            held.insert(from, PartOut::text(result.media_heading()));
        }
        let response = FunctionResponse {
            id: self.id(&result.call_id),
            name: self.names.sent(name.or(result.name.as_deref()).unwrap_or("unknown")),
            response: response_of(result.text(), result.is_error),
            parts,
        };
        Ok(PartOut { function_response: Some(Box::new(response)), ..PartOut::default() })
    }

    /// A medium; of documents PDF and mere texts are read.
    fn media(&mut self, media: &'a Media) -> Result<Option<PartOut<'a>>, Refused> {
        media.lose_detail(self.losses)?;
        let is_known = media.is_among(gemini::IMAGES.of(self.model))
            && (media.kind != MediaKind::Document || media.essence() == "application/pdf");
        Ok(match (media.as_text(), &media.source) {
            // Of documents that are mere text, few types are read as data.
            (Some(text), _) => Some(PartOut::text(text)),
            (None, Source::Base64(data)) if is_known => {
                Some(PartOut::inline(media.essence(), data))
            }
            (None, Source::Url(file_uri)) => {
                let mime_type = media.media_type.as_deref().unwrap_or_else(|| type_of_url(media));
                let file_data = Some(Box::new(FileData { mime_type, file_uri }));
                Some(PartOut { file_data, ..PartOut::default() })
            }
            // Of an unsupported type, or an ID from another vendor's storage.
            (None, Source::Base64(_) | Source::File(_) | Source::Text(_)) => {
                self.losses.lose(media.kind.name()).map(|()| None)?
            }
        })
    }
}

/// A call must follow a user's turn, and the user's turn must be last unless the model may continue
/// its own.
fn fit_ends(contents: &mut Vec<ContentOut<'_>>, takes_prefill: bool) {
    let says = |text| ContentOut { role: Some("user"), parts: vec![PartOut::text(text)] };
    let calls =
        |content: &ContentOut<'_>| content.parts.iter().any(|part| part.function_call.is_some());
    let is_models = |content: &&ContentOut<'_>| content.role == Some("model");
    if contents.first().filter(is_models).is_some_and(calls) {
        contents.insert(0, says(HELLO));
    }
    if contents.last().filter(is_models).is_some_and(|last| !takes_prefill && !calls(last)) {
        contents.push(says(GO_ON));
    }
}

/// A text of one part is not copied, since it may have many megabytes.
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

/// The media type from a URL's extension, since it is required here.
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
