//! Prompt caches: marks for clients that set none, and none where the file does not ask for them.

use serde_json::{Value, json};

use super::{golden, targets};
use crate::support::{Call, Reply, Router, Upstream};

#[tokio::test]
async fn marks_are_set_for_clients_that_set_none_where_the_file_says_so() {
    let reply = Reply::new(200).header("content-type", "application/json").body(golden(
        "anthropic",
        "plain",
        "response.json",
    ));
    let upstream = Upstream::start(reply).await;
    for (cache, marks) in [(json!(null), 0), (json!("client"), 0), (json!("auto"), 4)] {
        let mut file = targets("anthropic", &upstream);
        if !cache.is_null() {
            file["targets"]["m"]["cache"] = cache.clone();
        }
        let router = Router::start(&file).await;
        let answer = chat().send(router.addr()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = upstream.last().json();
        let place = format!("{cache}: {body}");
        assert_eq!(body.to_string().matches("cache_control").count(), marks, "{place}");
        if marks > 0 {
            assert!(body["tools"][0]["cache_control"].is_object(), "{place}");
            assert!(body["system"][0]["cache_control"].is_object(), "{place}");
            for turn in [0, 2] {
                let content = body["messages"][turn]["content"].as_array().unwrap();
                assert!(content.last().unwrap()["cache_control"].is_object(), "{place}");
            }
        }
        // A client of Anthropic's own that sets none: one member more, and nothing else.
        let own = r#"{"max_tokens":9, "messages":[{"role":"user","content":"q"}],"model":"m"}"#;
        let call = Call::post("/v1/messages").header("content-type", "application/json").body(own);
        assert_eq!(call.send(router.addr()).await.status, 200);
        let seen = String::from_utf8(upstream.last().body.to_vec()).unwrap();
        let mark = if marks > 0 { r#""cache_control":{"type":"ephemeral"},"# } else { "" };
        let start = format!("{{{mark}{}", &own[1..own.len() - 4]);
        assert!(seen.starts_with(&start), "{seen}");
    }
}

/// Marks of chat clients reach Claude as they are, wherever the client sets them.
#[tokio::test]
async fn marks_of_chat_clients_reach_claude() {
    let reply = Reply::new(200).header("content-type", "application/json").body(golden(
        "anthropic",
        "plain",
        "response.json",
    ));
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("anthropic", &upstream)).await;
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": mark}]},
        {"role": "user", "content": "q", "cache_control": mark},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "r", "cache_control": mark}]},
    ], "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}, "cache_control": mark}]});
    let answer = Call::post("/v1/chat/completions").json(&body).send(router.addr()).await;
    assert_eq!((answer.status, answer.header("x-onwards-dropped")), (200, None));
    let seen = upstream.last().json();
    for place in [
        "/tools/0/cache_control",
        "/system/0/cache_control",
        "/messages/0/content/0/cache_control",
        "/messages/2/content/0/cache_control",
    ] {
        assert_eq!(seen.pointer(place), Some(&mark), "{place}: {seen}");
    }
}

/// One key for each session, for OpenAI's models alone.
#[tokio::test]
async fn a_session_has_one_key() {
    let body = golden("openai", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let mut keys: Vec<Value> = Vec::new();
    for (model, user, turns) in [
        ("gpt-5", "user_1_session_a", 1),
        ("gpt-5", "user_1_session_a", 2),
        ("gpt-5", "user_1_session_b", 1),
        ("llama-4", "user_1_session_a", 1),
        ("gpt-5", "someone", 1),
    ] {
        let mut file = targets("openai", &upstream);
        file["targets"]["m"]["onwards_model"] = json!(model);
        let router = Router::start(&file).await;
        let messages: Vec<_> =
            (0..turns).map(|n| json!({"role": "user", "content": format!("{n}")})).collect();
        let body = json!({"model": "m", "max_tokens": 99, "metadata": {"user_id": user}, "messages": messages});
        let answer = Call::post("/v1/messages").json(&body).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        keys.push(upstream.last().json()["prompt_cache_key"].clone());
    }
    assert!(keys[0].is_string() && keys[0] == keys[1] && keys[0] != keys[2], "{keys:?}");
    assert_eq!(keys[3..], [Value::Null, Value::Null]);
}

fn chat() -> Call {
    Call::post("/v1/chat/completions").json(&json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "q2"},
    ], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]}))
}
