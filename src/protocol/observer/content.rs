//! Whether an event has content that a client would miss: text, reasoning, a tool call, a refusal,
//! a finish reason. Roles, empty deltas, IDs and usage do not count.
//!
//! The profiles list the places of content.

use super::top::Path;
use crate::{
    body::is_json,
    protocol::{
        Protocol,
        profile::{Said, Stream, ToldBy},
        told::Json,
    },
};

/// What the data of an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing that a client would miss.
    Nothing,
    /// Content.
    Content,
    /// It is not JSON.
    Unreadable,
}

/// What the data of an event contains. Any protocol's form is checked, since providers send others'
/// too.
pub(super) fn of(data: &[u8]) -> Says {
    if data.trim_ascii().is_empty() {
        return Says::Nothing;
    }
    match serde_json::from_slice::<Json<'_>>(data) {
        Err(_) if is_json(data) => Says::Content,
        Err(_) => Says::Unreadable,
        Ok(value) if is_content(&value) => Says::Content,
        Ok(_) => Says::Nothing,
    }
}

/// Whether this data only marks the end of the stream.
pub(super) fn closes(data: &[u8]) -> bool {
    some_profile(|stream| stream.closes.is_some_and(|it| it.as_bytes() == data))
}

/// Whether any protocol's streams have it, since providers send others' too.
pub(super) fn some_profile(has: impl Fn(&Stream) -> bool) -> bool {
    Protocol::ALL.iter().any(|protocol| has(&protocol.profile().stream))
}

fn is_content(value: &Json<'_>) -> bool {
    if let Json::List(items) = value {
        return items.iter().any(is_content);
    }
    let kind = value["type"].as_str();
    let mut streams = Protocol::ALL.iter().map(|protocol| &protocol.profile().stream);
    if let Some(kind) = kind {
        if streams.clone().any(|stream| stream.announcements.contains(&kind)) {
            return false;
        }
        let row = streams.clone().find_map(|stream| row(stream.said, kind));
        let ends = || streams.clone().any(|stream| stream.ends.iter().any(|end| quotes(end, kind)));
        return match row {
            Some(row) => stands_at(value, row),
            // Vendors add types: one of them is content if it ends the stream or has a text.
            None => ends() || has_text(value),
        };
    }
    let keyed = streams.find_map(|stream| {
        stream.said.iter().find(|said| match said.told_by {
            ToldBy::Key(key) => value.has(key),
            ToldBy::Type(_) => false,
        })
    });
    match keyed {
        Some(said) => stands_at(value, said),
        None => says_anything(value),
    }
}

fn row(rows: &'static [Said], kind: &str) -> Option<&'static Said> {
    rows.iter().find(|said| matches!(said.told_by, ToldBy::Type(told) if told == kind))
}

fn stands_at(value: &Json<'_>, said: &Said) -> bool {
    said.at.iter().any(|path| says_at(value, path))
}

fn says_at(value: &Json<'_>, path: Path) -> bool {
    match path {
        [] => says_anything(value),
        ["*", rest @ ..] => value.items().iter().any(|item| says_at(item, rest)),
        [key, rest @ ..] => says_at(&value[*key], rest),
    }
}

/// Whether this mark of an end is the type in quotes.
fn quotes(mark: &str, kind: &str) -> bool {
    mark.strip_prefix('"').and_then(|mark| mark.strip_suffix('"')) == Some(kind)
}

/// Whether there is a text in it, at any depth, that is more than a name of the thing itself. Numbers do not count.
fn has_text(value: &Json<'_>) -> bool {
    match value {
        Json::Object(fields) => {
            fields.iter().any(|(name, value)| !NAMES.contains(&&**name) && has_text(value))
        }
        Json::List(items) => items.iter().any(has_text),
        Json::Text(_) => says_anything(value),
        Json::Number(_) | Json::Null | Json::Bool(_) => false,
    }
}

/// Whether there is a text or a number in it, at any depth, that is more than a name of the thing itself.
fn says_anything(value: &Json<'_>) -> bool {
    match value {
        Json::Text(text) => !text.is_empty() && text != UNSAID,
        Json::List(items) => items.iter().any(says_anything),
        Json::Object(fields) => {
            fields.iter().any(|(name, value)| !NAMES.contains(&&**name) && says_anything(value))
        }
        Json::Number(_) => true,
        Json::Null | Json::Bool(_) => false,
    }
}

/// The finish reason of a stream that goes on, where a vendor writes one.
const UNSAID: &str = "FINISH_REASON_UNSPECIFIED";
/// Keys whose values only name or count.
const NAMES: [&str; 11] = [
    "type",
    "role",
    "id",
    "status",
    "index",
    "object",
    "model",
    "created",
    "phase",
    "system_fingerprint",
    "service_tier",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_announces_or_counts_is_not_content() {
        for nothing in [
            "",
            "{}",
            r#"{"choices":[]}"#,
            r#"{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"total_tokens":3}}"#,
            r#"{"choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"severity":"safe"}}}]}"#,
            r#"{"prompt_filter_results":[{"severity":"safe"}]}"#,
            r#"{"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null,"tool_calls":[]},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":null,"content_filter_results":{"hate":{"severity":"safe"}}}]}"#,
            r#"{"choices":[{"index":0,"text":"","finish_reason":null}]}"#,
            r#"{"type":"message_start","message":{"id":"msg","role":"assistant","content":[]}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"keepalive","sequence_number":3}"#,
            r#"{"type":"of.the.future","x":"","n":3}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"FINISH_REASON_UNSPECIFIED"}]}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":1}}"#,
            r#"{"type":"response.created","response":{"id":"r"}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#,
            r#"{"type":"response.content_part.added","part":{"type":"output_text","text":"","annotations":[]}}"#,
            r#"{"type":"response.output_text.delta","item_id":"m","delta":""}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":3},"modelVersion":"g"}"#,
            r#"{"usageMetadata":{"promptTokenCount":3},"modelVersion":"g","responseId":"r"}"#,
            r#"{"type":"message-start","id":"x","delta":{"message":{"role":"assistant","content":[]}}}"#,
            r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":""}}}}"#,
        ] {
            assert_eq!(of(nothing.as_bytes()), Says::Nothing, "{nothing}");
        }
    }

    #[test]
    fn what_a_client_would_miss_is_content() {
        for content in [
            r#"{"a":1}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning_content":"a"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"refusal":"no"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"index":0,"text":"a"}]}"#,
            r#"{"type":"content_block_start","content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
            r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"a"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
            r#"{"type":"response.output_item.added","item":{"id":"f","type":"function_call","name":"f","arguments":""}}"#,
            r#"{"type":"response.output_text.delta","delta":"a"}"#,
            r#"{"type":"response.completed","response":{}}"#,
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]}}]}"#,
            r#"{"candidates":[{"finishReason":"SAFETY"}]}"#,
            r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
            r#"[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}]"#,
            r#"{"type":"content-delta","delta":{"message":{"content":{"text":"a"}}}}"#,
            r#"{"type":"tool-call-start","delta":{"message":{"tool_calls":{"id":"t","function":{"name":"f"}}}}}"#,
            r#"{"type":"of.the.future","x":"a"}"#,
            r#"{"type":"message_stop"}"#,
        ] {
            assert_eq!(of(content.as_bytes()), Says::Content, "{content}");
        }
        for broken in ["<html>", "{\"choices\":[", "{not json}", "oops", "{\"a\":}"] {
            assert_eq!(of(broken.as_bytes()), Says::Unreadable, "{broken}");
        }
    }
}
