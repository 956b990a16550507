//! Reads contents, plans and calls into parts. Complete only with `message-end`.
//!
//! Citations are skipped.

use serde::Deserialize;

use crate::protocol::codec::Reading;
use crate::protocol::cohere::finish::read_finish;
use crate::protocol::cohere::profile::USAGE;
use crate::protocol::cohere::response::{BROKEN_OFF, Call};
use crate::protocol::conversation::{Event, Failure};
use crate::protocol::frames::{Frames, fail};
use crate::protocol::parts::Parts;
use crate::protocol::told::{At, by_status};
use crate::protocol::usage::Written;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(crate) struct State {
    reading: Reading,
    started: bool,
    parts: Parts,
    /// Whether the open text is a plan.
    plans: bool,
}

impl State {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) {
        if data.trim_ascii() == "[DONE]" {
            return self.end(events);
        }
        let Ok(said) = serde_json::from_str::<Said>(data) else {
            return fail(Failure::malformed("an event of the stream is not readable"), events);
        };
        let kind = said.r#type.as_deref().unwrap_or_default();
        if let (None, Some(message)) = (&said.r#type, said.message) {
            return fail(by_status::read_inside(At::Event, data.as_bytes(), &message), events);
        }
        let delta = said.delta.unwrap_or_default();
        if kind == "message-end" && delta.is_failure() {
            return fail(delta.into_failure(data), events);
        }
        if !self.started && !matches!(kind, "message-start" | "debug") {
            let failure = Failure::malformed("the stream does not begin with its start");
            return fail(failure, events);
        }
        match kind {
            "message-start" if !self.started => {
                self.started = true;
                events.push(Event::Start { id: said.id, model: None });
            }
            "content-start" => {
                self.close(events);
                self.read_content(delta, events);
            }
            "content-delta" | "tool-plan-delta" => self.read_content(delta, events),
            "content-end" | "tool-call-end" => self.close(events),
            "tool-call-start" => self.start_call(delta, events),
            "tool-call-delta" => self.read_arguments(delta, events),
            "message-end" => self.complete(delta, events),
            _ => {}
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        fail(Failure::cut(), events);
    }
}

impl State {
    fn read_content(&mut self, delta: Delta, events: &mut Vec<Event>) {
        let Some(message) = delta.message else { return };
        let content = message.content.unwrap_or_default();
        self.parts.reasoning(content.thinking, events);
        self.parts.text(content.text, events);
        self.read_plan(message.tool_plan, events);
    }

    /// What the model plans to do with its tools: text, and a part of its own.
    fn read_plan(&mut self, plan: Option<String>, events: &mut Vec<Event>) {
        if plan.as_ref().is_some_and(|plan| !plan.is_empty()) && !self.plans {
            self.parts.close(events);
            self.plans = true;
        }
        self.parts.text(plan, events);
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        self.parts.close(events);
        self.plans = false;
    }

    fn start_call(&mut self, delta: Delta, events: &mut Vec<Event>) {
        let Some(call) = delta.message.and_then(|message| message.tool_calls) else { return };
        let function = call.function.unwrap_or_default();
        let name = self.reading.tool_name(function.name.unwrap_or_default());
        let make_id = |index| self.reading.call_id(index);
        match self.parts.call(call.id, name, make_id, None, events) {
            Ok(()) => self.add_arguments(function.arguments, events),
            Err(failure) => fail(failure, events),
        }
    }

    fn read_arguments(&mut self, delta: Delta, events: &mut Vec<Event>) {
        let call = delta.message.and_then(|message| message.tool_calls);
        self.add_arguments(call.and_then(|call| call.function?.arguments), events);
    }

    fn add_arguments(&mut self, json: Option<String>, events: &mut Vec<Event>) {
        if !self.parts.arguments(json, events) {
            fail(Failure::malformed("the stream has arguments outside of a tool call"), events);
        }
    }

    fn complete(&mut self, delta: Delta, events: &mut Vec<Event>) {
        self.parts.close(events);
        events.extend(delta.usage.map(|usage| Event::Usage(usage.by(&USAGE))));
        let reason = delta.finish_reason.as_deref().unwrap_or_default();
        let reason = read_finish(reason).unwrap_or_default().with_calls(self.parts.has_called());
        events.push(Event::Finish { reason, stop_sequence: None });
        events.push(Event::Done);
    }
}

/// An event of any type: which fields it has depends on it.
#[derive(Deserialize)]
struct Said {
    r#type: Option<String>,
    id: Option<String>,
    delta: Option<Delta>,
    /// An error outside an event.
    message: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    message: Option<Message>,
    finish_reason: Option<String>,
    usage: Option<Written>,
    error: Option<String>,
}

/// What grows. At the start of the message its lists are empty; later each is one object.
#[derive(Deserialize)]
struct Message {
    #[serde(default, deserialize_with = "one")]
    content: Option<Content>,
    tool_plan: Option<String>,
    #[serde(default, deserialize_with = "one")]
    tool_calls: Option<Call>,
}

#[derive(Default, Deserialize)]
struct Content {
    text: Option<String>,
    thinking: Option<String>,
}

impl Delta {
    fn is_failure(&self) -> bool {
        let reason = self.finish_reason.as_deref().unwrap_or_default();
        self.error.is_some() || read_finish(reason).is_err()
    }

    fn into_failure(self, data: &str) -> Failure {
        let message = self.error.unwrap_or_else(|| BROKEN_OFF.to_owned());
        match read_finish(self.finish_reason.as_deref().unwrap_or_default()) {
            Err(kind) => Failure::new(kind, message),
            Ok(_) => by_status::read_inside(At::Event, data.as_bytes(), &message),
        }
    }
}

/// An object, or the first one of a list, if there is one.
fn one<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrList<T> {
        List(Vec<T>),
        One(T),
        Other(serde::de::IgnoredAny),
    }
    Ok(match OneOrList::deserialize(deserializer)? {
        OneOrList::List(list) => list.into_iter().next(),
        OneOrList::One(one) => Some(one),
        OneOrList::Other(_) => None,
    })
}
