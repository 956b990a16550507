//! Requests that wait for a limit in place of being refused.
//!
//! Never: one overtakes another, one waits for what cannot come in time, or a full queue says nothing of when.

use std::time::Instant;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::tokens::{KEY, told};
use crate::support::router::{CHAT, SeriesExt};
use crate::support::{
    Call, Fault, Place, Reply, Response, Router, Script, Upstream, assert_error, assert_ok, chat,
    chat_stream, eventually, ms, run_cli, secs,
};

/// The alias `m` of one provider with these keys beside.
pub(super) fn alias(upstream: &Upstream, keys: &Value) -> Value {
    let mut target = json!({"providers": [{"url": upstream.base(), "name": "up"}]});
    keys.as_object().unwrap().iter().for_each(|(key, value)| target[key] = value.clone());
    json!({"targets": {"m": target}})
}

pub(super) fn cap(most: u32, max_waiting: u32, max_wait_ms: u64) -> Value {
    json!({"concurrency_limit": {"max_concurrent_requests": most},
           "queue": {"max_waiting": max_waiting, "max_wait_ms": max_wait_ms}})
}

/// An answer that takes so long.
pub(super) fn slow(millis: u64) -> Reply {
    Reply::json(200, &told()).fault(Place::Start, Fault::Pause(ms(millis)))
}

pub(super) fn asks(router: &Router, key: &str) -> JoinHandle<Response> {
    let (addr, call) = (router.addr(), Call::post(CHAT).key(key).json(&chat("m")));
    tokio::spawn(async move { call.send(addr).await })
}

/// How many wait at the alias, or at a provider of it.
pub(super) async fn waiting(router: &Router, provider: &str) -> Option<f64> {
    let labels = [("alias", "m"), ("provider", provider)];
    router.metrics().await.series("onwards_queue_waiting", &labels)
}

pub(super) async fn are_waiting(router: &Router, provider: &str, count: u32) -> bool {
    eventually(secs(10), async || waiting(router, provider).await == Some(count.into())).await
}

async fn ended(router: &Router, end: &str) -> Option<f64> {
    let labels = [("alias", "m"), ("provider", ""), ("end", end)];
    router.metrics().await.series("onwards_queue_waits_total", &labels)
}

#[tokio::test]
async fn request_beyond_the_cap_waits_and_is_served_and_is_told_of() {
    let upstream = Upstream::start(slow(600)).await;
    let router = Router::start(&alias(&upstream, &cap(1, 5, 20_000))).await;
    let first = asks(&router, "");
    assert!(upstream.wait_hits(1, secs(10)).await);
    let second = asks(&router, "");
    assert!(are_waiting(&router, "", 1).await);
    let explained = router.explain("m").await;
    assert!(explained.text().contains("\"waiting\":[1,5]"), "{}", explained.text());
    let status = Call::get("/status").send(router.metrics_addr()).await.json();
    assert_eq!(
        (&status["aliases"][0]["waiting"], &status["aliases"][0]["max_waiting"]),
        (&json!(1), &json!(5))
    );
    assert_ok(&first.await.unwrap());
    assert_ok(&second.await.unwrap());
    assert_eq!(upstream.hits(), 2);
    assert!(eventually(secs(10), async || ended(&router, "passed").await == Some(1.0)).await);
    assert_eq!(waiting(&router, "").await, Some(0.0));
    let labels = [("alias", "m"), ("provider", "")];
    let waited = router.metric("onwards_queue_wait_seconds_total", &labels).await;
    assert!(waited.is_some_and(|secs| secs > 0.0), "{waited:?}");
    let all = [("alias", "m"), ("provider", ""), ("le", "+Inf")];
    let waits = router.metric("onwards_queue_wait_seconds_bucket", &all).await;
    assert_eq!(waits, Some(1.0), "one has waited");
    // The wait is no time of the provider, nor of the router.
    let log = || router.stdout_text();
    let is_told = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let (waited, own) = (line["waited_ms"].as_f64(), line["own_ms"].as_f64());
        waited.is_some_and(|waited| waited > 10.0 && own < Some(waited + 200.0))
    };
    assert!(eventually(secs(10), async || log().lines().any(is_told)).await, "{}", log());
}

