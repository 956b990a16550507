//! Providers that are silent, chatty before their answer, or no HTTP servers at all: B6 to B9.
//!
//! Never: what is not an answer reaches the client.

use std::time::Instant;

use bytes::Bytes;
use serde_json::json;

use crate::support::router::CHAT;
use crate::support::{
    Accept, Call, Conn, Fault, Place, Reply, Router, Script, Upstream, assert_error, assert_ok,
    chat, ms, open, pair, secs,
};

#[tokio::test]
async fn b6_informational_responses_are_ignored() {
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    let reply = Reply::chat("hi").preceded_by(early).preceded_by(go_on).preceded_by(early);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    let mut conn = Conn::connect(router.addr()).await;
    for _ in 0..2 {
        let answer = conn.ask(&Call::chat(&chat("m"))).await;
        assert_ok(&answer);
        assert_eq!(answer.said(), "hi");
        assert_eq!(answer.header("link"), None);
        assert!(answer.informational.is_empty(), "{:?}", answer.informational);
    }
    assert_eq!(upstream.connections(), 1, "the connection is still in step");
}

#[tokio::test]
async fn b7_what_is_no_http_is_malformed() {
    let header = format!("HTTP/1.1 200 OK\r\nx-large: {}\r\n\r\n", "a".repeat(1 << 20));
    let nonsense: [Bytes; 6] = [
        Bytes::from_static(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on and on"),
        Bytes::from_static(b"220 mail.example ESMTP ready\r\n"),
        Bytes::from_static(b"HTTP/1.1 abc Not A Number\r\ncontent-length: 0\r\n\r\n"),
        Bytes::from_static(b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n"),
        Bytes::from_static(b"HTTP/1.1 200 OK\r\nbad name: x\r\ncontent-length: 0\r\n\r\n"),
        header.into(),
    ];
    for bytes in nonsense {
        let start = String::from_utf8_lossy(&bytes[..20]).into_owned();
        let first = Upstream::start(Script::from(Reply::raw(bytes))).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let mut targets = pair(&first, &backup);
        targets["targets"]["alone"] = json!({"url": first.base()});
        let router = Router::start(&targets).await;
        assert_error(&router.chat("alone").await, 502, "upstream_malformed");
        let answer = router.chat("m").await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "hi"), "after {start:?}");
    }
}

#[tokio::test]
async fn b8_silence_before_the_head_is_timed() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let (first, backup) = (Upstream::start(silent).await, Upstream::start(Reply::chat("hi")).await);
    let mut targets = pair(&first, &backup);
    targets["targets"]["m"]["timeouts"] = json!({"response_ms": 300});
    targets["targets"]["alone"] = json!({"url": first.base(), "timeouts": {"response_ms": 300}});
    let router = Router::start(&targets).await;

    let start = Instant::now();
    assert_error(&router.chat("alone").await, 504, "upstream_timeout");
    assert!((ms(280)..ms(1500)).contains(&start.elapsed()), "{:?}", start.elapsed());
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=timeout,second=200");
    assert!(first.wait_disconnect(secs(1)).await.is_some(), "the silent call is given up");
}

#[tokio::test]
async fn b8_request_timeout_secs_is_the_same_timeout() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let upstream = Upstream::start(silent).await;
    let target = json!({"url": upstream.base(), "request_timeout_secs": 1});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let start = Instant::now();
    assert_error(&router.chat("m").await, 504, "upstream_timeout");
    assert!((ms(900)..secs(3)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn b8_the_time_to_the_head_does_not_limit_the_body() {
    let slow = Reply::chat_stream(&["a", "b", "c", "d"]).paced(ms(150));
    let slow = slow.fault(Place::Start, Fault::Pause(ms(100)));
    let upstream = Upstream::start(slow).await;
    let target = json!({"url": upstream.base(), "timeouts": {"response_ms": 300}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn b8_a_provider_that_does_not_even_read_is_timed() {
    let upstream = Upstream::start(Accept::Deaf).await;
    let target = json!({"url": upstream.base(), "timeouts": {"response_ms": 300}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let mut body = chat("m");
    // More than the buffers of the kernel take where nothing is read.
    body["padding"] = "x".repeat(11 << 20).into();
    let start = Instant::now();
    assert_error(&router.post(CHAT, "", &body).await, 504, "upstream_timeout");
    assert!(start.elapsed() < secs(4), "{:?}", start.elapsed());
}

#[tokio::test]
async fn b10_a_stall_mid_stream_is_ended_by_an_error_event() {
    let stalled = Reply::chat_stream(&["a", "b", "c"]).fault(Place::Piece(2), Fault::Stall);
    let upstream = Upstream::start(stalled).await;
    let target = json!({"url": upstream.base(), "timeouts": {"idle_ms": 300},
        "concurrency_limit": {"max_concurrent_requests": 1}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    for _ in 0..2 {
        super::streams::assert_broken_after(&router, &["a", "b"]).await;
    }
    assert!(upstream.wait_disconnect(secs(1)).await.is_some(), "the stalled call is given up");
}

#[tokio::test]
async fn b8_an_error_whose_body_stalls_is_judged_by_its_status() {
    for protocol in ["openai", "anthropic"] {
        let stalled = Reply::error(503, "broken").fault(Place::Head, Fault::Stall);
        let first = Upstream::start(stalled).await;
        let second = Upstream::start(Reply::chat("well")).await;
        let mut targets = pair(&first, &second);
        targets["targets"]["m"]["providers"][0]["protocol"] = protocol.into();
        let router = Router::start(&targets).await;
        let start = Instant::now();
        let answer = router.chat("m").await;
        assert_eq!(answer.attempts(), "first=503,second=200", "{protocol}");
        assert!(start.elapsed() < secs(4), "{protocol}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn b9_a_body_that_never_begins_is_an_idle_one() {
    let stalled = Reply::chat("never").fault(Place::Head, Fault::Stall);
    let first = Upstream::start(stalled).await;
    let second = Upstream::start(Reply::chat("well")).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["timeouts"] = json!({"idle_ms": 300});
    let router = Router::start(&targets).await;
    let start = Instant::now();
    let answer = router.chat("m").await;
    assert_eq!(answer.attempts(), "first=timeout,second=200");
    assert!((ms(280)..secs(3)).contains(&start.elapsed()), "{:?}", start.elapsed());
}
