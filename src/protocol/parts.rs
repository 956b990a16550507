//! Opens and closes the parts of a stream for readers, so that they keep the contract of
//! `codec::StreamReader`.
//!
//! Empty deltas and empty parts are dropped.

use super::bounds;
use super::conversation::{Event, Failure, Finish, Signature};

/// The part that is open, and how many calls there were.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    open: Open,
    calls: u32,
    /// The tool that stands for the answer, if any.
    answer_tool: Option<&'static str>,
    answered: bool,
    /// Text that is the answer only if that tool is not called.
    waiting: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Open {
    #[default]
    None,
    Text,
    Reasoning,
    Refusal,
    Sealed,
    /// A call; whether it has arguments yet.
    Call(bool),
    /// The call that stands for the answer; with the same flag.
    Answer(bool),
    /// A further call: the first is the answer, and this is reasoning; with the same flag.
    Beside(bool),
}

impl Parts {
    /// The parts of a stream in which a tool may stand for the answer.
    pub(crate) fn answered_through(answer_tool: Option<&'static str>) -> Self {
        Self { answer_tool, ..Self::default() }
    }

    /// More text. Beside a call that stands for the answer it is reasoning, so it waits until it is
    /// known whether there is one.
    pub(crate) fn text(&mut self, text: Option<String>, events: &mut Vec<Event>) {
        if self.answered {
            self.reasoning(text, events);
        } else if self.answer_tool.is_some() {
            self.waiting.extend(text);
            // So long a text is the answer itself.
            if self.waiting.len() > MOST_WAITING {
                self.answer_tool = None;
                self.release(events);
            }
        } else {
            self.say(Open::Text, text.map(Event::Text), events);
        }
    }

    /// More reasoning.
    pub(crate) fn reasoning(&mut self, text: Option<String>, events: &mut Vec<Event>) {
        self.say(Open::Reasoning, text.map(Event::Reasoning), events);
    }

    /// More of a refusal.
    pub(crate) fn refusal(&mut self, text: Option<String>, events: &mut Vec<Event>) {
        self.say(Open::Refusal, text.map(Event::Refusal), events);
    }

    /// The signature of the previous reasoning, or alone.
    pub(crate) fn signature(&mut self, signature: Option<Signature>, events: &mut Vec<Event>) {
        self.say(Open::Reasoning, signature.map(Event::ReasoningSignature), events);
    }

    /// Sealed reasoning: a part of its own.
    pub(crate) fn sealed(&mut self, seal: Signature, events: &mut Vec<Event>) {
        self.close(events);
        self.open = Open::Sealed;
        events.push(Event::Redacted(seal));
    }

    /// A call starts, or the answer that it stands for. Without a vendor's ID it gets one from
    /// `make_id`.
    ///
    /// # Errors
    /// The call has no name, so a client cannot run it; or there are too many calls.
    pub(crate) fn call(
        &mut self,
        id: Option<String>,
        name: String,
        make_id: impl FnOnce(u32) -> String,
        signature: Option<Signature>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        if name.is_empty() {
            return Err(Failure::nameless_call());
        }
        if self.calls as usize >= bounds::CALLS {
            return Err(Failure::malformed(bounds::TOO_MANY_CALLS));
        }
        self.close(events);
        if self.answer_tool == Some(name.as_str()) {
            self.begin_answer(events);
            return Ok(());
        }
        self.release(events);
        let index = self.calls;
        self.calls += 1;
        self.open = Open::Call(false);
        let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| make_id(index));
        events.push(Event::ToolCallStart { index, id, name, signature });
        Ok(())
    }

    /// More of the open call's arguments; without an open call they are lost, and false.
    pub(crate) fn arguments(&mut self, json: Option<String>, events: &mut Vec<Event>) -> bool {
        let Some(json) = json.filter(|json| !json.is_empty()) else { return true };
        let (has_arguments, said) = match &mut self.open {
            Open::Call(has) => (has, Event::ToolCallDelta { index: self.calls - 1, json }),
            Open::Answer(has) => (has, Event::Text(json)),
            Open::Beside(has) => (has, Event::Reasoning(json)),
            _ => return false,
        };
        *has_arguments = true;
        events.push(said);
        true
    }

    /// The open part is complete. A call without arguments gets `{}`.
    pub(crate) fn close(&mut self, events: &mut Vec<Event>) {
        if matches!(self.open, Open::Call(false) | Open::Answer(false)) {
            self.arguments(Some("{}".to_owned()), events);
        }
        if !matches!(std::mem::take(&mut self.open), Open::None | Open::Beside(false)) {
            events.push(Event::PartEnd);
        }
    }

    /// The stream ends: waiting text is the answer.
    pub(crate) fn end(&mut self, events: &mut Vec<Event>) {
        self.close(events);
        self.release(events);
    }

    /// The finish reason: a call that stands for the answer waits for no tool.
    pub(crate) fn finish(&self, reason: Finish) -> Finish {
        if self.answered && reason == Finish::ToolCalls { Finish::Stop } else { reason }
    }

    /// Whether there was a call.
    pub(crate) fn has_called(&self) -> bool {
        self.calls > 0
    }

    fn begin_answer(&mut self, events: &mut Vec<Event>) {
        if std::mem::replace(&mut self.answered, true) {
            self.open = Open::Beside(false);
            return;
        }
        let beside = std::mem::take(&mut self.waiting);
        self.reasoning(Some(beside).filter(|text| !text.trim().is_empty()), events);
        self.close(events);
        self.open = Open::Answer(false);
    }

    fn release(&mut self, events: &mut Vec<Event>) {
        let text = std::mem::take(&mut self.waiting);
        self.say(Open::Text, Some(Event::Text(text)), events);
        self.close(events);
    }

    fn say(&mut self, part: Open, said: Option<Event>, events: &mut Vec<Event>) {
        let is_empty = |event: &Event| match event {
            Event::Text(text) | Event::Reasoning(text) | Event::Refusal(text) => text.is_empty(),
            _ => false,
        };
        let Some(said) = said.filter(|event| !is_empty(event)) else { return };
        if self.open != part {
            self.close(events);
            self.open = part;
        }
        events.push(said);
    }
}

/// In bytes; no answer has so much text beside it.
const MOST_WAITING: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_balanced() {
        let (mut parts, mut events) = (Parts::default(), Vec::new());
        parts.close(&mut events);
        parts.text(Some(String::new()), &mut events);
        parts.close(&mut events);
        assert_eq!(events, []);
        parts.text(Some("a".into()), &mut events);
        parts.call(None, "f".into(), |index| format!("id{index}"), None, &mut events).unwrap();
        parts.close(&mut events);
        assert!(!parts.arguments(Some("{}".into()), &mut events));
        let start =
            Event::ToolCallStart { index: 0, id: "id0".into(), name: "f".into(), signature: None };
        let arguments = Event::ToolCallDelta { index: 0, json: "{}".into() };
        let text = Event::Text("a".into());
        assert_eq!(events, [text, Event::PartEnd, start, arguments, Event::PartEnd]);
        assert!(parts.call(None, String::new(), |_| String::new(), None, &mut events).is_err());
    }
}
