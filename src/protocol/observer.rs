//! Observes a stream and reports content, errors, usage and the end. Created from the protocol's
//! profile. Before the commit point it decides whether a stream is accepted, afterwards how it
//! ends.
//!
//! It neither delays nor changes bytes. Nearly every event has none of its marks, which one search
//! shows; only events with a mark are read.

mod content;
mod events;
mod frames;
mod intact;
mod last_events;
mod opening;
mod top;

use bytes::Bytes;
use http::HeaderMap;

use self::{events::Marks, frames::FrameMarks, top::Top};
use super::{
    Endpoint, Protocol,
    conversation::{Finish, Usage},
    told, usage,
};
use crate::{failure::Failure, sse};

pub(crate) use intact::intact;
pub(crate) use last_events::LastEvents;
pub(crate) use opening::Opening;

/// What a part of a stream contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// Nothing that a client would miss: comments, and events that only announce.
    Nothing,
    /// Content.
    Content,
    /// An event that no client can read.
    Malformed,
    /// An error: its JSON.
    Error(Bytes),
    /// That the stream ends here.
    End,
}

/// How near its end a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Something is missing, if the transfer ends here.
    Missing,
    /// Everything was received, if the transfer ends normally here.
    Said,
    /// Nothing is missing, however the transfer ends.
    Complete,
}

/// Watches one stream.
#[derive(Debug)]
pub(crate) struct Observer {
    protocol: Protocol,
    of: Of,
    end: End,
    /// Whether each event is read before it is passed on.
    reads_all: bool,
    usage: usage::Watch,
    /// Why the model stopped, if known.
    reason: Option<Finish>,
    /// Whether the usage-only event is removed for a client that did not ask for it.
    hides_usage: bool,
}

/// How the stream is framed.
#[derive(Debug)]
enum Of {
    /// Events, and the JSON state at the end of the last chunk.
    Events(&'static Marks, Top),
    /// AWS's frames.
    Frames(FrameMarks),
}

impl Observer {
    /// For the events of a path's answer.
    pub(crate) fn of_events(path_and_query: &str, endpoint: Option<&Endpoint>) -> Self {
        let marks = Marks::of(path_and_query, endpoint);
        let end = if marks.name_no_end() { End::Said } else { End::Missing };
        let of = Of::Events(marks, Top::default());
        Self::new(endpoint, of, end)
    }

    /// Of AWS's frames.
    pub(crate) fn of_frames(endpoint: Option<&Endpoint>) -> Self {
        let of = Of::Frames(FrameMarks::default());
        Self::new(endpoint, of, End::Missing)
    }

    fn new(endpoint: Option<&Endpoint>, of: Of, end: End) -> Self {
        Self {
            protocol: protocol(endpoint),
            of,
            end,
            reads_all: false,
            usage: usage::Watch::default(),
            reason: None,
            hides_usage: false,
        }
    }

    /// From here on an event that is not JSON ends the stream.
    pub(crate) fn read_all(&mut self) {
        self.reads_all = true;
    }

    /// How many bytes at the beginning of these whole events a client can read.
    pub(crate) fn readable(&self, events: &Bytes) -> usize {
        if self.reads_all { intact(events) } else { events.len() }
    }

    /// Whether it observes events, which must be passed whole. Frames may be split anywhere.
    pub(crate) fn is_of_events(&self) -> bool {
        matches!(self.of, Of::Events(..))
    }

    /// Observes the next bytes of an accepted stream. `is_torn`: they start or end inside an event
    /// that is too long to be passed whole.
    pub(crate) fn observe(&mut self, bytes: &Bytes, is_torn: bool) -> Report {
        let (end, report) = match &mut self.of {
            Of::Events(marks, top) => {
                let glance = marks.glance(bytes);
                if is_torn {
                    self.usage.observe_cut(bytes);
                } else if glance.usage {
                    self.usage.observe(bytes);
                    if !glance.marks {
                        marks.reason_in(bytes, &mut self.reason);
                    }
                }
                if !is_torn && !top.is_mid_event() && !glance.marks {
                    return Report::Content;
                }
                read(marks, top, bytes, &mut self.reason)
            }
            Of::Frames(marks) => {
                self.usage.observe_cut(bytes);
                let is_end = self.end == End::Missing && marks.end_in(bytes);
                if self.reason.is_none() && (is_end || self.end > End::Missing) {
                    self.reason = marks.reason_in(bytes, self.protocol);
                }
                if !is_end {
                    return Report::Content;
                }
                (End::Said, Report::End)
            }
        };
        self.end = self.end.max(end);
        report
    }

    /// How near its end the stream is.
    pub(crate) fn end(&self) -> End {
        self.end
    }

    /// From here on, removes the usage-only event.
    pub(crate) fn hide_usage(&mut self) {
        self.hides_usage = true;
    }

