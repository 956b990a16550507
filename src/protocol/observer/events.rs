//! The marks in the events of a stream: of last events, and of possible errors. Nearly every event
//! has none, which one pass shows.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use memchr::memmem::Finder;

use super::top::Top;
use crate::protocol::{
    Endpoint, Operation, Protocol, conversation::Finish, profile::Stream, reasons::Reasons, usage,
};

/// The marks of one protocol's streams.
#[derive(Debug)]
pub(super) struct Marks {
    /// How all of them end, behind the mark of usage, looked for at once: their beginnings are in every
    /// event. Absent where the machine has no instructions for it.
    tails: Option<Searcher>,
    /// Last events that are not JSON, and whether they are the very last.
    fields: Vec<(Finder<'static>, bool)>,
    /// The protocol's streams.
    stream: &'static Stream,
    /// What may be an error.
    errors: Vec<Finder<'static>>,
    /// Where it says why the model stopped.
    reasons: &'static Reasons,
}

/// What may be in some events.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Glance {
    /// One of the marks.
    pub(super) marks: bool,
    /// What the answer took.
    pub(super) usage: bool,
}

impl Marks {
    /// Those of the streams that this endpoint has.
    pub(super) fn of(path_and_query: &str, endpoint: Option<&Endpoint>) -> &'static Self {
        let speaks = match endpoint.filter(|endpoint| endpoint.operation != Operation::Native) {
            Some(endpoint) => Some(endpoint.protocol),
            None => Protocol::likely(path_and_query.split('?').next().unwrap_or_default()),
        };
        let of = |protocol| MARKS.iter().find(|(its, _)| *its == protocol).map(|(_, marks)| marks);
        speaks.and_then(of).unwrap_or(&USUAL)
    }

    fn new(stream: &'static Stream, reasons: &'static Reasons) -> Self {
        let finders = |marks: &'static [&str]| marks.iter().copied().map(Finder::new).collect();
        let field = |mark: &&'static str| (Finder::new(*mark), stream.last.contains(mark));
        let all = stream.ends.iter().chain(stream.errors).map(|mark| tail(mark.as_bytes()));
        Self {
            tails: Searcher::new([usage::MARK.as_bytes()].into_iter().chain(all)),
            fields: stream.ends.iter().filter(|mark| !mark.contains('"')).map(field).collect(),
            stream,
            errors: finders(stream.errors),
            reasons,
        }
    }

    fn of_protocol(protocol: Protocol) -> Self {
        let profile = protocol.profile();
        Self::new(&profile.stream, profile.reasons)
    }

    /// Whether the content of the last event is unknown.
    pub(super) fn name_no_end(&self) -> bool {
        self.stream.ends.is_empty()
    }

    /// What may be in these events.
    pub(super) fn glance(&self, events: &[u8]) -> Glance {
        let Some(tails) = &self.tails else { return Glance { marks: true, usage: true } };
        let mut glance = Glance::default();
        for found in tails.find_iter(events) {
            match found.pattern().as_usize() {
                0 => glance.usage = true,
                _ => glance.marks = true,
            }
            if glance.marks && glance.usage {
                break;
            }
        }
        glance
    }

    /// The last event among these, which continue at `top`; returns whether it is the very last,
    /// `None` if there is none. Sets `reason` if the events contain it.
    pub(super) fn end_in(
        &self,
        events: &[u8],
        top: &mut Top,
        reason: &mut Option<Finish>,
    ) -> Option<bool> {
        let mut end = None;
        let begins_event = !top.is_mid_event();
        for (field, last) in &self.fields {
            let begins_line = |at| match at {
                0 => begins_event,
                at => matches!(events[at - 1], b'\n' | b'\r'),
            };
            if field.find_iter(events).any(begins_line) {
                end = end.max(Some(*last));
            }
        }
        top.read(events, |top, text| {
            if let Some(place) = self.stream.places.iter().find(|place| top.is_at(place)) {
                end = end.max(self.says_end(place, text));
            }
            self.note(top, text, reason);
        });
        end
    }

    /// Sets why the model stopped, for protocols that report it beside the tokens.
    pub(super) fn reason_in(&self, events: &[u8], reason: &mut Option<Finish>) {
        if self.reasons.beside_usage {
            Top::default().read(events, |top, text| self.note(top, text, reason));
        }
    }

    fn note(&self, top: &Top, text: Option<&[u8]>, reason: &mut Option<Finish>) {
        if let Some(text) = text
            && self.reasons.events.iter().any(|place| top.is_at(place))
        {
            *reason = self.reasons.meaning(text).or(*reason);
        }
    }

    /// Whether the value at this place ends the stream, and if so whether nothing follows.
    fn says_end(&self, place: &[&str], text: Option<&[u8]>) -> Option<bool> {
        if place != ["type"] {
            return Some(false);
        }
        let text = std::str::from_utf8(text?).ok()?;
        let says = |marks: &[&str]| marks.iter().any(|mark| names(mark, text));
        says(self.stream.ends).then(|| says(self.stream.last))
    }

    /// Whether these may contain an error.
    pub(super) fn error_in(&self, events: &[u8]) -> bool {
        self.errors.iter().any(|error| error.find(events).is_some())
    }
}

