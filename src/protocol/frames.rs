//! A stream reader over server-sent events: `sse` splits the bytes, the protocol reads the events.

use bytes::Bytes;

use super::codec::StreamReader;
use super::conversation::{Event, Failure};
use super::surrogates::Halves;
use super::told;
use crate::sse;

/// What a protocol makes of its events. Nothing is asked of it after its last event.
pub(crate) trait Frames: Send + Sync {
    /// Reads the data of one event.
    fn read(&mut self, data: &str, events: &mut Vec<Event>);

    /// The bytes have ended: appends `Done` or `Failure`.
    fn end(&mut self, events: &mut Vec<Event>);
}

/// The stream is broken and ends.
pub(crate) fn fail(failure: Failure, events: &mut Vec<Event>) {
    events.push(Event::Failure(failure));
}

/// An error in a foreign form is still the provider's and is classified as such.
fn tell_odd(events: &mut [Event], data: &str) {
    if let Some(Event::Failure(failure)) = events.last_mut()
        && failure.told.is_none()
        && let Some(told) = told::odd_event(data)
    {
        *failure = told;
    }
}

/// Reads one stream.
#[derive(Debug, Default)]
pub(crate) struct FrameReader<F> {
    parser: sse::Parser,
    halves: Halves,
    frames: F,
    ended: bool,
}

impl<F: Frames> FrameReader<F> {
    /// At the beginning of a stream.
    pub(crate) fn new(frames: F) -> Self {
        let (parser, halves) = (sse::Parser::new(), Halves::default());
        Self { parser, halves, frames, ended: false }
    }

    /// Reads one event; `false` if there is nothing to read.
    fn step(
        &mut self,
        next: Result<Option<sse::Event>, sse::TooLong>,
        events: &mut Vec<Event>,
    ) -> bool {
        match next {
            Ok(None) => return false,
            // Looked at as a whole, so that the parser need not look at each text in it.
            Ok(Some(event)) => match simdutf8::basic::from_utf8(&event.data) {
                Ok(data) => {
                    let data = self.halves.joined(data);
                    self.frames.read(&data, events);
                    tell_odd(events, &data);
                }
                Err(_) => fail(Failure::no_text(), events),
            },
            Err(error) => fail(Failure::malformed(error.to_string()), events),
        }
        self.ended = events.last().is_some_and(Event::is_last);
        !self.ended
    }
}

impl<F: Frames> StreamReader for FrameReader<F> {
    fn feed(&mut self, bytes: Bytes, events: &mut Vec<Event>) {
        if self.ended {
            return;
        }
        self.parser.push(bytes);
        loop {
            let next = self.parser.next_event();
            if !self.step(next, events) {
                return;
            }
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        if self.ended {
            return;
        }
        // Vendors forget the empty line after their last event; one that was cut in its midst
        // fails where it is read.
        let last = self.parser.finish();
        self.step(last, events);
        if !self.ended {
            self.ended = true;
            self.frames.end(events);
        }
    }
}