#[tokio::test]
async fn full_queue_refuses_with_the_time_until_those_that_wait_have_passed() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let rate = json!({"rate_limit": {"requests_per_second": 0.5, "burst_size": 1},
                      "queue": {"max_waiting": 2, "max_wait_ms": 60_000}});
    let router = Router::start(&alias(&upstream, &rate)).await;
    assert_ok(&router.chat("m").await);
    let began = Instant::now();
    let both = [asks(&router, ""), asks(&router, "")];
    assert!(are_waiting(&router, "", 2).await);
    let full = router.chat("m").await;
    assert_error(&full, 429, "queue_full");
    assert_eq!(full.json()["error"]["param"], "pool");
    let wait: u64 = full.header("retry-after").unwrap().parse().unwrap();
    // Two pass, and two seconds after the second one more may.
    assert!((3..=6).contains(&wait), "{wait}");
    for one in both {
        assert_ok(&one.await.unwrap());
    }
    assert!(began.elapsed() > ms(3_000), "{:?}", began.elapsed());
    assert_eq!(upstream.hits(), 3);
    assert_eq!(
        (ended(&router, "full").await, ended(&router, "passed").await),
        (Some(1.0), Some(2.0))
    );
}

#[tokio::test]
async fn what_cannot_come_in_time_is_refused_at_once_with_the_limit() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let rate = json!({"rate_limit": {"requests_per_second": 0.02, "burst_size": 1},
                      "queue": {"max_waiting": 2, "max_wait_ms": 20_000}});
    let router = Router::start(&alias(&upstream, &rate)).await;
    assert_ok(&router.chat("m").await);
    let began = Instant::now();
    let late = router.chat("m").await;
    assert_error(&late, 429, "rate_limit");
    let wait: u64 = late.header("retry-after").unwrap().parse().unwrap();
    assert!((30..=50).contains(&wait), "{wait}");
    assert!(began.elapsed() < secs(10), "{:?}", began.elapsed());
    assert_eq!((ended(&router, "late").await, upstream.hits()), (Some(1.0), 1));
}

#[tokio::test]
async fn the_clients_own_time_and_the_queues_end_a_wait() {
    let upstream = Upstream::start(slow(60_000)).await;
    let router = Router::start(&alias(&upstream, &cap(1, 5, 1_500))).await;
    let hangs = asks(&router, "");
    assert!(upstream.wait_hits(1, secs(10)).await);
    let began = Instant::now();
    let call = Call::post(CHAT).json(&chat("m")).header("x-onwards-timeout-ms", "300");
    let short = call.send(router.addr()).await;
    assert_error(&short, 429, "concurrency_limit_exceeded");
    assert!((ms(300)..ms(1_400)).contains(&began.elapsed()), "{:?}", began.elapsed());
    let long = router.chat("m").await;
    assert_error(&long, 429, "concurrency_limit_exceeded");
    assert!(long.header("retry-after").is_some());
    assert!(began.elapsed() >= ms(1_800), "{:?}", began.elapsed());
    assert_eq!((ended(&router, "late").await, upstream.hits()), (Some(2.0), 1));
    hangs.abort();
}

#[tokio::test]
async fn client_that_leaves_gives_up_its_place_and_uses_nothing() {
    let upstream = Upstream::start(slow(2_000)).await;
    let router = Router::start(&alias(&upstream, &cap(1, 1, 60_000))).await;
    let first = asks(&router, "");
    assert!(upstream.wait_hits(1, secs(10)).await);
    let leaves = Call::post(CHAT).json(&chat("m")).open(router.addr()).await;
    assert!(are_waiting(&router, "", 1).await);
    assert_error(&router.chat("m").await, 429, "queue_full");
    leaves.abort();
    assert!(are_waiting(&router, "", 0).await, "its place is free at once");
    let third = asks(&router, "");
    assert!(are_waiting(&router, "", 1).await);
    assert_ok(&first.await.unwrap());
    assert_ok(&third.await.unwrap());
    assert_eq!((ended(&router, "left").await, upstream.hits()), (Some(1.0), 2));
    let metrics = router.metrics().await;
    let left = metrics.series("onwards_requests_total", &[("alias", "m"), ("status", "499")]);
    assert_eq!(left, Some(1.0));
}

