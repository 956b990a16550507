//! Reading: a vendor's blocks into parts. Complete only with `message_stop`.
//!
//! Blocks that only Anthropic has are passed over, deltas and all.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::Protocol;
use crate::protocol::anthropic::error;
use crate::protocol::anthropic::response::{UsageIn, read_finish};
use crate::protocol::conversation::{Event, Failure, Finish, Signature};
use crate::protocol::frames::Frames;
use crate::protocol::wire::Reading;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(in crate::protocol::anthropic) struct State {
    reading: Reading,
    started: bool,
    /// The open block, and the vendor's index of it.
    block: Option<(u64, Block)>,
    calls: u32,
    answered: bool,
    usage: UsageIn,
    finish: Option<(Finish, Option<String>)>,
}

#[derive(Debug)]
enum Block {
    Text,
    Thinking,
    Redacted,
    /// A tool call; the input it began with, until a delta comes.
    Call {
        index: u32,
        whole: Option<String>,
    },
    /// The call that stands for structured output.
    Answer {
        whole: Option<String>,
    },
}

impl State {
    pub(in crate::protocol::anthropic) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &[u8], events: &mut Vec<Event>) {
        let Ok(message) = serde_json::from_slice::<Message>(data) else {
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
                let failure = message.error.map(|error| error.into_failure(None));
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
                    self.open(message.index, start, events);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = message.delta {
                    self.read_delta(message.index, delta, events);
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
            _ => {}
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        events.push(Event::Failure(Failure::cut()));
    }
}

impl State {
    fn read_usage(&mut self, usage: Option<UsageIn>, events: &mut Vec<Event>) {
        if let Some(usage) = usage {
            self.usage.update(usage);
            events.push(Event::Usage(self.usage.into_usage()));
        }
    }

    fn open(&mut self, index: u64, start: Start, events: &mut Vec<Event>) {
        let block = match start.r#type.as_str() {
            "text" => {
                events.extend(filled(start.text).map(Event::Text));
                Block::Text
            }
            "thinking" => {
                events.extend(filled(start.thinking).map(Event::Reasoning));
                Block::Thinking
            }
            "redacted_thinking" => {
                let data = start.data.unwrap_or_default();
                events.push(Event::Redacted(Signature::new(Protocol::Anthropic, data)));
                Block::Redacted
            }
            "tool_use" => {
                let whole = start.input.map(|input| input.get().to_owned());
                let name = start.name.unwrap_or_default();
                if self.reading.is_answer(&name) {
                    self.answered = true;
                    Block::Answer { whole }
                } else {
                    let call = self.calls;
                    self.calls += 1;
                    events.push(Event::ToolCallStart {
                        index: call,
                        id: start.id.unwrap_or_else(|| self.reading.call_id(call)),
                        name: self.reading.tool_name(name),
                        signature: None,
                    });
                    Block::Call { index: call, whole }
                }
            }
            _ => return,
        };
        self.block = Some((index, block));
    }

    /// A delta of the open block; one of a block that was passed over, or of an unknown type, says
    /// nothing.
    fn read_delta(&mut self, index: u64, delta: Delta, events: &mut Vec<Event>) {
        let Some((_, block)) = self.block.as_mut().filter(|(open, _)| *open == index) else {
            return;
        };
        match block {
            Block::Text => events.extend(filled(delta.text).map(Event::Text)),
            Block::Thinking => {
                events.extend(filled(delta.thinking).map(Event::Reasoning));
                let signature =
                    filled(delta.signature).map(|value| Signature::new(Protocol::Anthropic, value));
                events.extend(signature.map(Event::ReasoningSignature));
            }
            Block::Redacted => {}
            Block::Call { index, whole } => {
                if let Some(json) = filled(delta.partial_json) {
                    *whole = None;
                    events.push(Event::ToolCallDelta { index: *index, json });
                }
            }
            Block::Answer { whole } => {
                if let Some(json) = filled(delta.partial_json) {
                    *whole = None;
                    events.push(Event::Text(json));
                }
            }
        }
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        match self.block.take() {
            None => return,
            Some((_, Block::Call { index, whole: Some(json) })) => {
                events.push(Event::ToolCallDelta { index, json });
            }
            Some((_, Block::Answer { whole: Some(json) })) => events.push(Event::Text(json)),
            Some(_) => {}
        }
        events.push(Event::PartEnd);
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        self.close(events);
        let (reason, stop_sequence) = self.finish.take().unwrap_or_default();
        let answered = self.answered && reason == Finish::ToolCalls;
        let reason = if answered { Finish::Stop } else { reason };
        events.push(Event::Finish { reason, stop_sequence });
        events.push(Event::Done);
    }
}

fn fail(failure: Failure, events: &mut Vec<Event>) {
    events.push(Event::Failure(failure));
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
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
    usage: Option<UsageIn>,
    error: Option<error::Detail>,
}

#[derive(Default, Deserialize)]
struct MessageStart {
    id: Option<String>,
    model: Option<String>,
    usage: Option<UsageIn>,
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
