//! `reasoning_translation`: efforts as one provider wants them told.
//!
//! Never: something is written where the client says nothing.

use serde_json::{Value, json};

use crate::support::{Call, Reply, Router, Upstream, chat};

fn translation() -> Value {
    json!({"chat_completions": {
    "unsupported_efforts": ["none", "minimal", "xhigh", "max"],
    "writes": [
        {"target_path": "/reasoning_effort", "values": {"low": "l", "medium": "m", "high": "h"}},
        {"target_path": "/thinking_token_budget", "values": {"low": 10, "medium": 20, "high": 30}},
        {"target_path": "/chat_template_kwargs/thinking",
         "values": {"low": false, "medium": true, "high": true}},
    ]}})
}

async fn asked(router: &Router, more: Value) -> crate::support::Response {
    let mut body = chat("m");
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    Call::chat(&body).send(router.addr()).await
}

#[tokio::test]
async fn an_effort_is_written_as_the_provider_wants_it() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let target = json!({"url": upstream.base(), "reasoning_translation": translation()});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let answer = asked(&router, json!({"reasoning_effort": "high", "max_tokens": 31})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = upstream.last().json();
    assert_eq!(
        (&seen["reasoning_effort"], &seen["thinking_token_budget"]),
        (&json!("h"), &json!(30))
    );
    assert_eq!(seen["chat_template_kwargs"], json!({"thinking": true}));
    assert_eq!((&seen["max_tokens"], &seen["messages"]), (&json!(31), &chat("m")["messages"]));

    asked(&router, json!({"max_tokens": 5})).await;
    let mut plain = chat("m");
    plain["max_tokens"] = 5.into();
    assert_eq!(upstream.last().json(), plain, "nothing said, nothing written");
}

#[tokio::test]
async fn what_cannot_be_translated_is_refused_with_its_reason() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let target = json!({"url": upstream.base(), "reasoning_translation": translation()});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    for (more, status, code, param) in [
        (
            json!({"reasoning_effort": "max", "max_tokens": 99}),
            400,
            "unsupported_value",
            "reasoning_effort",
        ),
        (json!({"reasoning_effort": "odd"}), 400, "unsupported_value", "reasoning_effort"),
        (
            json!({"reasoning_effort": "low"}),
            422,
            "missing_required_parameter",
            "max_completion_tokens",
        ),
        (json!({"reasoning_effort": "low", "max_tokens": 10}), 400, "invalid_value", "max_tokens"),
        (json!({"thinking": {"type": "enabled"}}), 400, "unsupported_parameter", "thinking"),
        (
            json!({"chat_template_kwargs": {"enable_thinking": true}}),
            400,
            "unsupported_parameter",
            "chat_template_kwargs.enable_thinking",
        ),
    ] {
        let answer = asked(&router, more.clone()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{more}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["error"]["param"], param, "{more}");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a_provider_that_does_not_take_the_effort_is_passed_over() {
    let first = Upstream::start(Reply::chat("first")).await;
    let second = Upstream::start(Reply::chat("second")).await;
    for fallback in [false, true] {
        let router = Router::start(&json!({"targets": {"m": {
        "strategy": "priority",
        "fallback": {"enabled": fallback},
        "providers": [
            {"url": first.base(), "reasoning_translation": translation()},
            {"url": second.base()},
        ]}}}))
        .await;
        let more = json!({"reasoning_effort": "max", "max_tokens": 99});
        assert_eq!(asked(&router, more).await.said(), "second", "{fallback}");
        let more = json!({"reasoning_effort": "low", "max_tokens": 99});
        assert_eq!(asked(&router, more).await.said(), "first", "{fallback}");
    }
}

#[tokio::test]
async fn a_wrong_translation_is_told_at_load_with_every_place() {
    let bad = json!({"chat_completions": {
    "unsupported_efforts": ["none", "low", "odd"],
    "writes": [
        {"target_path": "/thinking_token_budget", "values": {"low": 1.5, "medium": 2}},
        {"target_path": "/thinking", "values": {"low": 1}},
        {"target_path": "/thinking/type", "values": {"low": 1, "medium": 2}},
        {"target_path": "/messages", "values": {"low": 1, "medium": 2}},
    ]}});
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let targets = json!({"targets": {"m": {"url": "mock:", "reasoning_translation": bad}}});
    std::fs::write(&file, targets.to_string()).unwrap();
    let output = crate::support::run_cli(["check", file.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    for part in [
        "unsupported_efforts[2]: expected one of",
        "writes[0].values.low: a token budget must be a whole number",
        "writes[1].values: the first write and this one differ in `medium`",
        "unsupported_efforts: `low` is also mapped by the writes",
        "is neither mapped nor in `unsupported_efforts`",
        "writes[2].target_path: this path and that of write 1 overlap",
        "writes[3].target_path: this path is not allowed",
        "writes[0].target_path: a budget needs a write to `/reasoning_effort` beside it",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!output.status.success());
}