#[tokio::test]
async fn keys_have_turns_by_their_priority_and_none_waits_behind_a_crowd() {
    // All others wait while the first is served.
    let script = Script::always(slow(0)).first([slow(6_000)]);
    let upstream = Upstream::start(script).await;
    let mut targets = alias(&upstream, &cap(1, 500, 120_000));
    targets["auth"] = json!({"key_definitions": {
        "crowd": {"key": "sk-crowd"}, "one": {"key": "sk-one"},
        "heavy": {"key": "sk-heavy", "priority": 3}}});
    targets["targets"]["m"]["keys"] = json!(["crowd", "one", "heavy"]);
    let router = Router::start(&targets).await;
    let says = |key: &'static str| {
        let mut body = chat("m");
        body["messages"][0]["content"] = json!(format!("from {key}"));
        let call = Call::post(CHAT).key(&format!("sk-{key}")).json(&body);
        let addr = router.addr();
        tokio::spawn(async move { call.send(addr).await })
    };
    let mut all = vec![says("crowd")];
    assert!(upstream.wait_hits(1, secs(10)).await);
    all.extend((0..30).map(|_| says("crowd")));
    assert!(are_waiting(&router, "", 30).await);
    all.push(says("one"));
    assert!(are_waiting(&router, "", 31).await);
    all.extend((0..9).map(|_| says("heavy")));
    assert!(are_waiting(&router, "", 40).await);
    assert_eq!(upstream.hits(), 1, "this machine is too slow for the test");
    for one in all {
        assert_ok(&one.await.unwrap());
    }
    let seen = upstream.requests();
    let place = |key: &str| seen.iter().position(|seen| seen.mentions(key)).unwrap();
    // The first, one of the crowd, whose turn it was already, and perhaps one of the other key.
    assert!(place("from one") <= 3, "{}", place("from one"));
    let heavy = seen[..14].iter().filter(|seen| seen.mentions("from heavy")).count();
    let crowd = seen[1..14].iter().filter(|seen| seen.mentions("from crowd")).count();
    assert!(heavy == 9 && (3..=4).contains(&crowd), "{heavy} to {crowd}");
}

#[tokio::test]
async fn limit_of_the_key_refuses_at_once_and_is_not_held_while_it_waits() {
    let upstream = Upstream::start(slow(1_500)).await;
    let mut targets = alias(&upstream, &cap(1, 9, 60_000));
    targets["auth"] = json!({"key_definitions": {
        "ann": {"key": KEY, "concurrency_limit": {"max_concurrent_requests": 2}},
        "bob": {"key": "sk-bob"}}});
    targets["targets"]["other"] = json!({"url": "mock:"});
    let router = Router::start(&targets).await;
    let first = asks(&router, "sk-bob");
    assert!(upstream.wait_hits(1, secs(10)).await);
    let waits: Vec<_> = (0..3).map(|_| asks(&router, KEY)).collect();
    assert!(are_waiting(&router, "", 3).await, "what waits is not in flight");
    assert_ok(&router.post(CHAT, KEY, &chat("other")).await);
    let hangs: Vec<_> = waits.into_iter().collect();
    assert_ok(&first.await.unwrap());
    for one in hangs {
        assert_ok(&one.await.unwrap());
    }
    // With its own cap full, the key is told so at once.
    targets["auth"]["key_definitions"]["ann"]["concurrency_limit"] =
        json!({"max_concurrent_requests": 1});
    targets["targets"]["n"] = json!({"url": "mock:"});
    router.write_targets(&targets).await;
    assert!(router.serves(&["m", "n", "other"], secs(10)).await);
    let before = upstream.hits();
    let first = asks(&router, KEY);
    assert!(upstream.wait_hits(before + 1, secs(10)).await);
    let refused = router.post(CHAT, KEY, &chat("m")).await;
    assert_error(&refused, 429, "concurrency_limit_exceeded");
    assert_eq!(refused.json()["error"]["param"], "key");
    assert_ok(&first.await.unwrap());
}

