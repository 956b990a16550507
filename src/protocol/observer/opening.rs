//! The start of a stream: comments and announcements, then content, an error, or the end without
//! content. It reads every event until one decides.

use bytes::Bytes;

use super::{
    Report,
    content::{self, Says, closes, some_profile},
};
use crate::{protocol::told, sse};

/// Reads a stream's opening, piece by piece.
#[derive(Debug)]
pub(crate) enum Opening {
    /// An event is decided by its data.
    Read(sse::Parser),
    /// Anything whole is content, comments too.
    Whole(sse::Boundary),
}

impl Opening {
    /// Looks for errors and for content, or only for something to pass on.
    pub(crate) fn new(reads_events: bool) -> Self {
        if reads_events {
            Self::Read(sse::Parser::new())
        } else {
            Self::Whole(sse::Boundary::new())
        }
    }

    /// What the stream contains so far, with one more chunk.
    pub(crate) fn observe(&mut self, piece: Bytes) -> Report {
        let parser = match self {
            Self::Read(parser) => parser,
            Self::Whole(boundary) => {
                let whole = boundary.feed(&piece).is_some();
                return if whole { Report::Content } else { Report::Nothing };
            }
        };
        parser.push(piece);
        first(parser, sse::Parser::next_event)
    }

    /// What it contains at its end, including an event without its blank line.
    pub(crate) fn end(&mut self) -> Report {
        match self {
            Self::Read(parser) => first(parser, sse::Parser::finish),
            Self::Whole(_) => Report::Nothing,
        }
    }
}

type Next = fn(&mut sse::Parser) -> Result<Option<sse::Event>, sse::TooLong>;

/// The first event that decides.
fn first(parser: &mut sse::Parser, next: Next) -> Report {
    loop {
        match next(parser) {
            // What is too long for an announcement is content.
            Err(sse::TooLong) => return Report::Content,
            Ok(None) => return Report::Nothing,
            Ok(Some(event)) => match report(&event) {
                Report::Nothing => {}
                said => return said,
            },
        }
    }
}

fn report(event: &sse::Event) -> Report {
    let name = event.event.as_deref().and_then(|name| str::from_utf8(name).ok());
    if closes(&event.data) {
        return Report::End;
    }
    if name.is_some_and(told::is_error_name) || told::is_error_beside_nothing(&event.data) {
        return Report::Error(event.data.clone());
    }
    if name.is_some_and(|name| some_profile(|it| it.announcements.contains(&name))) {
        return Report::Nothing;
    }
    match content::of(&event.data) {
        Says::Nothing => Report::Nothing,
        Says::Content => Report::Content,
        Says::Unreadable => Report::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_of_a_stream_is_content_error_end_or_nothing() {
        let read = |text: &str| Opening::new(true).observe(Bytes::from(text.to_owned()));
        assert_eq!(read(": hello\n\n"), Report::Nothing);
        assert_eq!(read("event: message_start\ndata: {}\n\n"), Report::Nothing);
        assert_eq!(read("event: response.queued\ndata: {}\n\n"), Report::Nothing);
        assert_eq!(read("data: {\"choices\":[]}\n\n"), Report::Nothing);
        assert_eq!(read("data: {\"choices\":[{\"text\":\"a\"}]}\n\n"), Report::Content);
        assert_eq!(read("data: {\"choices\":\n\n"), Report::Malformed);
        let beside = "data: {\"error\":{\"code\":502},\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n";
        assert!(matches!(read(beside), Report::Error(_)));
        assert_eq!(read("data: [DONE]\n\n"), Report::End);
        let error = read(": hi\n\ndata: {\"error\":{\"code\":529}}\n\n");
        assert!(matches!(error, Report::Error(_)), "{error:?}");
        assert!(matches!(read("event: error\ndata: {}\n\n"), Report::Error(_)));
        let failed = "event: response.failed\ndata: {\"response\":{\"error\":{\"code\":429}}}\n\n";
        assert!(matches!(read(failed), Report::Error(_)));
        let end = |text: &str| {
            let mut opening = Opening::new(true);
            assert_eq!(opening.observe(Bytes::from(text.to_owned())), Report::Nothing);
            opening.end()
        };
        assert!(matches!(end("data: {\"error\":{\"code\":529}}"), Report::Error(_)));
        assert!(matches!(end("data: {\"error\":{\"code\":529}}\n"), Report::Error(_)));
        assert_eq!(end(": hello\n"), Report::Nothing);
    }
}
