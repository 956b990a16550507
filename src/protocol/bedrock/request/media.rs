//! Images, documents, audio and video: a format and bytes. Bedrock fetches no URL except of Amazon
//! S3.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::form::{BlockOut, Medium, NamedMedium, SourceOut};
use crate::protocol::codec::ReadError;
use crate::protocol::conversation::media::is_textual;
use crate::protocol::conversation::{Media, MediaKind, Source};
use crate::protocol::object::Object;

/// The names given to documents, each with its current number, since Bedrock refuses duplicates.
#[derive(Debug, Default)]
pub(super) struct DocumentNames(HashMap<String, u32>);

/// Reads a medium; `None` for a source without a neutral form.
pub(super) fn read(kind: MediaKind, mut medium: Object<'_>) -> Result<Option<Media>, ReadError> {
    let format: Option<String> = medium.take("format")?;
    let name = medium.take("name")?;
    let source = medium.with("source", |mut source| {
        if let Some(bytes) = source.take("bytes")? {
            return Ok(Some(Source::Base64(bytes)));
        }
        if let Some(text) = source.take("text")? {
            return Ok(Some(Source::Text(text)));
        }
        source.with("s3Location", |mut place| place.require("uri").map(Source::Url))
    })?;
    let source = source.ok_or_else(|| ReadError::new("source", "is missing"))?;
    let media_type = format.map(|format| media_type(kind, &format));
    Ok(source.map(|source| Media { media_type, name, ..Media::new(kind, source) }))
}

/// The block of a medium; `None` if Bedrock cannot receive it.
pub(super) fn write<'a>(media: &'a Media, names: &mut DocumentNames) -> Option<BlockOut<'a>> {
    let format = format(media)?;
    let source = match &media.source {
        Source::Base64(data) => SourceOut::Bytes(data.into()),
        Source::Text(text) => SourceOut::Bytes(STANDARD.encode(text).into()),
        Source::Url(uri) if uri.starts_with("s3://") => SourceOut::S3Location { uri },
        Source::Url(_) | Source::File(_) => return None,
    };
    Some(match media.kind {
        MediaKind::Image => BlockOut::Image(Medium { format, source }),
        MediaKind::Video => BlockOut::Video(Medium { format, source }),
        MediaKind::Audio => BlockOut::Audio(Medium { format, source }),
        MediaKind::Document => {
            let name = names.next(media.name.as_deref().unwrap_or("document"));
            BlockOut::Document(NamedMedium { format, name, source })
        }
    })
}

/// The block of an image in an answer; `None` for other media.
pub(crate) fn image(media: &Media) -> Option<Medium<'_>> {
    let Source::Base64(data) = &media.source else { return None };
    let format = format(media).filter(|_| media.kind == MediaKind::Image)?;
    Some(Medium { format, source: SourceOut::Bytes(data.into()) })
}

/// An image of an answer.
pub(crate) fn read_image(format: &str, bytes: String) -> Media {
    let media = Media::new(MediaKind::Image, Source::Base64(bytes));
    Media { media_type: Some(media_type(media.kind, format)), ..media }
}

impl DocumentNames {
    /// A unique name of letters, digits, single spaces, hyphens, parentheses and brackets.
    fn next(&mut self, wanted: &str) -> String {
        // The format already names the file extension.
        let stem = wanted.rsplit_once('.').map_or(wanted, |(stem, _)| stem);
        let fits = |c: char| c.is_ascii_alphanumeric() || "-()[] ".contains(c);
        let clean: String = stem.chars().map(|c| if fits(c) { c } else { ' ' }).collect();
        let words: Vec<&str> = clean.split_whitespace().collect();
        let base: String = words.join(" ").chars().take(LONGEST_NAME).collect();
        let base = if base.is_empty() { "document".to_owned() } else { base };
        let mut name = base.clone();
        let mut number = self.0.get(&base).copied().unwrap_or(1);
        while self.0.contains_key(&name) {
            number += 1;
            name = format!("{base} {number}");
        }
        self.0.insert(name.clone(), 1);
        self.0.insert(base, number);
        name
    }
}

/// The format's name; `None` if Bedrock does not have it.
fn format(media: &Media) -> Option<Cow<'_, str>> {
    if matches!(media.source, Source::Text(_)) {
        return (media.kind == MediaKind::Document).then_some(Cow::Borrowed("txt"));
    }
    let media_type = media.essence();
    let known = FORMATS.iter().find(|(known, _)| *known == media_type).map(|(_, format)| *format);
    let (_, subtype) = media_type.split_once('/')?;
    match (media.kind, known) {
        (_, Some(format)) => Some(format.into()),
        (MediaKind::Document, None) => is_textual(media_type).then_some("txt".into()),
        (MediaKind::Image, None) => None,
        (MediaKind::Audio | MediaKind::Video, None) => Some(subtype.into()),
    }
}

fn media_type(kind: MediaKind, format: &str) -> String {
    let known = FORMATS
        .iter()
        .find(|(media_type, known)| *known == format && (kind == MediaKind::of(media_type)));
    match (known, kind) {
        (Some((media_type, _)), _) => (*media_type).to_owned(),
        (None, MediaKind::Audio) => format!("audio/{format}"),
        (None, MediaKind::Video) => format!("video/{format}"),
        (None, MediaKind::Image) => format!("image/{format}"),
        (None, MediaKind::Document) => format!("application/{format}"),
    }
}

/// Names longer than this are cut: the limit is 200, a number may follow.
const LONGEST_NAME: usize = 190;

const FORMATS: &[(&str, &str)] = &[
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("video/quicktime", "mov"),
    ("video/x-matroska", "mkv"),
    ("video/3gpp", "three_gp"),
    ("video/x-flv", "flv"),
    ("video/x-ms-wmv", "wmv"),
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
    ("audio/x-wav", "wav"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_differ() {
        let mut names = DocumentNames::default();
        for (wanted, given) in [
            ("Q3 report_(final).pdf", "Q3 report (final)"),
            ("Q3  report (final)", "Q3 report (final) 2"),
            ("日本", "document"),
            ("", "document 2"),
            (&"x".repeat(300), &"x".repeat(190)),
        ] {
            assert_eq!(names.next(wanted), given);
        }
    }

    #[test]
    fn media_format_reads_back() {
        for (kind, format) in [
            (MediaKind::Image, "jpeg"),
            (MediaKind::Document, "docx"),
            (MediaKind::Document, "md"),
            (MediaKind::Video, "three_gp"),
            (MediaKind::Audio, "flac"),
        ] {
            let media = Media {
                kind,
                source: Source::Base64("AAAA".into()),
                media_type: Some(media_type(kind, format)),
                name: None,
                detail: None,
            };
            assert_eq!(super::format(&media).as_deref(), Some(format));
        }
    }

    #[test]
    fn urls_are_not_fetched() {
        let mut media = Media::from_url(MediaKind::Image, "https://a/b.png".into());
        assert!(write(&media, &mut DocumentNames::default()).is_none());
        media.source = Source::Url("s3://bucket/b.png".into());
        assert!(write(&media, &mut DocumentNames::default()).is_some());
        media = Media::from_url(MediaKind::Image, "data:image/bmp;base64,AAAA".into());
        assert!(write(&media, &mut DocumentNames::default()).is_none());
    }
}
