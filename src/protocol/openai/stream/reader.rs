//! Reading: chunks into events. The answer is complete when `finish_reason` has come; usage may
//! follow it, and `[DONE]`, which some forget.
//!
//! It never shows a second choice.

use serde::Deserialize;

use crate::protocol::conversation::{Event, Failure, Finish};
use crate::protocol::frames::Frames;
use crate::protocol::openai::error;
use crate::protocol::openai::response::{UsageIn, read_finish};
use crate::protocol::wire::Reading;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(in crate::protocol::openai) struct State {
    reading: Reading,
    started: bool,
    ended: bool,
    part: Part,
    /// The vendor's index and id of each tool call, in order.
    calls: Vec<(u32, Option<String>)>,
    finish: Option<Finish>,
}

/// The part that is open.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Part {
    #[default]
    None,
    Text,
    Reasoning,
    Refusal,
    /// The call with this number of ours; whether it has arguments yet.
    Call(u32, bool),
}

impl State {
    pub(in crate::protocol::openai) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &[u8], events: &mut Vec<Event>) {
        if data.trim_ascii() == b"[DONE]" {
            return self.complete(events);
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else {
            return self.fail(Failure::malformed("a chunk of the stream is not readable"), events);
        };
        if let Some(failure) = chunk.error.and_then(|error| error.into_failure(None)) {
            return self.fail(failure, events);
        }
        if !self.started {
            self.started = true;
            events.push(Event::Start { id: chunk.id, model: chunk.model });
        }
        for choice in chunk.choices.unwrap_or_default() {
            if choice.index == 0 {
                self.read_delta(choice.delta.unwrap_or_default(), events);
                // Some write an empty reason until there is one.
                let reason = choice.finish_reason.filter(|reason| !reason.is_empty());
                self.finish = reason.as_deref().map(read_finish).or(self.finish);
            }
        }
        if let Some(usage) = chunk.usage.filter(|_| !self.ended) {
            events.push(Event::Usage(usage.into_usage()));
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        self.complete(events);
    }
}

impl State {
    fn read_delta(&mut self, delta: Delta, events: &mut Vec<Event>) {
        let reasoning = delta.reasoning_content.or(delta.reasoning);
        for (text, part) in [
            (reasoning, Part::Reasoning),
            (delta.content, Part::Text),
            (delta.refusal, Part::Refusal),
        ] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                self.open(part, events);
                events.push(match part {
                    Part::Reasoning => Event::Reasoning(text),
                    Part::Refusal => Event::Refusal(text),
                    _ => Event::Text(text),
                });
            }
        }
        for call in delta.tool_calls.unwrap_or_default() {
            if !self.ended {
                self.read_call(call, events);
            }
        }
    }

    /// A fragment of a call. It belongs to the call with its index; where vendors give none, an id
    /// begins a call and its absence continues the last one.
    fn read_call(&mut self, call: Call, events: &mut Vec<Event>) {
        let id = call.id.filter(|id| !id.is_empty());
        let function = call.function.unwrap_or_default();
        let known = match call.index {
            Some(index) => self.calls.iter().position(|(known, _)| *known == index),
            None if id.is_none() => self.calls.len().checked_sub(1),
            None => self.calls.iter().position(|(_, known)| *known == id),
        };
        let number = match known {
            Some(number) => number as u32,
            None => {
                let number = self.calls.len() as u32;
                self.open(Part::Call(number, false), events);
                self.calls.push((call.index.unwrap_or(number), id.clone()));
                events.push(Event::ToolCallStart {
                    index: number,
                    id: id.unwrap_or_else(|| self.reading.call_id(number)),
                    name: self.reading.tool_name(function.name.unwrap_or_default()),
                    signature: None,
                });
                number
            }
        };
        let Some(json) = function.arguments.filter(|json| !json.is_empty()) else { return };
        match self.part {
            Part::Call(open, _) if open == number => {
                self.part = Part::Call(number, true);
                events.push(Event::ToolCallDelta { index: number, json });
            }
            _ => self.fail(Failure::malformed("the stream mixes its tool calls"), events),
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
        if let Part::Call(index, false) = self.part {
            events.push(Event::ToolCallDelta { index, json: "{}".to_owned() });
        }
        if self.part != Part::None {
            events.push(Event::PartEnd);
        }
        self.part = Part::None;
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        let Some(reason) = self.finish else { return self.fail(Failure::cut(), events) };
        self.close(events);
        let reason = reason.with_calls(!self.calls.is_empty());
        events.push(Event::Finish { reason, stop_sequence: None });
        events.push(Event::Done);
        self.ended = true;
    }

    fn fail(&mut self, failure: Failure, events: &mut Vec<Event>) {
        events.push(Event::Failure(failure));
        self.ended = true;
    }
}

#[derive(Deserialize)]
struct Chunk {
    id: Option<String>,
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<UsageIn>,
    error: Option<error::Inner>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<u32>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Default, Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}
