//! Names that clients ask for: targets, patterns, further names, the default, and which model goes upstream.

use serde_json::{Value, json};

use crate::support::{Call, Reply, Router, Upstream, assert_error, chat, run_cli};

const OK: &str = r#"{"id":"c","object":"chat.completion","model":"said","choices":[]}"#;

fn asked(model: &str) -> Call {
    Call::chat(&json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}))
}

#[tokio::test]
async fn name_is_a_target_then_the_longest_pattern_then_the_default() {
    let upstream = Upstream::start(Reply::new(200).body(OK)).await;
    let at = |name: &str, more: Value| {
        let mut target = json!({"providers": [{"name": name, "url": upstream.base()}]});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        target
    };
    let router = Router::start(&json!({
        "aliases": {"gpt-4": "gpt-4o", "sonnet": "claude-sonnet-4"},
        "targets": {
            "gpt-4o": at("exact", json!({"default": true})),
            "claude-*": at("short", json!({})),
            "claude-*-4": at("long", json!({})),
            "claude-3": at("named", json!({})),
            "openai/*": {"providers": [
                {"name": "stripped", "url": upstream.base(), "onwards_model": "${model#openai/}"}]},
            "eu.*": {"providers": [
                {"name": "around", "url": upstream.base(), "onwards_model": "x/${model}@eu"}]},
            "fixed-*": {"providers": [{"name": "fixed", "url": upstream.base(), "onwards_model": "one"}]},
        }}))
    .await;
    for (model, provider, sent) in [
        ("gpt-4o", "exact", "gpt-4o"),
        ("gpt-4", "exact", "gpt-4o"),
        ("claude-3", "named", "claude-3"),
        ("claude-haiku", "short", "claude-haiku"),
        ("claude-sonnet-4", "long", "claude-sonnet-4"),
        ("sonnet", "long", "claude-sonnet-4"),
        ("openai/gpt-5", "stripped", "gpt-5"),
        ("eu.m", "around", "x/eu.m@eu"),
        ("fixed-x", "fixed", "one"),
        ("Claude-x", "exact", "gpt-4o"),
        ("anything \"else\"", "exact", "gpt-4o"),
    ] {
        let response = asked(model).send(router.addr()).await;
        assert_eq!(response.status, 200, "{model}: {}", response.text());
        assert_eq!(response.header("x-onwards-provider"), Some(provider), "{model}");
        assert_eq!(upstream.last().json()["model"], sent, "{model}");
    }
    let page = router.metrics().await;
    assert!(page.contains(r#"alias="claude-*""#) && !page.contains("claude-haiku"), "{page}");
    let listed = Call::get("/v1/models").send(router.addr()).await.json();
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["claude-3", "gpt-4", "gpt-4o", "sonnet"]);
    let one = Call::get("/v1/models/claude-haiku").send(router.addr()).await.json();
    assert_eq!(one["id"], "claude-haiku");
}

#[tokio::test]
async fn pattern_is_served_in_every_protocol_and_place_of_the_name() {
    let gemini = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}],
        "modelVersion":"gemini-real"}"#;
    let upstream = Upstream::start(Reply::new(200).body(gemini)).await;
    let router = Router::start(&json!({"targets": {
        "gemini-*": {"url": upstream.base(), "protocol": "gemini", "onwards_model": "${model}"}}}))
    .await;
    let own = Call::post("/v1beta/models/gemini-9:generateContent")
        .json(&json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}));
    assert_eq!(own.send(router.addr()).await.status, 200);
    assert!(upstream.last().target.starts_with("/v1beta/models/gemini-9:generateContent"));
    let response = asked("gemini-8").send(router.addr()).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert!(upstream.last().target.starts_with("/v1beta/models/gemini-8:generateContent"));
    assert_eq!(response.json()["model"], "gemini-real", "{}", response.text());
    let over = asked("other").header("model-override", "gemini-7");
    assert_eq!(over.send(router.addr()).await.status, 200);
    assert!(upstream.last().target.contains("gemini-7"));
}