#[tokio::test]
async fn reload_hands_the_newest_limits_to_those_that_wait() {
    let upstream = Upstream::start(slow(20_000)).await;
    let mut targets = alias(&upstream, &cap(1, 9, 60_000));
    let router = Router::start(&targets).await;
    let mut hangs = vec![asks(&router, "")];
    assert!(upstream.wait_hits(1, secs(10)).await);
    hangs.extend([asks(&router, ""), asks(&router, "")]);
    assert!(are_waiting(&router, "", 2).await);
    targets["targets"]["m"]["concurrency_limit"] = json!({"max_concurrent_requests": 2});
    router.write_targets(&targets).await;
    assert!(upstream.wait_hits(2, secs(10)).await, "one more is in flight at once");
    assert!(are_waiting(&router, "", 1).await);
    // Without the limit and the queue, the last one goes on, too.
    targets["targets"]["m"] = json!({"url": upstream.base(), "name": "up"});
    router.write_targets(&targets).await;
    assert!(upstream.wait_hits(3, secs(10)).await);
    hangs.into_iter().for_each(|one| one.abort());
}

#[tokio::test]
async fn token_limit_is_waited_for_until_answers_give_back_what_they_hold() {
    let upstream = Upstream::start(slow(800)).await;
    let limit = json!({"token_limit": {"per_minute": 60_000},
                       "queue": {"max_waiting": 9, "max_wait_ms": 30_000}});
    let router = Router::start(&alias(&upstream, &limit)).await;
    let call = |most: u64| {
        let mut body = chat("m");
        body["max_tokens"] = json!(most);
        let (addr, call) = (router.addr(), Call::post(CHAT).json(&body));
        tokio::spawn(async move { call.send(addr).await })
    };
    let first = call(50_000);
    assert!(upstream.wait_hits(1, secs(10)).await);
    let second = call(50_000);
    assert!(are_waiting(&router, "", 1).await);
    assert_eq!(upstream.hits(), 1);
    assert_ok(&first.await.unwrap());
    assert_ok(&second.await.unwrap());
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn comments_go_to_a_stream_that_waits() {
    let upstream =
        Upstream::start(Reply::chat_stream(&["a"]).fault(Place::Start, Fault::Pause(ms(2_500))))
            .await;
    let mut keys = cap(1, 9, 60_000);
    keys["keepalive_secs"] = json!(1);
    let router = Router::start(&alias(&upstream, &keys)).await;
    let addr = router.addr();
    let first = tokio::spawn(async move { Call::chat(&chat_stream("m")).send(addr).await });
    assert!(upstream.wait_hits(1, secs(10)).await);
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert_eq!((events.head.status, upstream.hits()), (200, 1), "its head came while it waits");
    let (seen, _) = events.all().await;
    assert!(seen.iter().filter(|event| event.text == ": keep-alive").count() >= 2, "{seen:?}");
    assert_eq!((seen.last().unwrap().data(), upstream.hits()), ("[DONE]", 2));
    assert_eq!(first.await.unwrap().status, 200);
}

#[tokio::test]
async fn queue_without_a_limit_is_warned_of_and_wrong_numbers_are_refused() {
    let check = |name: &str, targets: &Value| {
        let file = std::env::temp_dir().join(format!("onwards-{}-{name}.json", std::process::id()));
        std::fs::write(&file, targets.to_string()).unwrap();
        let out = run_cli(["check", file.to_str().unwrap()]);
        std::fs::remove_file(&file).unwrap();
        let told = [out.stdout, out.stderr].concat();
        (out.status.code(), String::from_utf8(told).unwrap())
    };
    let pool = |keys: Value| json!({"targets": {"m": {"url": "mock:", "queue": keys}}});
    let queue = json!({"max_waiting": 3});
    let (code, told) = check("alone", &json!({"targets": {"m": {"url": "mock:", "queue": queue}}}));
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("no request ever waits"), "{told}");
    let of_provider = json!({"targets": {"m": [{"url": "mock:", "queue": queue}]}});
    let (code, told) = check("provider", &of_provider);
    assert!(code == Some(0) && told.contains("no request ever waits"), "{told}");
    for wrong in [
        json!({}),
        json!({"max_waiting": 0}),
        json!({"max_waiting": 3, "max_wait_ms": 0}),
        json!(3),
    ] {
        let (code, told) = check("wrong", &pool(wrong.clone()));
        assert_eq!(code, Some(1), "{wrong}: {told}");
    }
    let key = |priority: i64| {
        json!({"auth": {"key_definitions": {"ann": {"key": KEY, "priority": priority}}},
               "targets": {"m": {"url": "mock:"}}})
    };
    assert_eq!(check("nine", &key(9)).0, Some(0));
    assert_eq!((check("ten", &key(10)).0, check("none", &key(0)).0), (Some(1), Some(1)));
}
