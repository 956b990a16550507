//! Requests that wait for the limits of providers, and of pools that take over.
//!
//! Never: one waits while a provider is free, or a wait looks like a provider that is slow.

use std::time::Instant;

use serde_json::{Value, json};

use super::tokens::told;
use super::waiting::{alias, are_waiting, asks, cap, slow, waiting};
use crate::support::router::SeriesExt;
use crate::support::{
    Reply, Router, Script, Upstream, assert_error, assert_ok, eventually, ms, secs,
};

/// A provider with a cap of one and a queue.
fn queued(name: &str, upstream: &Upstream, max_waiting: u32, max_wait_ms: u64) -> Value {
    let mut provider = cap(1, max_waiting, max_wait_ms);
    provider["url"] = json!(upstream.base());
    provider["name"] = json!(name);
    provider
}

fn pool(keys: &Value, providers: &[Value]) -> Value {
    let mut target = json!({"providers": providers});
    keys.as_object().unwrap().iter().for_each(|(key, value)| target[key] = value.clone());
    json!({"targets": {"m": target}})
}

#[tokio::test]
async fn only_provider_is_waited_for_and_its_wait_is_not_its_latency() {
    let upstream = Upstream::start(slow(700)).await;
    let router = Router::start(&pool(&json!({}), &[queued("up", &upstream, 5, 30_000)])).await;
    let first = asks(&router, "");
    assert!(upstream.wait_hits(1, secs(10)).await);
    let began = Instant::now();
    let others = [asks(&router, ""), asks(&router, "")];
    assert!(are_waiting(&router, "up", 2).await);
    let explained = router.explain("m").await;
    assert!(explained.text().contains("\"waiting\":[2,5]"), "{}", explained.text());
    assert_ok(&first.await.unwrap());
    for one in others {
        let answer = one.await.unwrap();
        assert_ok(&answer);
        assert_eq!(answer.attempts(), "up=200", "one that waited was not passed over");
    }
    assert!(began.elapsed() >= ms(1_300), "{:?}", began.elapsed());
    assert_eq!((upstream.hits(), waiting(&router, "up").await), (3, Some(0.0)));
    let metrics = router.metrics().await;
    let provider = [("alias", "m"), ("provider", "up")];
    let (sum, count) =
        ("onwards_attempt_duration_seconds_sum", "onwards_attempt_duration_seconds_count");
    let mean = metrics.series(sum, &provider).unwrap() / metrics.series(count, &provider).unwrap();
    let waited = metrics.series("onwards_queue_wait_seconds_total", &provider).unwrap();
    assert!(waited > 1.0 && mean < 0.7 + waited / 3.0, "{mean} with {waited} in the queue");
    assert_eq!(
        metrics.series("onwards_fallbacks_total", &[("alias", "m"), ("reason", "limited")]),
        None
    );
}

#[tokio::test]
async fn provider_that_is_free_comes_before_one_that_is_waited_for() {
    let (first, second) =
        (Upstream::start(slow(60_000)).await, Upstream::start(Reply::json(200, &told())).await);
    let keys = json!({"strategy": "priority"});
    let providers = [queued("first", &first, 5, 30_000), queued("second", &second, 5, 30_000)];
    let router = Router::start(&pool(&keys, &providers)).await;
    let hangs = asks(&router, "");
    assert!(first.wait_hits(1, secs(10)).await);
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=limited,second=200");
    hangs.abort();
}

#[tokio::test]
async fn of_two_that_are_waited_for_the_one_that_is_free_first_serves() {
    let (first, second) = (Upstream::start(slow(60_000)).await, Upstream::start(slow(900)).await);
    let keys = json!({"strategy": "priority"});
    let providers = [queued("first", &first, 5, 30_000), queued("second", &second, 5, 30_000)];
    let router = Router::start(&pool(&keys, &providers)).await;
    let hangs = asks(&router, "");
    assert!(first.wait_hits(1, secs(10)).await);
    let other = asks(&router, "");
    assert!(second.wait_hits(1, secs(10)).await);
    let waits = asks(&router, "");
    assert!(are_waiting(&router, "first", 1).await && are_waiting(&router, "second", 1).await);
    assert_ok(&other.await.unwrap());
    let answer = waits.await.unwrap();
    assert_ok(&answer);
    assert_eq!(answer.header("x-onwards-provider"), Some("second"));
    assert!(are_waiting(&router, "first", 0).await);
    let left = [("alias", "m"), ("provider", "first"), ("end", "left")];
    assert_eq!(router.metric("onwards_queue_waits_total", &left).await, Some(0.0), "it was served");
    hangs.abort();
}

