//! Heads that never end, that are too large, or that ask for what is not there: A1, A3, A11, A12, A20.
//!
//! Never: a refused head reaches a provider.

use std::time::Instant;

use crate::support::router::CHAT;
use crate::support::{
    Call, Conn, Launch, Reply, Router, Upstream, assert_envelope, assert_error, assert_ok, chat,
    eventually, ms, open, secs,
};

#[tokio::test]
async fn a1_unfinished_headers_are_closed_while_others_are_served() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--header-timeout", "3s"]).start().await;
    assert_ok(&router.chat("m").await);
    let files_before = router.open_files();

    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut conn = Conn::connect(router.addr()).await;
        conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\nx-unfin")).await;
        slow.push(conn);
    }
    let start = Instant::now();
    assert_ok(&router.chat("m").await);
    assert!(start.elapsed() < secs(2), "others waited {:?}", start.elapsed());

    for conn in &mut slow {
        let end = conn.end(secs(7)).await;
        assert!(end.is_some(), "a connection without a head stays open");
    }
    drop(slow);
    let freed = eventually(secs(2), async || router.open_files() <= files_before + 5).await;
    assert!(freed, "{} files are open, {files_before} were before", router.open_files());
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn a1_a_head_that_trickles_is_closed_too() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--header-timeout", "500ms"]).start().await;
    let mut conn = Conn::connect(router.addr()).await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\nx-trickle: {}", "a".repeat(200));
    let borne = conn.send_slowly(head.as_bytes(), 10, ms(100)).await;
    assert!(!borne || conn.end(secs(1)).await.is_some(), "each byte buys more time");
}

#[tokio::test]
async fn a3_a_megabyte_of_headers_is_refused() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let large = Call::chat(&chat("m")).header("x-large", &"a".repeat(1 << 20));
    let mut many = Call::chat(&chat("m"));
    for number in 0..10_000 {
        many = many.header(&format!("x-{number}"), "1");
    }
    for call in [large, many] {
        let mut conn = call.open(router.addr()).await;
        // The rest of the head may meet a closed socket; then the reset may overtake the answer.
        if let Ok(answer) = conn.try_response().await {
            assert!(matches!(answer.status, 400 | 431), "status {}", answer.status);
        }
        assert!(conn.end(secs(2)).await.is_some(), "the connection is closed");
    }
    assert_eq!(upstream.hits(), 0);
    assert_ok(&router.chat("m").await);
}

#[tokio::test]
async fn a11_expect_100_continue_is_answered_before_the_body() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let body = chat("m").to_string();
    let head = |length: usize| {
        format!(
            "POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nexpect: 100-continue\r\n\r\n"
        )
    };
    let mut conn = Conn::connect(router.addr()).await;
    conn.send(head(body.len())).await;
    assert_eq!(conn.status_line().await, 100);
    conn.send(&body).await;
    assert_ok(&conn.response().await);
    assert_eq!(upstream.last().header("expect"), None);

    let mut conn = Conn::connect(router.addr()).await;
    conn.send(head(1 << 30)).await;
    let refused = conn.response().await;
    assert_error(&refused, 413, "payload_too_large");
    assert!(refused.informational.is_empty(), "the final status comes without a 100");
}

#[tokio::test]
async fn a12_http_1_0_is_served_without_chunks() {
    let upstream = Upstream::start(Reply::chat_stream(&["a", "b"])).await;
    let router = Router::start(&open(&upstream)).await;
    let body = chat("m").to_string();
    let mut conn = Conn::connect(router.addr()).await;
    let length = body.len();
    conn.send(format!("POST {CHAT} HTTP/1.0\r\ncontent-length: {length}\r\n\r\n{body}")).await;
    let answer = conn.response().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("transfer-encoding"), None);
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
}

#[tokio::test]
async fn a12_head_and_options_are_sane_and_connect_and_trace_are_405() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let mut conn = Call::new("HEAD", "/healthz").open(router.addr()).await;
    assert_eq!(conn.bodiless_response().await.status, 200);
    assert!(conn.end(ms(50)).await.is_none(), "no byte of a body follows");

    let options = Call::new("OPTIONS", "/nothing").send(router.addr()).await;
    assert!(matches!(options.status, 404 | 405), "OPTIONS: {}", options.status);
    for call in [Call::new("TRACE", CHAT), Call::new("CONNECT", "evil.example:443")] {
        assert_envelope(&call.send(router.addr()).await, 405);
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a20_paths_that_name_no_alias_are_404_or_missing_model() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    for path in ["/", "/v1/foo", "/favicon.ico", "/v1", "/metrics"] {
        assert_error(&router.get(path).await, 404, "not_found");
        assert_error(&Call::post(path).send(router.addr()).await, 404, "not_found");
    }
    let no_model = router.post(CHAT, "", &serde_json::json!({"messages": []})).await;
    assert_error(&no_model, 400, "missing_model");
    assert_eq!(no_model.json()["error"]["param"], "model");
    assert_error(&router.chat("nobody").await, 404, "model_not_found");
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn the_header_that_names_the_alias_is_never_ignored() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = open(&upstream);
    targets["targets"]["größe"] = targets["targets"]["m"].clone();
    let router = Router::start(&targets).await;
    let named = |alias: &[u8]| {
        let mut call =
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nmodel-override: ".to_vec();
        call.extend_from_slice(alias);
        let body = chat("m").to_string();
        call.extend_from_slice(
            format!("\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes(),
        );
        call
    };
    for (alias, code) in [
        ("größe".as_bytes(), None),
        ("grösse".as_bytes(), Some((404, "model_not_found"))),
        (b"gr\xf6\xdfe".as_slice(), Some((400, "invalid_model_override"))),
    ] {
        let mut conn = Conn::connect(router.addr()).await;
        conn.send(named(alias)).await;
        let answer = conn.response().await;
        match code {
            None => assert_ok(&answer),
            Some((status, code)) => assert_error(&answer, status, code),
        }
    }
    assert_eq!(upstream.hits(), 1);
}
