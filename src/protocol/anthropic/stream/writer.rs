//! Writes parts as blocks, each opened and closed once, inside one message.
//!
//! After a failure it does not write `message_stop`, since a broken answer must not look complete.

use serde::Serialize;

use crate::protocol::Protocol;
use crate::protocol::anthropic::error;
use crate::protocol::anthropic::finish::write_finish;
use crate::protocol::anthropic::response::{BlockOut, MessageOut, UsageOut};
use crate::protocol::codec::{Client, StreamWriter, append_event};
use crate::protocol::conversation::event::named;
use crate::protocol::conversation::{Arguments, Event, Finish, Usage};

/// Writes one stream.
#[derive(Debug)]
pub(crate) struct Writer {
    id: String,
    model: String,
    started: bool,
    ended: bool,
    open: Option<Open>,
    /// The next block's index.
    next: u32,
    finish: Finish,
    refused: bool,
    stop_sequence: Option<String>,
    usage: Usage,
}

/// The type of the open block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    Other,
}

impl Writer {
    pub(crate) fn new(to: &Client<'_>) -> Self {
        Self {
            id: format!("msg_{}", to.id),
            model: to.model.to_owned(),
            started: false,
            ended: false,
            open: None,
            next: 0,
            finish: Finish::default(),
            refused: false,
            stop_sequence: None,
            usage: Usage { input: to.prompt_tokens, ..Usage::default() },
        }
    }

    /// Writes `message_start` once, before everything except a failure. It contains usage only if
    /// the provider reports it first; the last `message_delta` repeats all of it.
    fn start(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.started = true;
            let message = MessageOut {
                id: &self.id,
                r#type: "message",
                role: "assistant",
                model: &self.model,
                content: Vec::new(),
                stop_reason: None,
                stop_sequence: None,
                usage: UsageOut::of(&self.usage),
            };
            append_event("message_start", &Out::MessageStart { message }, out);
        }
    }

    fn open(&mut self, kind: Open, content_block: BlockOut<'_>, out: &mut Vec<u8>) {
        self.close(out);
        self.open = Some(kind);
        let index = self.next;
        self.next += 1;
        append_event("content_block_start", &Out::ContentBlockStart { index, content_block }, out);
    }

    fn delta(&self, delta: Delta<'_>, out: &mut Vec<u8>) {
        let index = self.next.saturating_sub(1);
        append_event("content_block_delta", &Out::ContentBlockDelta { index, delta }, out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        if self.open.take().is_some() {
            let index = self.next.saturating_sub(1);
            append_event("content_block_stop", &Out::ContentBlockStop { index }, out);
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        if self.open != Some(Open::Text) {
            self.open(Open::Text, BlockOut::Text { text: "" }, out);
        }
        self.delta(Delta::TextDelta { text }, out);
    }

    fn thinking(&mut self, out: &mut Vec<u8>) {
        if self.open != Some(Open::Thinking) {
            let block = BlockOut::Thinking { thinking: "", signature: String::new() };
            self.open(Open::Thinking, block, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        self.ended = true;
        let delta = MessageDelta {
            stop_reason: write_finish(self.finish.with_refusal(self.refused)),
            stop_sequence: self.stop_sequence.as_deref(),
        };
        let usage = UsageOut::of(&self.usage);
        append_event("message_delta", &Out::MessageDelta { delta, usage }, out);
        append_event("message_stop", &Out::MessageStop, out);
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, said: Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match said {
            // Written with the first event, so that usage that follows at once is included.
            Event::Start { model, .. } => {
                if let Some(model) = named(model.as_deref()) {
                    model.clone_into(&mut self.model);
                }
            }
            Event::Usage(usage) => self.usage = usage,
            Event::Ping => {
                self.start(out);
                append_event("ping", &Out::Ping, out);
            }
            Event::Text(text) => self.text(&text, out),
            Event::Refusal(text) => {
                self.refused = true;
                self.text(&text, out);
            }
            Event::Reasoning(thinking) => {
                self.thinking(out);
                self.delta(Delta::ThinkingDelta { thinking: &thinking }, out);
            }
            Event::ReasoningSignature(signature) => {
                self.thinking(out);
                let signature = signature.to_client(Protocol::Anthropic);
                self.delta(Delta::SignatureDelta { signature: &signature }, out);
            }
            Event::Redacted(seal) => self.open(Open::Other, BlockOut::seal(&seal), out),
            Event::ToolCallStart { id, name, signature, .. } => {
                if let Some(proof) = signature {
                    self.open(Open::Other, BlockOut::seal(&proof.before_its_call()), out);
                }
                let input = Arguments::None {};
                self.open(Open::Other, BlockOut::ToolUse { id: &id, name: &name, input }, out);
            }
            Event::ToolCallDelta { json, .. } => {
                self.delta(Delta::InputJsonDelta { partial_json: &json }, out);
            }
            Event::PartEnd => self.close(out),
            Event::Finish { reason, stop_sequence } => {
                (self.finish, self.stop_sequence) = (reason, stop_sequence);
            }
            Event::Done => self.end(out),
            Event::Failure(failure) => {
                self.ended = true;
                append_event("error", &error::Out::of(&failure, None), out);
            }
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Out<'a> {
    MessageStart { message: MessageOut<'a> },
    Ping,
    ContentBlockStart { index: u32, content_block: BlockOut<'a> },
    ContentBlockDelta { index: u32, delta: Delta<'a> },
    ContentBlockStop { index: u32 },
    MessageDelta { delta: MessageDelta<'a>, usage: UsageOut },
    MessageStop,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "they are the protocol's own names")]
enum Delta<'a> {
    TextDelta { text: &'a str },
    ThinkingDelta { thinking: &'a str },
    SignatureDelta { signature: &'a str },
    InputJsonDelta { partial_json: &'a str },
}

#[derive(Serialize)]
struct MessageDelta<'a> {
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
}