#[tokio::test]
async fn full_queue_of_a_provider_and_one_that_is_waited_for_in_vain_are_told() {
    let upstream = Upstream::start(slow(60_000)).await;
    let router = Router::start(&pool(&json!({}), &[queued("up", &upstream, 1, 2_500)])).await;
    let hangs = asks(&router, "");
    assert!(upstream.wait_hits(1, secs(10)).await);
    let late = asks(&router, "");
    assert!(are_waiting(&router, "up", 1).await);
    let full = router.chat("m").await;
    assert_error(&full, 429, "queue_full");
    assert_eq!(full.json()["error"]["param"], "provider");
    assert!(full.header("retry-after").is_some());
    let late = late.await.unwrap();
    assert_error(&late, 429, "concurrency_limit_exceeded");
    assert_eq!(late.json()["error"]["param"], "provider");
    assert_eq!(upstream.hits(), 1);
    hangs.abort();
}

#[tokio::test]
async fn one_that_failed_is_followed_by_one_that_is_waited_for() {
    let (bad, good) =
        (Upstream::start(Reply::error(503, "no")).await, Upstream::start(slow(900)).await);
    let keys = json!({"strategy": "priority", "fallback": {"enabled": true}});
    let providers = [json!({"url": bad.base(), "name": "bad"}), queued("good", &good, 5, 30_000)];
    let router = Router::start(&pool(&keys, &providers)).await;
    let first = asks(&router, "");
    assert!(good.wait_hits(1, secs(10)).await);
    let second = asks(&router, "");
    assert!(are_waiting(&router, "good", 1).await);
    assert_ok(&first.await.unwrap());
    let answer = second.await.unwrap();
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "bad=503,good=200");
}

#[tokio::test]
async fn pool_that_takes_over_is_waited_for_where_nothing_else_is_left() {
    let bad = Upstream::start(Reply::error(503, "no")).await;
    let good = Upstream::start(slow(900)).await;
    let mut targets = alias(&good, &cap(1, 5, 30_000));
    targets["targets"]["first"] = json!({
        "fallback": {"enabled": true, "to": ["m"]},
        "providers": [{"url": bad.base(), "name": "bad"}]});
    let router = Router::start(&targets).await;
    let first = asks(&router, "");
    assert!(good.wait_hits(1, secs(10)).await);
    let addr = router.addr();
    let body = crate::support::chat("first");
    let second = tokio::spawn(async move { crate::support::Call::chat(&body).send(addr).await });
    assert!(are_waiting(&router, "", 1).await);
    assert_ok(&first.await.unwrap());
    let answer = second.await.unwrap();
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "bad=503,up=200");
    assert!(eventually(secs(10), async || waiting(&router, "").await == Some(0.0)).await);
}

#[tokio::test]
async fn provider_that_rests_is_asked_in_turn_and_reload_reaches_those_that_wait() {
    // The first answer makes it rest; nothing else is there, so it is asked all the same.
    let script = Script::always(slow(20_000)).first([Reply::error(503, "no")]);
    let upstream = Upstream::start(script).await;
    let keys =
        json!({"cooldown": {"failures": 1, "duration_secs": 600}, "fallback": {"enabled": true}});
    let mut targets = pool(&keys, &[queued("up", &upstream, 5, 60_000)]);
    let router = Router::start(&targets).await;
    let _ = router.chat("m").await;
    let seen = upstream.hits();
    let mut hangs = vec![asks(&router, "")];
    assert!(upstream.wait_hits(seen + 1, secs(10)).await);
    hangs.push(asks(&router, ""));
    assert!(are_waiting(&router, "up", 1).await);
    assert_eq!(upstream.hits(), seen + 1);
    targets["targets"]["m"]["providers"][0]["concurrency_limit"] =
        json!({"max_concurrent_requests": 2});
    router.write_targets(&targets).await;
    assert!(upstream.wait_hits(seen + 2, secs(10)).await);
    hangs.into_iter().for_each(|one| one.abort());
}
