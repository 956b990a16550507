//! Base64 data in a JSON document: text in it is searched, an image has no text, and anything else
//! cannot be read.
//!
//! The content decides, not the name.

use std::{borrow::Cow, ops::Range};

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// What a string holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// It is text itself.
    Plain,
    /// A picture: it has no text.
    Picture,
    /// Text as base64, and where in the string that stands.
    Text(Vec<u8>, Range<usize>),
    /// Sound, a document or anything else that cannot be read.
    Unreadable,
    /// Text, unless what stands beside it says that it is base64: it cannot be read as that.
    Unknown,
}

/// What a string holds, of which the key may say that it is data.
pub(super) fn of(is_data: bool, value: &[u8]) -> Data {
    let (start, is_url) = match payload(value) {
        Some(Payload::Base64(start)) => (start, true),
        Some(Payload::Other) => return Data::Unreadable,
        None => (0, false),
    };
    let encoded = unspaced(value.get(start..).unwrap_or_default());
    let encoded = &*encoded;
    if !is_url && (!is_data || encoded.len() < SHORTEST_TEXT) {
        return Data::Plain;
    }
    let is_base64 = encoded.iter().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
    });
    // Prose that calls itself a picture is read as prose by whom it is sent to: it has blanks, or is short.
    let is_prose = !is_base64 || value.iter().any(|byte| matches!(byte, b' ' | b'\t'));
    if is_picture(encoded) && !is_prose {
        return Data::Picture;
    }
    match decoded(encoded).filter(|_| is_base64) {
        Some(text) if std::str::from_utf8(&text).is_ok_and(is_text) => {
            Data::Text(text, start..value.len())
        }
        _ if value.get(..11).is_some_and(|it| it.eq_ignore_ascii_case(b"data:image/")) => {
            match is_prose || encoded.len() < SHORTEST_PICTURE {
                true => Data::Plain,
                false => Data::Picture,
            }
        }
        _ if is_url => Data::Unreadable,
        // Prose of mere letters reads as base64, too.
        Some(_) if encoded.len() >= SHORTEST && !value.contains(&b' ') => Data::Unreadable,
        _ if is_address(value) => Data::Plain,
        _ => Data::Unknown,
    }
}

/// Base64 without its line breaks.
fn unspaced(encoded: &[u8]) -> Cow<'_, [u8]> {
    match encoded.iter().any(u8::is_ascii_whitespace) {
        false => Cow::Borrowed(encoded),
        true => encoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect(),
    }
}

/// The same text as base64.
pub(super) fn encoded(text: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// What a key says of what stands under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing.
    Other,
    /// Data as base64.
    Data,
    /// Sound, video, or a document that is to be fetched.
    Medium,
    /// A file that is only referred to.
    File,
    /// The type of a medium.
    MediaType,
    /// The format of a medium, where a protocol has no media types.
    Format,
    /// A file: as a text it is data.
    FileData,
    /// A file, as an object.
    FileObject,
    /// What a document is made of.
    Source,
    /// Where something is to be fetched.
    Url,
    /// What kind of object it is.
    Type,
    /// A text once more, token by token.
    Tokens,
}

impl Named {
    /// By a key, whatever the case of its letters and the marks between.
    #[inline]
    pub(super) fn of(key: &[u8]) -> Self {
        if key.len() < SHORTEST_KEY || key.len() > LONGEST_KEY {
            return Self::Other;
        }
        let (mut letters, mut count) = ([0; LONGEST_KEY], 0);
        for byte in key.iter().filter(|byte| !matches!(byte, b'_' | b'-')) {
            letters[count] = byte.to_ascii_lowercase();
            count += 1;
        }
        match &letters[..count] {
            b"data" | b"bytes" | b"b64json" | b"blob" | b"audio" | b"image" | b"video"
            | b"imageurl" => Self::Data,
            b"inputaudio" | b"audiourl" | b"inputvideo" | b"videourl" | b"documenturl" => {
                Self::Medium
            }
            b"fileid" | b"fileuri" | b"fileurl" => Self::File,
            b"mediatype" | b"mimetype" | b"contenttype" => Self::MediaType,
            b"filedata" => Self::FileData,
            b"file" => Self::FileObject,
            b"format" => Self::Format,
            b"source" => Self::Source,
            b"url" => Self::Url,
            b"type" => Self::Type,
            b"logprobs" | b"logprobsresult" => Self::Tokens,
            _ => Self::Other,
        }
    }
}

/// Whether a text says where something is to be fetched.
pub(super) fn is_address(value: &[u8]) -> bool {
    let is = |start: &&[u8]| value.starts_with(start);
    [&b"http://"[..], b"https://", b"gs://", b"s3://", b"file:"].iter().any(is)
}

