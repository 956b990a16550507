//! Writes parts as blocks, each closed once; only a tool's block has a start event.
//!
//! A failure is an exception, after which `messageStop` is not written.

use serde::Serialize;

use crate::protocol::bedrock::finish::write_finish;
use crate::protocol::bedrock::frames::{self, FrameKind};
use crate::protocol::bedrock::response::{FieldsOut, Metrics, UsageOut};
use crate::protocol::bedrock::{error, proof};
use crate::protocol::codec::{StreamWriter, append_json};
use crate::protocol::conversation::{Event, Finish, Signature, Usage};

/// Writes one stream.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    started: bool,
    ended: bool,
    open: Option<Open>,
    /// The next block's index.
    next: u32,
    finish: Finish,
    stop_sequence: Option<String>,
    usage: Usage,
    /// The payload of the frame that is written.
    payload: Vec<u8>,
}

/// The type of the open block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Reasoning,
    Other,
}

impl Writer {
    fn frame(&mut self, name: &str, payload: &impl Serialize, out: &mut Vec<u8>) {
        self.payload.clear();
        append_json(payload, &mut self.payload);
        frames::write(FrameKind::Event, name, &self.payload, out);
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.started = true;
            self.frame("messageStart", &MessageStart { role: "assistant" }, out);
        }
    }

    /// Opens a block of this type, unless it is already open.
    fn open(&mut self, kind: Open, out: &mut Vec<u8>) {
        if self.open == Some(kind) && kind != Open::Other {
            return;
        }
        self.close(out);
        self.start(out);
        self.open = Some(kind);
        self.next += 1;
    }

    fn index(&self) -> u32 {
        self.next.saturating_sub(1)
    }

    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        let content_block_index = self.index();
        self.frame("contentBlockDelta", &BlockDelta { content_block_index, delta }, out);
    }

    fn seal(&mut self, proof: &Signature, out: &mut Vec<u8>) {
        self.open(Open::Other, out);
        let seal = proof::write_seal(proof);
        self.delta(Delta::ReasoningContent(Reasoning::RedactedContent(seal)), out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            let content_block_index = self.index();
            self.frame("contentBlockStop", &BlockStop { content_block_index }, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.close(out);
        self.ended = true;
        let stop_sequence = self.stop_sequence.take();
        let additional_model_response_fields =
            stop_sequence.as_deref().map(|stop_sequence| FieldsOut { stop_sequence });
        let stop_reason = write_finish(self.finish);
        let stop = MessageStop { stop_reason, additional_model_response_fields };
        self.frame("messageStop", &stop, out);
        let usage = UsageOut::of(&self.usage);
        self.frame("metadata", &Metadata { usage, metrics: Metrics { latency_ms: 0 } }, out);
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, said: Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match said {
            Event::Start { .. } => self.start(out),
            Event::Usage(usage) => self.usage = usage,
            // This protocol has no event for keepalive.
            Event::Ping => {}
            Event::Text(text) | Event::Refusal(text) => {
                self.open(Open::Text, out);
                self.delta(Delta::Text(&text), out);
            }
            Event::Reasoning(text) => {
                self.open(Open::Reasoning, out);
                self.delta(Delta::ReasoningContent(Reasoning::Text(&text)), out);
            }
            Event::ReasoningSignature(signature) => {
                self.open(Open::Reasoning, out);
                let signature = proof::write(&signature);
                self.delta(Delta::ReasoningContent(Reasoning::Signature(signature)), out);
            }
            Event::Redacted(seal) => self.seal(&seal, out),
            Event::ToolCallStart { id, name, signature, .. } => {
                if let Some(proof) = signature {
                    self.seal(&proof.before_its_call(), out);
                }
                self.open(Open::Other, out);
                let content_block_index = self.index();
                let start = Start { tool_use: ToolUse { tool_use_id: &id, name: &name } };
                self.frame("contentBlockStart", &BlockStart { content_block_index, start }, out);
            }
            Event::ToolCallDelta { json, .. } => {
                self.delta(Delta::ToolUse(Input { input: &json }), out);
            }
            Event::PartEnd => self.close(out),
            Event::Finish { reason, stop_sequence } => {
                (self.finish, self.stop_sequence) = (reason, stop_sequence);
            }
            Event::Done => self.end(out),
            Event::Failure(failure) => {
                self.ended = true;
                let (name, payload) = error::write_exception(&failure);
                frames::write(FrameKind::Exception, name, &payload, out);
            }
        }
    }
}

#[derive(Serialize)]
struct MessageStart {
    role: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart<'a> {
    content_block_index: u32,
    start: Start<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    tool_use: ToolUse<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    tool_use_id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta<'a> {
    content_block_index: u32,
    delta: Delta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Delta<'a> {
    Text(&'a str),
    ToolUse(Input<'a>),
    ReasoningContent(Reasoning<'a>),
}

#[derive(Serialize)]
struct Input<'a> {
    input: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Reasoning<'a> {
    Text(&'a str),
    Signature(String),
    RedactedContent(String),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlockStop {
    content_block_index: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop<'a> {
    stop_reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_model_response_fields: Option<FieldsOut<'a>>,
}

#[derive(Serialize)]
struct Metadata {
    usage: UsageOut,
    metrics: Metrics,
}
