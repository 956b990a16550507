//! Writes events as chunks. A call is written when it is complete; the finish reason and usage come
//! in the last chunk.
//!
//! Comments are not written, since Google's SDKs take them for chunks, and neither is a finish
//! reason after a failure.

use serde::Serialize;

use crate::protocol::codec::{Client, StreamWriter, append_json};
use crate::protocol::conversation::event::named;
use crate::protocol::conversation::tool::compact;
use crate::protocol::conversation::{Delivery, Event, Failure, Finish, Signature, ToolCall, Usage};
use crate::protocol::gemini::error;
use crate::protocol::gemini::finish::write_finish;
use crate::protocol::gemini::part::PartOut;
use crate::protocol::gemini::response::UsageOut;
use crate::protocol::gemini::signature;

/// Writes one stream.
#[derive(Debug)]
pub(crate) struct Writer {
    /// What ends every chunk: the model and the id.
    tail: Vec<u8>,
    id: Box<str>,
    is_array: bool,
    begun: bool,
    ended: bool,
    call: Option<(ToolCall, Option<Signature>)>,
    /// Whether a call has been written.
    called: bool,
    finish: Finish,
    usage: Usage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tail<'a> {
    model_version: &'a str,
    response_id: &'a str,
}

/// What every chunk ends with.
fn tail(model_version: &str, response_id: &str) -> Vec<u8> {
    let mut tail = Vec::new();
    append_json(&Tail { model_version, response_id }, &mut tail);
    // It follows other fields.
    tail[0] = b',';
    tail
}

impl Writer {
    pub(crate) fn new(to: &Client<'_>) -> Self {
        Self {
            tail: tail(to.model, to.id),
            id: to.id.into(),
            is_array: to.delivery == Delivery::Array,
            begun: false,
            ended: false,
            call: None,
            called: false,
            finish: Finish::default(),
            usage: Usage::default(),
        }
    }

    /// What stands before a chunk.
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(match (self.is_array, self.begun) {
            (false, _) => b"data: ",
            (true, false) => b"[",
            (true, true) => b",\n",
        });
        self.begun = true;
    }

    /// What stands after a chunk.
    fn end(&self, out: &mut Vec<u8>) {
        if !self.is_array {
            out.extend_from_slice(b"\n\n");
        } else if self.ended {
            out.extend_from_slice(b"]\n");
        }
    }

    /// A chunk with one part.
    fn chunk(&mut self, part: &PartOut<'_>, out: &mut Vec<u8>) {
        self.begin(out);
        out.extend_from_slice(b"{\"candidates\":[{\"content\":{\"parts\":[");
        append_json(part, out);
        out.extend_from_slice(b"],\"role\":\"model\"},");
        if self.ended {
            out.extend_from_slice(b"\"finishReason\":\"");
            out.extend_from_slice(write_finish(self.finish).as_bytes());
            out.extend_from_slice(b"\",");
        }
        out.extend_from_slice(b"\"index\":0}]");
        if self.ended {
            out.extend_from_slice(b",\"usageMetadata\":");
            append_json(&UsageOut::of(&self.usage), out);
        }
        out.extend_from_slice(&self.tail);
        self.end(out);
    }

    fn write_call(&mut self, out: &mut Vec<u8>) {
        if let Some((mut call, given)) = self.call.take() {
            // Line ends between its values would end the event.
            call.arguments = compact(call.object().get());
            let first = !std::mem::replace(&mut self.called, true);
            let sign = given.map(|given| signature::to_client(&given, false).into());
            let sign = sign.or_else(|| first.then(signature::of_unsigned_call));
            self.chunk(&PartOut::call(&call, Some(&call.id), &call.name).signed(sign), out);
        }
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.begin(out);
        self.ended = true;
        let error = error::Out::of(failure);
        append_json(&error, out);
        self.end(out);
        if !self.is_array {
            // As Google sends it, outside events: its SDKs raise that, but not all raise an event.
            append_json(&error, out);
            out.push(b'\n');
        }
    }
}

impl StreamWriter for Writer {
    fn gathers(&self) -> bool {
        true
    }

    fn write(&mut self, event: Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match event {
            Event::Text(text) | Event::Refusal(text) => self.chunk(&PartOut::text(text), out),
            Event::Reasoning(text) => self.chunk(&PartOut::thought(&text), out),
            Event::ReasoningSignature(given) => {
                let sign = signature::to_client(&given, false).into();
                self.chunk(&PartOut::thought("").signed(Some(sign)), out);
            }
            Event::Redacted(given) => {
                let sign = signature::to_client(&given, true).into();
                self.chunk(&PartOut::thought("").signed(Some(sign)), out);
            }
            Event::ToolCallStart { id, name, signature, .. } => {
                self.call = Some((ToolCall { id, name, arguments: String::new() }, signature));
            }
            Event::ToolCallDelta { json, .. } => {
                if let Some((call, _)) = &mut self.call {
                    call.arguments.push_str(&json);
                }
            }
            Event::PartEnd => self.write_call(out),
            Event::Finish { reason, .. } => self.finish = reason,
            Event::Usage(usage) => self.usage = usage,
            Event::Done => {
                self.ended = true;
                self.chunk(&PartOut::text(""), out);
            }
            Event::Failure(failure) => self.fail(&failure, out),
            Event::Start { model, .. } => {
                if let Some(model) = named(model.as_deref()) {
                    self.tail = tail(model, &self.id);
                }
            }
            Event::Ping => {}
        }
    }
}
