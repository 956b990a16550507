//! How a stream of events ends: with its protocol's last event, or with an error event that says
//! that it broke. Events are passed on whole, so that a cut never leaves half of one behind.
//!
//! It never reads an event, unless a mark says that it is an error.

use std::{collections::VecDeque, sync::LazyLock};

use aho_corasick::packed::Searcher;
use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::answer;
use crate::{
    protocol::{Endpoint, Protocol},
    refusal::Refusal,
    sse::Boundary,
    upstream::{
        answer::Broken,
        envelope::{self, ErrorEvent},
        request::Inbound,
    },
};

/// Watches over one stream of events.
pub struct StreamEnd {
    boundary: Boundary,
    /// The beginning of an event that is not complete yet.
    partial: BytesMut,
    /// Whole events that may go out.
    ready: VecDeque<Bytes>,
    /// What to look for in the events.
    marks: &'static Marks,
    /// The error that the provider told, until it is taken.
    error: Option<ErrorEvent>,
    speaks: Protocol,
    ends_well: bool,
    /// Whether the beginning of an event went out because it was too long to hold.
    torn: bool,
    over: bool,
    broke: bool,
}

impl StreamEnd {
    /// A watch that knows how streams of this endpoint end.
    pub fn for_request(inbound: &Inbound) -> Self {
        let marks = marks(&inbound.path, inbound.endpoint.as_ref());
        Self {
            boundary: Boundary::new(),
            partial: BytesMut::new(),
            ready: VecDeque::new(),
            speaks: inbound.endpoint.as_ref().map_or(Protocol::OpenAi, |it| it.protocol),
            marks,
            error: None,
            ends_well: marks.terminals.is_empty(),
            torn: false,
            over: false,
            broke: false,
        }
    }

    /// One more piece has come. Mostly it ends with an event, and goes on as it is.
    pub fn push(&mut self, mut piece: Bytes) {
        let whole = self.boundary.feed(&piece).unwrap_or(0);
        if whole > 0 {
            let events = piece.split_to(whole);
            self.release(events);
        }
        self.torn &= whole == 0;
        self.partial.extend_from_slice(&piece);
        if self.partial.len() > MOST_HELD {
            self.torn = true;
            self.release(Bytes::new());
        }
    }

