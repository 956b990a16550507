//! Reading: chunks into events. The answer is complete when it ended after a `finishReason`: usage
//! may follow that, and nothing terminates the stream.
//!
//! It never shows a second candidate, nor media, which no event carries.

use crate::protocol::conversation::{Event, Failure, Finish};
use crate::protocol::frames::{Frame, Frames};
use crate::protocol::gemini::part::{PartIn, own_signature};
use crate::protocol::gemini::response::{Chunk, read_finish};
use crate::protocol::wire::{Reading, StreamReader};

use super::elements::Elements;

/// Reads one stream.
#[derive(Debug)]
pub(in crate::protocol::gemini) struct Reader {
    form: Form,
    state: State,
}

/// What the first byte tells.
#[derive(Debug)]
enum Form {
    Unknown,
    Events(Box<(Frames, Frame)>),
    /// Also a lone object, as an error may be.
    Array(Elements),
}

#[derive(Debug, Default)]
struct State {
    reading: Reading,
    started: bool,
    ended: bool,
    part: Part,
    calls: u32,
    finish: Option<Finish>,
}

/// The part that is open. Calls come whole.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Part {
    #[default]
    None,
    Text,
    Reasoning,
}

impl Reader {
    pub(in crate::protocol::gemini) fn new(reading: Reading) -> Self {
        Self { form: Form::Unknown, state: State { reading, ..State::default() } }
    }
}

impl StreamReader for Reader {
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        if matches!(self.form, Form::Unknown) {
            let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else { return };
            self.form = match first {
                b'[' | b'{' => Form::Array(Elements::default()),
                _ => Form::Events(Box::default()),
            };
        }
        match &mut self.form {
            Form::Unknown => {}
            Form::Events(source) => {
                let (frames, frame) = &mut **source;
                frames.push(bytes);
                while !self.state.ended {
                    match frames.next_into(frame) {
                        Ok(true) => self.state.read(frame.data.as_bytes(), events),
                        Ok(false) => return,
                        Err(_) => self.state.fail(too_long(), events),
                    }
                }
            }
            Form::Array(elements) => {
                elements.push(bytes);
                while !self.state.ended {
                    match elements.next() {
                        Ok(Some(element)) => self.state.read(element, events),
                        Ok(None) => return,
                        Err(_) => self.state.fail(too_long(), events),
                    }
                }
            }
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        if self.state.ended {
            return;
        }
        match &mut self.form {
            Form::Events(source) => {
                let (frames, frame) = &mut **source;
                if frames.last_into(frame) {
                    self.state.read(frame.data.as_bytes(), events);
                }
            }
            Form::Array(elements) if elements.is_inside() => {
                self.state.fail(Failure::cut(), events);
            }
            Form::Array(_) | Form::Unknown => {}
        }
        if !self.state.ended {
            self.state.complete(events);
        }
    }
}

impl State {
    fn read(&mut self, data: &[u8], events: &mut Vec<Event>) {
        if data.trim_ascii() == b"[DONE]" {
            // Not the vendor's, but others put it there.
            return self.complete(events);
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else {
            return self.fail(Failure::malformed("a chunk of the stream is not readable"), events);
        };
        if let Some(error) = chunk.error {
            return self.fail(error.into_failure(None), events);
        }
        if !self.started {
            self.started = true;
            events.push(Event::Start { id: chunk.response_id, model: chunk.model_version });
        }
        for candidate in chunk.candidates.into_iter().flatten() {
            if candidate.index == 0 {
                for part in
                    candidate.content.and_then(|content| content.parts).into_iter().flatten()
                {
                    self.read_part(part, events);
                }
                let reason = candidate.finish_reason.as_deref().map(read_finish);
                self.finish = reason.or(self.finish);
            }
        }
        if chunk.prompt_feedback.is_some_and(|feedback| feedback.is_block()) {
            self.finish = Some(Finish::ContentFilter);
        }
        if let Some(usage) = chunk.usage_metadata {
            events.push(Event::Usage(usage.into_usage()));
        }
    }

    fn read_part(&mut self, part: PartIn, events: &mut Vec<Event>) {
        let signature = own_signature(part.thought_signature);
        match (part.text, part.function_call) {
            (Some(text), _) if part.thought == Some(true) => {
                if !text.is_empty() {
                    self.open(Part::Reasoning, events);
                    events.push(Event::Reasoning(text));
                }
                if let Some(signature) = signature {
                    self.open(Part::Reasoning, events);
                    events.push(Event::ReasoningSignature(signature));
                    self.close(events);
                }
            }
            // The signature of a text proves nothing that is ever checked.
            (Some(text), _) if !text.is_empty() => {
                self.open(Part::Text, events);
                events.push(Event::Text(text));
            }
            (None, Some(call)) => {
                self.close(events);
                let index = self.calls;
                self.calls += 1;
                let call = call.into_call(index, &self.reading);
                let (id, name) = (call.id, call.name);
                events.push(Event::ToolCallStart { index, id, name, signature });
                events.push(Event::ToolCallDelta { index, json: call.arguments });
                events.push(Event::PartEnd);
            }
            _ => {}
        }
    }

    /// Makes this part the open one: it ends the part before it.
    fn open(&mut self, part: Part, events: &mut Vec<Event>) {
        if self.part != part {
            self.close(events);
            self.part = part;
        }
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        if std::mem::take(&mut self.part) != Part::None {
            events.push(Event::PartEnd);
        }
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        let Some(reason) = self.finish else { return self.fail(Failure::cut(), events) };
        self.close(events);
        let reason = reason.with_calls(self.calls > 0);
        events.push(Event::Finish { reason, stop_sequence: None });
        events.push(Event::Done);
        self.ended = true;
    }

    fn fail(&mut self, failure: Failure, events: &mut Vec<Event>) {
        events.push(Event::Failure(failure));
        self.ended = true;
    }
}

fn too_long() -> Failure {
    Failure::malformed("an event is too long")
}
