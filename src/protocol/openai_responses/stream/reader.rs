//! Reading: items into parts. Complete only with `response.completed` or `response.incomplete`.
//!
//! What an item says again when it is done is taken only where no delta said it before. Items that
//! only OpenAI has are passed over.

use serde::Deserialize;

use crate::protocol::Protocol;
use crate::protocol::conversation::{Content, Event, Failure, Signature};
use crate::protocol::frames::Frames;
use crate::protocol::openai_responses::error;
use crate::protocol::openai_responses::item::{Item, joined, proof, reasoning};
use crate::protocol::openai_responses::response::Response;
use crate::protocol::wire::Reading;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(in crate::protocol::openai_responses) struct State {
    reading: Reading,
    started: bool,
    open: Option<Open>,
    /// The last item of which a text was given out.
    said: Option<u64>,
    calls: u32,
}

/// The open part: its item's place in the output, its own place in the item, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    item: u64,
    part: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    /// The reasoning's summary.
    Summary,
    /// The reasoning itself, as open models give it.
    Reasoning,
    /// The call with this number; whether it has arguments yet.
    Call(u32, bool),
}

impl State {
    pub(in crate::protocol::openai_responses) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &[u8], events: &mut Vec<Event>) {
        if data.trim_ascii() == b"[DONE]" {
            return self.fail(Failure::cut(), events);
        }
        let Ok(mut said) = serde_json::from_slice::<Said>(data) else {
            return self.fail(Failure::malformed("an event of the stream is not readable"), events);
        };
        match said.r#type.as_str() {
            "error" => return self.fail(said.into_failure(), events),
            "response.failed" => {
                let failure = said.response.unwrap_or_default().take_failure();
                return self.fail(failure.unwrap_or_else(Failure::cut), events);
            }
            _ => self.start(said.response.as_mut(), events),
        }
        match said.r#type.as_str() {
            "response.output_item.added" => self.add_item(&said, events),
            "response.output_item.done" => self.end_item(said, events),
            "response.function_call_arguments.delta" => self.call_delta(said, events),
            "response.completed" | "response.incomplete" => {
                self.complete(said.response.unwrap_or_default(), events);
            }
            "keepalive" => events.push(Event::Ping),
            _ => self.read_text(said, events),
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        self.fail(Failure::cut(), events);
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

    /// The texts of messages and of reasoning; every other event says nothing new.
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
        } else if self.open != Some(open) {
            // Done, and nothing of it came before.
            self.text(open, said.text.or(said.refusal).unwrap_or_default(), events);
        }
    }

    fn text(&mut self, next: Open, text: String, events: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        match self.open {
            Some(open) if open == next => {}
            // One item's reasoning is one part: its paragraphs are joined, and of the summary and
            // the reasoning itself only the one that came first is taken.
            Some(open) if open.is_same_reasoning(next) => {
                if open.kind != next.kind {
                    return;
                }
                self.open = Some(next);
                events.push(Event::Reasoning("\n\n".to_owned()));
            }
            _ => {
                self.close(events);
                self.open = Some(next);
            }
        }
        self.said = Some(next.item);
        events.push(match next.kind {
            Kind::Text => Event::Text(text),
            Kind::Refusal => Event::Refusal(text),
            _ => Event::Reasoning(text),
        });
    }

    fn add_item(&mut self, said: &Said, events: &mut Vec<Event>) {
        if let Some(item) = said.item.as_ref().filter(|item| item.is_call()) {
            self.open_call(said.output_index, item, events);
        }
    }

    fn open_call(&mut self, at: u64, item: &Item, events: &mut Vec<Event>) {
        self.close(events);
        let index = self.calls;
        self.calls += 1;
        self.open = Some(Open { item: at, part: 0, kind: Kind::Call(index, false) });
        events.push(Event::ToolCallStart {
            index,
            id: item.call_id(&self.reading, index),
            name: item.tool_name(&self.reading),
            signature: None,
        });
    }

    fn call_delta(&mut self, said: Said, events: &mut Vec<Event>) {
        let Some(json) = said.delta.filter(|json| !json.is_empty()) else { return };
        match &mut self.open {
            Some(Open { item, kind: Kind::Call(index, has_arguments), .. })
                if *item == said.output_index =>
            {
                *has_arguments = true;
                events.push(Event::ToolCallDelta { index: *index, json });
            }
            _ => self.fail(Failure::malformed("the stream mixes its tool calls"), events),
        }
    }

    /// An item is whole: what no delta said is said now, and its proof with it.
    fn end_item(&mut self, said: Said, events: &mut Vec<Event>) {
        let (at, Some(item)) = (said.output_index, said.item) else { return };
        let silent = self.said != Some(at);
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
            _ if item.is_call() => self.end_call(at, &item, events),
            _ => {}
        }
        self.close(events);
    }

    fn prove(&mut self, proof: Option<String>, at: u64, events: &mut Vec<Event>) {
        let sign = |value: &str| Signature::from_client(Protocol::OpenAiResponses, value);
        let Some(part) = reasoning(String::new(), proof, sign) else { return };
        let Some(signature) = part.signature else { return };
        let is_sealed = matches!(part.content, Content::Redacted);
        if is_sealed || self.open.is_none_or(|open| open.item != at) {
            self.close(events);
        }
        self.open.get_or_insert(Open { item: at, part: 0, kind: Kind::Summary });
        events.push(if is_sealed {
            Event::Redacted(signature)
        } else {
            Event::ReasoningSignature(signature)
        });
    }

    fn end_call(&mut self, at: u64, item: &Item, events: &mut Vec<Event>) {
        let is_open = |open: &Open| open.item == at && matches!(open.kind, Kind::Call(..));
        if !self.open.as_ref().is_some_and(is_open) {
            self.open_call(at, item, events);
        }
        if let Some(Open { kind: Kind::Call(index, has_arguments @ false), .. }) = &mut self.open
            && let Some(json) = item.whole_arguments()
        {
            *has_arguments = true;
            events.push(Event::ToolCallDelta { index: *index, json });
        }
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        let Some(open) = self.open.take() else { return };
        if let Kind::Call(index, false) = open.kind {
            events.push(Event::ToolCallDelta { index, json: "{}".to_owned() });
        }
        events.push(Event::PartEnd);
    }

    fn complete(&mut self, mut response: Response, events: &mut Vec<Event>) {
        if let Some(failure) = response.take_failure() {
            return self.fail(failure, events);
        }
        self.close(events);
        if let Some(usage) = response.usage {
            events.push(Event::Usage(usage.into_usage()));
        }
        let reason = response.finish().with_calls(self.calls > 0);
        events.push(Event::Finish { reason, stop_sequence: None });
        events.push(Event::Done);
    }

    fn fail(&self, failure: Failure, events: &mut Vec<Event>) {
        events.push(Event::Failure(failure));
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
    error: Option<error::Detail>,
    code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

impl Said {
    /// An `error` event: its words stand in it, or in an object of their own.
    fn into_failure(self) -> Failure {
        let Self { error, code, message, param, .. } = self;
        let own = error::Detail { code, r#type: None, message, param };
        error.unwrap_or(own).into_failure()
    }
}
