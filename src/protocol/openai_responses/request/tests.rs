//! What OpenAI refuses or takes for granted, and how a request answers it.

use serde_json::{Value, json};

use crate::protocol::Protocol;
use crate::protocol::codec::{Head, Target};
use crate::protocol::conversation::Lossy;

/// An Anthropic request as OpenAI gets it, and what was lost.
fn written(model: &str, fields: Value) -> (Value, Vec<String>) {
    let mut body = json!({"model": "alias", "max_tokens": 9_000,
        "messages": [{"role": "user", "content": "q"}]});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let from = Protocol::Anthropic.codec();
    let read = from.read_request(body.to_string().as_bytes(), &Head::default()).unwrap();
    let target = Target { model, lossy: Lossy::Warn, seed: "s", ..Target::default() };
    let written = Protocol::OpenAiResponses.codec().write_request(&read, &target).unwrap();
    (serde_json::from_slice(&written.body).unwrap(), written.dropped)
}

#[test]
fn the_least_limit_is_sixteen() {
    let (body, dropped) = written("gpt-5", json!({"max_tokens": 1}));
    assert_eq!((&body["max_output_tokens"], dropped), (&json!(16), vec!["max_tokens".to_owned()]));
}

#[test]
fn what_is_the_vendors_default_is_declined() {
    let (body, dropped) = written("gpt-5", json!({"tools": [{"name": "f", "input_schema": {}}]}));
    assert_eq!(body["tools"][0]["strict"], false);
    assert_eq!(body["store"], false);
    assert_eq!(dropped, [""; 0]);
}

#[test]
fn only_reasoning_models_are_asked_for_reasoning() {
    let thinking = json!({"thinking": {"type": "enabled", "budget_tokens": 4_000}});
    for (model, include, reasoning, lost) in [
        ("gpt-5", true, json!({"effort": "medium", "summary": "auto"}), false),
        ("o3-mini", true, json!({"effort": "medium", "summary": "auto"}), false),
        ("gpt-4o", false, Value::Null, true),
        ("qwen3", false, json!({"effort": "medium", "summary": "auto"}), false),
    ] {
        let (body, dropped) = written(model, thinking.clone());
        assert_eq!(body["include"].is_array(), include, "{model}");
        assert_eq!(body["reasoning"], reasoning, "{model}");
        assert_eq!(!dropped.is_empty(), lost, "{model}");
    }
    let (body, _) = written("gpt-5.1", json!({"thinking": {"type": "adaptive"}}));
    assert_eq!(body["reasoning"], json!({"effort": "medium", "summary": "auto"}));
    let (body, _) = written("gpt-5", json!({"output_config": {"effort": "low"}}));
    assert_eq!(body["reasoning"], json!({"effort": "low"}));
}

#[test]
fn texts_in_a_row_are_one_answer() {
    let said = ["I ", "say ", "it."].map(|text| json!({"type": "text", "text": text}));
    let messages = json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": said},
        {"role": "user", "content": "q"}]);
    let (body, _) = written("gpt-5", json!({"messages": messages}));
    assert_eq!(body["input"][1]["content"], "I say it.");
    assert_eq!(body["input"].as_array().unwrap().len(), 3);
}

#[test]
fn foreign_reasoning_stays_out() {
    let messages = json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": [
        {"type": "thinking", "thinking": "mine", "signature": "EqQB"},
        {"type": "thinking", "thinking": "yours", "signature": "onwards#openai_responses#rs_1:gAAA"},
        {"type": "thinking", "thinking": "", "signature": "onwards#openai_responses#gBBB"},
        {"type": "text", "text": "a"}]}]);
    let (body, dropped) = written("gpt-5", json!({"messages": messages}));
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA",
        "summary": [{"type": "summary_text", "text": "yours"}]});
    assert_eq!(body["input"][1], reasoning);
    let bare = json!({"type": "reasoning", "encrypted_content": "gBBB", "summary": []});
    assert_eq!(body["input"][2], bare);
    assert_eq!(body["input"][3], json!({"type": "message", "role": "assistant", "content": "a"}));
    assert_eq!(body["input"].as_array().unwrap().len(), 4);
    assert_eq!(dropped, [""; 0]);
}
