//! Reads items into parts. Complete only with `response.completed` or `response.incomplete`.
//!
//! The final event of an item is used only for what no delta contained. Several items may be open
//! at once. Items that only OpenAI has are skipped.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::protocol::Protocol;
use crate::protocol::calls::{Calls, Fragment};
use crate::protocol::codec::Reading;
use crate::protocol::conversation::{Content, Event, Failure, Signature};
use crate::protocol::frames::{Frames, fail};
use crate::protocol::openai_responses::error;
use crate::protocol::openai_responses::item::{Item, joined, proof, reasoning};
use crate::protocol::openai_responses::profile::USAGE;
use crate::protocol::openai_responses::response::Response;
use crate::protocol::parts::Parts;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(crate) struct State {
    reading: Reading,
    started: bool,
    open: Option<Open>,
    /// Texts that were partly returned and whose items are not done, by item.
    said: HashMap<u64, HashSet<(u64, Kind)>>,
    parts: Parts,
    calls: Calls,
    /// Whether there was any content before the end.
    has_items: bool,
    /// The proof of the next call, which another router has put before it.
    proof_of_call: Option<Signature>,
}

/// The open text: its item's index, its own index, and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    item: u64,
    part: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Text,
    Refusal,
    /// The reasoning's summary.
    Summary,
    /// The reasoning itself, from open models.
    Reasoning,
}

impl State {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) {
        if data.trim_ascii() == "[DONE]" {
            return fail(Failure::cut(), events);
        }
        let Ok(mut said) = serde_json::from_str::<Said>(data) else {
            return fail(Failure::malformed("an event of the stream is not readable"), events);
        };
        match said.r#type.as_str() {
            "error" | "response.failed" => return fail(error::read_event(data), events),
            _ => self.start(said.response.as_mut(), events),
        }
        match said.r#type.as_str() {
            "response.output_item.added" => self.add_item(said, events),
            "response.output_item.done" => {
                if let Some(item) = said.item {
                    self.end_item(said.output_index, item, events);
                }
            }
            "response.function_call_arguments.delta" => self.call_delta(said, events),
            "response.completed" | "response.incomplete" => {
                self.complete(said.response.unwrap_or_default(), events);
            }
            "keepalive" => events.push(Event::Ping),
            _ => self.read_text(said, events),
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        fail(Failure::cut(), events);
    }
}

impl State {
    fn start(&mut self, response: Option<&mut Response>, events: &mut Vec<Event>) {
        if !self.started {
            self.started = true;
            let (id, model) = match response {
                Some(response) => (response.id.take(), response.model.take()),
                None => (None, None),
            };
            events.push(Event::Start { id, model });
        }
    }

