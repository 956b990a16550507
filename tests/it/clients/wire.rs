//! Framing that two servers could read in two ways: A10.
//!
//! Never: one request of a client becomes two at a provider.

use crate::support::router::CHAT;
use crate::support::{Conn, Reply, Router, Upstream, assert_ok, chat, ms, open};

/// Heads whose body's end is in doubt, each with a second request hidden behind the first.
fn ambiguous() -> Vec<(&'static str, String)> {
    let body = chat("m").to_string();
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let hidden =
        format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
    let all = chunked.len() + hidden.len();
    let post = |head: &str, rest: &str| {
        format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n{rest}{hidden}")
    };
    vec![
        (
            "length and chunked",
            post(&format!("content-length: {all}\r\ntransfer-encoding: chunked"), &chunked),
        ),
        (
            "chunked and length",
            post(&format!("transfer-encoding: chunked\r\ncontent-length: {length}"), &chunked),
        ),
        (
            "two lengths",
            post(
                &format!("content-length: {length}\r\ncontent-length: {}", length + hidden.len()),
                &body,
            ),
        ),
        ("a list of lengths", post(&format!("content-length: {length}, {}", length + 1), &body)),
        ("a signed length", post(&format!("content-length: +{length}"), &body)),
        ("an unknown coding", post("transfer-encoding: xchunked", &chunked)),
        ("chunked not last", post("transfer-encoding: chunked, identity", &chunked)),
        (
            "a space before the colon",
            post(&format!("transfer-encoding : chunked\r\ncontent-length: {length}"), &body),
        ),
        (
            "a chunk size that is none",
            post("transfer-encoding: chunked", &format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n")),
        ),
        (
            "a chunk size that overflows",
            post(
                "transfer-encoding: chunked",
                &format!("1000000000000000f\r\n{body}\r\n0\r\n\r\n"),
            ),
        ),
        (
            "a line folded",
            post(
                &format!("x-a: b\r\n content-length: 0\r\ncontent-length: {length}\r\n\tx"),
                &body,
            ),
        ),
        (
            "a bare CR in a value",
            post(&format!("x-a: b\rtransfer-encoding: chunked\r\ncontent-length: {length}"), &body),
        ),
    ]
}

#[tokio::test]
async fn a10_ambiguous_framing_never_becomes_two_requests() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    for (name, bytes) in ambiguous() {
        let before = upstream.hits();
        let mut conn = Conn::connect(router.addr()).await;
        conn.send(&bytes).await;
        if let Ok(answer) = conn.try_response().await {
            let status = answer.status;
            assert!(matches!(status, 200 | 400 | 411 | 501), "{name}: {status}");
        }
        // Whatever is left of the bytes must not be taken for a request.
        let _ = conn.end(ms(100)).await;
        let made = upstream.hits() - before;
        assert!(made <= 1, "{name}: {made} requests reached the provider");
    }
    assert_ok(&router.chat("m").await);
}

#[tokio::test]
async fn a10_plain_framing_both_ways_is_understood() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let body = chat("m").to_string();
    let mut conn = Conn::connect(router.addr()).await;
    conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"))
        .await;
    let (first, second) = body.split_at(9);
    for part in [first, second] {
        conn.send(format!("{:x};ext=1\r\n{part}\r\n", part.len())).await;
        tokio::time::sleep(ms(20)).await;
    }
    conn.send("0\r\n\r\n").await;
    assert_ok(&conn.response().await);
    assert_eq!(upstream.last().body, body.as_bytes());
}
