//! Writes each part as an item, opened and closed once, inside one response.
//!
//! After a failure it does not write `response.completed`, since a broken answer must not look
//! complete.

use serde_json::value::RawValue;

use super::form::{Detail, ItemEvent, Numbers, Whole};
use crate::protocol::Protocol;
use crate::protocol::codec::{Client, StreamWriter};
use crate::protocol::conversation::event::named;
use crate::protocol::conversation::{Event, Finish, Signature, Usage};
use crate::protocol::openai_responses::item::{ItemOut, PartOut, seal};
use crate::protocol::openai_responses::response::{Head, Outcome};
use crate::protocol::openai_responses::{custom, namespace};

/// Writes one stream.
#[derive(Debug)]
pub(crate) struct Writer {
    id: String,
    head: Head,
    numbers: Numbers,
    started: bool,
    ended: bool,
    open: Option<Open>,
    /// The items that are complete, for the last event.
    items: Vec<Box<RawValue>>,
    finish: Finish,
    usage: Usage,
}

/// The open item: its ID and its content so far.
#[derive(Debug)]
struct Open {
    id: String,
    kind: Kind,
    text: String,
}

#[derive(Debug)]
enum Kind {
    Text,
    Refusal,
    Reasoning { proof: Option<String> },
    Call { call_id: String, name: String },
}

impl Writer {
    pub(crate) fn new(to: &Client<'_>) -> Self {
        Self {
            id: to.id.to_owned(),
            head: Head::of(to),
            numbers: Numbers::default(),
            started: false,
            ended: false,
            open: None,
            items: Vec::new(),
            finish: Finish::default(),
            usage: Usage::default(),
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.started = true;
            for name in ["response.created", "response.in_progress"] {
                let response = self.head.response(Outcome::Begun, &self.items, None);
                self.numbers.event(name, &Whole { response }, out);
            }
        }
    }

    /// Opens an item of this kind, unless it is already open.
    fn open(&mut self, kind: Kind, out: &mut Vec<u8>) {
        if self.open.as_ref().is_some_and(|open| open.kind.goes_on_as(&kind)) {
            return;
        }
        self.close(out);
        self.start(out);
        let index = self.items.len();
        let mut open = Open { id: String::new(), kind, text: String::new() };
        let item = open.item(&self.id, index).begun();
        self.numbers.event("response.output_item.added", &ItemEvent::of(index, &item), out);
        open.id = item.id().to_owned();
        if let Kind::Text | Kind::Refusal = open.kind {
            let added = Detail { part: Some(open.part()), ..open.place(index) };
            self.numbers.event("response.content_part.added", &added, out);
        }
        self.open = Some(open);
    }

    /// More of the open item.
    fn delta(&mut self, delta: &str, out: &mut Vec<u8>) {
        let index = self.items.len();
        let Some(open) = &mut self.open else { return };
        if matches!(open.kind, Kind::Reasoning { .. }) && open.text.is_empty() {
            let added = Detail { part: Some(open.part()), ..open.place(index) };
            self.numbers.event("response.reasoning_summary_part.added", &added, out);
        }
        open.text.push_str(delta);
        if let Some(name) = open.kind.delta_event() {
            let logprobs = matches!(open.kind, Kind::Text).then_some([]);
            let detail = Detail { delta: Some(delta), logprobs, ..open.place(index) };
            self.numbers.event(name, &detail, out);
        }
    }

    /// Closes the open item and repeats its content.
    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        let index = self.items.len();
        open.close(index, &mut self.numbers, out);
        let item = open.item(&self.id, index);
        self.numbers.event("response.output_item.done", &ItemEvent::of(index, &item), out);
        self.items.extend(serde_json::value::to_raw_value(&item));
    }

    fn prove(&mut self, signature: &Signature, out: &mut Vec<u8>) {
        self.open(Kind::Reasoning { proof: None }, out);
        if let Some(Open { kind: Kind::Reasoning { proof }, .. }) = &mut self.open {
            *proof = Some(signature.to_client(Protocol::OpenAiResponses));
        }
    }

    fn seal(&mut self, signature: &Signature, out: &mut Vec<u8>) {
        self.close(out);
        self.open(Kind::Reasoning { proof: Some(seal(signature)) }, out);
    }

    fn end(&mut self, outcome: Outcome<'_>, out: &mut Vec<u8>) {
        self.start(out);
        self.ended = true;
        let usage = matches!(outcome, Outcome::Ended(_)).then_some(&self.usage);
        let name = match outcome.status() {
            "completed" => "response.completed",
            "incomplete" => "response.incomplete",
            _ => "response.failed",
        };
        let response = self.head.response(outcome, &self.items, usage);
        self.numbers.event(name, &Whole { response }, out);
    }
}

impl StreamWriter for Writer {
    fn gathers(&self) -> bool {
        true
    }

