//! How a stream of events ends: with its protocol's last event, or with an error event that says
//! that it broke. Events are passed on whole, so that a cut never leaves half of one behind.
//!
//! It never looks into an event before the stream has ended.

use std::collections::VecDeque;

use bytes::Bytes;
use memchr::memmem;

use super::answer;
use crate::{refusal::Refusal, sse::Boundary, upstream::answer::Broken};

/// Watches over one stream of events.
pub struct StreamEnd {
    boundary: Boundary,
    /// Bytes of an event that is not complete yet.
    partial: VecDeque<Bytes>,
    /// Pieces that may go out.
    ready: VecDeque<Bytes>,
    /// The last pieces that went out: the last event is among them.
    last: [Bytes; 2],
    terminals: &'static [&'static str],
    over: bool,
}

impl StreamEnd {
    /// A watch that knows how streams of this endpoint end.
    pub fn for_path(path_and_query: &str) -> Self {
        let path = path_and_query.split('?').next().unwrap_or_default();
        let terminals = TERMINALS.iter().find(|(suffix, _)| path.ends_with(suffix));
        Self {
            boundary: Boundary::default(),
            partial: VecDeque::new(),
            ready: VecDeque::new(),
            last: [Bytes::new(), Bytes::new()],
            terminals: terminals.map_or(&[], |(_, terminals)| terminals),
            over: false,
        }
    }

    /// One more piece has come.
    pub fn push(&mut self, mut piece: Bytes) {
        let complete = self.boundary.feed(&piece).unwrap_or(0);
        if complete > 0 {
            self.ready.append(&mut self.partial);
            self.ready.push_back(piece.split_to(complete));
        }
        if !piece.is_empty() {
            self.partial.push_back(piece);
            let held: usize = self.partial.iter().map(Bytes::len).sum();
            if held > MOST_HELD {
                self.ready.append(&mut self.partial);
            }
        }
    }

    /// The next piece that may go out.
    pub fn take(&mut self) -> Option<Bytes> {
        let piece = self.ready.pop_front()?;
        self.last.rotate_left(1);
        self.last[1] = piece.clone();
        Some(piece)
    }

    /// Whether everything has gone out.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The provider has closed the stream.
    pub fn ended(&mut self) {
        self.over = true;
        self.ready.append(&mut self.partial);
        let last = self.last.iter().chain(&self.ready);
        let ends_well = self.terminals.is_empty() || last.clone().any(|piece| self.ends(piece));
        if !ends_well {
            self.fail(&Refusal::UpstreamUnreachable);
        }
    }

    /// The stream broke.
    pub fn broken(&mut self, broken: Broken) {
        self.over = true;
        self.partial.clear();
        self.fail(&match broken {
            Broken::Cut => Refusal::UpstreamUnreachable,
            Broken::Idle => Refusal::UpstreamTimeout,
        });
    }

    fn ends(&self, piece: &[u8]) -> bool {
        self.terminals.iter().any(|mark| memmem::find(piece, mark.as_bytes()).is_some())
    }

    fn fail(&mut self, refusal: &Refusal) {
        let envelope = answer::envelope(refusal);
        let event = [b"data: ".as_slice(), &envelope, b"\n\n"].concat();
        self.ready.push_back(Bytes::from(event));
    }
}

/// What the last events of an endpoint's streams hold. OpenAI-like providers that leave `[DONE]`
/// out have still said why they finished.
const TERMINALS: [(&str, &[&str]); 2] = [
    ("/completions", &["[DONE]", "\"finish_reason\":\"", "\"finish_reason\": \""]),
    (
        "/responses",
        &["\"response.completed\"", "\"response.failed\"", "\"response.incomplete\"", "\"error\""],
    ),
];
const MOST_HELD: usize = 64 * 1024;
