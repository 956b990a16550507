//! Pools that take over from one another.
//!
//! Never: a caller reaches a pool that its key does not open.

use std::time::Instant;

use serde_json::json;

use crate::support::{
    Call, Fault, Place, Reply, Router, Upstream, assert_error, assert_ok, chat, chat_stream,
    eventually, ms, provider, run_cli, secs,
};

#[tokio::test]
async fn the_next_pool_takes_over_and_the_trail_tells() {
    let bad = Upstream::start(Reply::error(500, "broken")).await;
    let good = Upstream::start(Reply::chat("hi")).await;
    let falls = json!({"enabled": true});
    let targets = json!({"targets": {
        "m": {"strategy": "priority", "fallback": {"enabled": true, "to": ["next"]},
            "providers": [provider("a", &bad), provider("b", &bad)]},
        "next": {"fallback": {"enabled": true, "to": ["last"]}, "providers": [provider("c", &bad)]},
        "last": {"fallback": falls, "providers": [provider("d", &good)],
            "response_headers": {"x-pool": "last"}},
    }});
    let router = Router::start(&targets).await;
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "a=500,b=500,c=500,d=200");
    assert_eq!(answer.header("x-onwards-provider"), Some("d"));
    assert_eq!(answer.header("x-pool"), Some("last"));
}

#[tokio::test]
async fn a_pool_that_does_not_fall_back_ends_the_chain() {
    let bad = Upstream::start(Reply::error(500, "broken")).await;
    let good = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({"targets": {
        "m": {"fallback": {"enabled": true, "to": ["closed", "open"]}, "providers": [provider("a", &bad)]},
        "closed": {"fallback": {"enabled": false}, "providers": [provider("b", &bad)]},
        "open": {"providers": [provider("c", &good)]},
    }});
    let router = Router::start(&targets).await;
    let answer = router.chat("m").await;
    assert_eq!((answer.status, answer.attempts()), (500, "a=500,b=500"));
    assert_eq!(good.hits(), 0);
}

#[tokio::test]
async fn rights_rules_and_limits_hold_along_the_chain() {
    let bad = Upstream::start(Reply::error(500, "broken")).await;
    let good = Upstream::start(Reply::chat("hi")).await;
    let to = json!(["closed", "denied", "full", "open"]);
    let targets = json!({
        "auth": {"key_definitions": {
            "k": {"key": "sk-k", "labels": {"region": "eu"}}, "other": {"key": "sk-other"}}},
        "targets": {
            "m": {"keys": ["k"], "fallback": {"enabled": true, "to": to}, "providers": [provider("a", &bad)]},
            "closed": {"keys": ["other"], "providers": [provider("closed", &good)]},
            "denied": {"keys": ["k"], "routing_rules": [
                {"match_labels": {"region": "eu"}, "action": {"type": "deny"}}],
                "providers": [provider("denied", &good)]},
            "full": {"keys": ["k"], "rate_limit": {"requests_per_second": 0.001, "burst_size": 1},
                "providers": [provider("full", &good)]},
            "open": {"keys": ["k"], "providers": [provider("open", &good)]},
        },
    });
    let router = Router::start(&targets).await;
    let ask = async || router.post("/v1/chat/completions", "sk-k", &chat("m")).await;
    assert_eq!(ask().await.attempts(), "a=500,full=200");
    assert_eq!(ask().await.attempts(), "a=500,full=limited,open=200");
}

#[tokio::test]
async fn attempts_are_counted_over_the_whole_chain() {
    let bad = Upstream::start(Reply::error(500, "broken")).await;
    let targets = json!({"targets": {
        "m": {"strategy": "priority", "fallback": {"enabled": true, "max_attempts_total": 3, "to": ["next"]},
            "providers": [provider("a", &bad), provider("b", &bad)]},
        "next": {"strategy": "priority", "fallback": {"enabled": true},
            "providers": [provider("c", &bad), provider("d", &bad)]},
    }});
    let router = Router::start(&targets).await;
    let answer = router.chat("m").await;
    assert_error(&answer, 503, "all_providers_failed");
    assert_eq!(answer.attempts().matches('=').count(), 3, "{}", answer.attempts());
}

