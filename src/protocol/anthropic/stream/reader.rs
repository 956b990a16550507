//! Reads blocks into parts. Complete only with `message_stop`.
//!
//! Blocks that only Anthropic has are skipped with their deltas.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::Protocol;
use crate::protocol::anthropic::error;
use crate::protocol::anthropic::finish::read_finish;
use crate::protocol::anthropic::profile::USAGE;
use crate::protocol::codec::Reading;
use crate::protocol::conversation::{Event, Failure, Finish, Signature, Usage};
use crate::protocol::frames::{Frames, fail};
use crate::protocol::parts::Parts;
use crate::protocol::told::{self, At};
use crate::protocol::usage::Written;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(crate) struct State {
    reading: Reading,
    started: bool,
    /// The open block, and the vendor's index of it.
    block: Option<(u64, Block)>,
    parts: Parts,
    usage: Usage,
    finish: Option<(Finish, Option<String>)>,
}

/// The open block.
#[derive(Debug)]
enum Block {
    Said,
    /// A tool call; the input it began with, until a delta comes.
    Call(Option<String>),
    /// One that only Anthropic has.
    Unknown,
}

impl State {
    pub(crate) fn new(reading: Reading) -> Self {
        let parts = Parts::answered_through(reading.answer_tool);
        Self { reading, parts, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) {
        let Ok(message) = serde_json::from_str::<Message>(data) else {
            return fail(Failure::malformed("an event of the stream is not readable"), events);
        };
        match message.r#type.as_str() {
            "message_start" if !self.started => {
                let start = message.message.unwrap_or_default();
                self.started = true;
                events.push(Event::Start { id: start.id, model: start.model });
                self.read_usage(start.usage, events);
            }
            "error" => {
                let failure = error::read_inside(At::Event, data.as_bytes());
                fail(failure.unwrap_or_else(|| Failure::malformed("an error")), events);
            }
            "ping" if self.started => events.push(Event::Ping),
            "content_block_start" | "content_block_delta" | "message_delta" | "message_stop"
                if !self.started =>
            {
                fail(Failure::malformed("the stream does not begin with its start"), events);
            }
            "content_block_start" => {
                if let Some(start) = message.content_block {
                    self.close(events);
                    let opened = self.open(message.index, start, events);
                    opened.unwrap_or_else(|failure| fail(failure, events));
                }
            }
            "content_block_delta" => {
                if let Some(delta) = message.delta {
                    let read = self.read_delta(message.index, delta, events);
                    read.unwrap_or_else(|failure| fail(failure, events));
                }
            }
            "content_block_stop" => self.close(events),
            "message_delta" => {
                let delta = message.delta.unwrap_or_default();
                if let Some(reason) = delta.stop_reason.as_deref() {
                    self.finish = Some((read_finish(reason), delta.stop_sequence));
                }
                self.read_usage(message.usage, events);
            }
            "message_stop" => self.complete(events),
            _ => events.extend(told::odd_event(data).map(Event::Failure)),
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        fail(Failure::cut(), events);
    }
}

impl State {
    fn read_usage(&mut self, usage: Option<Written>, events: &mut Vec<Event>) {
        if let Some(usage) = usage {
            self.usage = usage.by(&USAGE).or_more(self.usage);
            events.push(Event::Usage(self.usage));
        }
    }

    fn open(&mut self, index: u64, start: Start, events: &mut Vec<Event>) -> Result<(), Failure> {
        let parts = &mut self.parts;
        let block = match start.r#type.as_str() {
            "text" => {
                parts.text(start.text, events);
                Block::Said
            }
            "thinking" => {
                parts.reasoning(start.thinking, events);
                Block::Said
            }
            "redacted_thinking" => {
                let data = start.data.unwrap_or_default();
                parts.sealed(Signature::new(Protocol::Anthropic, data), events);
                Block::Said
            }
            "tool_use" => {
                let whole = start.input.map(|input| input.get().to_owned());
                let name = self.reading.tool_name(start.name.unwrap_or_default());
                let make_id = |number| self.reading.call_id(number);
                let id = start.id.map(|id| self.reading.own_id(id));
                parts.call(id, name, make_id, None, events)?;
                Block::Call(whole)
            }
            _ => Block::Unknown,
        };
        self.block = Some((index, block));
        Ok(())
    }

    /// A delta of the open block. In a block that only Anthropic has, or of an unknown type, it is
    /// skipped.
    fn read_delta(
        &mut self,
        index: u64,
        delta: Delta,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let Some((_, block)) = self.block.as_mut().filter(|(open, _)| *open == index) else {
            return Err(Failure::malformed("the stream mixes its blocks"));
        };
        let parts = &mut self.parts;
        match block {
            Block::Unknown => {}
            Block::Said => {
                parts.text(delta.text, events);
                parts.reasoning(delta.thinking, events);
                let signature = delta.signature.filter(|value| !value.is_empty());
                let sign = |value| Signature::new(Protocol::Anthropic, value);
                parts.signature(signature.map(sign), events);
            }
            Block::Call(whole) => {
                if let Some(json) = delta.partial_json.filter(|json| !json.is_empty()) {
                    *whole = None;
                    parts.arguments(Some(json), events);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        match self.block.take() {
            Some((_, Block::Call(whole))) => {
                self.parts.arguments(whole, events);
            }
            Some((_, Block::Said | Block::Unknown)) | None => {}
        }
        self.parts.close(events);
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        self.close(events);
        self.parts.end(events);
        let (reason, stop_sequence) = self.finish.take().unwrap_or_default();
        let reason = self.parts.finish(reason);
        events.push(Event::Finish { reason, stop_sequence });
        events.push(Event::Done);
    }
}

/// An event of any type: which fields it has depends on it.
#[derive(Deserialize)]
struct Message {
    r#type: String,
    #[serde(default)]
    index: u64,
    message: Option<MessageStart>,
    content_block: Option<Start>,
    delta: Option<Delta>,
    usage: Option<Written>,
}

#[derive(Default, Deserialize)]
struct MessageStart {
    id: Option<String>,
    model: Option<String>,
    usage: Option<Written>,
}

#[derive(Deserialize)]
struct Start {
    r#type: String,
    text: Option<String>,
    thinking: Option<String>,
    data: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
struct Delta {
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    partial_json: Option<String>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
}
