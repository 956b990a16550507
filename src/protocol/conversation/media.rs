//! Images, documents and audio, and their sources. Nothing is fetched.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::models::MediaTypes;
use crate::protocol::misfit::Refused;

use super::losses::Losses;

/// An image, a document or audio.
#[derive(Debug, Clone)]
pub struct Media {
    /// Which of these.
    pub kind: MediaKind,
    /// Where it is.
    pub source: Source,
    /// Such as `image/png`; absent if a URL or an ID does not tell it.
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

impl Media {
    /// A medium without further properties.
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

    /// Its URL, or a `data:` URL; `None` for a text or an uploaded file.
    pub(crate) fn to_url(&self) -> Option<Cow<'_, str>> {
        match &self.source {
            Source::Url(url) => Some(url.into()),
            Source::Base64(data) => {
                Some(format!("data:{};base64,{data}", self.media_type_or_default()).into())
            }
            Source::Text(_) | Source::File(_) => None,
        }
    }

    /// The same medium with a level of detail; `auto` is every vendor's default, so it is omitted.
    #[must_use]
    pub(crate) fn without_usual_detail(self) -> Self {
        Self { detail: self.detail.filter(|detail| detail != "auto"), ..self }
    }

    /// Whether a vendor takes it that takes pictures of these types. What a URL leads to is the vendor's to see.
    pub(crate) fn is_among(&self, types: MediaTypes) -> bool {
        let is_picture = self.kind == MediaKind::Image && matches!(self.source, Source::Base64(_));
        !is_picture || types.is_none_or(|types| types.contains(&self.essence()))
    }

    /// The level of detail is lost if a protocol has none.
    ///
    /// # Errors
    /// The field, if losing it is refused.
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

    /// The type without parameters (`; charset=utf-8`).
    pub(crate) fn essence(&self) -> &str {
        let media_type = self.media_type_or_default();
        media_type.split(';').next().unwrap_or(media_type).trim()
    }

    /// The text that a document is, if it is mere text.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.source {
            Source::Text(text) => Some(text.into()),
            Source::Base64(data)
                if self.kind == MediaKind::Document && is_textual(self.essence()) =>
            {
                String::from_utf8(STANDARD.decode(data).ok()?).ok().map(Cow::Owned)
            }
            Source::Base64(_) | Source::Url(_) | Source::File(_) => None,
        }
    }
}

/// Whether data of this type are a text that a model can read as one.
pub(crate) fn is_textual(media_type: &str) -> bool {
    let ends = |suffix: &&str| media_type.ends_with(*suffix);
    media_type.starts_with("text/")
        || TEXTUAL.contains(&media_type)
        || ["+json", "+xml", "+yaml"].iter().any(ends)
}

/// Text types whose names do not say so.
const TEXTUAL: &[&str] = &[
    "application/json",
    "application/jsonl",
    "application/x-ndjson",
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
    "application/javascript",
    "application/x-javascript",
    "application/typescript",
    "application/x-sh",
    "application/x-python",
    "application/sql",
    "application/graphql",
];

impl MediaKind {
    /// The kind that a media type belongs to.
    pub(crate) fn of(media_type: &str) -> Self {
        let class = media_type.split('/').next().unwrap_or_default();
        let is = |name: &str| class.eq_ignore_ascii_case(name);
        match () {
            () if is("image") => Self::Image,
            () if is("audio") => Self::Audio,
            () if is("video") => Self::Video,
            () => Self::Document,
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

/// The media type and the base64 text of a `data:` URL.
fn parse_data_url(url: &str) -> Option<(String, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    let media_type = media_type.split(';').next().filter(|kind| !kind.is_empty());
    Some((media_type.unwrap_or("application/octet-stream").to_owned(), data))
}

#[cfg(test)]
mod tests {
    use super::*;

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