/// Whether a type of media cannot be read.
pub(super) fn is_unreadable_medium(value: &[u8]) -> bool {
    let is = |start: &&str| {
        value.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start.as_bytes()))
    };
    MEDIA.iter().any(is)
}

/// Whether a format is that of a sound, a video or a document that cannot be read.
pub(super) fn is_unreadable_format(value: &[u8]) -> bool {
    FORMATS.iter().any(|format| value.eq_ignore_ascii_case(format.as_bytes()))
}

enum Payload {
    /// From here on.
    Base64(usize),
    /// Written in another way.
    Other,
}

/// What a `data:` URL carries.
fn payload(value: &[u8]) -> Option<Payload> {
    let head = value.get(..value.len().min(LONGEST_HEAD))?;
    let is_data = head.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"data:"));
    let comma = memchr::memchr(b',', head).filter(|_| is_data)?;
    let kind = &head[..comma];
    // Prose may begin so.
    if kind.contains(&b' ') || !kind.contains(&b'/') && !kind.contains(&b';') {
        return None;
    }
    let last = kind.rsplit(|byte| *byte == b';').next().unwrap_or_default();
    Some(match last.eq_ignore_ascii_case(b"base64") {
        true => Payload::Base64(comma + 1),
        false => Payload::Other,
    })
}

/// Whether it is a picture: it begins as one, and does not go on as text.
fn is_picture(encoded: &[u8]) -> bool {
    let begins = PICTURES.iter().any(|picture| encoded.starts_with(picture.as_bytes()))
        || encoded.get(..20).is_some_and(is_webp);
    let sample = encoded.len().min(SAMPLE) / 4 * 4;
    begins && decoded(&encoded[..sample]).is_none_or(|sample| !may_be_text(&sample))
}

/// Whether the beginning of something is text, of which the last character may be cut.
fn may_be_text(sample: &[u8]) -> bool {
    match std::str::from_utf8(sample) {
        Ok(text) => is_text(text),
        Err(error) if error.error_len().is_none() => {
            let whole = sample.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).is_ok_and(is_text)
        }
        Err(_) => false,
    }
}

/// WebP and WAV begin alike: the bytes that tell them apart are at 8 to 11.
fn is_webp(encoded: &[u8]) -> bool {
    decoded(&encoded[..16])
        .is_some_and(|it| it.starts_with(b"RIFF") && it.get(8..12) == Some(b"WEBP"))
}

fn decoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    // One character beyond the last whole byte says nothing, and readers leave it out.
    let end = encoded.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let encoded = encoded.get(..end - usize::from(end % 4 == 1)).unwrap_or_default();
    let is_url_safe = encoded.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if is_url_safe { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, config).decode(encoded).ok()
}

/// Whether it is text, and not bytes that happen to be UTF-8.
fn is_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

const MEDIA: [&str; 8] = [
    "audio/",
    "video/",
    "application/pdf",
    "application/msword",
    "application/vnd.",
    "application/zip",
    "application/octet-stream",
    "application/rtf",
];
/// Formats of media in protocols that have no media types.
const FORMATS: [&str; 23] = [
    "pdf", "doc", "docx", "xls", "xlsx", "wav", "mp3", "flac", "ogg", "opus", "aac", "m4a",
    "pcm16", "webm", "mkv", "mov", "mp4", "flv", "mpeg", "mpg", "wmv", "three_gp", "aiff",
];
/// How pictures begin as base64: PNG, JPEG, GIF.
const PICTURES: [&str; 3] = ["iVBORw0KGgo", "/9j/", "R0lGOD"];
/// What is shorter is not a file where it is not text,
const SHORTEST: usize = 256;
/// and what is shorter than this is neither.
const SHORTEST_TEXT: usize = 8;
/// No picture of a form that is not known here is shorter.
const SHORTEST_PICTURE: usize = 64;
const LONGEST_HEAD: usize = 256;
/// How much of a picture is looked at.
const SAMPLE: usize = 4096;
const SHORTEST_KEY: usize = 3;
const LONGEST_KEY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_that_calls_itself_a_picture_is_looked_at() {
        for prose in [
            "data:image/png;base64,card 4111 1111 1111 1111",
            "data:image/png;base64,4111111111111111",
            "DATA:IMAGE/X;BASE64,card 4111 1111 1111 1111",
            "data:image/png;base64,iVBORw0KGgo card 4111 1111 1111 1111",
            "data:image/png;base64,iVBORw0KGgo=, ann@example.com",
        ] {
            assert_eq!(of(false, prose.as_bytes()), Data::Plain, "{prose}");
        }
        let picture =
            |kind: &str, bytes: &[u8]| format!("data:image/{kind};base64,{}", encoded(bytes));
        let png = picture("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01");
        let unknown = picture("heic", &[0xff, 0, 1, 2].repeat(20));
        for picture in [png, unknown] {
            assert_eq!(of(false, picture.as_bytes()), Data::Picture, "{picture}");
        }
    }
}
