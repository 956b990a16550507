//! Reads chunks into events. The answer is complete after `finish_reason`; usage and `[DONE]`,
//! which some providers omit, may follow.
//!
//! Second choices are skipped.

use crate::protocol::calls::Calls;
use crate::protocol::codec::Reading;
use crate::protocol::conversation::{Content, Event, Failure, Finish};
use crate::protocol::frames::{Frames, fail};
use crate::protocol::openai::details::Details;
use crate::protocol::openai::finish::read_finish;
use crate::protocol::openai::profile::USAGE;
use crate::protocol::openai::response::Completion;
use crate::protocol::openai::said::Said;
use crate::protocol::parts::Parts;
use crate::protocol::told::{self, At};
use crate::protocol::usual::error;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(crate) struct State {
    reading: Reading,
    started: bool,
    parts: Parts,
    calls: Calls,
    details: Details,
    finish: Option<Finish>,
    stop_sequence: Option<String>,
}

impl State {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) {
        if data.trim_ascii() == "[DONE]" {
            return self.complete(events);
        }
        let Ok(chunk) = serde_json::from_str::<Completion>(data) else {
            return fail(Failure::malformed("a chunk of the stream is not readable"), events);
        };
        if chunk.error.is_some()
            && let Some(failure) = error::read_inside(At::Event, data.as_bytes())
        {
            return fail(failure, events);
        }
        if chunk.choices.is_none()
            && let Some(failure) = told::odd_event(data)
        {
            return fail(failure, events);
        }
        if !self.started {
            self.started = true;
            events.push(Event::Start { id: chunk.id, model: chunk.model });
        }
        for choice in chunk.choices.into_iter().flatten() {
            if choice.is_first() {
                let read = self.read_delta(choice.delta.unwrap_or_default(), events);
                if let Err(failure) = read {
                    return fail(failure, events);
                }
                // Some write an empty reason until there is one.
                let reason = choice.finish_reason.filter(|reason| !reason.is_empty());
                self.finish = reason.as_deref().map(read_finish).or(self.finish);
                let stop = self.finish.and_then(|finish| choice.stop_reason.of(finish));
                self.stop_sequence = stop.or(self.stop_sequence.take());
            }
        }
        if let Some(usage) = chunk.usage {
            events.push(Event::Usage(usage.by(&USAGE)));
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        self.complete(events);
    }
}

impl State {
    fn read_delta(&mut self, mut delta: Said, events: &mut Vec<Event>) -> Result<(), Failure> {
        if let Some(written) = &delta.reasoning_details {
            self.details.add(written);
        }
        for content in delta.contents() {
            self.calls.interrupt();
            if !matches!(content, Content::Reasoning(_)) {
                self.prove(events);
            }
            match content {
                Content::Reasoning(text) => self.parts.reasoning(Some(text), events),
                Content::Refusal(text) => self.parts.refusal(Some(text), events),
                Content::Text(text) => self.parts.text(Some(text), events),
                _ => {}
            }
        }
        let calls = delta.tool_calls.unwrap_or_default();
        if !calls.is_empty() && !self.parts.has_called() {
            self.prove(events);
        }
        let mut calls = calls.into_iter();
        calls.try_for_each(|call| {
            let fragment = call.into_fragment(&self.reading);
            self.calls.add(fragment, &self.reading, &mut self.parts, events)
        })
    }

    /// Returns the signatures of the reasoning so far.
    fn prove(&mut self, events: &mut Vec<Event>) {
        if let Some(proof) = self.details.take(self.reading.service) {
            self.parts.sealed(proof, events);
            self.parts.close(events);
        }
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        let Some(reason) = self.finish else { return fail(Failure::cut(), events) };
        self.parts.close(events);
        if let Err(failure) = self.calls.end(&self.reading, &mut self.parts, events) {
            return fail(failure, events);
        }
        self.prove(events);
        let mut reason = reason.with_calls(self.parts.has_called());
        let stop_sequence = self.stop_sequence.take().filter(|_| reason == Finish::Stop);
        if stop_sequence.is_some() {
            reason = Finish::StopSequence;
        }
        events.push(Event::Finish { reason, stop_sequence });
        events.push(Event::Done);
    }
}
