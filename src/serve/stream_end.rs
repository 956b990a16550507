//! How a stream of events ends: with its protocol's last event, or with an error event that says
//! that it broke. Events are passed on whole, so that a cut never leaves half of one behind.
//!
//! It never reads an event, unless a mark says that it may be an end or an error, or it is too long to
//! be held.

mod marks;
mod top;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use self::{marks::Marks, top::Top};
use super::answer;
use crate::{
    failure::{Brief, Failure, What},
    protocol::Protocol,
    refusal::Refusal,
    sse::Boundary,
    upstream::{envelope, inbound::Inbound},
};

/// Watches over one stream of events.
pub struct StreamEnd {
    boundary: Boundary,
    /// The beginning of an event that is not complete yet.
    partial: BytesMut,
    /// Whole events that may go out.
    ready: VecDeque<Bytes>,
    /// What the last events of this endpoint's streams hold, and what may be an error.
    marks: &'static Marks,
    /// Where in an event the last piece has ended that was read.
    top: Top,
    /// The error that the provider told, until it is taken.
    error: Option<Box<Failure>>,
    speaks: Protocol,
    ends_well: bool,
    /// Whether nothing is missing any more, however the transfer ends.
    said_all: bool,
    /// Whether the beginning of an event went out because it was too long to hold.
    torn: bool,
    over: bool,
    broke: bool,
}

impl StreamEnd {
    /// A watch that knows how streams of this endpoint end.
    pub fn for_request(inbound: &Inbound) -> Self {
        let marks = Marks::of(&inbound.path, inbound.endpoint.as_ref());
        Self {
            boundary: Boundary::new(),
            partial: BytesMut::new(),
            ready: VecDeque::new(),
            speaks: inbound.speaks(),
            marks,
            top: Top::default(),
            error: None,
            ends_well: marks.names_no_end(),
            said_all: false,
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
    pub fn take_error(&mut self) -> Option<Box<Failure>> {
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

    /// The stream broke; answers whether it had said all. What there is of an event was never sent
    /// and is forgotten.
    pub fn broken(&mut self, broken: Brief) -> bool {
        self.over = true;
        if self.said_all {
            return true;
        }
        self.fail(&match broken.what {
            What::Timeout => Refusal::UpstreamTimeout,
            _ => Refusal::UpstreamUnreachable,
        });
        false
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
        if self.torn || self.top.is_mid_event() || self.marks.may_be_in(&piece) {
            self.read(&piece);
        }
        if !piece.is_empty() {
            self.ready.push_back(piece);
        }
    }

    /// These events may hold a mark: which one decides.
    fn read(&mut self, events: &Bytes) {
        if let Some(last) = self.marks.end_in(events, &mut self.top) {
            self.ends_well = true;
            self.said_all |= last;
        }
        if self.marks.error_in(events)
            && let Some(error) = envelope::error_event(events.clone())
        {
            (self.ends_well, self.said_all) = (true, true);
            let codec = self.speaks.codec();
            self.error = Some(Box::new(codec.read_error_inside(&HeaderMap::new(), &error)));
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

const MOST_HELD: usize = 64 * 1024;
