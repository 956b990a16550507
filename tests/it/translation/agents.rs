//! Agents at models that take less than their clients send: what goes over the wire, and what comes back.

use serde_json::{Value, json};

use crate::support::{Call, Reply, Router, Upstream};

/// A model that has no tools in a stream is asked for the whole answer, and its client gets a stream. The
/// file says what stands behind a name that does not tell it.
#[tokio::test]
async fn a_model_without_streamed_tools_is_streamed_to_the_client() {
    let call = json!({"toolUse": {"toolUseId": "t1", "name": "look", "input": {"at": "a.txt"}}});
    let message = json!({"role": "assistant", "content": [{"text": "I look."}, call]});
    let whole = json!({"output": {"message": message}, "stopReason": "tool_use",
        "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12}});
    let reply = Reply::new(200).header("content-type", "application/json").body(whole.to_string());
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&json!({"targets": {"m": {"url": upstream.base(),
        "protocol": "bedrock", "onwards_key": "sk-provider", "model_family": "llama3-3-70b",
        "onwards_model": "arn:aws:bedrock:eu-west-1:1:application-inference-profile/x"}}}))
    .await;
    let schema = json!({"type": "object", "properties": {"at": {"type": "string"}}});
    let function = json!({"name": "look", "parameters": schema});
    let mut request = json!({"model": "m", "stream": true, "tool_choice": "required",
        "messages": [{"role": "user", "content": "q"}],
        "tools": [{"type": "function", "function": function}]});
    let answer = Call::post("/v1/chat/completions").json(&request).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-onwards-dropped"), Some("tool_choice"));
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    for said in ["I look.", "a.txt", "\"tool_calls\"", "[DONE]"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(upstream.last().target.ends_with("/converse"), "{}", upstream.last().target);
    // Without tools it streams.
    request.as_object_mut().unwrap().remove("tools");
    Call::post("/v1/chat/completions").json(&request).send(router.addr()).await;
    assert!(upstream.last().target.ends_with("/converse-stream"));
}

/// Claude Code says who its user is in more characters than OpenAI takes, asks whether there is quota left
/// with one token, and has tools without properties.
#[tokio::test]
async fn what_claude_code_sends_is_fitted_to_openai() {
    let upstream = Upstream::start(Reply::new(503)).await;
    let router = Router::start(&json!({"targets": {"m": {"url": upstream.base(),
        "onwards_key": "sk-provider", "onwards_model": "deployment", "model_family": "gpt-5.6"}}}))
    .await;
    let user = format!("user_{}_account__session_{}", "a".repeat(64), "b".repeat(36));
    let request = json!({"model": "m", "max_tokens": 1, "metadata": {"user_id": user},
        "tools": [{"name": "TodoRead", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "quota"}]});
    let call = Call::post("/v1/messages").header("anthropic-version", "2023-06-01");
    call.json(&request).send(router.addr()).await;
    let sent = upstream.last().json();
    assert_eq!(sent["model"], "deployment");
    assert_eq!(sent["user"].as_str().map(str::len), Some(64), "{sent}");
    assert_eq!(sent["max_completion_tokens"], 16, "{sent}");
    assert_eq!(sent["reasoning_effort"], "none", "{sent}");
    assert_eq!(sent["tools"][0]["function"]["parameters"]["properties"], json!({}), "{sent}");
    assert_eq!(sent["tools"][0]["function"]["name"], Value::from("TodoRead"));
}

/// Vertex AI knows no ids of calls.
#[tokio::test]
async fn vertex_ai_is_told_no_ids() {
    let upstream = Upstream::start(Reply::new(503)).await;
    let base = format!("{}/v1/projects/p/locations/l/publishers/google", upstream.base());
    let router = Router::start(&json!({"targets": {"m": {"url": base, "protocol": "gemini",
        "onwards_key": "sk-provider", "onwards_model": "gemini-3.5-flash"}}}))
    .await;
    let call =
        json!({"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let messages = json!([{"role": "user", "content": "q"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "r"}]);
    let request = json!({"model": "m", "messages": messages});
    Call::post("/v1/chat/completions").json(&request).send(router.addr()).await;
    let sent = upstream.last();
    assert!(!sent.json().to_string().contains("call_1"), "{}", sent.json());
    assert_eq!(sent.json()["contents"][2]["parts"][0]["functionResponse"]["name"], "f");
}
