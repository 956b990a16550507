//! What Bedrock refuses, and how a request avoids it.

use serde_json::{Value, json};

use crate::protocol::Protocol;
use crate::protocol::codec::{Head, Target};
use crate::protocol::conversation::{Conversation, Lossy};

const CLAUDE: &str = "anthropic.claude-3-7-sonnet-20250219-v1:0";

/// A chat completions request as Bedrock gets it, and what was lost.
fn written(model: &str, fields: Value) -> (Value, Vec<String>) {
    let mut body = json!({"model": "alias", "messages": [{"role": "user", "content": "q"}]});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let from = Protocol::OpenAi.codec();
    let read = from.read_request(body.to_string().as_bytes(), &Head::default()).unwrap();
    write(model, &read)
}

fn write(model: &str, conversation: &Conversation) -> (Value, Vec<String>) {
    let target = Target { model, lossy: Lossy::Warn, seed: "s", ..Target::default() };
    let written = Protocol::Bedrock.codec().write_request(conversation, &target).unwrap();
    (serde_json::from_slice(&written.body).unwrap(), written.dropped)
}

fn tools() -> Value {
    json!([{"type": "function", "function": {"name": "f", "description": ""}}])
}

fn history() -> Value {
    let id = "i".repeat(70);
    json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": id, "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": id, "content": ""},
    ])
}

#[test]
fn a_history_of_tools_has_tools() {
    let (body, dropped) = written(CLAUDE, json!({"messages": history()}));
    let spec = &body["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!(spec["name"], "f");
    assert_eq!(spec["inputSchema"]["json"], json!({"type": "object", "properties": {}}));
    assert_eq!(dropped, [""; 0]);
    let used = &body["messages"][1]["content"][0]["toolUse"];
    assert!(used["toolUseId"].as_str().unwrap().len() <= 64);
    assert_eq!(used["input"], json!({}));
    let result = &body["messages"][2]["content"][0]["toolResult"];
    assert_eq!(result["toolUseId"], used["toolUseId"]);
    assert_eq!(result["content"], json!([]));
}

#[test]
fn no_tool_is_chosen_by_offering_none() {
    let (body, dropped) = written(CLAUDE, json!({"tools": tools(), "tool_choice": "none"}));
    assert_eq!((body.get("toolConfig"), dropped), (None, vec![]));
    let (body, dropped) =
        written(CLAUDE, json!({"messages": history(), "tools": tools(), "tool_choice": "none"}));
    let config = json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}}]});
    assert_eq!((&body["toolConfig"], dropped), (&config, vec!["tool_choice".to_owned()]));
}

#[test]
fn turns_alternate_and_none_is_empty() {
    let reasoning = json!({"role": "assistant", "content": " ", "reasoning_content": "foreign"});
    let messages =
        json!([{"role": "user", "content": "a"}, reasoning, {"role": "user", "content": "b"}]);
    let (body, _) = written(CLAUDE, json!({"messages": messages}));
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}])
    );
}

#[test]
fn a_document_has_a_text_beside_it() {
    let file = json!({"filename": "my_file.pdf", "file_data": "data:application/pdf;base64,AAAA"});
    let part = json!({"type": "file", "file": file});
    let messages = json!([{"role": "user", "content": [part, part]}]);
    let (body, _) = written(CLAUDE, json!({"messages": messages}));
    let content = &body["messages"][0]["content"];
    assert_eq!(content[0]["document"]["name"], "my file");
    assert_eq!(content[1]["document"]["name"], "my file 2");
    assert_eq!(content[2], json!({"text": "my file"}));
}

#[test]
fn each_family_thinks_in_its_own_words() {
    for (model, fields, limit) in [
        (CLAUDE, json!({"thinking": {"type": "enabled", "budget_tokens": 3_200}}), Some(4_000)),
        (
            "eu.anthropic.claude-opus-4-6-v1",
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
            Some(4_000),
        ),
        (
            "amazon.nova-2-lite-v1:0",
            json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
            Some(4_000),
        ),
        ("openai.gpt-oss-20b-1:0", json!({"reasoning_effort": "high"}), Some(4_000)),
        ("meta.llama3-1-8b-instruct-v1:0", Value::Null, Some(4_000)),
    ] {
        let (body, dropped) =
            written(model, json!({"reasoning_effort": "high", "max_tokens": 4_000}));
        assert_eq!(body["additionalModelRequestFields"], fields, "{model}");
        assert_eq!(body["inferenceConfig"]["maxTokens"].as_u64(), limit);
        assert_eq!(dropped.is_empty(), !fields.is_null(), "{model}");
    }
}

#[test]
fn thinking_keeps_to_its_rules() {
    let (body, dropped) = written(
        CLAUDE,
        json!({"reasoning_effort": "low", "tools": tools(), "tool_choice": "required",
            "temperature": 0.5, "top_p": 0.5, "max_tokens": 9_000}),
    );
    assert_eq!(dropped, ["temperature", "top_p", "tool_choice"]);
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    assert_eq!(body["inferenceConfig"], json!({"maxTokens": 9_000}));
    // After a failover: the last calls are another vendor's.
    let (body, dropped) =
        written(CLAUDE, json!({"messages": history(), "reasoning_effort": "low"}));
    assert_eq!(
        (body.get("additionalModelRequestFields"), dropped),
        (None, vec!["thinking".to_owned()])
    );
}

#[test]
fn cache_marks_are_for_those_who_know_them() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}]});
    let from = Protocol::Anthropic.codec();
    let read = from.read_request(body.to_string().as_bytes(), &Head::default()).unwrap();
    let point = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    for (model, marked) in [
        (CLAUDE, true),
        ("amazon.nova-pro-v1:0", true),
        ("anthropic.claude-3-haiku-20240307-v1:0", false),
    ] {
        let (body, _) = write(model, &read);
        let last = body["messages"][0]["content"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last == point, marked, "{model}");
    }
}

/// An error must say something, as for Anthropic.
#[test]
fn an_empty_error_says_that_it_is_one() {
    for (is_error, content) in [(true, json!([{"text": "Error"}])), (false, json!([]))] {
        let result = json!({"type": "tool_result", "tool_use_id": "t", "is_error": is_error});
        let body = json!({"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [result]}]});
        let from = Protocol::Anthropic.codec();
        let read = from.read_request(body.to_string().as_bytes(), &Head::default()).unwrap();
        let (body, _) = write(CLAUDE, &read);
        assert_eq!(body["messages"][2]["content"][0]["toolResult"]["content"], content);
    }
}
