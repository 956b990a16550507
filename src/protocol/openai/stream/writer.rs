//! Writes events as chunks. Usage comes last, and only if the client asked for it.
//!
//! After a failure it does not write `[DONE]`, since a broken answer must not look complete.

use serde::Serialize;

use crate::protocol::chat::ExtraContent;
use crate::protocol::codec::{Client, StreamWriter, append_json};
use crate::protocol::conversation::event::named;
use crate::protocol::conversation::{Event, Finish, Usage};
use crate::protocol::openai::finish::write_finish;
use crate::protocol::openai::response::UsageOut;
use crate::protocol::usual::error;

/// Writes one stream.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `data: {…` up to the choices, the same in every chunk.
    head: Vec<u8>,
    id: Box<str>,
    created: u64,
    include_usage: bool,
    finish: Finish,
    usage: Usage,
    ended: bool,
}

impl Writer {
    pub(crate) fn new(to: &Client<'_>) -> Self {
        let id = format!("chatcmpl-{}", to.id);
        Self {
            head: head(&id, to.created, to.model),
            id: id.into(),
            created: to.created,
            include_usage: to.include_usage,
            finish: Finish::default(),
            usage: Usage::default(),
            ended: false,
        }
    }

    /// A chunk with one choice.
    fn chunk(&self, delta: &Delta<'_>, finish: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":");
        append_json(delta, out);
        out.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":");
        append_json(&finish, out);
        out.extend_from_slice(b"}]");
        out.extend_from_slice(if self.include_usage { b",\"usage\":null}\n\n" } else { b"}\n\n" });
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.ended = true;
        self.chunk(&Delta::default(), Some(write_finish(self.finish)), out);
        if self.include_usage {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            append_json(&UsageOut::of(&self.usage), out);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        let delta = match &event {
            Event::Start { model, .. } => {
                if let Some(model) = named(model.as_deref()) {
                    self.head = head(&self.id, self.created, model);
                }
                Delta { role: Some("assistant"), content: Some(""), ..Delta::default() }
            }
            Event::Text(text) => Delta { content: Some(text), ..Delta::default() },
            Event::Reasoning(text) => Delta { reasoning_content: Some(text), ..Delta::default() },
            Event::Refusal(text) => Delta { refusal: Some(text), ..Delta::default() },
            Event::ToolCallStart { index, id, name, signature } => {
                let extra_content = ExtraContent::for_client(signature.as_ref());
                Delta::call(Call { extra_content, ..Call::start(*index, id, name) })
            }
            Event::ToolCallDelta { index, json } => Delta::call(Call::more(*index, json)),
            Event::Finish { reason, .. } => return self.finish = *reason,
            Event::Usage(usage) => return self.usage = *usage,
            Event::Done => return self.end(out),
            Event::Failure(failure) => {
                self.ended = true;
                out.extend_from_slice(b"data: ");
                append_json(&error::Out::of(failure), out);
                return out.extend_from_slice(b"\n\n");
            }
            // A comment keeps the connection alive and is not a chunk.
            Event::Ping => return out.extend_from_slice(b": ping\n\n"),
            Event::ReasoningSignature(_) | Event::Redacted(_) | Event::PartEnd => return,
        };
        self.chunk(&delta, None, out);
    }
}

/// What every chunk begins with.
fn head(id: &str, created: u64, model: &str) -> Vec<u8> {
    let mut head = b"data: ".to_vec();
    append_json(&Head { id, object: "chat.completion.chunk", created, model }, &mut head);
    head.pop();
    head
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'a>; 1]>,
}

#[derive(Serialize)]
struct Call<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Box<ExtraContent<'a>>>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

impl<'a> Delta<'a> {
    fn call(call: Call<'a>) -> Self {
        Self { tool_calls: Some([call]), ..Self::default() }
    }
}

impl<'a> Call<'a> {
    fn start(index: u32, id: &'a str, name: &'a str) -> Self {
        let function = Function { name: Some(name), arguments: "" };
        Self { index, id: Some(id), kind: Some("function"), function, extra_content: None }
    }

    fn more(index: u32, json: &'a str) -> Self {
        let function = Function { name: None, arguments: json };
        Self { index, id: None, kind: None, function, extra_content: None }
    }
}
