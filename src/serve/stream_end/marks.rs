//! What to look for in the events of a stream: what its last ones hold, and what may be an error.
//!
//! It reads no event. Nearly every event holds nothing of this, and one pass says so.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use memchr::memmem::Finder;

use crate::protocol::{Endpoint, Operation, Protocol, profile::Stream};

/// The marks of one protocol's streams.
pub(super) struct Marks {
    /// How all of them end, looked for at once: their beginnings are in every event. Absent where
    /// the machine has no instructions for it.
    tails: Option<Searcher>,
    /// What the last events hold; none: that is not known.
    ends: Vec<Finder<'static>>,
    /// What the very last one holds.
    last: Vec<Finder<'static>>,
    /// What may be an error.
    errors: Vec<Finder<'static>>,
}

impl Marks {
    /// Those of the streams that this endpoint has.
    pub(super) fn of(path_and_query: &str, endpoint: Option<&Endpoint>) -> &'static Self {
        let speaks = match endpoint.filter(|endpoint| endpoint.operation != Operation::Native) {
            Some(endpoint) => Some(endpoint.protocol),
            None => Protocol::likely(path_and_query.split('?').next().unwrap_or_default()),
        };
        let of = |protocol| MARKS.iter().find(|(its, _)| *its == protocol).map(|(_, marks)| marks);
        speaks.and_then(of).unwrap_or(&USUAL)
    }

    fn new(stream: &Stream) -> Self {
        let finders = |marks: &'static [&str]| marks.iter().copied().map(Finder::new).collect();
        let all = stream.ends.iter().chain(stream.errors);
        Self {
            tails: Searcher::new(all.map(|mark| tail(mark.as_bytes()))),
            ends: finders(stream.ends),
            last: finders(stream.last),
            errors: finders(stream.errors),
        }
    }

    /// Whether nobody knows what the last event holds.
    pub(super) fn names_no_end(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether one of them may be among these events.
    pub(super) fn may_be_in(&self, events: &[u8]) -> bool {
        self.tails.as_ref().is_none_or(|tails| tails.find(events).is_some())
    }

    /// Whether a last event is among these.
    pub(super) fn end_in(&self, events: &[u8]) -> bool {
        is_one_in(&self.ends, events)
    }

    /// Whether the very last event is among these, of which one is an end.
    pub(super) fn last_in(&self, events: &[u8]) -> bool {
        is_one_in(&self.last, events)
    }

    /// Whether what may be an error is among these.
    pub(super) fn error_in(&self, events: &[u8]) -> bool {
        is_one_in(&self.errors, events)
    }
}

/// The end of a mark: four bytes are compared at once, and a letter among them makes them rare.
fn tail(mark: &[u8]) -> &[u8] {
    let from = |length| &mark[mark.len().saturating_sub(length)..];
    let four = from(4);
    if four.iter().any(u8::is_ascii_alphabetic) { four } else { from(5) }
}

fn is_one_in(marks: &[Finder<'static>], events: &[u8]) -> bool {
    marks.iter().any(|mark| mark.find_iter(events).any(|at| is_no_text(mark.needle(), at, events)))
}

/// Quotes inside a text are escaped, so no mark with quotes can stand in what a model says; one that
/// is a field can only stand there where no line begins.
fn is_no_text(mark: &[u8], at: usize, events: &[u8]) -> bool {
    mark.contains(&b'"') || at == 0 || matches!(events[at - 1], b'\n' | b'\r')
}

static MARKS: LazyLock<Vec<(Protocol, Marks)>> = LazyLock::new(|| {
    let all = Protocol::ALL.iter();
    all.map(|&protocol| (protocol, Marks::new(&protocol.profile().stream))).collect()
});
static USUAL: LazyLock<Marks> = LazyLock::new(|| Marks::new(&Stream::USUAL));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_every_event_is_not_looked_at() {
        let usual = br#"data: {"choices":[{"delta":{"content":" one"},"finish_reason":null}]}"#;
        let spaced =
            br#"data: {"choices": [{"delta": {"content": " one"}, "finish_reason": null}]}"#;
        let marks = Marks::new(&Protocol::OpenAi.profile().stream);
        assert!(!marks.may_be_in(usual) || marks.tails.is_none());
        assert!(!marks.may_be_in(spaced) || marks.tails.is_none());
    }

    #[test]
    fn an_end_is_no_text_and_no_null() {
        let ends = |protocol: Protocol, events: &str| {
            let marks = Marks::new(&protocol.profile().stream);
            let end = marks.end_in(events.as_bytes());
            assert!(marks.may_be_in(events.as_bytes()) || !end, "what is an end is looked at");
            end
        };
        for end in [
            "data: [DONE]\n\n",
            "data: {\"choices\":[]}\r\n\r\ndata:[DONE]\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        ] {
            assert!(ends(Protocol::OpenAi, end), "{end}");
        }
        for none in [
            "data: {\"choices\":[{\"delta\":{\"content\":\"data: [DONE]\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n",
            "data: {\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}\n\n",
            ": [DONE]\n\n",
        ] {
            assert!(!ends(Protocol::OpenAi, none), "{none}");
        }
        for (protocol, event) in [
            (Protocol::Anthropic, "data: {\"type\":\"message_stop\"}\n\n"),
            (Protocol::OpenAiResponses, "data: {\"type\":\"response.completed\"}\n\n"),
            (Protocol::Gemini, "data: {\"finishReason\":\"STOP\"}\n\n"),
            (Protocol::Cohere, "data: {\"type\":\"message-end\"}\n\n"),
        ] {
            assert!(ends(protocol, event), "{event}");
        }
    }
}
