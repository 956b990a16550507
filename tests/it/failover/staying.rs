//! How often and how soon: attempts of a pool and of a chain of them, and the same provider once more.
//!
//! Never: a provider is asked before the moment that it named.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{
    Reply, Router, Script, Upstream, assert_error, assert_ok, ms, pair, pool, provider, run_cli,
    secs,
};

fn busy(status: u16) -> Reply {
    Reply::error(status, "busy")
}

/// Once `refusal`, then an answer.
async fn once(refusal: Reply) -> Upstream {
    Upstream::start(Script::always(Reply::chat("hi")).first([refusal])).await
}

async fn asked(first: &Upstream, second: &Upstream, stay: Value) -> (String, std::time::Duration) {
    let mut targets = pair(first, second);
    targets["targets"]["m"]["fallback"]["stay"] = stay;
    let router = Router::start(&targets).await;
    let began = Instant::now();
    let answer = router.chat("m").await;
    assert_ok(&answer);
    (answer.attempts().to_owned(), began.elapsed())
}

#[tokio::test]
async fn the_same_provider_is_asked_once_more_when_it_said_it_could_be() {
    let date = || httpdate::fmt_http_date(std::time::SystemTime::now() + secs(6));
    let info = json!({"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.7s"}]}});
    for (refusal, least) in [
        (busy(503).header("retry-after", "1"), 1_000),
        (busy(429).header("retry-after-ms", "600"), 600),
        (busy(429).header("retry-after", &date()), 1),
        (Reply::json(429, &info), 700),
        (busy(500), 50),
    ] {
        let (first, second) = (once(refusal).await, Upstream::start(Reply::chat("other")).await);
        let (trail, took) = asked(&first, &second, json!({"times": 1, "up_to_ms": 9000})).await;
        assert!(trail.starts_with("first=") && trail.ends_with(",first=200"), "{trail}");
        assert!(took >= ms(least), "{took:?} for {least}");
        assert_eq!(second.hits(), 0);
    }
}

#[tokio::test]
async fn a_provider_that_wants_more_patience_or_fails_again_is_left() {
    let (first, second) = (
        once(busy(429).header("retry-after", "9")).await,
        Upstream::start(Reply::chat("other")).await,
    );
    let (trail, took) = asked(&first, &second, json!({"times": 1, "up_to_ms": 3000})).await;
    assert_eq!(trail, "first=429,second=200");
    assert!(took < secs(8), "{took:?}");
    let first = Upstream::start(busy(503)).await;
    let (trail, _) = asked(&first, &second, json!({})).await;
    assert_eq!(trail, "first=503,first=503,second=200");
    let refused = json!({"error": {"message": "m", "code": "invalid_api_key"}});
    let first = Upstream::start(Reply::json(401, &refused)).await;
    let (trail, _) = asked(&first, &second, json!({})).await;
    assert_eq!(trail, "first=401,second=200");
}

#[tokio::test]
async fn an_only_provider_is_asked_again_when_its_short_wait_is_over() {
    for cooldown in [Value::Null, json!({})] {
        let first = once(busy(429).header("retry-after", "1")).await;
        let mut targets = pool(&[provider("first", &first)]);
        targets["targets"]["m"]["fallback"]["max_attempts"] = 2.into();
        if !cooldown.is_null() {
            targets["targets"]["m"]["cooldown"] = cooldown;
        }
        let router = Router::start(&targets).await;
        let began = Instant::now();
        let answer = router.chat("m").await;
        assert_ok(&answer);
        assert_eq!(answer.attempts(), "first=429,first=200");
        assert!(began.elapsed() >= secs(1), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn attempts_are_counted_for_each_pool_and_for_all_of_them() {
    let bad = Upstream::start(busy(500)).await;
    let good = Upstream::start(Reply::chat("hi")).await;
    let targets = |more: Value| {
        let mut fallback = json!({"enabled": true, "max_attempts": 1, "to": ["next"]});
        fallback.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"targets": {
            "m": {"strategy": "priority", "fallback": fallback,
                "providers": [provider("a", &bad), provider("b", &bad)]},
            "next": {"strategy": "priority", "fallback": {"enabled": true, "to": ["last"]},
                "providers": [provider("c", &bad)]},
            "last": {"providers": [provider("d", &good)]},
        }})
    };
    let router = Router::start(&targets(json!({}))).await;
    assert_eq!(router.chat("m").await.attempts(), "a=500,c=500,d=200");
    let router = Router::start(&targets(json!({"max_attempts_total": 2}))).await;
    let answer = router.chat("m").await;
    assert_error(&answer, 503, "all_providers_failed");
    assert_eq!(answer.attempts(), "a=500,c=500");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    for (total, named) in [(1, Some("`next`")), (2, Some("`last`")), (3, None)] {
        let text = targets(json!({"max_attempts_total": total})).to_string();
        std::fs::write(&file, text).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0));
        let line = "fallback.max_attempts_total";
        assert_eq!(said.contains(line), named.is_some(), "{total}: {said}");
        assert!(named.is_none_or(|named| said.contains(named)), "{total}: {said}");
    }
}
