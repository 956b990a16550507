//! Errors that hide inside a success: a JSON 200 that is an `error` envelope, a stream whose first
//! event is an error, or a later one.
//!
//! It reads only what is held already and waits for nothing.

use bytes::Bytes;

use crate::{protocol::told, sse};

/// What the first events of a stream say.
#[derive(Debug, PartialEq)]
pub enum Opening {
    /// Only comments and lifecycle events so far: nothing that a client would miss.
    Nothing,
    /// Content: the stream is accepted.
    Content,
    /// An error: its JSON.
    Error(Bytes),
    /// The stream says that it is over before it said anything.
    Empty,
}

/// Reads a stream's opening, piece by piece.
pub enum Openings {
    /// Whether an event is an error decides.
    Read(sse::Parser),
    /// Anything whole is content, comments too.
    Whole(sse::Boundary),
}

impl Openings {
    /// A reader that looks for errors, or only for something to pass on.
    pub fn new(reads_errors: bool) -> Self {
        if reads_errors {
            Self::Read(sse::Parser::new())
        } else {
            Self::Whole(sse::Boundary::new())
        }
    }

    /// Takes one more piece.
    pub fn read(&mut self, piece: Bytes) -> Opening {
        let parser = match self {
            Self::Read(parser) => parser,
            Self::Whole(boundary) => {
                let whole = boundary.feed(&piece).is_some();
                return if whole { Opening::Content } else { Opening::Nothing };
            }
        };
        parser.push(piece);
        loop {
            match parser.next_event() {
                // What is too long for an announcement is content.
                Err(sse::TooLong) => return Opening::Content,
                Ok(None) => return Opening::Nothing,
                Ok(Some(event)) => match opening(&event) {
                    Opening::Nothing => {}
                    said => return said,
                },
            }
        }
    }
}

fn opening(event: &sse::Event) -> Opening {
    if event.data.as_ref() == b"[DONE]" {
        return Opening::Empty;
    }
    let name = event.event.as_deref().and_then(|name| str::from_utf8(name).ok());
    if name.is_some_and(told::is_error_name) || told::is_error_alone(&event.data) {
        return Opening::Error(event.data.clone());
    }
    if is_lifecycle(event) { Opening::Nothing } else { Opening::Content }
}

/// The first error among these whole events.
pub fn error_event(events: Bytes) -> Option<Bytes> {
    let mut parser = sse::Parser::new();
    parser.push(events);
    while let Ok(Some(event)) = parser.next_event() {
        if told::is_error_event(&event.data) {
            return Some(event.data);
        }
    }
    None
}

/// Events that only announce: a provider sends them before it has tried to answer.
fn is_lifecycle(event: &sse::Event) -> bool {
    let name = event.event.as_deref().unwrap_or_default();
    LIFECYCLE.iter().any(|lifecycle| lifecycle.as_bytes() == name)
}

const LIFECYCLE: [&str; 5] =
    ["message_start", "ping", "response.created", "response.in_progress", "response.queued"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_in_the_middle() {
        let read = |text: &str| error_event(Bytes::from(text.to_owned()));
        let error = "data: {\"choices\":[{}]}\r\n\r\ndata: {\"error\":{\"code\":503}}\r\n\r\n";
        assert_eq!(read(error).as_deref(), Some(&br#"{"error":{"code":503}}"#[..]));
        assert_eq!(read("data: {\"error\":null,\"choices\":[]}\n\n"), None);
    }

    #[test]
    fn opening_of_a_stream_is_content_error_or_nothing() {
        let read = |text: &str| Openings::new(true).read(Bytes::from(text.to_owned()));
        assert_eq!(read(": hello\n\n"), Opening::Nothing);
        assert_eq!(read("event: message_start\ndata: {}\n\n"), Opening::Nothing);
        assert_eq!(read("data: {\"choices\":[]}\n\n"), Opening::Content);
        assert_eq!(read("data: [DONE]\n\n"), Opening::Empty);
        let error = read(": hi\n\ndata: {\"error\":{\"code\":529}}\n\n");
        assert!(matches!(error, Opening::Error(_)), "{error:?}");
        assert!(matches!(read("event: error\ndata: {}\n\n"), Opening::Error(_)));
        let failed = "event: response.failed\ndata: {\"response\":{\"error\":{\"code\":429}}}\n\n";
        assert!(matches!(read(failed), Opening::Error(_)));
    }
}
