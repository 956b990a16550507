//! Reading: blocks into parts. Complete with `messageStop`; usage follows it.
//!
//! A text block has no beginning of its own: its first delta is it. Blocks that have no neutral
//! form are passed over, deltas and all.

use bytes::Bytes;
use serde::Deserialize;

use crate::protocol::bedrock::frames::{Broken, Frame, FrameKind, Frames};
use crate::protocol::bedrock::response::{Fields, UsageIn, read_finish};
use crate::protocol::bedrock::{error, proof};
use crate::protocol::conversation::{Event, Failure, Finish};
use crate::protocol::wire::{Reading, StreamReader};

/// Reads one stream.
#[derive(Debug)]
pub(in crate::protocol::bedrock) struct Reader {
    frames: Frames,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    reading: Reading,
    started: bool,
    ended: bool,
    /// The open block, and the vendor's index of it.
    open: Option<(u64, Block)>,
    calls: u32,
    answered: bool,
    finish: Option<(Finish, Option<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Text,
    Reasoning,
    Redacted,
    /// The call with this number; whether it has input yet.
    Call(u32, bool),
    /// The call that stands for structured output.
    Answer,
}

impl Reader {
    pub(in crate::protocol::bedrock) fn new(reading: Reading) -> Self {
        Self { frames: Frames::default(), state: State { reading, ..State::default() } }
    }
}

impl StreamReader for Reader {
    fn feed(&mut self, bytes: Bytes, events: &mut Vec<Event>) {
        self.frames.push(&bytes);
        while !self.state.ended {
            match self.frames.next() {
                Ok(Some(frame)) => self.state.read(&frame, events),
                Ok(None) => return,
                Err(Broken) => {
                    self.state.fail(Failure::malformed("the stream is no event stream"), events);
                }
            }
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        if !self.state.ended {
            self.state.complete(events);
        }
    }
}

impl State {
    fn read(&mut self, frame: &Frame, events: &mut Vec<Event>) {
        if frame.kind != FrameKind::Event {
            return self.fail(error::read_exception(&frame.name, &frame.payload), events);
        }
        let Ok(said) = serde_json::from_slice::<Said>(&frame.payload) else {
            return self.fail(Failure::malformed("an event of the stream is not readable"), events);
        };
        if !self.started && frame.name != "messageStart" {
            let failure = Failure::malformed("the stream does not begin with its start");
            return self.fail(failure, events);
        }
        match frame.name.as_str() {
            "messageStart" if !self.started => {
                self.started = true;
                events.push(Event::Start { id: None, model: None });
            }
            "contentBlockStart" => {
                if let Some(call) = said.start.and_then(|start| start.tool_use) {
                    self.open_call(said.content_block_index, call, events);
                }
            }
            "contentBlockDelta" => {
                self.read_delta(said.content_block_index, said.delta.unwrap_or_default(), events);
            }
            "contentBlockStop" => self.close(events),
            "messageStop" => {
                self.close(events);
                let reason = said.stop_reason.as_deref().map(read_finish).unwrap_or_default();
                let stop_sequence = said.fields.and_then(|fields| fields.stop_sequence);
                self.finish = Some((reason, stop_sequence));
            }
            "metadata" => {
                events.extend(said.usage.map(|usage| Event::Usage(usage.into_usage())));
                if self.finish.is_some() {
                    self.complete(events);
                }
            }
            _ => {}
        }
    }

    fn open_call(&mut self, at: u64, call: ToolUse, events: &mut Vec<Event>) {
        self.close(events);
        if self.reading.is_answer(&call.name) {
            self.answered = true;
            self.open = Some((at, Block::Answer));
            return;
        }
        let index = self.calls;
        self.calls += 1;
        self.open = Some((at, Block::Call(index, false)));
        events.push(Event::ToolCallStart {
            index,
            id: call.tool_use_id.unwrap_or_else(|| self.reading.call_id(index)),
            name: self.reading.tool_name(call.name),
            signature: None,
        });
    }

    fn read_delta(&mut self, at: u64, delta: Delta, events: &mut Vec<Event>) {
        if let Some(text) = filled(delta.text) {
            self.open(at, Block::Text, events);
            events.push(Event::Text(text));
        }
        if let Some(reasoning) = delta.reasoning_content {
            self.read_reasoning(at, reasoning, events);
        }
        let Some(json) = delta.tool_use.and_then(|call| filled(call.input)) else { return };
        match &mut self.open {
            Some((open, Block::Call(index, has_input))) if *open == at => {
                *has_input = true;
                events.push(Event::ToolCallDelta { index: *index, json });
            }
            Some((open, Block::Answer)) if *open == at => events.push(Event::Text(json)),
            _ => self.fail(Failure::malformed("the stream mixes its tool calls"), events),
        }
    }

    fn read_reasoning(&mut self, at: u64, delta: ReasoningDelta, events: &mut Vec<Event>) {
        if let Some(text) = filled(delta.text) {
            self.open(at, Block::Reasoning, events);
            events.push(Event::Reasoning(text));
        }
        if let Some(signature) = delta.signature.and_then(|value| proof::read(&value)) {
            self.open(at, Block::Reasoning, events);
            events.push(Event::ReasoningSignature(signature));
        }
        if let Some(seal) = delta.redacted_content.and_then(|value| proof::read_seal(&value)) {
            self.close(events);
            self.open = Some((at, Block::Redacted));
            events.push(Event::Redacted(seal));
        }
    }

    /// Makes this block the open one: it ends the block before it.
    fn open(&mut self, at: u64, block: Block, events: &mut Vec<Event>) {
        if self.open != Some((at, block)) {
            self.close(events);
            self.open = Some((at, block));
        }
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        match self.open.take() {
            None => return,
            Some((_, Block::Call(index, false))) => {
                events.push(Event::ToolCallDelta { index, json: "{}".to_owned() });
            }
            Some(_) => {}
        }
        events.push(Event::PartEnd);
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        let Some((reason, stop_sequence)) = self.finish.take() else {
            return self.fail(Failure::cut(), events);
        };
        let answered = self.answered && reason == Finish::ToolCalls;
        let reason = if answered { Finish::Stop } else { reason.with_calls(self.calls > 0) };
        events.push(Event::Finish { reason, stop_sequence });
        events.push(Event::Done);
        self.ended = true;
    }

    fn fail(&mut self, failure: Failure, events: &mut Vec<Event>) {
        events.push(Event::Failure(failure));
        self.ended = true;
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// An event of any type: which fields it has depends on it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    #[serde(default)]
    content_block_index: u64,
    start: Option<Start>,
    delta: Option<Delta>,
    stop_reason: Option<String>,
    #[serde(rename = "additionalModelResponseFields")]
    fields: Option<Fields>,
    usage: Option<UsageIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    tool_use: Option<ToolUse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse {
    tool_use_id: Option<String>,
    #[serde(default)]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    text: Option<String>,
    tool_use: Option<InputDelta>,
    reasoning_content: Option<ReasoningDelta>,
}

#[derive(Deserialize)]
struct InputDelta {
    input: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningDelta {
    text: Option<String>,
    signature: Option<String>,
    redacted_content: Option<String>,
}
