//! What a turn is made of: text, media, tool calls and their results, reasoning.
//!
//! It never decides which vendor may be given which part.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::protocol::Protocol;
use crate::protocol::misfit::Refused;
use crate::protocol::service::Service;

use super::losses::Losses;
use super::tool::{ToolCall, ToolResult};

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

/// An image, a document, a sound.
#[derive(Debug, Clone)]
pub struct Media {
    /// Which of these.
    pub kind: MediaKind,
    /// Where it is.
    pub source: Source,
    /// Such as `image/png`; absent where a URL or an id says nothing of it.
    pub media_type: Option<String>,
    /// A file name or title.
    pub name: Option<String>,
    /// How closely to look (`low`, `high`, `auto`).
    pub detail: Option<String>,
}

/// What a medium is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A PDF, a text file and their like.
    Document,
    /// A sound.
    Audio,
    /// Moving pictures.
    Video,
}

/// Where a medium is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Here, in standard base64.
    Base64(String),
    /// Here, as text.
    Text(String),
    /// To be fetched by the vendor.
    Url(String),
    /// A file that was uploaded to the vendor of the client's protocol.
    File(String),
}

/// A vendor's proof that it made a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is.
    pub vendor: Protocol,
    /// Where the vendor made it, as far as that makes a difference.
    pub made_at: Service,
    /// Whether it is the proof of the call that follows, which has no place for it.
    pub of_call: bool,
    /// As the vendor gave it.
    pub value: String,
}

/// A prompt cache ends here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheMark {
    /// How long it should live (`5m`, `1h`); the vendor's default when absent.
    pub ttl: Option<String>,
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

impl Media {
    /// A medium of which nothing else is said.
    pub fn new(kind: MediaKind, source: Source) -> Self {
        Self { kind, source, media_type: None, name: None, detail: None }
    }

    /// A medium from a URL, which may hold the data itself (`data:image/png;base64,…`).
    pub fn from_url(kind: MediaKind, url: String) -> Self {
        let (source, media_type) = match parse_data_url(&url) {
            Some((media_type, data)) => (Source::Base64(data.to_owned()), Some(media_type)),
            None => (Source::Url(url), None),
        };
        Self { media_type, ..Self::new(kind, source) }
    }

    /// Its URL: its own, or a `data:` URL; none for a text and an uploaded file.
    pub(crate) fn to_url(&self) -> Option<Cow<'_, str>> {
        match &self.source {
            Source::Url(url) => Some(url.into()),
            Source::Base64(data) => {
                Some(format!("data:{};base64,{data}", self.media_type_or_default()).into())
            }
            Source::Text(_) | Source::File(_) => None,
        }
    }

    /// The same medium; `auto` is everyone's way of looking and says nothing.
    #[must_use]
    pub(crate) fn without_usual_detail(self) -> Self {
        Self { detail: self.detail.filter(|detail| detail != "auto"), ..self }
    }

    /// How closely to look is lost where a protocol has no word for it.
    ///
    /// # Errors
    /// The field, when losing is refused.
    pub(crate) fn lose_detail(&self, losses: &mut Losses) -> Result<(), Refused> {
        losses.lose_if(self.detail.is_some(), "image.detail")
    }

    /// Its media type, or the commonest one of its kind.
    pub(crate) fn media_type_or_default(&self) -> &str {
        match (self.media_type.as_deref(), self.kind) {
            // What many call it, and few vendors know.
            (Some("image/jpg"), _) => "image/jpeg",
            (Some(media_type), _) => media_type,
            (None, MediaKind::Image) => "image/png",
            (None, MediaKind::Document) => "application/pdf",
            (None, MediaKind::Audio) => "audio/wav",
            (None, MediaKind::Video) => "video/mp4",
        }
    }

    /// The same without what may follow it (`; charset=utf-8`).
    pub(crate) fn essence(&self) -> &str {
        let media_type = self.media_type_or_default();
        media_type.split(';').next().unwrap_or(media_type).trim()
    }

    /// The text that a document is, if it is mere text.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.source {
            Source::Text(text) => Some(text.into()),
            Source::Base64(data)
                if self.kind == MediaKind::Document && self.essence().starts_with("text/") =>
            {
                String::from_utf8(STANDARD.decode(data).ok()?).ok().map(Cow::Owned)
            }
            Source::Base64(_) | Source::Url(_) | Source::File(_) => None,
        }
    }
}

