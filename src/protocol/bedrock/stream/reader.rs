//! Reads blocks into parts. Complete with `messageStop`, after which usage follows.
//!
//! A text block has no start event; its first delta starts it. Blocks without a neutral form are
//! skipped with their deltas.

use bytes::Bytes;
use serde::Deserialize;

use crate::protocol::bedrock::finish::read_finish;
use crate::protocol::bedrock::frames::{Broken, Frame, FrameKind, Frames};
use crate::protocol::bedrock::profile::USAGE;
use crate::protocol::bedrock::response::Fields;
use crate::protocol::bedrock::{error, proof};
use crate::protocol::codec::{Reading, StreamReader};
use crate::protocol::conversation::{Event, Failure, Finish};
use crate::protocol::parts::Parts;
use crate::protocol::surrogates::Halves;
use crate::protocol::usage::Written;

/// Reads one stream.
#[derive(Debug)]
pub(crate) struct Reader {
    frames: Frames,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    reading: Reading,
    halves: Halves,
    started: bool,
    ended: bool,
    /// The open block, and the vendor's index of it.
    open: Option<(u64, Block)>,
    parts: Parts,
    finish: Option<(Finish, Option<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Text or reasoning.
    Said,
    Call,
}

impl Reader {
    pub(crate) fn new(reading: Reading) -> Self {
        let parts = Parts::answered_through(reading.answer_tool);
        Self { frames: Frames::default(), state: State { reading, parts, ..State::default() } }
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
        let said = str::from_utf8(&frame.payload).ok().map(|said| self.halves.joined(said));
        let said = said.and_then(|said| serde_json::from_str::<Said>(&said).ok());
        let Some(said) = said else {
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
                self.open = None;
                self.parts.end(events);
                let reason = said.stop_reason.as_deref().map(read_finish).unwrap_or_default();
                let stop_sequence = said.fields.and_then(|fields| fields.stop_sequence);
                self.finish = Some((reason, stop_sequence));
            }
            "metadata" => {
                events.extend(said.usage.map(|usage| Event::Usage(usage.by(&USAGE))));
                if self.finish.is_some() {
                    self.complete(events);
                }
            }
            _ => {}
        }
    }

    fn open_call(&mut self, at: u64, call: ToolUse, events: &mut Vec<Event>) {
        self.close(events);
        self.open = Some((at, Block::Call));
        let name = self.reading.tool_name(call.name);
        let make_id = |index| self.reading.call_id(index);
        let id = call.tool_use_id.map(|id| self.reading.own_id(id));
        if let Err(failure) = self.parts.call(id, name, make_id, None, events) {
            self.fail(failure, events);
        }
    }

    fn read_delta(&mut self, at: u64, delta: Delta, events: &mut Vec<Event>) {
        if let Some(text) = delta.text {
            self.enter(at, events);
            self.parts.text(Some(text), events);
        }
        if let Some(reasoning) = delta.reasoning_content {
            self.enter(at, events);
            self.parts.reasoning(reasoning.text, events);
            let signature = reasoning.signature.and_then(|value| proof::read(&value));
            self.parts.signature(signature, events);
            if let Some(seal) = reasoning.redacted_content.and_then(|seal| proof::read_seal(&seal))
            {
                self.parts.sealed(seal, events);
            }
        }
        let Some(json) = delta.tool_use.and_then(|call| call.input) else { return };
        match self.open {
            Some((open, Block::Call)) if open == at => {
                self.parts.arguments(Some(json), events);
            }
            _ => self.fail(Failure::malformed("the stream mixes its tool calls"), events),
        }
    }

    /// Makes this block of text or reasoning the open one: it ends the block before it.
    fn enter(&mut self, at: u64, events: &mut Vec<Event>) {
        if self.open != Some((at, Block::Said)) {
            self.close(events);
            self.open = Some((at, Block::Said));
        }
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        self.open = None;
        self.parts.close(events);
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        let Some((reason, stop_sequence)) = self.finish.take() else {
            return self.fail(Failure::cut(), events);
        };
        let reason = self.parts.finish(reason).with_calls(self.parts.has_called());
        events.push(Event::Finish { reason, stop_sequence });
        events.push(Event::Done);
        self.ended = true;
    }

    fn fail(&mut self, failure: Failure, events: &mut Vec<Event>) {
        events.push(Event::Failure(failure));
        self.ended = true;
    }
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
    usage: Option<Written>,
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
