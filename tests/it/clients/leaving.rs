//! Clients that leave, or stay and do not read: A15 to A17.
//!
//! Never: a provider works on for somebody who is gone.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::upstream::chunk_event;
use crate::support::{
    Call, Fault, Launch, Place, Reply, Router, Script, Upstream, assert_error, assert_ok, chat,
    chat_stream, eventually, ms, open, secs,
};

/// The alias `m` with room for one request.
fn one_at_a_time(upstream: &Upstream) -> Value {
    json!({"targets": {"m": {
        "url": upstream.base(), "concurrency_limit": {"max_concurrent_requests": 1}}}})
}

#[tokio::test]
async fn a15_a_client_that_leaves_before_the_first_byte_frees_everything() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let upstream = Upstream::start(Script::always(Reply::chat("hi")).first([silent])).await;
    let router = Router::start(&one_at_a_time(&upstream)).await;
    let waiting = Call::chat(&chat("m")).open(router.addr()).await;
    assert!(upstream.wait_hits(1, secs(2)).await);
    assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");

    let left = Instant::now();
    waiting.abort();
    let noticed = upstream.wait_disconnect(secs(3)).await.expect("the provider is let go");
    assert!(noticed - left < secs(1), "after {:?}", noticed - left);
    assert!(eventually(secs(1), async || router.chat("m").await.status == 200).await);
}

/// Its status is nobody's failure, and the time it waited is not the router's own work.
#[tokio::test]
async fn a15_a_client_that_leaves_before_the_first_byte_is_counted_as_that() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let upstream = Upstream::start(silent).await;
    let router = Router::start(&open(&upstream)).await;
    let waiting = Call::chat(&chat("m")).open(router.addr()).await;
    assert!(upstream.wait_hits(1, secs(2)).await);
    waiting.abort();
    let left = [("alias", "m"), ("status", "499")];
    let counted = async || router.metric("onwards_requests_total", &left).await == Some(1.0);
    assert!(eventually(secs(1), counted).await, "{}", router.metrics().await);
    for (series, count) in [
        ("onwards_request_duration_seconds_count", 1.0),
        ("onwards_time_to_first_byte_seconds_count", 0.0),
        ("onwards_overhead_seconds_count", 0.0),
    ] {
        assert_eq!(router.metric(series, &[("alias", "m")]).await, Some(count), "{series}");
    }
}

#[tokio::test]
async fn a16_a_client_that_leaves_mid_stream_frees_everything() {
    let endless = Reply::sse((0..10_000).map(|n| chunk_event(&n.to_string()))).paced(ms(20));
    let upstream = Upstream::start(Script::always(Reply::chat("hi")).first([endless])).await;
    let router = Router::start(&one_at_a_time(&upstream)).await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    for _ in 0..2 {
        assert!(events.next().await.is_some());
    }
    assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");

    let left = Instant::now();
    events.abort();
    let noticed = upstream.wait_disconnect(secs(3)).await.expect("the provider is let go");
    assert!(noticed - left < secs(1), "after {:?}", noticed - left);
    assert!(eventually(secs(1), async || router.chat("m").await.status == 200).await);
}

#[tokio::test]
async fn a16_permits_are_whole_after_many_clients_left() {
    let slow = Reply::chat_stream(&["a", "b", "c", "d"]).paced(ms(30));
    let upstream = Upstream::start(slow).await;
    let router = Router::start(&one_at_a_time(&upstream)).await;
    for round in 0..20 {
        let conn = Call::chat(&chat_stream("m")).open(router.addr()).await;
        tokio::time::sleep(ms(round * 4)).await;
        conn.abort();
    }
    let whole = eventually(secs(2), async || router.chat("m").await.status == 200).await;
    assert!(whole, "a permit is lost");
    assert_ok(&router.chat("m").await);
}

#[tokio::test]
async fn a17_a_client_that_stops_reading_holds_the_provider_back() {
    let large = Reply::new(200).header("content-type", "application/octet-stream").chunked();
    let upstream = Upstream::start(large.body_of(vec![b'x'; 65_536], 4_000)).await;
    let router = Launch::new(&crate::support::open(&upstream)).start().await;
    let before = router.heap_kib();
    let mut unread = Call::chat(&chat("m")).open(router.addr()).await;
    assert_eq!(unread.status_line().await, 200);

    // The kernel's buffers fill; after that nothing moves.
    let mut written = 0;
    let settled = eventually(secs(5), async || {
        tokio::time::sleep(ms(200)).await;
        let before = std::mem::replace(&mut written, upstream.written());
        before == written && written > 0
    });
    assert!(settled.await, "the provider is never held back");
    assert!(written < 100 << 20, "{written} bytes were taken of 250 MiB");
    let grown = router.heap_kib().saturating_sub(before);
    assert!(grown < 16 * 1024, "grew by {grown} KiB");
}
