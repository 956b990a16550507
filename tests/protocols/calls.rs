//! Calls of tools as vendors send them: mixed, nameless, whole under one index.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::conversation::{Event, Kind};

use super::corpus::{read_stream, reading};
use super::grammar::check;

/// Calls whose fragments come mixed go out one after the other.
#[test]
fn mixed_fragments_of_calls_are_put_in_order() {
    let start = |index: u32, id: &str, name: &str| json!({"index": index, "id": id, "function": {"name": name, "arguments": ""}});
    let more = |index: u32, json: &str| json!({"index": index, "function": {"arguments": json}});
    let expected = [("a", "f", r#"{"x":1}"#), ("b", "g", r#"{"y":{"z":2}}"#)];
    for fragments in [
        // 0, 1, 0, 1
        vec![
            start(0, "a", "f"),
            start(1, "b", "g"),
            more(0, r#"{"x":"#),
            more(1, r#"{"y":{"#),
            more(0, "1}"),
            more(1, r#""z":2}}"#),
        ],
        // All of the second before the first ends.
        vec![
            start(0, "a", "f"),
            more(0, "{"),
            start(1, "b", "g"),
            more(1, r#"{"y":{"z":2}}"#),
            more(0, r#""x":1}"#),
        ],
        // One after the other.
        vec![
            start(0, "a", "f"),
            more(0, r#"{"x":1}"#),
            start(1, "b", "g"),
            more(1, r#"{"y":{"z":2}}"#),
        ],
        // Whole, all under one index.
        vec![
            json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": r#"{"x":1}"#}}),
            json!({"index": 0, "id": "b", "function": {"name": "g", "arguments": {"y": {"z": 2}}}}),
        ],
        // The name after the id, and no index.
        vec![
            json!({"id": "a"}),
            json!({"function": {"name": "f"}}),
            json!({"function": {"arguments": r#"{"x":1}"#}}),
            json!({"id": "b", "function": {"name": "g", "arguments": r#"{"y":{"z":2}}"#}}),
        ],
    ] {
        let chunks =
            fragments.iter().map(|call| json!({"choices": [{"delta": {"tool_calls": [call]}}]}));
        let end = json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]});
        let stream: String =
            chunks.chain([end]).map(|chunk| format!("data: {chunk}\n\n")).collect();
        let events = read_stream(Protocol::OpenAi, &[stream.as_bytes()]);
        check(&events, &stream);
        assert_eq!(calls_in(events), expected.map(owned), "{stream}");
    }
}

/// Items that are open at once: each call goes out once, with what it says.
#[test]
fn items_of_responses_may_be_open_at_once() {
    let call = |at: u32, more: Value| {
        let (id, name) = (["a", "b"][at as usize], ["f", "g"][at as usize]);
        let mut item = json!({"type": "function_call", "call_id": id, "name": name});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"type": "response.output_item.done", "output_index": at, "item": item})
    };
    let added = |at: u32| {
        let mut event = call(at, json!({"arguments": ""}));
        event["type"] = json!("response.output_item.added");
        event
    };
    let whole = [r#"{"x":1}"#, r#"{"y":{"z":2}}"#];
    let done = |at: u32| call(at, json!({"arguments": whole[at as usize]}));
    let more = |at: u32, json: &str| json!({"type": "response.function_call_arguments.delta", "output_index": at, "delta": json});
    let text = |kind: &str, field: &str, said: &str| json!({"type": format!("response.output_text.{kind}"), "output_index": 2, field: said});
    let all = |at: u32| more(at, whole[at as usize]);
    let message = json!({"type": "response.output_item.done", "output_index": 2, "item": {"type": "message", "content": [{"text": "hi"}]}});
    for (text, items) in [
        // No deltas.
        ("", vec![added(0), added(1), done(0), done(1)]),
        ("", vec![added(0), added(1), done(1), done(0)]),
        ("", vec![added(0), done(1), done(0)]),
        // Deltas of the one, then of the other; or mixed.
        ("", vec![added(0), added(1), all(0), all(1), done(0), done(1)]),
        ("", vec![added(0), added(1), all(1), all(0), done(1), done(0)]),
        (
            "",
            vec![
                added(0),
                added(1),
                more(0, r#"{"x":"#),
                more(1, r#"{"y":{"#),
                more(0, "1}"),
                done(0),
                more(1, r#""z":2}}"#),
                done(1),
            ],
        ),
        // The end of an item is not told, or told when all of it has been said.
        ("", vec![added(0), all(0), added(1), all(1)]),
        ("", vec![added(0), all(0), added(1), all(1), done(1), done(0), done(1)]),
        // A text between them is said once.
        (
            "hi",
            vec![
                text("delta", "delta", "h"),
                added(0),
                all(0),
                text("delta", "delta", "i"),
                done(0),
                added(1),
                done(1),
                text("done", "text", "hi"),
                message.clone(),
            ],
        ),
        (
            "hi",
            vec![added(0), all(0), text("done", "text", "hi"), message, added(1), done(0), done(1)],
        ),
    ] {
        let end = json!({"type": "response.completed", "response": {"status": "completed"}});
        let stream: String =
            items.iter().chain([&end]).map(|event| format!("data: {event}\n\n")).collect();
        for at in 0..stream.len() {
            let (before, after) = stream.as_bytes().split_at(at);
            let events = read_stream(Protocol::OpenAiResponses, &[before, after]);
            check(&events, &stream);
            let said: String = events
                .iter()
                .filter_map(|event| match event {
                    Event::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(said, text, "{stream}");
            let expected = [("a", "f", whole[0]), ("b", "g", whole[1])];
            assert_eq!(calls_in(events), expected.map(owned), "{stream}");
        }
    }
}

fn calls_in(events: Vec<Event>) -> Vec<(String, String, String)> {
    let mut calls: Vec<(String, String, String)> = Vec::new();
    for event in events {
        match event {
            Event::ToolCallStart { id, name, .. } => calls.push((id, name, String::new())),
            Event::ToolCallDelta { index, json } => calls[index as usize].2.push_str(&json),
            _ => {}
        }
    }
    calls
}

fn owned((id, name, json): (&str, &str, &str)) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), json.to_owned())
}

/// Blocks of another vendor's Anthropic that come mixed are no answer: nothing of them is dropped.
#[test]
fn mixed_blocks_are_a_failure() {
    let stream: String = [
        json!({"type": "message_start", "message": {}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "a", "name": "f"}}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "b", "name": "g"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
        json!({"type": "message_stop"}),
    ]
    .iter()
    .map(|event| format!("data: {event}\n\n"))
    .collect();
    let events = read_stream(Protocol::Anthropic, &[stream.as_bytes()]);
    assert!(
        matches!(events.last(), Some(Event::Failure(failure)) if failure.kind == Kind::Malformed)
    );
}

/// Nobody can run a call without a name.
#[test]
fn a_call_without_a_name_is_a_failure() {
    for (protocol, answer) in [
        (
            Protocol::OpenAi,
            json!({"choices": [{"message": {"tool_calls": [{"id": "a", "function": {"arguments": "{}"}}]}}]}),
        ),
        (Protocol::Anthropic, json!({"content": [{"type": "tool_use", "id": "a", "input": {}}]})),
        (
            Protocol::Gemini,
            json!({"candidates": [{"content": {"parts": [{"functionCall": {"args": {}}}]}}]}),
        ),
        (
            Protocol::Bedrock,
            json!({"output": {"message": {"content": [{"toolUse": {"toolUseId": "a"}}]}}}),
        ),
        (Protocol::Cohere, json!({"message": {"tool_calls": [{"id": "a", "function": {}}]}})),
        (Protocol::OpenAiResponses, json!({"output": [{"type": "function_call", "call_id": "a"}]})),
    ] {
        let body = serde_json::to_vec(&answer).unwrap();
        let failure = protocol.codec().read_response(&body, &reading()).unwrap_err();
        assert_eq!(failure.kind, Kind::Malformed, "{protocol}");
    }
}