    /// What of these whole events the client is shown.
    pub(crate) fn shown(&self, events: Bytes) -> Bytes {
        if self.hides_usage { usage::without(events) } else { events }
    }

    /// The tokens reported so far.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage.usage(self.protocol, !self.is_of_events())
    }

    /// Why the model stopped, if the stream has said so.
    pub(crate) fn reason(&self) -> Option<Finish> {
        self.reason
    }

    /// The failure for an error in the stream.
    pub(crate) fn failure(&self, error: &[u8]) -> Failure {
        self.protocol.codec().read_error_inside(&HeaderMap::new(), error)
    }
}

/// These events may hold a mark: which one decides.
fn read(
    marks: &Marks,
    top: &mut Top,
    events: &Bytes,
    reason: &mut Option<Finish>,
) -> (End, Report) {
    let (end, report) = match marks.end_in(events, top, reason) {
        Some(true) => (End::Complete, Report::End),
        Some(false) => (End::Said, Report::End),
        None => (End::Missing, Report::Content),
    };
    if marks.error_in(events)
        && let Some(error) = error_among(events.clone())
    {
        return (End::Complete, Report::Error(error));
    }
    (end, report)
}

/// The client's protocol; the default one if its path belongs to none.
fn protocol(endpoint: Option<&Endpoint>) -> Protocol {
    endpoint.map(|endpoint| endpoint.protocol).unwrap_or_default()
}

/// The first error among these events. The last one may lack its empty line: so some streams end.
fn error_among(events: Bytes) -> Option<Bytes> {
    let mut parser = sse::Parser::new();
    parser.push(events);
    while let Ok(Some(event)) = parser.finish() {
        if told::is_error_event(&event.data) {
            return Some(event.data);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_in_the_middle_is_reported_with_its_json() {
        let read = |text: &str| {
            let mut observer = Observer::of_events("/v1/chat/completions", None);
            let report = observer.observe(&Bytes::from(text.to_owned()), false);
            (report, observer.end())
        };
        let error = "data: {\"choices\":[{}]}\r\n\r\ndata: {\"error\":{\"code\":503}}\r\n\r\n";
        let json = Bytes::from_static(br#"{"error":{"code":503}}"#);
        assert_eq!(read(error), (Report::Error(json), End::Complete));
        let none = "data: {\"error\":null,\"choices\":[]}\n\n";
        assert_eq!(read(none), (Report::Content, End::Missing));
    }

    #[test]
    fn end_is_complete_only_after_the_very_last_event() {
        let mut observer = Observer::of_events("/v1/chat/completions", None);
        assert_eq!(observer.end(), End::Missing);
        let finish = Bytes::from_static(b"data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n");
        assert_eq!((observer.observe(&finish, false), observer.end()), (Report::End, End::Said));
        let done = Bytes::from_static(b"data: [DONE]\n\n");
        assert_eq!((observer.observe(&done, false), observer.end()), (Report::End, End::Complete));
        assert_eq!(observer.observe(&finish, false), Report::End);
        assert_eq!(observer.end(), End::Complete, "what came stays");
    }

    #[test]
    fn stream_of_an_unknown_path_may_end_anywhere() {
        assert_eq!(Observer::of_events("/v1/unknown", None).end(), End::Said);
    }

    #[test]
    fn why_a_model_stopped_is_heard_in_every_protocol() {
        for (path, protocol, events, wanted) in [
            (
                "/v1/chat/completions",
                Protocol::OpenAi,
                "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n",
                Some(Finish::Length),
            ),
            (
                "/v1/messages",
                Protocol::Anthropic,
                "data: {\"type\":\"message_start\",\"message\":{\"stop_reason\":null,\"usage\":{\"input_tokens\":1}}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":4}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
                Some(Finish::ToolCalls),
            ),
            (
                "/v1/responses",
                Protocol::OpenAiResponses,
                "data: {\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\"}}\n\ndata: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n",
                Some(Finish::Length),
            ),
            (
                "/v1beta/models/m:streamGenerateContent",
                Protocol::Gemini,
                "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"SAFETY\"}]}\n\n",
                Some(Finish::ContentFilter),
            ),
            (
                "/v2/chat",
                Protocol::Cohere,
                "data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\n",
                Some(Finish::Stop),
            ),
            (
                "/v1/chat/completions",
                Protocol::OpenAi,
                "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n",
                None,
            ),
        ] {
            for is_whole in [true, false] {
                let endpoint = Endpoint::find(path, None);
                let mut observer = Observer::of_events(path, endpoint.as_ref());
                assert_eq!(observer.protocol, protocol);
                if is_whole {
                    observer.observe(&Bytes::from(events), false);
                } else {
                    let each = events.split_inclusive("\n\n");
                    each.for_each(|event| {
                        observer.observe(&Bytes::copy_from_slice(event.as_bytes()), false);
                    });
                }
                assert_eq!(observer.reason(), wanted, "{protocol}, {is_whole}");
            }
        }
    }
}
