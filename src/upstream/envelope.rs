//! Errors that hide inside a success: a JSON 200 that is an `error` envelope, a stream whose first
//! event is an error, or a later one.
//!
//! It reads only what is held already and waits for nothing.

use bytes::Bytes;
use serde_json::Value;

use crate::{body, sse};

/// What the first events of a stream say.
#[derive(Debug, PartialEq)]
pub enum Opening {
    /// Only comments and lifecycle events so far: nothing that a client would miss.
    Nothing,
    /// Content: the stream is accepted.
    Content,
    /// An error, with its status and its JSON.
    Error(u16, Bytes),
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

/// An error that a stream told in its middle.
#[derive(Debug, PartialEq)]
pub struct ErrorEvent {
    /// The status that it stands for.
    pub status: u16,
    /// What it says.
    pub json: Bytes,
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
    let named_error = matches!(event.event.as_deref(), Some(b"error" | b"response.failed"));
    if named_error || body::error_value(&event.data).is_some() {
        return Opening::Error(status_of(&event.data), event.data.clone());
    }
    if is_lifecycle(event) { Opening::Nothing } else { Opening::Content }
}

/// The first error among these whole events. An event may hold a choice beside its error.
pub fn error_event(events: Bytes) -> Option<ErrorEvent> {
    let mut parser = sse::Parser::new();
    parser.push(events);
    while let Ok(Some(event)) = parser.next_event() {
        let json = event.data;
        let Ok(value) = serde_json::from_slice::<Value>(&json) else { continue };
        let says = !matches!(value["error"], Value::Null | Value::Bool(false));
        if says || matches!(value["type"].as_str(), Some("error" | "response.failed")) {
            return Some(ErrorEvent { status: status_of(&json), json });
        }
    }
    None
}

/// Events that only announce: a provider sends them before it has tried to answer.
fn is_lifecycle(event: &sse::Event) -> bool {
    let name = event.event.as_deref().unwrap_or_default();
    LIFECYCLE.iter().any(|lifecycle| lifecycle.as_bytes() == name)
}

/// The status of an error envelope: its own numeric code, or 502.
pub fn status_of(envelope: &[u8]) -> u16 {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(envelope) else {
        return BAD_GATEWAY;
    };
    let numeric = |value: &serde_json::Value| {
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        u16::try_from(number).ok().filter(|status| (400..600).contains(status))
    };
    let error = match &value["error"] {
        Value::Null => &value["response"]["error"],
        error => error,
    };
    [&error["code"], &error["status"], &value["code"], &value["status"]]
        .into_iter()
        .find_map(numeric)
        .unwrap_or(BAD_GATEWAY)
}

const LIFECYCLE: [&str; 5] =
    ["message_start", "ping", "response.created", "response.in_progress", "response.queued"];
const BAD_GATEWAY: u16 = 502;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errors_own_numeric_code_decides() {
        let table = [
            (r#"{"error":{"code":429,"message":"slow down"}}"#, 429),
            (r#"{"error":{"code":"503"}}"#, 503),
            (r#"{"error":{"code":"rate_limit_exceeded"}}"#, 502),
            (r#"{"error":"boom"}"#, 502),
            (r#"{"error":{"code":200}}"#, 502),
            (r#"{"type":"response.failed","response":{"error":{"code":429}}}"#, 429),
            ("not json", 502),
        ];
        for (envelope, status) in table {
            assert_eq!(status_of(envelope.as_bytes()), status, "{envelope}");
        }
    }

    #[test]
    fn errors_in_the_middle() {
        let read = |text: &str| error_event(Bytes::from(text.to_owned())).map(|it| it.status);
        let error = "data: {\"choices\":[{}]}\r\n\r\ndata: {\"error\":{\"code\":503}}\r\n\r\n";
        assert_eq!(read(error), Some(503));
        let beside =
            "data: {\"error\":{\"code\":429},\"choices\":[{\"finish_reason\":\"error\"}]}\n\n";
        assert_eq!(read(beside), Some(429));
        let typed =
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"}}\n\n";
        assert_eq!(read(typed), Some(502));
        assert_eq!(read("data: {\"type\":\"response.failed\",\"response\":{}}\n\n"), Some(502));
        for fine in [
            "data: {\"error\":null,\"choices\":[]}\n\n",
            "data: {\"choices\":[{\"content_filter_results\":{\"error\":{\"code\":\"x\"}}}]}\n\n",
            "data: {\"candidates\":[{\"functionCall\":{\"args\":{\"error\":{}}}}]}\n\n",
        ] {
            assert_eq!(read(fine), None, "{fine}");
        }
    }

    #[test]
    fn opening_of_a_stream_is_content_error_or_nothing() {
        let read = |text: &str| Openings::new(true).read(Bytes::from(text.to_owned()));
        assert_eq!(read(": hello\n\n"), Opening::Nothing);
        assert_eq!(read("event: message_start\ndata: {}\n\n"), Opening::Nothing);
        assert_eq!(read("data: {\"choices\":[]}\n\n"), Opening::Content);
        assert_eq!(read("data: [DONE]\n\n"), Opening::Empty);
        let error = read(": hi\n\ndata: {\"error\":{\"code\":529}}\n\n");
        assert!(matches!(error, Opening::Error(529, _)), "{error:?}");
        assert!(matches!(read("event: error\ndata: {}\n\n"), Opening::Error(502, _)));
        let failed = "event: response.failed\ndata: {\"response\":{\"error\":{\"code\":429}}}\n\n";
        assert!(matches!(read(failed), Opening::Error(429, _)));
    }
}
