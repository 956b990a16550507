//! Calls of tools as vendors send them: mixed, nameless, whole under one index.

use serde_json::json;

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
        let mut calls: Vec<(String, String, String)> = Vec::new();
        for event in events {
            match event {
                Event::ToolCallStart { id, name, .. } => calls.push((id, name, String::new())),
                Event::ToolCallDelta { index, json } => calls[index as usize].2.push_str(&json),
                _ => {}
            }
        }
        let calls: Vec<_> =
            calls.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
        assert_eq!(calls, expected, "{stream}");
    }
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
        let failure = protocol.wire().read_response(&body, &reading()).unwrap_err();
        assert_eq!(failure.kind, Kind::Malformed, "{protocol}");
    }
}