#[test]
fn name_that_leads_nowhere_or_twice_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    for (file, words) in [
        (
            json!({"aliases": {"a": "gpt-4p"}, "targets": {"gpt-4o": {"url": "mock:"}}}),
            "did you mean `gpt-4o`?",
        ),
        (json!({"aliases": {"a": "a"}, "targets": {}}), "itself an entry of `aliases`"),
        (
            json!({"aliases": {"a": "b", "b": "m"}, "targets": {"m": {"url": "mock:"}}}),
            "itself an entry of `aliases`",
        ),
        (
            json!({"aliases": {"m": "n"}, "targets": {"m": {"url": "mock:"}, "n": {"url": "mock:"}}}),
            "already",
        ),
        (
            json!({"targets": {"m": {"url": "mock:", "default": true}, "n": {"url": "mock:", "default": true}}}),
            "targets[\"n\"].default",
        ),
        (json!({"targets": {"m": {"url": "mock:", "onwards_model": "${model}${model}"}}}), "twice"),
        (json!({"targets": {"m": {"url": "mock:", "onwards_model": "${modle}"}}}), "neither"),
        (
            json!({"targets": {"m": {"url": "mock:", "name": "${model}"}}}),
            "only in `onwards_model`",
        ),
        (json!({"targets": {"m": {"url": "mock:", "onwards_key": "Bearer ${caller}"}}}), "whole"),
    ] {
        std::fs::write(&path, file.to_string()).unwrap();
        let output = run_cli(["check", path.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(told.contains(words), "{file}: {told}");
    }
}

#[tokio::test]
async fn unknown_name_is_told_the_nearest_that_the_caller_may_use() {
    let file = json!({
    "auth": {"key_definitions": {"ann": {"key": "sk-ann"}, "bob": {"key": "sk-bob"}}},
    "targets": {
        "gpt-4o": {"url": "mock:", "keys": ["ann"]},
        "gpt-4o-mini": {"url": "mock:", "keys": ["ann", "bob"]},
        "llama": {"url": "mock:", "keys": ["ann"]},
    }});
    let router = Router::start(&file).await;
    let told = async |model: &str, key: &str| {
        let response = asked(model).key(key).send(router.addr()).await;
        assert_error(&response, 404, "model_not_found");
        response.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    let message = told("gpt-4", "sk-ann").await;
    assert!(message.contains("Did you mean `gpt-4o` or `gpt-4o-mini`?"), "{message}");
    let message = told("gpt-4", "sk-bob").await;
    assert!(message.contains("`gpt-4o-mini`?") && !message.contains("`gpt-4o`"), "{message}");
    let message = told("lama", "sk-bob").await;
    assert!(!message.contains("llama"), "{message}");
    assert!(!told("zzzzzz", "sk-ann").await.contains("Did you mean"));
    let response = asked("gpt-4").key("sk-none").send(router.addr()).await;
    assert_error(&response, 401, "invalid_api_key");
    assert!(!response.text().contains("gpt-4o"), "{}", response.text());
    let response = Call::get("/v1/models/gpt-4").key("sk-ann").send(router.addr()).await;
    assert!(response.text().contains("`gpt-4o`"), "{}", response.text());
}

#[tokio::test]
async fn callers_own_key_goes_to_that_provider_alone_and_rests_nobody() {
    let refuse =
        Reply::new(401).body(r#"{"error":{"message":"no","type":"authentication_error"}}"#);
    let own = Upstream::start(refuse).await;
    let down = Upstream::start(Reply::new(503).body("{}")).await;
    let second = Upstream::start(Reply::new(200).body(OK)).await;
    let router = Router::start(&json!({"targets": {
        "m": {"strategy": "priority", "cooldown": {"failures": 1},
            "fallback": {"enabled": true, "on_status": [5]}, "providers": [
            {"name": "own", "url": own.base(), "protocol": "anthropic", "onwards_key": "${caller}"},
            {"name": "second", "url": second.base(), "onwards_key": "sk-operator"}]},
        "n": {"strategy": "priority", "fallback": {"enabled": true}, "providers": [
            {"name": "down", "url": down.base(), "onwards_key": "${caller}"},
            {"name": "second", "url": second.base(), "onwards_key": "sk-operator"}]},
        "bearer": {"url": own.base(), "onwards_key": "${caller}"},
        "plain": {"url": own.base()}}}))
    .await;
    // Its own refusal is the client's answer: no other account pays for it, and the provider does not rest.
    for _ in 0..3 {
        let response = asked("m").key("sk-client").send(router.addr()).await;
        assert_eq!(response.status, 401, "{}", response.text());
        assert_eq!(response.header("x-onwards-attempts"), Some("own=401"));
        assert_eq!(own.last().header("x-api-key"), Some("sk-client"));
        assert_eq!(own.last().header("authorization"), None);
    }
    let response = asked("n").key("sk-client").send(router.addr()).await;
    assert_eq!(response.header("x-onwards-attempts"), Some("down=503,second=200"));
    assert_eq!(second.last().header("authorization"), Some("Bearer sk-operator"));
    let alone = |name: &str| asked("bearer").header(name, "sk-client");
    for name in ["x-api-key", "api-key", "x-goog-api-key"] {
        assert_eq!(alone(name).send(router.addr()).await.status, 401);
        assert_eq!(own.last().header("authorization"), Some("Bearer sk-client"), "{name}");
        assert_eq!(own.last().header(name), None);
    }
    asked("plain").key("sk-client").send(router.addr()).await;
    assert_eq!(own.last().header("authorization"), None);
    Call::chat(&chat("bearer")).send(router.addr()).await;
    assert_eq!(own.last().header("authorization"), None);
    assert!(!router.log_text().contains("sk-client"));
}

#[tokio::test]
async fn redirect_is_the_operators_permission() {
    let redirect = |to: &str| json!([{"match_labels": {"plan": "free"}, "action": {"type": "redirect", "target": to}}]);
    let router = Router::start(&json!({
        "auth": {"key_definitions": {"ann": {"key": "sk-ann", "labels": {"plan": "free"}}}},
        "targets": {
            "m": {"url": "mock:", "keys": ["ann"], "routing_rules": redirect("small")},
            "small": {"providers": [{"name": "small", "url": "mock:"}], "keys": [],
                "routing_rules": [{"match_labels": {}, "action": {"type": "deny"}}]}}}))
    .await;
    let response = asked("m").key("sk-ann").send(router.addr()).await;
    assert_eq!(response.header("x-onwards-provider"), Some("small"), "{}", response.text());
    let response = asked("small").key("sk-ann").send(router.addr()).await;
    assert_error(&response, 403, "forbidden");
}
