//! Writes parts as contents and calls, each opened and closed once, inside one message.
//!
//! After a failure, the only finish reason is the one for errors.

use serde::Serialize;

use crate::protocol::chat::{ExtraContent, ToolCallOut};
use crate::protocol::codec::{Client, StreamWriter, append_event};
use crate::protocol::cohere::finish::write_finish;
use crate::protocol::cohere::response::{BlockOut, UsageOut};
use crate::protocol::conversation::{Event, Finish, Signature, Usage};

/// Writes one stream.
#[derive(Debug)]
pub(crate) struct Writer {
    id: String,
    started: bool,
    ended: bool,
    open: Option<Open>,
    /// The next content's index; calls have indices of their own.
    next: u32,
    finish: Finish,
    usage: Usage,
}

/// What is open, and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text(u32),
    Thinking(u32),
    Call(u32),
}

impl Writer {
    pub(crate) fn new(to: &Client<'_>) -> Self {
        Self {
            id: to.id.to_owned(),
            started: false,
            ended: false,
            open: None,
            next: 0,
            finish: Finish::default(),
            usage: Usage::default(),
        }
    }

    /// `message-start`, exactly once, before everything but a failure.
    fn start(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.started = true;
            let message = Beginning {
                role: "assistant",
                content: [],
                tool_plan: "",
                tool_calls: [],
                citations: [],
            };
            event(&Out { id: Some(&self.id), ..Out::new("message-start", message) }, out);
        }
    }

    fn content(&mut self, text: &str, is_thinking: bool, out: &mut Vec<u8>) {
        let block = |text| {
            if is_thinking {
                BlockOut::Thinking { thinking: text }
            } else {
                BlockOut::Text { text }
            }
        };
        let index = match (self.open, is_thinking) {
            (Some(Open::Text(index)), false) | (Some(Open::Thinking(index)), true) => index,
            _ => {
                self.close(out);
                let index = self.next;
                self.next += 1;
                self.open =
                    Some(if is_thinking { Open::Thinking(index) } else { Open::Text(index) });
                let begun = Contents { content: block("") };
                event(&Out { index: Some(index), ..Out::new("content-start", begun) }, out);
                index
            }
        };
        let piece = if is_thinking {
            Piece { thinking: Some(text), text: None }
        } else {
            Piece { text: Some(text), thinking: None }
        };
        let more = Contents { content: piece };
        event(&Out { index: Some(index), ..Out::new("content-delta", more) }, out);
    }

    fn start_call(
        &mut self,
        index: u32,
        (id, name): (&str, &str),
        proof: Option<&Signature>,
        out: &mut Vec<u8>,
    ) {
        self.close(out);
        self.open = Some(Open::Call(index));
        let extra_content = ExtraContent::for_client(proof);
        let call = ToolCallOut::new(id, name, "").proven(extra_content);
        let call = Calls { tool_calls: call };
        event(&Out { index: Some(index), ..Out::new("tool-call-start", call) }, out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        let (kind, index) = match self.open.take() {
            None => return,
            Some(Open::Text(index) | Open::Thinking(index)) => ("content-end", index),
            Some(Open::Call(index)) => ("tool-call-end", index),
        };
        event(&Out::<()> { r#type: kind, id: None, index: Some(index), delta: None }, out);
    }

    fn end(&mut self, finish_reason: &'static str, error: Option<&str>, out: &mut Vec<u8>) {
        self.ended = true;
        let delta = Ending { error, finish_reason, usage: UsageOut::of(&self.usage) };
        let end = Out { r#type: "message-end", id: None, index: None, delta: Some(delta) };
        event(&end, out);
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, said: Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match said {
            Event::Start { .. } => self.start(out),
            Event::Text(text) | Event::Refusal(text) => self.content(&text, false, out),
            Event::Reasoning(text) => self.content(&text, true, out),
            Event::ToolCallStart { index, id, name, signature } => {
                self.start_call(index, (&id, &name), signature.as_ref(), out);
            }
            Event::ToolCallDelta { index, json } => {
                let call = Calls { tool_calls: More { function: Arguments { arguments: &json } } };
                event(&Out { index: Some(index), ..Out::new("tool-call-delta", call) }, out);
            }
            Event::PartEnd => self.close(out),
            Event::Finish { reason, .. } => self.finish = reason,
            Event::Usage(usage) => self.usage = usage,
            Event::Done => {
                self.close(out);
                self.end(write_finish(self.finish), None, out);
            }
            Event::Failure(failure) => self.end("ERROR", Some(&failure.message), out),
            // This protocol has neither signatures nor a sign of life.
            Event::ReasoningSignature(_) | Event::Redacted(_) | Event::Ping => {}
        }
    }
}

/// One event: its name stands before its data and in it.
fn event<D: Serialize>(data: &Out<'_, D>, out: &mut Vec<u8>) {
    append_event(data.r#type, data, out);
}

#[derive(Serialize)]
struct Out<'a, D> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<D>,
}

#[derive(Serialize)]
struct Grown<M> {
    message: M,
}

#[derive(Serialize)]
struct Beginning {
    role: &'static str,
    content: [(); 0],
    tool_plan: &'static str,
    tool_calls: [(); 0],
    citations: [(); 0],
}

#[derive(Serialize)]
struct Contents<C> {
    content: C,
}

#[derive(Serialize)]
struct Piece<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a str>,
}

#[derive(Serialize)]
struct Calls<C> {
    tool_calls: C,
}

#[derive(Serialize)]
struct More<'a> {
    function: Arguments<'a>,
}

#[derive(Serialize)]
struct Arguments<'a> {
    arguments: &'a str,
}

#[derive(Serialize)]
struct Ending<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    finish_reason: &'static str,
    usage: UsageOut,
}

impl<M> Out<'_, Grown<M>> {
    fn new(kind: &'static str, message: M) -> Self {
        Self { r#type: kind, id: None, index: None, delta: Some(Grown { message }) }
    }
}
