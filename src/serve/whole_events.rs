//! Passes the events of a stream on whole, so that a stream that breaks never leaves half an event
//! behind. The stream ends with its protocol's last event, or with an error event that says that it broke.
//!
//! What the events say is the observer's to tell. An event that is too long to be held goes out in pieces.

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
    /// The beginning of an event that is not complete yet.
    partial: BytesMut,
    /// Whole events that may go out.
    ready: VecDeque<Bytes>,
    /// Says how near its end the stream is.
    observer: Box<Observer>,
    /// The error that the provider told, until it is taken.
    error: Option<Box<Failure>>,
    speaks: Protocol,
    /// Whether the beginning of an event went out because it was too long to hold.
    torn: bool,
    over: bool,
    broke: bool,
}

impl WholeEvents {
    /// The events that this observer sees, for a client of this protocol.
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

    /// One more piece has come. Mostly it ends with an event, and goes on as it is.
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

    /// The next piece that may go out.
    pub(crate) fn take(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    /// An error that the provider told in the middle of the stream: it is an end, too.
    pub(crate) fn take_error(&mut self) -> Option<Box<Failure>> {
        self.error.take()
    }

    /// The tokens that it has told so far.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.observer.usage()
    }

    /// Why the model stopped, where it has said that.
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

    /// Whether it ended without having said all.
    pub(crate) fn broke(&self) -> bool {
        self.broke
    }

    /// The provider has closed the stream; answers whether it had said all. An error may have been the
    /// last that it said.
    pub(crate) fn ended(&mut self) -> bool {
        self.over = true;
        // What an event lacks to be one for the client.
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
            // A part of an event would spoil the event that says what became of it.
            self.ready.truncate(before);
            self.fail(&Refusal::UpstreamBrokeOff);
        }
        ends_well
    }

    /// The stream broke; answers whether it had said all. What there is of an event was never sent
    /// and is forgotten.
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

    /// Lets go of what was held back, and of `events`, in one piece.
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

    /// An event that no client can read is never sent: the stream ends before it.
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
