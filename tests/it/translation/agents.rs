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

/// Claude Code at Vertex AI: values of the header and fields that are not known there go, everything else
/// stays as it came.
#[tokio::test]
async fn betas_that_vertex_ai_does_not_know_are_stripped() {
    let body = super::golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let base = format!("{}/v1/projects/p/locations/l/publishers/anthropic", upstream.base());
    let router = Router::start(&json!({"targets": {"m": {"url": base, "protocol": "anthropic",
        "onwards_key": "sk-provider", "onwards_model": "claude-opus-4-6"}}}))
    .await;
    let send = async |path: &str, body: &str| {
        let call = Call::post(path).header("anthropic-version", "2023-06-01").header(
            "anthropic-beta",
            "claude-code-20250219, context-1m-2025-08-07,effort-2025-11-24,advanced-tool-use-2025-11-20",
        );
        call.header("content-type", "application/json").body(body).send(router.addr()).await
    };
    let plain = r#" "max_tokens": 9.0e1, "messages": [ {"role":"user","content":"a\u0062 {\"scope\":1}"} ]}"#;
    let answer = send("/v1/messages", &format!(r#"{{"model": "m",{plain}"#)).await;
    assert_eq!((answer.status, answer.header("x-onwards-dropped")), (200, None));
    let seen = upstream.last();
    let sent = String::from_utf8(seen.body.clone()).unwrap();
    assert_eq!(sent, format!(r#"{{"anthropic_version":"vertex-2023-10-16",{plain}"#));
    let known = Some("context-1m-2025-08-07,tool-search-tool-2025-10-19");
    assert_eq!(seen.header("anthropic-beta"), known);

    let gated = r#"{"model":"m","context_management":{"edits":[]},"tools":[{"name":"f","eager_input_streaming":true,"defer_loading":true,"input_schema":{}}],"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","scope":"global"}}],"max_tokens":9,"messages":[]}"#;
    let answer = send("/v1/messages", gated).await;
    assert_eq!(answer.header("x-onwards-dropped"), Some("context_management"));
    let sent = String::from_utf8(upstream.last().body.clone()).unwrap();
    assert_eq!(
        sent,
        r#"{"anthropic_version":"vertex-2023-10-16","tools":[{"name":"f","defer_loading":true,"input_schema":{}}],"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"max_tokens":9,"messages":[]}"#
    );

    send("/v1/messages/count_tokens", &format!(r#"{{"model": "m",{plain}"#)).await;
    assert_eq!(upstream.last().header("anthropic-beta"), None);
}

/// What Bedrock knows of them stands in the body of Converse.
#[tokio::test]
async fn betas_become_fields_of_claude_on_bedrock() {
    let upstream = Upstream::start(Reply::new(503)).await;
    for (model, betas) in [
        ("anthropic.claude-sonnet-4-5-v1:0", json!(["context-1m-2025-08-07"])),
        ("amazon.nova-pro-v1:0", Value::Null),
    ] {
        let router = Router::start(&json!({"targets": {"m": {"url": upstream.base(),
            "protocol": "bedrock", "onwards_key": "sk-provider", "onwards_model": model}}}))
        .await;
        let request =
            json!({"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "q"}]});
        let call = Call::post("/v1/messages").header("anthropic-version", "2023-06-01");
        let call = call.header("anthropic-beta", "claude-code-20250219,context-1m-2025-08-07");
        call.json(&request).send(router.addr()).await;
        let sent = upstream.last().json();
        assert_eq!(sent["additionalModelRequestFields"]["anthropic_beta"], betas, "{sent}");
    }
}

/// An overflow is told in the words by which each agent knows it, and so is throttling.
#[tokio::test]
async fn errors_say_what_the_clients_tools_know() {
    for (status, name, message, code, words, client_status) in [
        (
            400,
            "ValidationException",
            "Input is too long for requested model.",
            json!("context_length_exceeded"),
            "prompt is too long",
            400,
        ),
        (
            400,
            "ValidationException",
            "expected maxLength: 2000000, actual: 3000000",
            json!("context_length_exceeded"),
            "prompt is too long",
            400,
        ),
        (
            400,
            "ValidationException",
            "The model is wrong.",
            Value::Null,
            "The model is wrong.",
            400,
        ),
        (
            429,
            "ThrottlingException",
            "Too many tokens, please wait.",
            json!("rate_limit_exceeded"),
            "rate_limit_error",
            429,
        ),
    ] {
        let reply = Reply::new(status)
            .header("content-type", "application/json")
            .header("x-amzn-errortype", name)
            .body(json!({"message": message}).to_string());
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&super::targets("bedrock", &upstream)).await;
        let answer = super::call("openai", false).send(router.addr()).await;
        let place = format!("{name}: {}", answer.text());
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (client_status, &code),
            "{place}"
        );
        let answer = super::call("anthropic", false).send(router.addr()).await;
        assert_eq!(answer.status, client_status, "{place}");
        assert!(
            answer.text().contains(words) && answer.text().contains(message),
            "{}",
            answer.text()
        );
    }
}

/// A vendor's own number for an overflow is no code that an agent knows.
#[tokio::test]
async fn an_overflow_has_the_code_that_agents_act_on() {
    let body = json!({"error": {"code": "1261", "message": "Prompt exceeds max length: the prompt is too long"}});
    let reply = Reply::new(400).header("content-type", "application/json").body(body.to_string());
    let upstream = Upstream::start(reply).await;
    let mut file = super::targets("openai", &upstream);
    file["targets"]["m"]["open_responses"] = json!({"adapter": true});
    let router = Router::start(&file).await;
    let answer = super::call("openai_responses", false).send(router.addr()).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json()["error"]["code"], "context_length_exceeded", "{}", answer.text());
}

/// An error in the place of a stream has the status that its words stand for.
#[tokio::test]
async fn an_error_that_opens_a_stream_keeps_its_own_status() {
    for (error, status) in [
        (json!({"message": "m", "type": "rate_limit_error", "code": "rate_limit_exceeded"}), 429),
        (json!({"message": "m", "type": "invalid_request_error", "code": null}), 400),
        (json!({"message": "m", "type": "x", "code": 402}), 402),
        (json!({"message": "m"}), 502),
    ] {
        let body = format!("data: {}\n\n", json!({"error": error}));
        let reply =
            Reply::new(200).header("content-type", "text/event-stream").chunked().body(body);
        let upstream = Upstream::start(reply).await;
        let mut file = super::targets("openai", &upstream);
        for enabled in [false, true] {
            file["targets"]["m"]["fallback"] = json!({"enabled": enabled});
            let router = Router::start(&file).await;
            let answer = super::call("anthropic", true).send(router.addr()).await;
            let place = format!("{error}, fallback {enabled}: {}", answer.text());
            let all_failed = enabled && status != 402;
            // Where every provider has failed, the router says so.
            assert!(
                answer.status == status || (all_failed && answer.status >= 429),
                "{place}: {}",
                answer.status
            );
        }
    }
}

/// However a vendor says when to come again, the client reads it where it looks for it.
#[tokio::test]
async fn retry_after_is_told_whatever_way_the_vendor_has() {
    let info = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.2s"}]}});
    let bare = json!({"error": {"message": "m"}, "message": "m"});
    for (provider, body, headers, wanted) in [
        ("gemini", &info, vec![], "18"),
        ("openai", &bare, vec![("retry-after-ms", "1500")], "2"),
        (
            "openai",
            &bare,
            vec![
                ("x-ratelimit-remaining-requests", "5"),
                ("x-ratelimit-reset-requests", "9s"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ],
            "360",
        ),
        ("bedrock", &bare, vec![("retry-after", "7")], "7"),
    ] {
        let mut reply = Reply::new(429).header("content-type", "application/json");
        for (name, value) in &headers {
            reply = reply.header(name, value);
        }
        let upstream = Upstream::start(reply.body(body.to_string())).await;
        let router = Router::start(&super::targets(provider, &upstream)).await;
        let answer = super::call("anthropic", false).send(router.addr()).await;
        assert_eq!(answer.status, 429, "{provider}: {}", answer.text());
        assert_eq!(answer.header("retry-after"), Some(wanted), "{provider} {headers:?}");
    }
}