    fn write(&mut self, said: Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match said {
            Event::Start { model, .. } => {
                if let Some(model) = named(model.as_deref()) {
                    self.head.named(model);
                }
                self.start(out);
            }
            Event::Usage(usage) => self.usage = usage,
            // A comment keeps the connection alive and is not an event.
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Text(text) => {
                self.open(Kind::Text, out);
                self.delta(&text, out);
            }
            Event::Refusal(text) => {
                self.open(Kind::Refusal, out);
                self.delta(&text, out);
            }
            Event::Reasoning(text) => {
                self.open(Kind::Reasoning { proof: None }, out);
                self.delta(&text, out);
            }
            Event::ReasoningSignature(signature) => self.prove(&signature, out),
            Event::Redacted(signature) => self.seal(&signature, out),
            Event::ToolCallStart { id, name, signature, .. } => {
                if let Some(proof) = signature {
                    self.seal(&proof.before_its_call(), out);
                }
                self.open(Kind::Call { call_id: id, name }, out);
            }
            Event::ToolCallDelta { json, .. } => self.delta(&json, out),
            Event::PartEnd => self.close(out),
            Event::Finish { reason, .. } => self.finish = reason,
            Event::Done => {
                self.close(out);
                self.end(Outcome::Ended(self.finish), out);
            }
            // The open item stays open: it is not complete.
            Event::Failure(failure) => self.end(Outcome::Failed(&failure), out),
        }
    }
}

impl Open {
    /// The item so far.
    fn item(&self, id: &str, index: usize) -> ItemOut<'_> {
        match &self.kind {
            Kind::Text | Kind::Refusal => ItemOut::message(id, index, self.part()),
            Kind::Reasoning { proof } => ItemOut::reasoning(id, index, &self.text, proof.clone()),
            Kind::Call { call_id, name } => ItemOut::call(id, index, call_id, name, &self.text),
        }
    }

    fn part(&self) -> PartOut<'_> {
        match self.kind {
            Kind::Refusal => PartOut::Refusal { refusal: &self.text },
            Kind::Reasoning { .. } => PartOut::SummaryText { text: &self.text },
            Kind::Text | Kind::Call { .. } => PartOut::text(&self.text),
        }
    }

    /// Where an event belongs.
    fn place(&self, index: usize) -> Detail<'_> {
        let (content_index, summary_index) = match self.kind {
            Kind::Text | Kind::Refusal => (Some(0), None),
            Kind::Reasoning { .. } => (None, Some(0)),
            Kind::Call { .. } => (None, None),
        };
        let place = Detail { item_id: &self.id, output_index: index, ..Detail::default() };
        Detail { content_index, summary_index, ..place }
    }

    /// Says that its text is complete, and the part that holds it.
    fn close(&self, index: usize, numbers: &mut Numbers, out: &mut Vec<u8>) {
        let (place, text) = (self.place(index), Some(self.text.as_str()));
        let part = Detail { part: Some(self.part()), ..place.clone() };
        match &self.kind {
            Kind::Text => {
                let done = Detail { text, logprobs: Some([]), ..place };
                numbers.event("response.output_text.done", &done, out);
                numbers.event("response.content_part.done", &part, out);
            }
            Kind::Refusal => {
                let done = Detail { refusal: text, ..place };
                numbers.event("response.refusal.done", &done, out);
                numbers.event("response.content_part.done", &part, out);
            }
            Kind::Reasoning { .. } if self.text.is_empty() => {}
            Kind::Reasoning { .. } => {
                let done = Detail { text, ..place };
                numbers.event("response.reasoning_summary_text.done", &done, out);
                numbers.event("response.reasoning_summary_part.done", &part, out);
            }
            Kind::Call { name, .. } if custom::name_of(name).is_some() => {
                // The input is known only when the arguments that hold it are whole.
                let input = custom::input(&self.text);
                let delta = Detail { delta: Some(&input), ..place.clone() };
                numbers.event("response.custom_tool_call_input.delta", &delta, out);
                let done = Detail { input: Some(&input), ..place };
                numbers.event("response.custom_tool_call_input.done", &done, out);
            }
            Kind::Call { name, .. } => {
                let (name, _) = namespace::split(name);
                let done = Detail { arguments: text, name: Some(name), ..place };
                numbers.event("response.function_call_arguments.done", &done, out);
            }
        }
    }
}

impl Kind {
    /// Whether `next` continues the same item; a signature ends reasoning.
    fn goes_on_as(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Text, Self::Text) | (Self::Refusal, Self::Refusal) => true,
            (Self::Reasoning { proof }, Self::Reasoning { .. }) => proof.is_none(),
            _ => false,
        }
    }

    /// The event of a delta; a custom tool's input has none before it is complete.
    fn delta_event(&self) -> Option<&'static str> {
        match self {
            Self::Text => Some("response.output_text.delta"),
            Self::Refusal => Some("response.refusal.delta"),
            Self::Reasoning { .. } => Some("response.reasoning_summary_text.delta"),
            Self::Call { name, .. } if custom::name_of(name).is_some() => None,
            Self::Call { .. } => Some("response.function_call_arguments.delta"),
        }
    }
}
