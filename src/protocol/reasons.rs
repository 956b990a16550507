//! Why a model stopped, from an answer that is passed on unchanged: found by the protocol's key,
//! reading only the value.
//!
//! A key inside a model's text is escaped or nested deeper.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{
    Protocol,
    conversation::Finish,
    usage::{depth, last_few},
};

/// Where a protocol's answers say why the model stopped, and the meaning of the words.
#[derive(Debug)]
pub(crate) struct Reasons {
    /// The meaning of a word; `None` if it is not a reason.
    pub(crate) read: fn(&str) -> Option<Finish>,
    /// The places in the events of a stream: the keys from the top, `*` for any item of an array.
    pub(crate) events: &'static [&'static [&'static str]],
    /// Whether it is in the event with the tokens, not in the last one.
    pub(crate) beside_usage: bool,
    /// The places in a whole answer.
    pub(crate) whole: &'static [Place],
}

/// A field of a whole answer: a string, or an object whose first string counts.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its key, in quotes.
    pub(crate) key: &'static str,
    /// How deep it may stand; the field of an answer is at 1.
    pub(crate) deep: [usize; 2],
    /// Whether it is before the content, so that it is searched from the start.
    pub(crate) is_early: bool,
}

impl Place {
    /// A field of the answer itself, after the content.
    pub(crate) const fn late(key: &'static str) -> Self {
        Self { key, deep: [1, 1], is_early: false }
    }

    /// The same, before it.
    pub(crate) const fn early(key: &'static str) -> Self {
        Self { key, deep: [1, 1], is_early: true }
    }
}

impl Reasons {
    /// For protocols without a reason.
    pub(crate) const NONE: Self =
        Self { read: |_| None, events: &[], beside_usage: false, whole: &[] };

    /// What a text means that stands at one of the places.
    pub(crate) fn meaning(&self, text: &[u8]) -> Option<Finish> {
        (self.read)(std::str::from_utf8(text).ok()?)
    }
}

/// Why the model stopped, in a whole answer.
pub(crate) fn of_answer(protocol: Protocol, answer: &[u8]) -> Option<Finish> {
    at_beginning(protocol, answer).or_else(|| at_end(protocol, answer))
}

/// The same, where it begins with these bytes.
pub(crate) fn at_beginning(protocol: Protocol, bytes: &[u8]) -> Option<Finish> {
    find(protocol, true, |place| {
        let places = finder(place)?.find_iter(bytes).take(A_FEW);
        first_text(places, bytes, |at, _| is_so_deep(place, depth_before(&bytes[..at])))
    })
}

/// The same, where it ends with these.
pub(crate) fn at_end(protocol: Protocol, bytes: &[u8]) -> Option<Finish> {
    find(protocol, false, |place| {
        let last = last_few(finder(place)?.find_iter(bytes));
        first_text(last.into_iter().rev(), bytes, |_, behind| is_so_deep(place, depth(behind)))
    })
}

/// The same for frames, which may be split anywhere.
pub(crate) fn in_frames(protocol: Protocol, bytes: &[u8]) -> Option<Finish> {
    find(protocol, false, |place| {
        first_text(finder(place)?.find_iter(bytes).take(A_FEW), bytes, |_, _| true)
    })
}

fn find<'a>(
    protocol: Protocol,
    is_early: bool,
    look: impl Fn(&'static Place) -> Option<&'a [u8]>,
) -> Option<Finish> {
    let reasons = protocol.profile().reasons;
    let places = reasons.whole.iter().filter(|place| place.is_early == is_early);
    places.filter_map(look).find_map(|text| reasons.meaning(text))
}

/// The search for a place's key: to prepare it costs more than to search.
fn finder(place: &Place) -> Option<&'static Finder<'static>> {
    FINDERS.iter().find(|finder| finder.needle() == place.key.as_bytes())
}

fn is_so_deep(place: &Place, depth: usize) -> bool {
    (place.deep[0]..=place.deep[1]).contains(&depth)
}