impl MediaKind {
    /// The kind that a media type belongs to.
    pub(crate) fn of(media_type: &str) -> Self {
        match media_type.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::Document,
        }
    }

    /// Its name in `x-onwards-dropped` and in refusals.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }
}

impl Signature {
    /// A signature by that vendor.
    pub fn new(vendor: Protocol, value: impl Into<String>) -> Self {
        Self { vendor, made_at: Service::Unknown, of_call: false, value: value.into() }
    }

    /// The same, made there.
    #[must_use]
    pub(crate) fn made_at(self, made_at: Service) -> Self {
        Self { made_at, ..self }
    }

    /// As it is given to a client of that protocol: the vendor's own value when it is the client's
    /// vendor, else marked, so that [`Signature::from_client`] knows it again on the next turn.
    pub(crate) fn to_client(&self, client: Protocol) -> String {
        if self.vendor == client {
            self.value.clone()
        } else {
            let at = if self.made_at == Service::Unknown { "" } else { AT };
            let of_call = if self.of_call { OF_CALL } else { "" };
            let Self { vendor, made_at, value, .. } = self;
            format!("{MARK}{vendor}{at}{made_at}{of_call}{BETWEEN}{value}")
        }
    }

    /// As a client of that protocol gives it back; an empty one counts as absent.
    pub(crate) fn from_client(client: Protocol, value: &str) -> Option<Self> {
        let marked = value.strip_prefix(MARK).and_then(|marked| marked.split_once(BETWEEN));
        match marked.and_then(|(head, value)| Self::marked(head, value)) {
            Some(foreign) => Some(foreign),
            None if value.is_empty() => None,
            None => Some(Self::new(client, value)),
        }
    }

    /// Whether a value that a client gives back is marked as another vendor's.
    pub(crate) fn is_marked(value: &str) -> bool {
        value.starts_with(MARK)
    }

    fn marked(head: &str, value: &str) -> Option<Self> {
        let (head, of_call) = match head.strip_suffix(OF_CALL) {
            Some(head) => (head, true),
            None => (head, false),
        };
        let (vendor, made_at) = match head.split_once(AT) {
            Some((vendor, service)) => (vendor, Service::from_name(service)?),
            None => (head, Service::Unknown),
        };
        let vendor = Protocol::from_name(vendor)?;
        Some(Self { of_call, ..Self::new(vendor, value).made_at(made_at) })
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

/// The media type and the base64 text of a `data:` URL.
fn parse_data_url(url: &str) -> Option<(String, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    let media_type = media_type.split(';').next().filter(|kind| !kind.is_empty());
    Some((media_type.unwrap_or("application/octet-stream").to_owned(), data))
}

/// Stands before a foreign signature. No vendor's base64 holds it, and a request that does is looked
/// for: `Profile::foreign_proofs`.
const MARK: &str = "onwards#";
/// Stands between its vendor and its value.
const BETWEEN: char = '#';
/// Stands between a vendor and where it made the proof.
const AT: &str = "@";
/// Stands behind them where the proof is that of the call that follows.
const OF_CALL: &str = "+call";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_signature_comes_back_to_its_vendor() {
        let signature = Signature::new(Protocol::Anthropic, "EqQB+/=");
        for &client in Protocol::ALL {
            let given = signature.to_client(client);
            assert_eq!(Signature::from_client(client, &given), Some(signature.clone()));
        }
        assert_eq!(Signature::from_client(Protocol::OpenAi, ""), None);
        let unknown = Signature::from_client(Protocol::OpenAi, "onwards#x#y").unwrap();
        assert_eq!((unknown.vendor, unknown.value.as_str()), (Protocol::OpenAi, "onwards#x#y"));
    }

    #[test]
    fn data_urls_are_read_and_written() {
        let url = "data:image/webp;base64,AAAA";
        let media = Media::from_url(MediaKind::Image, url.into());
        assert_eq!(media.source, Source::Base64("AAAA".into()));
        assert_eq!(media.media_type.as_deref(), Some("image/webp"));
        assert_eq!(media.to_url().unwrap(), url);
        let media = Media::from_url(MediaKind::Image, "https://a/b,c".into());
        assert_eq!(media.media_type, None);
        assert_eq!(media.to_url().as_deref(), Some("https://a/b,c"));
    }
}