    /// Reads texts of messages and reasoning; other events have no new content.
    fn read_text(&mut self, said: Said, events: &mut Vec<Event>) {
        let (kind, part) = match said.r#type.as_str() {
            "response.output_text.delta" | "response.output_text.done" => {
                (Kind::Text, said.content_index)
            }
            "response.refusal.delta" | "response.refusal.done" => {
                (Kind::Refusal, said.content_index)
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_summary_text.done" => {
                (Kind::Summary, said.summary_index)
            }
            "response.reasoning_text.delta" | "response.reasoning_text.done" => {
                (Kind::Reasoning, said.content_index)
            }
            _ => return,
        };
        let open = Open { item: said.output_index, part: part.unwrap_or_default(), kind };
        if let Some(text) = said.delta {
            self.text(open, text, events);
        } else if !self.has_said(open) {
            // Done without any delta before.
            self.text(open, said.text.or(said.refusal).unwrap_or_default(), events);
        }
    }

    fn has_said(&self, open: Open) -> bool {
        self.said.get(&open.item).is_some_and(|texts| texts.contains(&(open.part, open.kind)))
    }

    fn text(&mut self, next: Open, text: String, events: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        self.calls.interrupt();
        match self.open {
            Some(open) if open == next => {}
            // One item's reasoning is one part: its paragraphs are joined, and of the summary and
            // the reasoning itself only the one that came first is taken.
            Some(open) if open.is_same_reasoning(next) => {
                if open.kind != next.kind {
                    return;
                }
                self.open = Some(next);
                self.parts.reasoning(Some("\n\n".to_owned()), events);
            }
            _ => {
                self.close(events);
                self.open = Some(next);
            }
        }
        self.has_items = true;
        self.said.entry(next.item).or_default().insert((next.part, next.kind));
        match next.kind {
            Kind::Text => self.parts.text(Some(text), events),
            Kind::Refusal => self.parts.refusal(Some(text), events),
            _ => self.parts.reasoning(Some(text), events),
        }
    }

    fn add_item(&mut self, said: Said, events: &mut Vec<Event>) {
        if let Some(item) = said.item.filter(Item::is_call) {
            let call = item.as_fragment(said.output_index, &self.reading);
            let signature = self.proof_of_call.take();
            self.call(Fragment { signature, ..call }, events);
        }
    }

    fn call_delta(&mut self, said: Said, events: &mut Vec<Event>) {
        let (index, json) = (Some(said.output_index), said.delta.unwrap_or_default());
        self.call(Fragment { index, json, ..Fragment::default() }, events);
    }

    fn call(&mut self, fragment: Fragment, events: &mut Vec<Event>) {
        self.has_items = true;
        let before = events.len();
        let added = self.calls.add(fragment, &self.reading, &mut self.parts, events);
        if events.len() > before {
            self.open = None;
        }
        if let Err(failure) = added {
            fail(failure, events);
        }
    }

    /// An item is done: content without a delta is returned now, with its signature.
    fn end_item(&mut self, at: u64, item: Item, events: &mut Vec<Event>) {
        self.has_items = true;
        let silent = !self.said.contains_key(&at);
        match item.r#type.as_str() {
            "message" if silent => {
                for (part, content) in (0..).zip(item.content.into_iter().flatten()) {
                    let open = |kind| Open { item: at, part, kind };
                    self.text(open(Kind::Text), content.text.unwrap_or_default(), events);
                    self.text(open(Kind::Refusal), content.refusal.unwrap_or_default(), events);
                }
            }
            "reasoning" => {
                if silent {
                    let text = joined(item.summary).or_else(|| joined(item.content));
                    let open = Open { item: at, part: 0, kind: Kind::Summary };
                    self.text(open, text.unwrap_or_default(), events);
                }
                self.prove(proof(item.id.as_deref(), item.encrypted_content), at, events);
            }
            _ if item.is_call() => {
                let json = item.whole_arguments().unwrap_or_default();
                let call = item.as_fragment(at, &self.reading);
                let signature = self.proof_of_call.take();
                self.call(Fragment { json, whole: true, signature, ..call }, events);
            }
            _ => {}
        }
        self.said.remove(&at);
        if self.open.is_some_and(|open| open.item == at) {
            self.close(events);
        }
    }

    fn prove(&mut self, proof: Option<String>, at: u64, events: &mut Vec<Event>) {
        let sign = |value: &str| Signature::from_client(Protocol::OpenAiResponses, value);
        let Some(part) = reasoning(String::new(), proof, sign) else { return };
        let Some(signature) = part.signature else { return };
        if signature.of_call {
            self.proof_of_call = Some(signature.of_its_call());
            return;
        }
        self.calls.interrupt();
        if matches!(part.content, Content::Redacted) {
            self.parts.sealed(signature, events);
        } else {
            if self.open.is_none_or(|open| open.item != at) {
                self.close(events);
            }
            self.parts.signature(Some(signature), events);
        }
        self.close(events);
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        self.open = None;
        self.parts.close(events);
    }

    fn complete(&mut self, mut response: Response, events: &mut Vec<Event>) {
        if let Some(failure) = response.take_failure() {
            return fail(failure, events);
        }
        // Some providers send everything only at the end.
        if !self.has_items {
            for (at, item) in (0..).zip(response.take_output()) {
                self.end_item(at, item, events);
            }
        }
        self.close(events);
        if let Err(failure) = self.calls.end(&self.reading, &mut self.parts, events) {
            return fail(failure, events);
        }
        if let Some(usage) = &response.usage {
            events.push(Event::Usage(usage.by(&USAGE)));
        }
        let reason = response.finish().with_calls(self.parts.has_called());
        events.push(Event::Finish { reason, stop_sequence: None });
        events.push(Event::Done);
    }
}

impl Open {
    fn is_same_reasoning(self, next: Self) -> bool {
        let is_reasoning = |open: Self| matches!(open.kind, Kind::Summary | Kind::Reasoning);
        self.item == next.item && is_reasoning(self) && is_reasoning(next)
    }
}

/// An event of any type: which fields it has depends on it.
#[derive(Deserialize)]
struct Said {
    r#type: String,
    response: Option<Response>,
    #[serde(default)]
    output_index: u64,
    content_index: Option<u64>,
    summary_index: Option<u64>,
    item: Option<Item>,
    delta: Option<String>,
    text: Option<String>,
    refusal: Option<String>,
}