/// The first of these places with a string; `is_field` receives the place and the text after it.
fn first_text(
    mut places: impl Iterator<Item = usize>,
    bytes: &[u8],
    is_field: impl Fn(usize, &[u8]) -> bool,
) -> Option<&[u8]> {
    places.find_map(|at| {
        if at > 0 && bytes[at - 1] == b'\\' {
            return None;
        }
        // Over the key and its quotes.
        let key = memchr::memchr(b'"', &bytes[at + 1..])? + at + 2;
        let value = bytes[key..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let text = match value.first()? {
            b'"' => &value[1..],
            b'{' => {
                let inside = &value[1..];
                let colon = memchr::memchr(b':', inside)?;
                inside[colon + 1..].trim_ascii_start().strip_prefix(b"\"")?
            }
            _ => return None,
        };
        let end = memchr::memchr(b'"', &text[..text.len().min(LONGEST)])?;
        is_field(at, &text[end + 1..]).then_some(&text[..end])
    })
}

/// How many brackets are open behind these bytes.
fn depth_before(bytes: &[u8]) -> usize {
    let (mut open, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => open += 1,
            b'}' | b']' if !in_text => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open
}

/// One for each key of a protocol.
static FINDERS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
    let places = Protocol::ALL.iter().flat_map(|it| it.profile().reasons.whole);
    let mut keys: Vec<_> = places.map(|place| place.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(Finder::new).collect()
});
const A_FEW: usize = 8;
/// No vendor's word is longer.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(protocol: Protocol, body: &str) -> Option<Finish> {
        of_answer(protocol, body.as_bytes())
    }

    #[test]
    fn reason_of_a_whole_answer_is_read_in_every_protocol() {
        for (protocol, body, wanted) in [
            (
                Protocol::OpenAi,
                r#"{"choices":[{"message":{"content":"x"},"finish_reason":"length"}],"usage":{"a":{}}}"#,
                Finish::Length,
            ),
            (
                Protocol::OpenAi,
                r#"{"choices": [{"finish_reason" : "tool_calls", "message": {"tool_calls": [{"function": {"arguments": "{\"finish_reason\":\"stop\"}"}}]}}]}"#,
                Finish::ToolCalls,
            ),
            (
                Protocol::OpenAiResponses,
                r#"{"id":"r","status":"completed","incomplete_details":null,"output":[]}"#,
                Finish::Stop,
            ),
            (
                Protocol::OpenAiResponses,
                r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}"#,
                Finish::Length,
            ),
            (
                Protocol::OpenAiResponses,
                r#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}"#,
                Finish::ContentFilter,
            ),
            (
                Protocol::Anthropic,
                r#"{"content":[{"type":"tool_use","input":{"stop_reason":"end_turn"}}],"stop_reason":"tool_use","usage":{}}"#,
                Finish::ToolCalls,
            ),
            (
                Protocol::Gemini,
                r#"{"candidates":[{"content":{},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{}}"#,
                Finish::Length,
            ),
            (
                Protocol::Gemini,
                r#"[{"candidates":[{"content":{}}]},{"candidates":[{"finishReason":"STOP"}]}]"#,
                Finish::Stop,
            ),
            (
                Protocol::Gemini,
                r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{}}"#,
                Finish::ContentFilter,
            ),
            (
                Protocol::Bedrock,
                r#"{"output":{},"stopReason":"guardrail_intervened","usage":{}}"#,
                Finish::ContentFilter,
            ),
            (
                Protocol::Cohere,
                r#"{"id":"c","finish_reason":"MAX_TOKENS","message":{"content":[]},"usage":{}}"#,
                Finish::Length,
            ),
        ] {
            assert_eq!(whole(protocol, body), Some(wanted), "{body}");
        }
    }

    #[test]
    fn reason_inside_what_a_model_says_or_a_client_sends_is_not_read() {
        for (protocol, body) in [
            (
                Protocol::Anthropic,
                r#"{"content":[{"input":{"stop_reason":"end_turn"}}],"usage":{}}"#,
            ),
            (Protocol::Anthropic, r#"{"content":[{"text":"\"stop_reason\":\"end_turn\""}]}"#),
            (Protocol::Anthropic, r#"{"stop_reason":null}"#),
            (Protocol::OpenAi, r#"{"choices":[{"finish_reason":null}]}"#),
            (Protocol::OpenAi, r#"{"choices":[{"message":{"x":{"finish_reason":"stop"}}}]}"#),
            (
                Protocol::OpenAiResponses,
                r#"{"status":"in_progress","metadata":{"reason":"length"}}"#,
            ),
            (Protocol::OpenAiResponses, r#"{"output":[{"status":"completed"}]}"#),
            (Protocol::Cohere, r#"{"message":{"x":{"finish_reason":"COMPLETE"}}}"#),
            (Protocol::Cohere, r#"{"finish_reason":"ERROR"}"#),
            (Protocol::Bedrock, r#"{"output":{"stopReason":"end_turn"}}"#),
            (Protocol::Gemini, r#"{"candidates":[]}"#),
            (Protocol::Gemini, ""),
            (Protocol::Gemini, "\"finishReason\":\""),
        ] {
            assert_eq!(whole(protocol, body), None, "{body}");
        }
    }

    #[test]
    fn answer_that_is_cut_anywhere_is_no_panic() {
        let body =
            r#"{"finish_reason":"COMPLETE","stop_reason":{"a":"b"},"x":"\\\"","stopReason":"x"}"#;
        for from in 0..body.len() {
            for to in from..=body.len() {
                for &protocol in Protocol::ALL {
                    at_beginning(protocol, &body.as_bytes()[from..to]);
                    at_end(protocol, &body.as_bytes()[from..to]);
                    in_frames(protocol, &body.as_bytes()[from..to]);
                }
            }
        }
    }
}
