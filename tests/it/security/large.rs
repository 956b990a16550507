//! Large bodies without a known key, and bodies that come slowly: what they may take.
//!
//! Never: a caller without a key keeps the bodies of key holders out.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::client::h2::H2;
use crate::support::router::CHAT;
use crate::support::{
    Call, Conn, Fault, Launch, Place, Reply, Response, Router, Upstream, assert_envelope,
    assert_error, assert_ok, chat, eventually, ms, secs,
};

/// `open` for everybody, `shut` for one key.
fn targets(upstream: &Upstream) -> Value {
    json!({"targets": {
        "open": {"url": upstream.base()},
        "shut": {"url": upstream.base(), "keys": ["sk-known"]}}})
}

/// A large body that names its model first, or last.
fn large(model: &str, size: usize, first: bool) -> String {
    let text = "x".repeat(size);
    match first {
        true => format!(r#"{{"model":"{model}","messages":[],"x":"{text}"}}"#),
        false => format!(r#"{{"messages":[],"x":"{text}","model":"{model}"}}"#),
    }
}

async fn sent(router: &Router, body: String, key: &str, alias: &str) -> Response {
    let call = Call::post(CHAT).header("content-type", "application/json").key(key).body(body);
    let call = if alias.is_empty() { call } else { call.header("model-override", alias) };
    call.send(router.addr()).await
}

#[tokio::test]
async fn a_large_body_is_read_for_a_known_key_or_an_open_alias_alone() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&targets(&upstream)).await;
    let body = |model: &str, first| large(model, 200_000, first);
    assert_ok(&sent(&router, body("open", true), "", "").await);
    assert_ok(&sent(&router, body("open", true), "sk-other", "").await);
    assert_ok(&sent(&router, body("open", false), "", "open").await);
    assert_ok(&sent(&router, body("open", false), "sk-known", "").await);
    assert_ok(&sent(&router, body("shut", false), "sk-known", "").await);
    let hits = upstream.hits();
    for (model, first) in [("open", false), ("shut", true), ("shut", false), ("other", true)] {
        let answer = sent(&router, body(model, first), "", "").await;
        assert_error(&answer, 401, "missing_api_key");
        let answer = sent(&router, body(model, first), "sk-other", "").await;
        assert_error(&answer, 401, "invalid_api_key");
    }
    assert_eq!(upstream.hits(), hits);
    // What is small is checked in the contract's order, as ever.
    assert_error(&sent(&router, "{".into(), "", "").await, 400, "invalid_json");
    assert_ok(&sent(&router, large("open", 60_000, false), "", "").await);
}

#[tokio::test]
async fn a_refused_body_is_refused_after_64_kib() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&targets(&upstream)).await;
    let body = large("shut", 1 << 20, true);
    let mut conn = Conn::connect(router.addr()).await;
    conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len()))
        .await;
    conn.send(&body[..65_536]).await;
    assert!(conn.end(ms(300)).await.is_none(), "so much may be read");
    conn.send(&body[65_536..65_600]).await;
    assert_error(&conn.response().await, 401, "missing_api_key");
}

#[tokio::test]
async fn callers_without_a_key_leave_room_for_those_with_one() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let args = ["--max-bodies", "8MiB"];
    let router = Launch::new(&targets(&upstream)).args(args).start().await;
    let body = large("open", 3 << 20, true);
    let mut slow = Vec::new();
    for _ in 0..6 {
        let mut conn = Conn::connect(router.addr()).await;
        let length = body.len();
        conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"))
            .await;
        conn.send(&body.as_bytes()[..body.len() - 9]).await;
        slow.push(conn);
    }
    // What was sent may be in the kernel still.
    let full = async || sent(&router, body.clone(), "", "").await.code() == "no_room";
    assert!(eventually(secs(40), full).await);
    assert_ok(&sent(&router, large("shut", 3 << 20, false), "sk-known", "").await);
}

#[tokio::test]
async fn bodies_of_http2_count_from_the_first_byte() {
    let slow = Reply::chat("hi").fault(Place::Start, Fault::Pause(ms(1500)));
    let upstream = Upstream::start(slow).await;
    let alone = json!({"targets": {"m": {"url": upstream.base()}}});
    let router = Launch::new(&alone).args(["--max-bodies", "100KiB"]).start().await;
    let mut body = chat("m");
    body["messages"][0]["content"] = "x".repeat(40_000).into();
    let h2 = H2::connect(router.addr()).await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        let (mut h2, body) = (h2.clone(), body.clone());
        answers.push(tokio::spawn(async move { h2.post(CHAT, &body).await.status }));
    }
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(answer.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 503, 503]);
}

/// How a body that trickles is answered: before its last byte is sent.
async fn trickled(router: &Router, framing: &str, byte: &str, count: usize) -> Response {
    let mut conn = Conn::connect(router.addr()).await;
    conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{framing}")).await;
    for _ in 0..count {
        conn.send(byte).await;
        tokio::time::sleep(ms(50)).await;
    }
    let start = Instant::now();
    let answer = conn.response().await;
    assert!(start.elapsed() < secs(1), "each byte bought more time: {:?}", start.elapsed());
    answer
}

#[tokio::test]
async fn a2_a_body_that_trickles_ends_by_its_size() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let args = ["--body-timeout", "2s"];
    let router = Launch::new(&targets(&upstream)).args(args).start().await;
    let plain = "content-length: 1000\r\n\r\n";
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    let extension = format!("{chunked}1;a=");
    let trailer = format!("{chunked}1\r\n \r\n0\r\nx-a: ");
    let answers = tokio::join!(
        trickled(&router, plain, " ", 80),
        trickled(&router, chunked, "1\r\n \r\n", 80),
        trickled(&router, &extension, "a", 80),
        trickled(&router, &trailer, "a", 80),
    );
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        assert_envelope(&answer, 408);
    }
    assert_eq!(upstream.hits(), 0);
}
