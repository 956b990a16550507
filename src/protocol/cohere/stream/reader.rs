//! Reading: contents, plans and calls into parts. Complete only with `message-end`.
//!
//! Citations are passed over.

use serde::Deserialize;

use crate::protocol::cohere::error;
use crate::protocol::cohere::response::{BROKEN_OFF, Call, UsageIn, read_finish};
use crate::protocol::conversation::{Event, Failure};
use crate::protocol::frames::Frames;
use crate::protocol::wire::Reading;

/// What is known in the midst of a stream.
#[derive(Debug, Default)]
pub(in crate::protocol::cohere) struct State {
    reading: Reading,
    started: bool,
    part: Part,
    calls: u32,
}

/// The part that is open.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Part {
    #[default]
    None,
    Text,
    Reasoning,
    /// What the model plans to do with its tools: text, and a part of its own.
    Plan,
    /// The call with this number of ours; whether it has arguments yet.
    Call(u32, bool),
}

impl State {
    pub(in crate::protocol::cohere) fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Frames for State {
    fn read(&mut self, data: &[u8], events: &mut Vec<Event>) {
        if data.trim_ascii() == b"[DONE]" {
            return self.end(events);
        }
        let Ok(said) = serde_json::from_slice::<Said>(data) else {
            return fail(Failure::malformed("an event of the stream is not readable"), events);
        };
        let kind = said.r#type.as_deref().unwrap_or_default();
        if let (None, Some(message)) = (&said.r#type, said.message) {
            return fail(error::failure(None, message), events);
        }
        let delta = said.delta.unwrap_or_default();
        if kind == "message-end" && delta.is_failure() {
            return fail(delta.into_failure(), events);
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
        events.push(Event::Failure(Failure::cut()));
    }
}

impl State {
    fn read_content(&mut self, delta: Delta, events: &mut Vec<Event>) {
        let Some(message) = delta.message else { return };
        let content = message.content.unwrap_or_default();
        for (text, part) in [
            (content.thinking, Part::Reasoning),
            (content.text, Part::Text),
            (message.tool_plan, Part::Plan),
        ] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                self.open(part, events);
                events.push(match part {
                    Part::Reasoning => Event::Reasoning(text),
                    _ => Event::Text(text),
                });
            }
        }
    }

    fn start_call(&mut self, delta: Delta, events: &mut Vec<Event>) {
        let Some(call) = delta.message.and_then(|message| message.tool_calls) else { return };
        let function = call.function.unwrap_or_default();
        let index = self.calls;
        self.calls += 1;
        self.open(Part::Call(index, false), events);
        events.push(Event::ToolCallStart {
            index,
            id: call.id.unwrap_or_else(|| self.reading.call_id(index)),
            name: self.reading.tool_name(function.name.unwrap_or_default()),
            signature: None,
        });
        self.add_arguments(function.arguments, events);
    }

    fn read_arguments(&mut self, delta: Delta, events: &mut Vec<Event>) {
        let call = delta.message.and_then(|message| message.tool_calls);
        self.add_arguments(call.and_then(|call| call.function?.arguments), events);
    }

    fn add_arguments(&mut self, json: Option<String>, events: &mut Vec<Event>) {
        let Some(json) = json.filter(|json| !json.is_empty()) else { return };
        if let Part::Call(index, _) = self.part {
            self.part = Part::Call(index, true);
            events.push(Event::ToolCallDelta { index, json });
        }
    }

    /// Makes this part the open one: it ends the part before it.
    fn open(&mut self, part: Part, events: &mut Vec<Event>) {
        if self.part != part {
            self.close(events);
            self.part = part;
        }
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        if let Part::Call(index, false) = self.part {
            events.push(Event::ToolCallDelta { index, json: "{}".to_owned() });
        }
        if std::mem::take(&mut self.part) != Part::None {
            events.push(Event::PartEnd);
        }
    }

    fn complete(&mut self, delta: Delta, events: &mut Vec<Event>) {
        self.close(events);
        events.extend(delta.usage.map(|usage| Event::Usage(usage.into_usage())));
        let reason = delta.finish_reason.as_deref().unwrap_or_default();
        let reason = read_finish(reason).unwrap_or_default().with_calls(self.calls > 0);
        events.push(Event::Finish { reason, stop_sequence: None });
        events.push(Event::Done);
    }
}

fn fail(failure: Failure, events: &mut Vec<Event>) {
    events.push(Event::Failure(failure));
}

/// An event of any type: which fields it has depends on it.
#[derive(Deserialize)]
struct Said {
    r#type: Option<String>,
    id: Option<String>,
    delta: Option<Delta>,
    /// An error that is no event.
    message: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    message: Option<Message>,
    finish_reason: Option<String>,
    usage: Option<UsageIn>,
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

    fn into_failure(self) -> Failure {
        let message = self.error.unwrap_or_else(|| BROKEN_OFF.to_owned());
        match read_finish(self.finish_reason.as_deref().unwrap_or_default()) {
            Err(kind) => Failure::new(kind, message),
            Ok(_) => error::failure(None, message),
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