    /// The next piece that may go out.
    pub fn take(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    /// An error that the provider told in the middle of the stream: it is an end, too.
    pub fn take_error(&mut self) -> Option<ErrorEvent> {
        self.error.take()
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether it ended without having said all.
    pub fn broke(&self) -> bool {
        self.broke
    }

    /// The provider has closed the stream; answers whether it had said all.
    pub fn ended(&mut self) -> bool {
        self.over = true;
        self.release(Bytes::new());
        if !self.ends_well {
            self.fail(&Refusal::UpstreamUnreachable);
        }
        self.ends_well
    }

    /// The stream broke. What there is of an event was never sent and is forgotten.
    pub fn broken(&mut self, broken: Broken) {
        self.over = true;
        self.fail(&match broken {
            Broken::Cut => Refusal::UpstreamUnreachable,
            Broken::Idle | Broken::Late => Refusal::UpstreamTimeout,
        });
    }

    /// Lets go of what was held back, and of `events`, in one piece.
    fn release(&mut self, events: Bytes) {
        let piece = if self.partial.is_empty() {
            events
        } else {
            let mut joined = self.partial.split();
            joined.extend_from_slice(&events);
            joined.freeze()
        };
        if self.marks.any_in(&piece) {
            self.read(&piece);
        }
        if !piece.is_empty() {
            self.ready.push_back(piece);
        }
    }

    /// These events may hold a mark: which one decides.
    fn read(&mut self, events: &Bytes) {
        self.ends_well |= is_one_in(&self.marks.terminals, events);
        if is_one_in(&self.marks.errors, events)
            && let Some(error) = envelope::error_event(events.clone())
        {
            self.ends_well = true;
            self.error = Some(error);
        }
    }

    fn fail(&mut self, refusal: &Refusal) {
        self.broke = true;
        if self.torn {
            self.ready.push_back(Bytes::from_static(b"\n\n"));
        }
        self.ready.push_back(answer::error_event(refusal, self.speaks));
    }
}

/// What stands in the events of an endpoint that are more than a piece of an answer.
struct Marks {
    /// How all of them end, looked for at once: nearly every event holds none. Their beginnings are
    /// in every event. Absent where the machine has no instructions for it.
    tails: Option<Searcher>,
    /// What the last events hold; none: that is not known.
    terminals: Vec<Finder<'static>>,
    /// What may be an error.
    errors: Vec<Finder<'static>>,
}

impl Marks {
    fn new(terminals: &[&'static str], errors: &[&'static str]) -> Self {
        let finders = |marks: &[&'static str]| marks.iter().copied().map(Finder::new).collect();
        let tail = |mark: &&'static str| &mark.as_bytes()[mark.len() - TAIL..];
        Self {
            tails: Searcher::new(terminals.iter().chain(errors).map(tail)),
            terminals: finders(terminals),
            errors: finders(errors),
        }
    }

    /// Whether one of them may be there.
    fn any_in(&self, events: &[u8]) -> bool {
        self.tails.as_ref().is_none_or(|tails| tails.find(events).is_some())
    }
}

fn is_one_in(marks: &[Finder<'static>], events: &[u8]) -> bool {
    marks.iter().any(|mark| mark.find_iter(events).any(|at| is_no_text(mark.needle(), at, events)))
}

/// Quotes inside a text are escaped, so no mark with quotes can stand in what a model says; one that
/// is a field can only stand there where no line begins.
fn is_no_text(mark: &[u8], at: usize, events: &[u8]) -> bool {
    mark.contains(&b'"') || at == 0 || matches!(events[at - 1], b'\n' | b'\r')
}

fn marks(path_and_query: &str, endpoint: Option<&Endpoint>) -> &'static Marks {
    match endpoint.map(|endpoint| endpoint.protocol) {
        Some(Protocol::Anthropic) => return &MESSAGES,
        Some(Protocol::Gemini) => return &CONTENTS,
        Some(Protocol::Cohere) => return &CHATS,
        _ => {}
    }
    let path = path_and_query.split('?').next().unwrap_or_default();
    if path.ends_with("/completions") {
        &COMPLETIONS
    } else if path.ends_with("/responses") {
        &RESPONSES
    } else {
        &UNKNOWN
    }
}

/// Providers that leave `[DONE]` out have still said why they finished.
static COMPLETIONS: LazyLock<Marks> = LazyLock::new(|| {
    let ends = ["data: [DONE]", "data:[DONE]", "\"finish_reason\":\"", "\"finish_reason\": \""];
    Marks::new(&ends, &[ERROR])
});
static MESSAGES: LazyLock<Marks> = LazyLock::new(|| {
    let ends = ["\"message_stop\"", TYPED_ERRORS[0], TYPED_ERRORS[1]];
    Marks::new(&ends, &TYPED_ERRORS)
});
static CONTENTS: LazyLock<Marks> =
    LazyLock::new(|| Marks::new(&["\"finishReason\"", "\"blockReason\"", "\"error\""], &[ERROR]));
static CHATS: LazyLock<Marks> = LazyLock::new(|| Marks::new(&["\"message-end\""], &[ERROR]));
static RESPONSES: LazyLock<Marks> = LazyLock::new(|| {
    let [error, spaced_error, failed] = TYPED_ERRORS;
    let ends = ["\"response.completed\"", failed, "\"response.incomplete\"", error, spaced_error];
    Marks::new(&ends, &TYPED_ERRORS)
});
static UNKNOWN: LazyLock<Marks> = LazyLock::new(|| Marks::new(&[], &[ERROR]));

/// Shorter than any mark, and long enough to be rare.
const TAIL: usize = 5;
const ERROR: &str = "\"error\":";
const TYPED_ERRORS: [&str; 3] =
    ["\"type\":\"error\"", "\"type\": \"error\"", "\"response.failed\""];
const MOST_HELD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_no_text_and_no_null() {
        let ends = |marks: &Marks, events: &str| {
            let events = events.as_bytes();
            let one = is_one_in(&marks.terminals, events);
            assert!(marks.any_in(events) || !one, "what is an end is looked at");
            one
        };
        for end in [
            "data: [DONE]\n\n",
            "data: {\"choices\":[]}\r\n\r\ndata:[DONE]\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        ] {
            assert!(ends(&COMPLETIONS, end), "{end}");
        }
        for none in [
            "data: {\"choices\":[{\"delta\":{\"content\":\"data: [DONE]\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n",
            "data: {\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}\n\n",
            ": [DONE]\n\n",
        ] {
            assert!(!ends(&COMPLETIONS, none), "{none}");
        }
        assert!(ends(&MESSAGES, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
        assert!(ends(&RESPONSES, "data: {\"type\":\"response.completed\"}\n\n"));
        assert!(ends(&CONTENTS, "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n"));
        assert!(ends(&CHATS, "data: {\"type\":\"message-end\"}\n\n"));
    }
}