/// The end of a mark: four bytes are compared at once, and a letter among them makes them rare.
fn tail(mark: &[u8]) -> &[u8] {
    let from = |length| &mark[mark.len().saturating_sub(length)..];
    let four = from(4);
    if four.iter().any(u8::is_ascii_alphabetic) { four } else { from(5) }
}

/// Whether this mark is for this text: it ends with it, in quotes.
fn names(mark: &str, text: &str) -> bool {
    let quoted = mark.strip_suffix('"').and_then(|mark| mark.strip_suffix(text));
    quoted.is_some_and(|before| before.ends_with('"'))
}

static MARKS: LazyLock<Vec<(Protocol, Marks)>> = LazyLock::new(|| {
    let all = Protocol::ALL.iter();
    all.map(|&protocol| (protocol, Marks::of_protocol(protocol))).collect()
});
static USUAL: LazyLock<Marks> = LazyLock::new(|| Marks::new(&Stream::USUAL, &Reasons::NONE));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_every_event_is_not_looked_at() {
        let usual = br#"data: {"choices":[{"delta":{"content":" one"},"finish_reason":null}]}"#;
        let spaced =
            br#"data: {"choices": [{"delta": {"content": " one"}, "finish_reason": null}]}"#;
        let marks = Marks::of_protocol(Protocol::OpenAi);
        assert!(!marks.glance(usual).marks || marks.tails.is_none());
        assert!(!marks.glance(spaced).marks || marks.tails.is_none());
    }

    #[test]
    fn an_end_is_no_text_and_no_null() {
        let ends = |protocol: Protocol, events: &str| {
            let marks = Marks::of_protocol(protocol);
            let end = marks.end_in(events.as_bytes(), &mut Top::default(), &mut None).is_some();
            assert!(marks.glance(events.as_bytes()).marks || !end, "what is an end is looked at");
            end
        };
        for end in [
            "data: [DONE]\n\n",
            "data: {\"choices\":[]}\r\n\r\ndata:[DONE]\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        ] {
            assert!(ends(Protocol::OpenAi, end), "{end}");
        }
        for none in [
            "data: {\"choices\":[{\"delta\":{\"content\":\"data: [DONE]\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n",
            "data: {\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}\n\n",
            ": [DONE]\n\n",
            ": {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"finish_reason\":\"stop\"},\"finish_reason\":null}]}\n\n",
            "data: {\"finish_reason\":\"stop\",\"usage\":{\"finish_reason\":\"stop\"}}\n\n",
        ] {
            assert!(!ends(Protocol::OpenAi, none), "{none}");
        }
        for (protocol, event) in [
            (Protocol::Anthropic, "data: {\"type\":\"message_stop\"}\n\n"),
            (Protocol::OpenAiResponses, "data: {\"type\":\"response.completed\"}\n\n"),
            (Protocol::Gemini, "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n"),
            (Protocol::Cohere, "data: {\"type\":\"message-end\"}\n\n"),
        ] {
            assert!(ends(protocol, event), "{event}");
        }
    }

    /// An argument of a tool may have any name and any value.
    #[test]
    fn mark_inside_what_a_model_says_is_no_end() {
        let names = [
            "error",
            "type",
            "message_stop",
            "message-end",
            "response.completed",
            "finishReason",
            "blockReason",
            "finish_reason",
            "candidates",
            "choices",
        ];
        for &protocol in Protocol::ALL {
            let marks = Marks::of_protocol(protocol);
            for (key, value) in names.iter().flat_map(|key| names.map(|value| (key, value))) {
                let says =
                    serde_json::json!({*key: value, "of": {*key: value}, "all": [{*key: value}]});
                for event in [
                    serde_json::json!({"type": "content_block_start", "content_block": {"input": says}}),
                    serde_json::json!({"candidates": [{"content": {"parts": [{"functionCall": {"args": says}}]}}]}),
                    serde_json::json!({"choices": [{"delta": {"x": says}, "text": says.to_string()}]}),
                    serde_json::json!({"type": "x", "name": value, "said": says.to_string()}),
                ] {
                    let event = format!("data: {event}\n\n");
                    let mut reason = None;
                    let end = marks.end_in(event.as_bytes(), &mut Top::default(), &mut reason);
                    assert_eq!((end, reason), (None, None), "{protocol}: {event}");
                }
            }
        }
    }
}
