//! What a reload leaves alone: streams, limits, and permits of what did not change: C8 to C11.
//!
//! Never: touching one alias gives another a fresh allowance.

use serde_json::{Value, json};

use crate::support::client::Events;
use crate::support::router::CHAT;
use crate::support::upstream::chunk_event;
use crate::support::{
    Call, End, Fault, Place, Reply, Router, Script, Upstream, assert_error, assert_ok, chat,
    chat_stream, eventually, ms, open, secs,
};

/// A stream of six events over about 1.2 s.
fn slow_stream() -> Reply {
    Reply::chat_stream(&["a", "b", "c", "d", "e"]).paced(ms(200))
}

async fn finishes(mut events: Events) {
    let (seen, end) = events.all().await;
    assert_eq!(end, End::Complete);
    assert_eq!(seen.last().map(|event| event.data().to_owned()).as_deref(), Some("[DONE]"));
}

#[tokio::test]
async fn c8_a_stream_outlives_its_alias() {
    let upstream = Upstream::start(slow_stream()).await;
    let mut targets = open(&upstream);
    targets["targets"]["other"] = json!({"url": upstream.base()});
    let router = Router::start(&targets).await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(events.next().await.is_some());
    router.write_targets(&json!({"targets": {"other": {"url": upstream.base()}}})).await;
    assert!(router.serves(&["other"], secs(2)).await);
    assert_error(&router.chat("m").await, 404, "model_not_found");
    finishes(events).await;
}

#[tokio::test]
async fn c9_a_revoked_key_is_refused_and_its_streams_finish() {
    let upstream = Upstream::start(Script::always(slow_stream())).await;
    let keyed = |keys: Value| json!({"targets": {"m": {"url": upstream.base(), "keys": keys}}});
    let router = Router::start(&keyed(json!(["sk-old", "sk-kept"]))).await;
    let call = Call::chat(&chat_stream("m")).key("sk-old");
    let mut events = call.stream(router.addr()).await;
    assert!(events.next().await.is_some());
    router.write_targets(&keyed(json!(["sk-kept"]))).await;
    let refused = eventually(secs(2), async || {
        let unknown = json!({"model": "m", "stream": false});
        router.post(CHAT, "sk-old", &unknown).await.status == 401
    });
    assert!(refused.await, "a revoked key still opens");
    assert_error(&router.post(CHAT, "sk-old", &chat("m")).await, 401, "invalid_api_key");
    finishes(events).await;
}

fn limited(upstream: &Upstream, limit: &Value, other: u32) -> Value {
    json!({"targets": {
        "m": {"url": upstream.base(), "rate_limit": limit},
        "other": {"url": upstream.base(), "weight": other}}})
}

/// Changes the alias `other` and waits until the change is live.
async fn touch(router: &Router, targets: &Value) {
    let mut touched = targets.clone();
    touched["targets"]["touched"] = touched["targets"]["other"].clone();
    touched["targets"].as_object_mut().unwrap().remove("other");
    router.write_targets(&touched).await;
    assert!(router.serves(&["m", "touched"], secs(2)).await);
}

#[tokio::test]
async fn c10_a_rate_limit_survives_the_edit_of_another_alias() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let limit = json!({"requests_per_second": 0.01, "burst_size": 2});
    let targets = limited(&upstream, &limit, 1);
    let router = Router::start(&targets).await;
    for _ in 0..2 {
        assert_ok(&router.chat("m").await);
    }
    assert_error(&router.chat("m").await, 429, "rate_limit");
    touch(&router, &targets).await;
    let still = router.chat("m").await;
    assert_error(&still, 429, "rate_limit");
    assert_eq!(still.json()["error"]["param"], "pool");
}

#[tokio::test]
async fn c10_requests_in_flight_are_counted_over_a_reload() {
    let stalled = Reply::sse([chunk_event("a"), chunk_event("b")]);
    let stalled = stalled.fault(Place::Piece(1), Fault::Stall);
    let upstream = Upstream::start(Script::always(Reply::chat("hi")).first([stalled])).await;
    let mut targets = limited(&upstream, &json!({"requests_per_second": 1000}), 1);
    targets["targets"]["m"]["concurrency_limit"] = json!({"max_concurrent_requests": 1});
    let router = Router::start(&targets).await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(events.next().await.is_some());
    touch(&router, &targets).await;
    assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");
    events.abort();
    assert!(eventually(secs(2), async || router.chat("m").await.status == 200).await);
}

#[tokio::test]
async fn c11_a_raised_cap_counts_what_is_in_flight() {
    let stalled = Reply::sse([chunk_event("a"), chunk_event("b")]);
    let stalled = stalled.fault(Place::Piece(1), Fault::Stall);
    let upstream = Upstream::start(stalled).await;
    let capped = |count: u32, names: &[&str]| {
        let entry = json!({"url": upstream.base(),
            "concurrency_limit": {"max_concurrent_requests": count}});
        let all = names.iter().map(|name| ((*name).to_owned(), entry.clone()));
        json!({"targets": all.collect::<serde_json::Map<_, _>>()})
    };
    let router = Router::start(&capped(1, &["m"])).await;
    let mut first = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(first.next().await.is_some());
    assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");

    router.write_targets(&capped(2, &["m", "n"])).await;
    assert!(router.serves(&["m", "n"], secs(2)).await);
    let mut second = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert_eq!(second.head.status, 200, "the new cap has room for one more");
    assert!(second.next().await.is_some());
    assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");
    drop((first, second));
}

#[tokio::test]
async fn c11_a_raised_rate_begins_with_what_was_used() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let slow = |burst: u32| json!({"requests_per_second": 0.01, "burst_size": burst});
    let router = Router::start(&limited(&upstream, &slow(4), 1)).await;
    for _ in 0..4 {
        assert_ok(&router.chat("m").await);
    }
    let mut targets = limited(&upstream, &slow(8), 1);
    targets["targets"]["n"] = json!({"url": upstream.base()});
    router.write_targets(&targets).await;
    assert!(router.serves(&["m", "n", "other"], secs(2)).await);
    assert_error(&router.chat("m").await, 429, "rate_limit");
}
