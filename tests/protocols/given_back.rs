//! Reasoning on its way back: what a model thought before it called a tool, given to those who ask
//! for it and to nobody else.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Target};
use onwards::protocol::conversation::{Content, Delivery, Lossy, Part, Reply, ToolCall};

use super::corpus::client;

#[test]
fn a_model_that_must_be_reminded_of_its_reasoning_is() {
    for (speaks, request) in [
        (Protocol::Anthropic, anthropic()),
        (Protocol::OpenAiResponses, responses()),
        (Protocol::Bedrock, bedrock()),
        (Protocol::Gemini, gemini()),
        (Protocol::Cohere, cohere()),
    ] {
        for model in ["deepseek-v4-pro", "deepseek/deepseek-reasoner", "kimi-k2-thinking"] {
            let calls = calls(speaks, &request, model);
            assert_eq!(calls.len(), 1, "{speaks} {model}");
            assert_eq!(calls[0]["reasoning_content"], "I must look.", "{speaks} {model}");
        }
        for model in ["gpt-4o", "gpt-5", "mistral-medium-3-5", "grok-4"] {
            let calls = calls(speaks, &request, model);
            assert_eq!(calls[0].get("reasoning_content"), None, "{speaks} {model}");
        }
    }
}

/// A history that another model wrote holds none; the field must stand there all the same.
#[test]
fn calls_without_reasoning_say_so_where_the_field_must_be() {
    let mut request = anthropic();
    request["messages"][1]["content"].as_array_mut().unwrap().remove(0);
    let given = |model: &str| {
        calls(Protocol::Anthropic, &request, model)[0].get("reasoning_content").cloned()
    };
    assert_eq!(given("deepseek-v4-flash"), Some(json!("")));
    assert_eq!(given("Kimi-K2.6"), Some(json!("")));
    assert_eq!(given("glm-5"), None);
    // Those of the family that do not think, and who serve them, know no such field.
    assert_eq!(given("kimi-k2-instruct"), None);
}

/// Of an answer without calls the reasoning is over.
#[test]
fn only_calls_are_reasoned_about_again() {
    let request = json!({"model": "alias", "max_tokens": 90, "messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": ""}, {"type": "text", "text": "a"}]},
        {"role": "user", "content": "q"},
    ]});
    let body = written(Protocol::Anthropic, &request, "deepseek-v4-pro");
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "a"}));
}

/// Newer Geminis refuse a history with a call that nobody has signed. A client of theirs, served by
/// another vendor on one turn, gives Gemini itself what the router said then: that it is not to be
/// checked. For everyone else that is no signature at all.
#[test]
fn gemini_takes_back_calls_that_another_vendor_made() {
    let call = |id: &str| {
        let (id, name) = (id.to_owned(), "f".to_owned());
        Part::new(Content::ToolCall(ToolCall { id, name, arguments: "{}".to_owned() }))
    };
    let reply = Reply { parts: vec![Part::text("a"), call("1"), call("2")], ..Reply::default() };
    let codec = Protocol::Gemini.codec();
    let answer = codec.write_response(&reply, &client(Delivery::Whole));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let content = &answer["candidates"][0]["content"];
    let signature = |part: usize| &content["parts"][part]["thoughtSignature"];
    assert_eq!(signature(1), "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=");
    assert_eq!((signature(0), signature(2)), (&Value::Null, &Value::Null));

    let next = json!({"contents": [{"role": "user", "parts": [{"text": "q"}]}, content]});
    let head = Head { model: Some("alias"), delivery: None };
    let read = codec.read_request(&serde_json::to_vec(&next).unwrap(), &head).unwrap();
    assert!(read.turns[1].parts.iter().all(|part| part.signature.is_none()));
}

/// The messages that call tools, as that model's provider gets them.
fn calls(client: Protocol, request: &Value, model: &str) -> Vec<Value> {
    let body = written(client, request, model);
    let messages = body["messages"].as_array().unwrap();
    messages.iter().filter(|message| message["tool_calls"].is_array()).cloned().collect()
}

fn written(client: Protocol, request: &Value, model: &str) -> Value {
    let body = serde_json::to_vec(request).unwrap();
    let head = Head { model: Some("alias"), delivery: None };
    let conversation = client.codec().read_request(&body, &head).unwrap();
    let target = Target { model, lossy: Lossy::Warn, seed: "seed", ..Target::default() };
    let written = Protocol::OpenAi.codec().write_request(&conversation, &target).unwrap();
    assert_eq!(written.dropped, Vec::<String>::new(), "{client} {model}");
    serde_json::from_slice(&written.body).unwrap()
}

fn anthropic() -> Value {
    json!({"model": "alias", "max_tokens": 90, "messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "I must look.", "signature": "onwards#openai#x"},
            {"type": "tool_use", "id": "c", "name": "look", "input": {}},
        ]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "r"}]},
    ]})
}

fn responses() -> Value {
    json!({"model": "alias", "input": [
        {"role": "user", "content": "q"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "I must look."}]},
        {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "r"},
    ]})
}

fn bedrock() -> Value {
    json!({"messages": [
        {"role": "user", "content": [{"text": "q"}]},
        {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "I must look."}}},
            {"toolUse": {"toolUseId": "c", "name": "look", "input": {}}},
        ]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "r"}]}}]},
    ]})
}

fn gemini() -> Value {
    json!({"contents": [
        {"role": "user", "parts": [{"text": "q"}]},
        {"role": "model", "parts": [
            {"text": "I must look.", "thought": true},
            {"functionCall": {"name": "look", "args": {}}},
        ]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"output": "r"}}}]},
    ]})
}

fn cohere() -> Value {
    json!({"model": "alias", "messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "I must look."}], "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    ]})
}
