//! Passes on complete events of a stream, so that a broken stream never leaves half an event. The
//! stream ends with its protocol's last event, or with an error event.
//!
//! The observer reads the events. An event too long to buffer is sent in chunks.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::answer;
use crate::{
    failure::{Brief, Failure, What},
    protocol::{
        Observer, Protocol,
        conversation::{Finish, Usage},
        observer::{End, Report},
    },
    refusal::Refusal,
    sse::Boundary,
};

/// The events of one stream.
pub(crate) struct WholeEvents {
    boundary: Boundary,
    /// The start of an incomplete event.
    partial: BytesMut,
    /// Complete events to send.
    ready: VecDeque<Bytes>,
    /// Tracks how near its end the stream is.
    observer: Box<Observer>,
    /// The error that the provider sent, until it is taken.
    error: Option<Box<Failure>>,
    speaks: Protocol,
    /// Whether the start of an event was sent because it was too long to buffer.
    torn: bool,
    over: bool,
    broke: bool,
}

impl WholeEvents {
    /// For a client of this protocol.
    pub(crate) fn new(observer: Box<Observer>, speaks: Protocol) -> Self {
        Self {
            boundary: Boundary::new(),
            partial: BytesMut::new(),
            ready: VecDeque::new(),
            observer,
            error: None,
            speaks,
            torn: false,
            over: false,
            broke: false,
        }
    }

    /// Adds a chunk. Most end with an event and are passed on as they are.
    pub(crate) fn push(&mut self, mut piece: Bytes) {
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

    /// The next chunk to send.
    pub(crate) fn take(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    /// Takes an error that the provider sent in the stream, which also ends it.
    pub(crate) fn take_error(&mut self) -> Option<Box<Failure>> {
        self.error.take()
    }

    /// The tokens reported so far.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.observer.usage()
    }

    /// Why the model stopped, if known.
    pub(crate) fn reason(&self) -> Option<Finish> {
        self.observer.reason()
    }

    /// How near its end it is.
    pub(crate) fn end(&self) -> End {
        self.observer.end()
    }

    /// Whether nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether it ended incomplete.
    pub(crate) fn broke(&self) -> bool {
        self.broke
    }

    /// The provider has closed the stream. Returns whether it was complete; an error may have been
    /// its last event.
    pub(crate) fn ended(&mut self) -> bool {
        self.over = true;
        // The blank line that the last event lacks.
        let lacks: Option<&'static [u8]> = self.partial.last().map(|last| match last {
            b'\n' => &b"\n"[..],
            _ => b"\n\n",
        });
        let before = self.ready.len();
        self.release(Bytes::new());
        if let (Some(lacks), true) = (lacks, self.error.is_some()) {
            self.ready.push_back(Bytes::from_static(lacks));
        }
        let ends_well = self.observer.end() >= End::Said;
        if !ends_well {
            // Part of an event would damage the error event that follows.
            self.ready.truncate(before);
            self.fail(&Refusal::UpstreamBrokeOff);
        }
        ends_well
    }

    /// The stream broke. Returns whether it was complete. A partial event was never sent and is
    /// dropped.
    pub(crate) fn broken(&mut self, broken: Brief) -> bool {
        self.over = true;
        if self.observer.end() == End::Complete {
            return true;
        }
        self.fail(&match broken.what {
            What::Timeout => Refusal::UpstreamTimeout,
            _ => Refusal::UpstreamBrokeOff,
        });
        false
    }

    /// The process ends. Returns whether the stream was complete.
    pub(crate) fn cut_off(&mut self) -> bool {
        self.over = true;
        let is_complete = self.observer.end() == End::Complete;
        if !is_complete {
            self.fail(&Refusal::ShuttingDown);
        }
        is_complete
    }

    /// Releases what was held back, with `events`, as one chunk.
    fn release(&mut self, events: Bytes) {
        let mut piece = if self.partial.is_empty() {
            events
        } else {
            let mut joined = self.partial.split();
            joined.extend_from_slice(&events);
            joined.freeze()
        };
        let readable = if self.torn { piece.len() } else { self.observer.readable(&piece) };
        let is_readable = readable == piece.len();
        piece.truncate(readable);
        if let Report::Error(error) = self.observer.observe(&piece, self.torn) {
            self.error = Some(Box::new(self.observer.failure(&error)));
        }
        let piece = if self.torn { piece } else { self.observer.shown(piece) };
        if !piece.is_empty() {
            self.ready.push_back(piece);
        }
        if !is_readable && self.observer.end() != End::Complete {
            self.unreadable();
        }
    }

    /// An unreadable event is not sent; the stream ends before it.
    fn unreadable(&mut self) {
        self.over = true;
        self.fail(&Refusal::UpstreamMalformed);
        let failure = Failure::malformed("an event of the stream is not JSON");
        self.error.get_or_insert_with(|| Box::new(failure));
    }

    fn fail(&mut self, refusal: &Refusal) {
        self.broke = true;
        if self.torn {
            self.ready.push_back(Bytes::from_static(b"\n\n"));
        }
        self.ready.push_back(answer::error_event(refusal, self.speaks));
    }
}

const MOST_HELD: usize = 64 * 1024;
