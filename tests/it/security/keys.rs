//! Who is let in: E8.
//!
//! Never: anything but the whole key opens.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::router::CHAT;
use crate::support::{Call, Reply, Router, Upstream, assert_error, assert_ok, chat};

#[tokio::test]
async fn e8_only_the_whole_key_opens() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({
        "auth": {"global_keys": ["sk-global-Key"]},
        "targets": {"m": {"url": upstream.base(), "keys": ["sk-client-Key"]}}});
    let router = Router::start(&targets).await;
    let long = "sk-client-Key".repeat(2_000);
    let wrong = [
        "sk-client-Ke",
        "sk-client-Key2",
        "sk-client-key",
        "SK-CLIENT-KEY",
        "k-client-Key",
        "sk-client-Key,sk-global-Key",
        "Bearer sk-client-Key",
        "*",
        long.as_str(),
    ];
    for key in wrong {
        assert_error(&router.post(CHAT, key, &chat("m")).await, 401, "invalid_api_key");
    }
    assert_error(&router.post(CHAT, "", &chat("m")).await, 401, "missing_api_key");
    assert_eq!(upstream.hits(), 0);

    for key in ["sk-client-Key", "sk-global-Key"] {
        assert_ok(&router.post(CHAT, key, &chat("m")).await);
        for name in ["x-api-key", "api-key", "x-goog-api-key"] {
            let call = Call::chat(&chat("m")).header(name, key);
            assert_ok(&call.send(router.addr()).await);
        }
        let call = Call::chat(&chat("m")).header("authorization", &format!("bEaReR {key}"));
        assert_ok(&call.send(router.addr()).await);
    }
}

#[tokio::test]
async fn e8_an_unknown_alias_is_hidden_from_strangers() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({"targets": {"m": {"url": upstream.base(), "keys": ["sk-client-Key"]}}});
    let router = Router::start(&targets).await;
    for alias in ["m", "nobody"] {
        assert_error(&router.post(CHAT, "", &chat(alias)).await, 401, "missing_api_key");
        assert_error(&router.post(CHAT, "sk-no", &chat(alias)).await, 401, "invalid_api_key");
    }
    let known = router.post(CHAT, "sk-client-Key", &chat("nobody")).await;
    assert_error(&known, 404, "model_not_found");
}

/// The quickest of many, since noise only ever adds.
async fn quickest_401(router: &Router, key: &str) -> Duration {
    let mut conn = crate::support::Conn::connect(router.addr()).await;
    let bytes = Call::chat(&chat("m")).key(key).bytes(router.addr());
    let mut quickest = Duration::MAX;
    for _ in 0..100 {
        let start = Instant::now();
        conn.send(&bytes).await;
        assert_eq!(conn.response().await.status, 401);
        quickest = quickest.min(start.elapsed());
    }
    quickest
}

#[tokio::test]
async fn e8_a_refusal_costs_the_same_whatever_the_key_and_however_many() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let keyed = |count: usize| {
        let keys: Vec<String> = (0..count).map(|n| format!("sk-client-{n:032}")).collect();
        json!({"targets": {"m": {"url": upstream.base(), "keys": keys}}})
    };
    let (few, many) = (Router::start(&keyed(1)).await, Router::start(&keyed(10_000)).await);
    let near = format!("sk-client-{:031}x", 0);
    let far = "x".repeat(near.len());
    let mut times = Vec::new();
    for router in [&few, &many] {
        for key in [&near, &far] {
            times.push(quickest_401(router, key).await);
        }
    }
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*most < *least * 2 + Duration::from_micros(300), "{times:?}");
}