#[tokio::test]
async fn a_pool_that_falls_back_to_nobody_hands_on_to_nobody() {
    let good = Upstream::start(Reply::chat("hi")).await;
    let rate = json!({"requests_per_second": 0.001, "burst_size": 1});
    let mut full = provider("full", &good);
    full["rate_limit"] = rate;
    let targets = json!({"targets": {
        "m": {"fallback": {"enabled": true, "on_rate_limit": true, "to": ["empty", "open"]},
            "providers": [full]},
        "empty": {"fallback": {"enabled": false}, "providers": []},
        "open": {"providers": [provider("open", &good)]},
    }});
    let router = Router::start(&targets).await;
    assert_ok(&router.chat("m").await);
    let answer = router.chat("m").await;
    assert!(answer.status >= 400, "{}", answer.attempts());
    assert_eq!(good.hits(), 1);
}

/// Clients do not come back after an exhausted budget, so the limit that ends first is the one that they are told.
#[tokio::test]
async fn limit_that_ends_is_told_before_a_budget_that_does_not() {
    let good = Upstream::start(Reply::chat("hi")).await;
    let mut full = provider("full", &good);
    full["rate_limit"] = json!({"requests_per_second": 0.01, "burst_size": 1});
    let router = Router::start(&json!({
        "prices": {"next": {"request": 1}},
        "targets": {
            "m": {"fallback": {"enabled": true, "on_rate_limit": true, "to": ["next"]}, "providers": [full]},
            "next": {"providers": [provider("b", &good)],
                "budget": {"dollars": "0.5", "period": "total"}}}}))
    .await;
    assert_ok(&router.chat("m").await);
    assert_ok(&router.chat("m").await);
    let spent = async || router.chat("next").await.status == 429;
    assert!(eventually(secs(10), spent).await);
    let refused = router.chat("m").await;
    assert_error(&refused, 429, "rate_limit");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((90..=100).contains(&wait), "{wait}");
    let told = router.explain("m").await.json();
    let next = &told["pools"][1];
    assert_eq!(next["state"], "at the end of its budget", "{told}");
    assert_eq!(next["candidates"][0]["first"], false, "nothing is asked there: {told}");
}

#[tokio::test]
async fn a_pool_that_took_over_holds_its_place_and_may_want_less_time() {
    let bad = Upstream::start(Reply::error(500, "broken")).await;
    let long = Upstream::start(Reply::chat_stream(&["w"; 40]).paced(ms(50))).await;
    let silent = Upstream::start(Reply::chat("x").fault(Place::Start, Fault::Stall)).await;
    let one = json!({"max_concurrent_requests": 1});
    let targets = json!({"targets": {
        "m": {"fallback": {"enabled": true, "to": ["next"]}, "providers": [provider("a", &bad)]},
        "next": {"concurrency_limit": one, "providers": [provider("b", &long)]},
        "slow": {"fallback": {"enabled": true, "to": ["hasty"]}, "providers": [provider("a", &bad)]},
        "hasty": {"fallback": {"enabled": true, "deadline_ms": 300}, "providers": [provider("c", &silent)]},
    }});
    let router = Router::start(&targets).await;
    let mut streaming = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(streaming.next().await.is_some());
    assert_error(&router.chat("next").await, 429, "concurrency_limit_exceeded");
    streaming.abort();

    let start = Instant::now();
    assert_eq!(router.chat("slow").await.attempts(), "a=500,c=timeout");
    assert!(start.elapsed() < secs(5), "{:?}", start.elapsed());
}

#[test]
fn circles_are_refused_with_both_places() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let pool = |to: &str| json!({"url": "mock:", "fallback": {"enabled": true, "to": [to]}});
    let text = json!({"targets": {"a": pool("b"), "b": pool("a"), "c": pool("missing")}});
    std::fs::write(&file, serde_json::to_string_pretty(&text).unwrap()).unwrap();
    let output = run_cli(["check", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    for part in [
        r#"targets["a"].fallback.to[0]: this leads back here, through targets["b"].fallback.to[0]"#,
        r#"targets["c"].fallback.to[0]: there is no alias `missing`"#,
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}
