//! Texts outside of the body: names that a pattern matches, ids in paths, headers.
//!
//! Never: a text of a client's reaches a provider where no rule looked at it.

use serde_json::json;

use super::is_refusal;
use crate::support::{Call, Reply, Router, Upstream, assert_ok, chat};

#[tokio::test]
async fn name_that_a_pattern_sends_on_is_looked_at() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let rules = json!(["cards", "mail", "project"]);
    let router = Router::start(&json!({
        "guardrails": {"cards": {"match": "payment_card"}, "mail": {"match": "email", "action": "redact"},
            "project": {"match": {"regex": "osprey"}}},
        "targets": {
            "openai/*": {"url": upstream.base(), "guardrails": rules, "onwards_model": "${model#openai/}"},
            "ge-*": {"url": upstream.base(), "protocol": "gemini", "guardrails": rules},
            "osprey": {"url": upstream.base(), "guardrails": rules}}}))
    .await;
    let contents = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    for (name, rule) in [
        ("openai/4111111111111111", "cards"),
        ("openai/ann@example.com", "mail"),
        ("openai/osprey", "project"),
    ] {
        is_refusal(&Call::chat(&chat(name)).send(router.addr()).await, rule);
        let led = Call::chat(&chat("x")).header("model-override", name);
        is_refusal(&led.send(router.addr()).await, rule);
        let body =
            json!({"model": name, "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]});
        is_refusal(&Call::post("/v1/messages").json(&body).send(router.addr()).await, rule);
        let path = format!("/v1beta/models/{}:generateContent", name.replace("openai/", "ge-"));
        is_refusal(&Call::post(&path).json(&contents).send(router.addr()).await, rule);
    }
    assert_eq!(upstream.hits(), 0);
    // A client did not write a name of the file, and a name without a match passes.
    assert_ok(&router.chat("osprey").await);
    assert_ok(&router.chat("openai/gpt-4o").await);
}

#[tokio::test]
async fn ids_in_paths_are_looked_at_and_words_of_protocols_are_not() {
    let upstream = Upstream::start(Reply::json(200, &json!({"id": "x"}))).await;
    let router = Router::start(&json!({
        "guardrails": {"cards": {"match": "payment_card"}, "mail": {"match": "email", "action": "redact"},
            "project": {"match": {"regex": "osprey|files|speech"}}},
        "targets": {"z": {"url": upstream.base(), "guardrails": ["cards", "mail", "project"],
            "endpoints": ["inference", "files", "stored", "batches"]}}}))
    .await;
    let at = |method: &str, path: &str| Call::new(method, path).header("model-override", "z");
    for (method, path, rule) in [
        ("GET", "/v1/files/4111111111111111", "cards"),
        ("DELETE", "/v1/files/4111-1111-1111-1111", "cards"),
        ("GET", "/v1/responses/ann%40example.com", "mail"),
        ("GET", "/v1/files/osprey-plans/content", "project"),
        ("POST", "/v1/batches/osprey/cancel", "project"),
    ] {
        is_refusal(&at(method, path).send(router.addr()).await, rule);
    }
    assert_eq!(upstream.hits(), 0);
    for path in ["/v1/files/file-1", "/v1/files", "/v1/responses/resp_1"] {
        let answer = at("GET", path).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    let speech = Call::post("/v1/audio/speech").json(&json!({"model": "z", "input": "hi"}));
    assert_eq!(speech.send(router.addr()).await.status, 200);
}

#[tokio::test]
async fn headers_that_reach_a_provider_are_looked_at() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&json!({
        "guardrails": {"cards": {"match": "payment_card"}, "mail": {"match": "email", "action": "redact"}},
        "targets": {"z": {"url": upstream.base(), "guardrails": ["cards", "mail"]}}}))
    .await;
    let with = |name: &str, value: &str| Call::chat(&chat("z")).header(name, value);
    is_refusal(&with("x-note", "4111 1111 1111 1111").send(router.addr()).await, "cards");
    is_refusal(&with("x-request-id", "ann@example.com").send(router.addr()).await, "mail");
    assert_eq!(upstream.hits(), 0);
    assert_ok(
        &with("x-user", "ann@example.com").header("x-team", "blue").send(router.addr()).await,
    );
    let seen = upstream.last();
    assert_eq!((seen.header("x-user"), seen.header("x-team")), (None, Some("blue")));
    let encoded = with("baggage", "user=ann%40example.com,team=blue");
    assert_ok(&encoded.send(router.addr()).await);
    assert_eq!(
        upstream.last().header("baggage"),
        None,
        "the values of baggage are percent-encoded"
    );
    is_refusal(&with("x-note", "4111%201111%201111%201111").send(router.addr()).await, "cards");
    // What stays with the router does not reach a provider.
    assert_ok(&with("x-forwarded-email", "ann@example.com").send(router.addr()).await);
}
