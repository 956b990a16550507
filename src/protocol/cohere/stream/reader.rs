//! Reading: contents, plans and calls into parts. Complete only with `message-end`.
//!
//! Citations are passed over.

use serde::Deserialize;

use crate::protocol::cohere::error;
use crate::protocol::cohere::response::{BROKEN_OFF, Call, UsageIn, read_finish};
use crate::protocol::conversation::{Event, Failure};
use crate::protocol::frames::{Frame, Frames};
use crate::protocol::wire::{Reading, StreamReader};

/// Reads one stream.
#[derive(Debug)]
pub(in crate::protocol::cohere) struct Reader {
    frames: Frames,
    frame: Frame,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    reading: Reading,
    started: bool,
    ended: bool,
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

impl Reader {
    pub(in crate::protocol::cohere) fn new(reading: Reading) -> Self {
        let state = State { reading, ..State::default() };
        Self { frames: Frames::default(), frame: Frame::default(), state }
    }
}

impl StreamReader for Reader {
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.frames.push(bytes);
        while !self.state.ended {
            match self.frames.next_into(&mut self.frame) {
                Ok(true) => self.state.read(&self.frame.data, events),
                Ok(false) => return,
                Err(_) => self.state.fail(Failure::malformed("an event is too long"), events),
            }
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        if !self.state.ended && self.frames.last_into(&mut self.frame) {
            self.state.read(&self.frame.data, events);
        }
        if !self.state.ended {
            self.state.fail(Failure::cut(), events);
        }
    }
}

impl State {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) {
        if data.trim() == "[DONE]" {
            return self.fail(Failure::cut(), events);
        }
        let Ok(said) = serde_json::from_str::<Said>(data) else {
            return self.fail(Failure::malformed("an event of the stream is not readable"), events);
        };
        let kind = said.r#type.as_deref().unwrap_or_default();
        if let (None, Some(message)) = (&said.r#type, said.message) {
            return self.fail(error::failure(None, message), events);
        }
        let delta = said.delta.unwrap_or_default();
        if kind == "message-end" && delta.is_failure() {
            return self.fail(delta.into_failure(), events);
        }
        if !self.started && !matches!(kind, "message-start" | "debug") {
            let failure = Failure::malformed("the stream does not begin with its start");
            return self.fail(failure, events);
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
        self.ended = true;
    }

    fn fail(&mut self, failure: Failure, events: &mut Vec<Event>) {
        events.push(Event::Failure(failure));
        self.ended = true;
    }
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
