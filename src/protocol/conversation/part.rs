//! What a turn is made of: text, media, tool calls and their results, reasoning.
//!
//! It never decides which vendor may be given which part.

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
    /// A vendor's proof that it made this part, to be given back to that vendor alone.
    pub signature: Option<Signature>,
    /// A prompt cache ends after this part. A hint: a vendor without marks is given none.
    pub cache: Option<CacheMark>,
}

/// What a part is.
#[derive(Debug, Clone)]
pub enum Content {
    /// Text.
    Text(String),
    /// An image, a document, a sound.
    Media(Media),
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool gave back (in a user's turn).
    ToolResult(ToolResult),
    /// The model's reasoning, or its summary. Its proof, if the vendor gives one, is the part's
    /// signature; with an empty text the signature is all there is.
    Reasoning(String),
    /// Reasoning that the vendor gives in sealed form only: the seal is the part's signature.
    Redacted,
    /// The model's refusal, in words.
    Refusal(String),
}

/// What a tool gave back.
#[derive(Debug, Clone)]
pub struct ToolResult {
    /// The call's id.
    pub call_id: String,
    /// The tool's name, where the client says it; `Conversation::called_tools` knows it else.
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

    /// Whether it is text that says nothing: several vendors refuse such a block.
    pub(crate) fn is_blank(&self) -> bool {
        self.as_text().is_some_and(|text| text.trim().is_empty())
    }
}

impl ToolResult {
    /// Its text where a protocol has no word for failing: what failed says so itself.
    pub fn text_or_error(&self) -> Cow<'_, str> {
        let text = self.text();
        let says_so = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error"));
        if !self.is_error || says_so { text } else { Cow::Owned(format!("Error: {text}")) }
    }

    /// What stands before its media where they cannot stand in it.
    pub(crate) fn media_heading(&self) -> String {
        format!("From the result of tool call {}:", self.call_id)
    }

    /// All its text: the parts joined by line ends.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        one_text(self.content.iter().filter_map(Part::as_text), "\n").unwrap_or_default()
    }
}

/// Texts as one; none where there is none.
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
