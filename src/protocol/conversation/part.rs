//! The parts of a turn: text, media, tool calls and results, reasoning.

use std::borrow::Cow;

use crate::protocol::Protocol;
use crate::protocol::service::Service;

use super::marks::{CacheMark, Signature};
use super::media::Media;
use super::tool::ToolCall;

/// One piece of a turn.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it is.
    pub content: Content,
    /// The vendor's signature of this part, sent back only to that vendor.
    pub signature: Option<Signature>,
    /// The end of a prompt cache. A hint: it is omitted for vendors without marks.
    pub cache: Option<CacheMark>,
}

/// What a part is.
#[derive(Debug, Clone)]
pub enum Content {
    /// Text.
    Text(String),
    /// An image, a document or audio.
    Media(Media),
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool gave back (in a user's turn).
    ToolResult(ToolResult),
    /// The model's reasoning, or its summary. Its signature, if any, is the part's; with an empty
    /// text the signature is the whole part.
    Reasoning(String),
    /// Reasoning in sealed form: the seal is the part's signature.
    Redacted,
    /// The model's refusal, in words.
    Refusal(String),
}

/// What a tool gave back.
#[derive(Debug, Clone)]
pub struct ToolResult {
    /// The call's id.
    pub call_id: String,
    /// The tool's name, if the client gives it; otherwise `Conversation::called_tools` has it.
    pub name: Option<String>,
    /// Text and media.
    pub content: Vec<Part>,
    /// Whether the tool failed.
    pub is_error: bool,
}

impl Part {
    /// A part without signature and cache mark.
    pub fn new(content: Content) -> Self {
        Self { content, signature: None, cache: None }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()))
    }

    /// The same part with this cache mark.
    #[must_use]
    pub fn cached(self, cache: Option<CacheMark>) -> Self {
        Self { cache, ..self }
    }

    /// The same part with this signature.
    #[must_use]
    pub fn signed(self, signature: Option<Signature>) -> Self {
        Self { signature, ..self }
    }

    /// Its text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of its signature, if that vendor made it.
    pub(crate) fn signature_of(&self, vendor: Protocol) -> Option<&str> {
        self.signature_for(vendor, Service::Unknown)
    }

    /// The same, if it is good at that service of the vendor.
    pub(crate) fn signature_for(&self, vendor: Protocol, service: Service) -> Option<&str> {
        let is_good = |s: &&Signature| s.vendor == vendor && s.made_at.may_be(service);
        self.signature.as_ref().filter(is_good).map(|s| s.value.as_str())
    }

    /// Whether it is blank text, which several vendors refuse.
    pub(crate) fn is_blank(&self) -> bool {
        self.as_text().is_some_and(|text| text.trim().is_empty())
    }
}

impl ToolResult {
    /// Its text for a protocol without an error flag; an error then says so in the text.
    pub fn text_or_error(&self) -> Cow<'_, str> {
        let text = self.text();
        let says_so = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error"));
        if !self.is_error || says_so { text } else { Cow::Owned(format!("Error: {text}")) }
    }

    /// The text before media that are moved out of a result.
    pub(crate) fn media_heading(&self) -> String {
        format!("From the result of tool call {}:", self.call_id)
    }

    /// All its text: the parts joined by line ends.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        one_text(self.content.iter().filter_map(Part::as_text), "\n").unwrap_or_default()
    }
}

/// The texts joined; `None` if there are none.
pub(crate) fn one_text<'a>(
    texts: impl Iterator<Item = &'a str>,
    between: &str,
) -> Option<Cow<'a, str>> {
    let texts: Vec<&str> = texts.collect();
    match texts.as_slice() {
        [] => None,
        [only] => Some(Cow::Borrowed(only)),
        texts => Some(Cow::Owned(texts.join(between))),
    }
}
