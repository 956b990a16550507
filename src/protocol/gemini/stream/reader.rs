//! Reads chunks into events. The answer is complete when it ends after a `finishReason`; usage may
//! follow, and there is no terminal event.
//!
//! Second candidates and media are skipped, since no event carries them.

use bytes::Bytes;

use crate::protocol::codec::{Reading, StreamReader};
use crate::protocol::conversation::{Event, Failure, Finish};
use crate::protocol::frames::{FrameReader, Frames, fail};
use crate::protocol::gemini::error;
use crate::protocol::gemini::finish::read_finish;
use crate::protocol::gemini::part::{PartIn, own_signature};
use crate::protocol::gemini::profile::USAGE;
use crate::protocol::gemini::response::Chunk;
use crate::protocol::parts::Parts;
use crate::protocol::surrogates::Halves;
use crate::protocol::told::{self, At};

use super::elements::Elements;

/// Reads one stream in the form that its first byte tells.
#[derive(Debug)]
pub(crate) enum Reader {
    /// Nothing but whitespace has come.
    Blank(State),
    /// Server-sent events.
    Events(FrameReader<State>),
    /// One JSON array; also a single object, such as an error.
    Array(Array),
}

/// Reads the elements of one JSON array.
#[derive(Debug)]
pub(crate) struct Array {
    elements: Elements,
    halves: Halves,
    state: State,
    ended: bool,
}

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(crate) struct State {
    reading: Reading,
    started: bool,
    parts: Parts,
    calls: u32,
    finish: Option<Finish>,
}

impl Reader {
    pub(crate) fn new(reading: Reading) -> Self {
        Self::Blank(State { reading, ..State::default() })
    }
}

impl StreamReader for Reader {
    fn feed(&mut self, bytes: Bytes, events: &mut Vec<Event>) {
        if let Self::Blank(state) = self {
            let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else { return };
            let state = std::mem::take(state);
            *self = match first {
                b'[' | b'{' => {
                    let (elements, halves) = (Elements::default(), Halves::default());
                    Self::Array(Array { elements, halves, state, ended: false })
                }
                _ => Self::Events(FrameReader::new(state)),
            };
        }
        match self {
            Self::Blank(_) => {}
            Self::Events(frames) => frames.feed(bytes, events),
            Self::Array(array) => array.feed(bytes, events),
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        match self {
            Self::Blank(state) => state.end(events),
            Self::Events(frames) => frames.end(events),
            Self::Array(array) => array.end(events),
        }
    }
}

impl StreamReader for Array {
    fn feed(&mut self, bytes: Bytes, events: &mut Vec<Event>) {
        self.elements.push(&bytes);
        while !self.ended {
            match self.elements.next() {
                Ok(Some(element)) => match simdutf8::basic::from_utf8(element) {
                    Ok(element) => self.state.read(&self.halves.joined(element), events),
                    Err(_) => fail(Failure::no_text(), events),
                },
                Ok(None) => return,
                Err(_) => fail(Failure::malformed("a chunk of the stream is too long"), events),
            }
            self.ended = events.last().is_some_and(Event::is_last);
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        match (self.ended, self.elements.is_inside()) {
            (true, _) => {}
            (false, true) => fail(Failure::cut(), events),
            (false, false) => self.state.end(events),
        }
        self.ended = true;
    }
}

impl Frames for State {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) {
        if data.trim_ascii() == "[DONE]" {
            // Not the vendor's, but others put it there.
            return self.end(events);
        }
        let Ok(chunk) = serde_json::from_str::<Chunk>(data) else {
            return fail(Failure::malformed("a chunk of the stream is not readable"), events);
        };
        if chunk.error.is_some()
            && let Some(failure) = error::read_inside(At::Event, data.as_bytes())
        {
            return fail(failure, events);
        }
        if chunk.candidates.is_none()
            && let Some(failure) = told::odd_event(data)
        {
            return fail(failure, events);
        }
        if !self.started {
            self.started = true;
            events.push(Event::Start { id: chunk.response_id, model: chunk.model_version });
        }
        for candidate in chunk.candidates.into_iter().flatten().filter(|found| found.index == 0) {
            let parts = candidate.content.and_then(|content| content.parts);
            for part in parts.into_iter().flatten() {
                if let Err(failure) = self.read_part(part, events) {
                    return fail(failure, events);
                }
            }
            self.finish = candidate.finish_reason.as_deref().map(read_finish).or(self.finish);
        }
        if chunk.prompt_feedback.is_some_and(|feedback| feedback.is_block()) {
            self.finish = Some(Finish::ContentFilter);
        }
        if let Some(usage) = chunk.usage_metadata {
            events.push(Event::Usage(usage.by(&USAGE)));
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        let Some(reason) = self.finish else { return fail(Failure::cut(), events) };
        self.parts.close(events);
        let reason = reason.with_calls(self.calls > 0);
        events.push(Event::Finish { reason, stop_sequence: None });
        events.push(Event::Done);
    }
}

impl State {
    fn read_part(&mut self, part: PartIn, events: &mut Vec<Event>) -> Result<(), Failure> {
        let signature = own_signature(part.thought_signature, self.reading.service);
        match (part.text, part.function_call) {
            (Some(text), _) if part.thought == Some(true) => {
                let is_end = signature.is_some();
                self.parts.reasoning(Some(text), events);
                self.parts.signature(signature, events);
                if is_end {
                    self.parts.close(events);
                }
            }
            // The signature of a text is never checked.
            (Some(text), _) => self.parts.text(Some(text), events),
            (None, Some(call)) => {
                let call = call.into_call(self.calls, &self.reading);
                self.calls += 1;
                self.parts.call(Some(call.id), call.name, |_| String::new(), signature, events)?;
                self.parts.arguments(Some(call.arguments), events);
                self.parts.close(events);
            }
            (None, None) => {}
        }
        Ok(())
    }
}
