//! Timeouts, each apart from the others, and the one budget over all attempts.
//!
//! Never: a client lengthens its time, or an attempt starts after the end.

use std::time::Instant;

use serde_json::json;

use crate::support::{
    Call, Fault, Place, Reply, Router, Upstream, assert_error, assert_ok, assert_stream_error,
    chat, chat_stream, ms, pair, secs,
};

/// A stream that announces itself, keeps the line warm and never says anything.
fn never_begins() -> Reply {
    let announced = ": warm\n\nevent: response.created\ndata: {\"type\":\"response.created\"}\n\n";
    let pieces: Vec<&str> = std::iter::once(announced).chain([": still here\n\n"; 50]).collect();
    Reply::sse(pieces).paced(ms(50))
}

#[tokio::test]
async fn b9_the_first_event_is_content_not_a_comment() {
    let first = Upstream::start(never_begins()).await;
    let second = Upstream::start(Reply::chat_stream(&["hi"])).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["timeouts"] = json!({"first_event_ms": 300});
    let alone = json!({"url": first.base(), "timeouts": {"first_event_ms": 300}});
    targets["targets"]["alone"] = alone;
    let router = Router::start(&targets).await;
    let start = Instant::now();
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=timeout,second=200");
    assert!((ms(280)..ms(1500)).contains(&start.elapsed()), "{:?}", start.elapsed());
    let answer = Call::chat(&chat_stream("alone")).send(router.addr()).await;
    assert_error(&answer, 504, "upstream_timeout");
}

#[tokio::test]
async fn the_first_event_does_not_limit_what_is_no_stream() {
    let slow = Reply::chat("slow").fault(Place::Start, Fault::Pause(ms(400)));
    let upstream = Upstream::start(slow).await;
    let target = json!({"url": upstream.base(), "name": "up", "timeouts": {"first_event_ms": 100}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    assert_ok(&router.chat("m").await);
}

#[tokio::test]
async fn the_whole_attempt_ends_a_stream_with_an_error_event() {
    let long = Reply::chat_stream(&["w"; 100]).paced(ms(50));
    let upstream = Upstream::start(long).await;
    let target = json!({"url": upstream.base(), "name": "up", "timeouts": {"total_ms": 400}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let start = Instant::now();
    let (events, _) = Call::chat(&chat_stream("m")).stream(router.addr()).await.all().await;
    assert!((ms(350)..ms(2000)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_stream_error(events.last().unwrap());
    assert!(events.len() > 2);
    assert!(upstream.wait_disconnect(secs(1)).await.is_some());
}

#[tokio::test]
async fn a_client_may_shorten_its_time_and_never_lengthen_it() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let upstream = Upstream::start(silent).await;
    let target = json!({"url": upstream.base(), "name": "up", "timeouts": {"total_ms": 800},
        "cooldown": {"failures": 1}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    for (asked, least, most) in [("200", 180, 700), ("60000", 780, 2500)] {
        let start = Instant::now();
        let call = Call::chat(&chat("m")).header("x-onwards-timeout-ms", asked);
        let answer = call.send(router.addr()).await;
        assert_error(&answer, 504, "upstream_timeout");
        assert!((ms(least)..ms(most)).contains(&start.elapsed()), "{:?}", start.elapsed());
        // The first is the client's own impatience and no failure of the provider.
        assert_eq!(answer.attempts(), "up=timeout");
    }
    let wrong = Call::chat(&chat("m")).header("x-onwards-timeout-ms", "soon");
    assert_eq!(wrong.send(router.addr()).await.status, 400);
    assert!(upstream.requests().iter().all(|seen| seen.header("x-onwards-timeout-ms").is_none()));
}

#[tokio::test]
async fn no_attempt_starts_after_the_deadline() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let (first, second) = (Upstream::start(silent.clone()).await, Upstream::start(silent).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["timeouts"] = json!({"response_ms": 300});
    targets["targets"]["m"]["fallback"]["deadline_ms"] = json!(450);
    targets["targets"]["m"]["fallback"]["max_attempts"] = json!(10);
    let router = Router::start(&targets).await;
    let start = Instant::now();
    let answer = router.chat("m").await;
    assert_error(&answer, 504, "all_providers_failed");
    assert_eq!(answer.attempts(), "first=timeout,second=timeout");
    assert!((ms(430)..ms(1000)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_failure_that_came_late_is_not_tried_again() {
    let slow = Reply::error(500, "slow").fault(Place::Start, Fault::Pause(ms(400)));
    let first = Upstream::start([slow, Reply::error(500, "quick")]).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["fallback"]["retry_if_failed_within_ms"] = json!(200);
    let router = Router::start(&targets).await;
    assert_eq!(router.chat("m").await.attempts(), "first=500");
    assert_eq!(router.chat("m").await.attempts(), "first=500,second=200");
}

#[tokio::test]
async fn the_whole_attempt_ends_a_translated_stream_too() {
    let long = Upstream::start(Reply::chat_stream(&["w"; 100]).paced(ms(50))).await;
    let target = json!({"url": long.base(), "name": "up", "timeouts": {"total_ms": 400}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let mut body = chat_stream("m");
    body["max_tokens"] = json!(9);
    let start = Instant::now();
    let answer = Call::post("/v1/messages").json(&body).send(router.addr()).await;
    assert!((ms(350)..ms(3_000)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert!(answer.text().contains("event: error"), "{}", answer.text());
}

#[tokio::test]
async fn silence_is_counted_from_the_last_piece() {
    let slow = Upstream::start(Reply::chat_stream(&["w"; 10]).paced(ms(120))).await;
    let target = json!({"url": slow.base(), "name": "up", "timeouts": {"idle_ms": 700}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_ok(&answer);
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
}
