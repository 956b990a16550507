//! The forms that texts of an answer have where no list of words can name them all, and what a value begins
//! with.
//!
//! It never lets free text through.

use super::shape::{Shape, Words};

/// A time as RFC 3339 writes it.
pub(crate) fn is_time(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"TZtz:.+-".contains(byte);
    text.len() <= LONGEST_TIME && text.iter().all(is_part)
}

/// The size of an image.
pub(crate) fn is_size(text: &[u8]) -> bool {
    let is_edge = |edge: &[u8]| matches!(edge.len(), 1..=5) && edge.iter().all(u8::is_ascii_digit);
    let mut edges = text.split(|byte| *byte == b'x');
    text == b"auto"
        || (edges.by_ref().take(2).filter(|edge| is_edge(edge)).count() == 2
            && edges.next().is_none())
}

/// Whether it is one of these media types with parameters that are known.
pub(super) fn is_media_of(words: &Words, text: &[u8]) -> bool {
    let (base, parameters) = match memchr::memchr(b';', text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let is_known = |word: &&str| base.trim_ascii().eq_ignore_ascii_case(word.as_bytes());
    words.known.iter().any(is_known) && parameters.is_none_or(are_parameters)
}

/// The parameters of a media type that say how its samples stand: `;rate=24000`, `; codec=pcm`.
fn are_parameters(text: &[u8]) -> bool {
    text.split(|byte| *byte == b';').all(|parameter| {
        let mut parts = parameter.trim_ascii().splitn(2, |byte| *byte == b'=');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_number = matches!(value.len(), 1..=6) && value.iter().all(u8::is_ascii_digit);
        match name.to_ascii_lowercase().as_slice() {
            b"rate" | b"channels" => is_number,
            b"codec" | b"codecs" => CODECS.iter().any(|it| value.eq_ignore_ascii_case(it)),
            b"charset" => value.eq_ignore_ascii_case(b"utf-8"),
            _ => false,
        }
    })
}

impl Shape {
    /// Whether a value of this shape may begin with this byte.
    pub(super) fn begins_with(&self, first: u8) -> bool {
        match self {
            Self::Any | Self::Model | Self::Arguments | Self::Fault => true,
            Self::Text
            | Self::Tag(_)
            | Self::OneOf(_)
            | Self::Like(_)
            | Self::Words(_)
            | Self::Media(_)
            | Self::Fragment => matches!(first, b'"' | b'n'),
            Self::Number => matches!(first, b'-' | b'0'..=b'9' | b'n'),
            Self::Flag => matches!(first, b't' | b'f' | b'n'),
            Self::Scalar => !matches!(first, b'{' | b'['),
            Self::List(_) => first == b'[',
            Self::Map(_) | Self::Object(_) => first == b'{',
            Self::Within(shape) => shape.begins_with(first),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.begins_with(first)),
        }
    }
}

const LONGEST_TIME: usize = 40;
const CODECS: [&[u8]; 4] = [b"pcm", b"opus", b"vorbis", b"aac"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_form_has_no_room_for_words() {
        let sizes: [(&[u8], bool); 9] = [
            (b"auto", true),
            (b"1024x1536", true),
            (b"512x512", true),
            (b"1024x", false),
            (b"x1024", false),
            (b"1x2x3", false),
            (b"1024 x 1024", false),
            (b"123456x1", false),
            (b"large", false),
        ];
        for (text, wanted) in sizes {
            assert_eq!(is_size(text), wanted, "{:?}", std::str::from_utf8(text));
        }
        assert!(is_time(b"2026-11-30T15:00:00.123456Z") && is_time(b"2026-11-30T15:00:00+01:00"));
        assert!(!is_time(b"tomorrow") && !is_time(&[b'1'; 41]));
        let media = Words::only(&["audio/L16", "audio/pcm", "image/png"], "image/png");
        let types: [(&[u8], bool); 10] = [
            (b"audio/L16", true),
            (b"audio/l16;rate=24000", true),
            (b"audio/L16; codec=pcm; rate=16000", true),
            (b"audio/pcm;rate=8000;channels=2", true),
            (b"image/PNG", true),
            (b"audio/pcm;rate=fast", false),
            (b"audio/pcm;rate=1234567", false),
            (b"audio/pcm;name=x", false),
            (b"audio/pcm;", false),
            (b"audio/other;rate=8000", false),
        ];
        for (text, wanted) in types {
            assert_eq!(is_media_of(&media, text), wanted, "{:?}", std::str::from_utf8(text));
        }
    }
}
