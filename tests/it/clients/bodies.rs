//! Bodies that are late, too large, malformed, encoded, or in parts: A2, A4 to A9, A13, A14.
//!
//! Never: a body that is refused costs a permit or reaches a provider.

use serde_json::{Value, json};

use crate::support::client::Response;
use crate::support::router::CHAT;
use crate::support::{
    Call, Conn, End, Launch, Reply, Router, Upstream, assert_envelope, assert_error, assert_ok,
    chat, ms, open, secs,
};

async fn raw(router: &Router, body: impl Into<Vec<u8>>) -> Response {
    let call = Call::post(CHAT).header("content-type", "application/json").body(body);
    call.send(router.addr()).await
}

#[tokio::test]
async fn a2_a_stalled_body_is_408_and_holds_no_permit() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({"targets": {"m": {
        "url": upstream.base(), "concurrency_limit": {"max_concurrent_requests": 1}}}});
    let router = Launch::new(&targets).args(["--body-timeout", "600ms"]).start().await;
    let mut stalled = Conn::connect(router.addr()).await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n");
    stalled.send(head + r#"{"model":"m","#).await;

    assert_ok(&router.chat("m").await);
    assert_envelope(&stalled.response().await, 408);
    // A client that still writes is let finish for a moment, so that it reads its 408.
    assert!(stalled.end(secs(10)).await.is_some(), "closed after the 408");
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn a2_a_slow_body_that_is_there_in_time_is_served() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--body-timeout", "5s"]).start().await;
    let mut conn = Conn::connect(router.addr()).await;
    let bytes = Call::chat(&chat("m")).bytes(router.addr());
    assert!(conn.send_slowly(&bytes, 20, ms(60)).await);
    assert_ok(&conn.response().await);
}

#[tokio::test]
async fn a4_a_declared_body_over_the_cap_is_413_before_it_is_sent() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--max-body", "1MiB"]).start().await;
    let mut conn = Conn::connect(router.addr()).await;
    let head = "content-type: application/json\r\ncontent-length: 104857600\r\n\r\n";
    conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{head}")).await;
    assert_error(&conn.response().await, 413, "payload_too_large");
}

#[tokio::test]
async fn a5_a_chunked_body_over_the_cap_is_413_when_it_passes_it() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--max-body", "1MiB"]).start().await;
    let before = router.heap_kib();
    let mut conn = Conn::connect(router.addr()).await;
    conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"))
        .await;
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..17 {
        conn.send(&chunk).await;
    }
    assert_error(&conn.response().await, 413, "payload_too_large");
    for _ in 0..512 {
        if !conn.send(&chunk).await {
            break;
        }
    }
    assert!(conn.end(secs(5)).await.is_some(), "the connection is closed");
    let grown = router.heap_kib().saturating_sub(before);
    assert!(grown < 12 * 1024, "grew by {grown} KiB");
}

#[tokio::test]
async fn d12_bodies_that_memory_has_no_room_for_come_back_later() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--max-bodies", "1.5MiB"]).start().await;
    let mut body = chat("m");
    body["messages"][0]["content"] = "x".repeat(1 << 20).into();
    let large = Call::chat(&body).bytes(router.addr());
    let (most, rest) = large.split_at(1 << 20);
    let hold = async || {
        let mut conn = Conn::connect(router.addr()).await;
        conn.send(most).await;
        conn
    };
    let mut first = hold().await;
    let mut answer = Call::chat(&body).send(router.addr()).await;
    for _ in 0..20 {
        if answer.status == 503 {
            break;
        }
        // It was quicker than the one that was to be held, which may have been refused in its place.
        first = hold().await;
        answer = Call::chat(&body).send(router.addr()).await;
    }
    assert_error(&answer, 503, "no_room");
    assert!(answer.header("retry-after").is_some());
    assert_ok(&router.chat("m").await);
    first.send(rest).await;
    assert_ok(&first.response().await);
    assert_ok(&Call::chat(&body).send(router.addr()).await);
}

#[tokio::test]
async fn a6_bodies_that_are_no_json_object_are_400() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let bodies: [&[u8]; 12] = [
        b"",
        b"[]",
        b"null",
        b"\"x\"",
        b"{",
        br#"{"model":"m""#,
        br#"{"model":"m","x":}"#,
        br#"{"model":"m"} trailing"#,
        b"\0\0\0\0",
        b"{\"model\":\"m\",\"x\":\"a\0b\"}",
        b"{\"model\":\"m\",\"x\":\"\xff\xfe\"}",
        b"{'model':'m'}",
    ];
    for body in bodies {
        let answer = raw(&router, body).await;
        assert_eq!(answer.status, 400, "for {:?}", String::from_utf8_lossy(body));
        assert_envelope(&answer, 400);
        let code = answer.code();
        assert!(matches!(code.as_str(), "invalid_json" | "missing_model"), "{code}");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a7_model_of_the_wrong_kind_is_400() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    for body in [json!({}), json!({"messages": []})] {
        assert_error(&router.post(CHAT, "", &body).await, 400, "missing_model");
    }
    for model in [json!(7), json!(["m"]), json!({"m": 1}), json!(null), json!(true), json!("")] {
        let answer = router.post(CHAT, "", &json!({"model": model})).await;
        assert!(matches!(answer.status, 400 | 404), "{model}: {}", answer.status);
        assert_envelope(&answer, answer.status);
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a7_a_megabyte_of_a_model_name_is_cut_in_the_message_and_makes_no_label() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = router.chat(&"zyx".repeat(350_000)).await;
    assert_error(&answer, 404, "model_not_found");
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`zyxzyx"), "the name stands in backticks: {message}");
    assert!(message.len() < 256 + 200, "{} bytes", message.len());
    assert!(!router.metrics().await.contains("zyx"));
}

#[tokio::test]
async fn a8_a_repeated_model_is_refused_also_when_escaped() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    for body in [
        r#"{"model":"m","model":"other"}"#,
        r#"{"model":"m","mod\u0065l":"other"}"#,
        r#"{"\u006dodel":"m","messages":[],"model":"m"}"#,
    ] {
        assert_error(&raw(&router, body).await, 400, "duplicate_model");
    }
    assert_eq!(upstream.hits(), 0);
    // The same key deeper down is nobody's business.
    assert_ok(&raw(&router, r#"{"model":"m","x":{"model":1,"model":2}}"#).await);
    assert_ok(&raw(&router, r#"{"mod\u0065l":"\u006d"}"#).await);
}

#[tokio::test]
async fn a9_a_hundred_thousand_levels_do_not_overflow_the_stack() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut router = Router::start(&open(&upstream)).await;
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(100_000), close.repeat(100_000));
        format!(r#"{{"x":{open}1{close},"model":"m"}}"#)
    };
    for body in [deep("[", "]"), deep(r#"{"a":"#, "}")] {
        let answer = raw(&router, body.clone()).await;
        match answer.status {
            200 => assert_eq!(upstream.last().body, body.as_bytes(), "untouched"),
            _ => assert_envelope(&answer, 400),
        }
    }
    assert!(router.is_running());
    assert_ok(&router.chat("m").await);
}

#[tokio::test]
async fn a13_packed_bodies_are_unpacked_for_router_and_provider() {
    use std::io::Write as _;

    use flate2::{Compression, write};
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = open(&upstream);
    targets["targets"]["m"]["onwards_model"] = "renamed".into();
    let router = Router::start(&targets).await;
    let mut body = chat("m");
    body["messages"][0]["content"] = "hello ".repeat(50_000).into();
    let plain = body.to_string().into_bytes();
    let mut gzip = write::GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut deflate = write::ZlibEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(&plain).unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstd = |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, level);
    body["model"] = "renamed".into();
    for (encoding, packed) in [
        ("deflate", deflate.finish().unwrap()),
        ("zstd", zstd(&plain)),
        ("gzip, zstd", zstd(&gzip)),
        ("GZIP", gzip),
    ] {
        let call = Call::post("/v1/chat/completions").header("content-encoding", encoding);
        let call = call.header("content-type", "application/json").body(packed);
        assert_ok(&call.send(router.addr()).await);
        let seen = upstream.last();
        assert_eq!(
            (seen.json(), seen.header("content-encoding")),
            (body.clone(), None),
            "{encoding}"
        );
    }
    let hits = upstream.hits();
    for (encoding, status) in
        [("gzip", 400), ("br", 400), ("zstd", 400), ("deflate", 400), ("x", 415)]
    {
        let call = Call::chat(&chat("m")).header("content-encoding", encoding);
        assert_envelope(&call.send(router.addr()).await, status);
    }
    assert_eq!(upstream.hits(), hits);
}

fn form(model: &str) -> Vec<u8> {
    let audio: Vec<u8> = (0..200_000u32).map(|n| (n * 7 % 251) as u8).collect();
    let mut form = b"--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"model\"\r\n\
        content-type: audio/wav\r\n\r\n"
        .to_vec();
    form.extend_from_slice(&audio);
    form.extend_from_slice(b"\r\n--XX\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n");
    form.extend_from_slice(model.as_bytes());
    form.extend_from_slice(
        b"\r\n--XX\r\ncontent-disposition: form-data; name=\"language\"\r\n\r\n",
    );
    form.extend_from_slice(b"en\r\n--XX--\r\n");
    form
}

#[tokio::test]
async fn a14_a_multipart_form_is_routed_by_its_model_field() {
    let upstream = Upstream::start(Reply::json(200, &json!({"text": "hi"}))).await;
    let named = json!({"url": upstream.base(), "onwards_model": "whisper-large-v3"});
    let targets = json!({"targets": {"m": {"url": upstream.base()}, "named": named}});
    let router = Router::start(&targets).await;
    let send = async |model: &str| {
        Call::post("/v1/audio/transcriptions")
            .header("content-type", "multipart/form-data; boundary=XX")
            .body(form(model))
            .send(router.addr())
            .await
    };
    assert_ok(&send("m").await);
    let seen = upstream.last();
    assert_eq!(seen.target, "/v1/audio/transcriptions");
    assert_eq!(seen.header("content-type"), Some("multipart/form-data; boundary=XX"));
    assert!(seen.body == form("m"), "the form is passed on byte for byte");

    assert_ok(&send("named").await);
    assert!(upstream.last().body == form("whisper-large-v3"), "only the model's value is replaced");
    assert_error(&send("nobody").await, 404, "model_not_found");
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn a18_a_connection_is_still_right_after_an_error() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let bad: Vec<(&str, Value)> = vec![
        ("/v1/foo", json!({"x": "y".repeat(100_000)})),
        (CHAT, chat("nobody")),
        (CHAT, json!({"messages": []})),
    ];
    for (path, body) in bad {
        let mut conn = Call::post(path).json(&body).open(router.addr()).await;
        let refused = conn.response().await;
        assert!(refused.status >= 400, "{}", refused.status);
        conn.send(Call::chat(&chat("m")).bytes(router.addr())).await;
        match conn.try_response().await {
            Ok(answer) => assert_ok(&answer),
            Err(_) => assert!(matches!(conn.end(ms(100)).await, Some(End::Closed | End::Reset))),
        }
    }
}

#[tokio::test]
async fn a18_pipelined_requests_are_answered_in_order() {
    let upstream = Upstream::start([Reply::chat("one"), Reply::chat("two")]).await;
    let router = Router::start(&open(&upstream)).await;
    let mut conn = Conn::connect(router.addr()).await;
    let good = Call::chat(&chat("m")).bytes(router.addr());
    let bad = Call::chat(&chat("nobody")).bytes(router.addr());
    conn.send([good.clone(), bad, good].concat()).await;
    assert_eq!(conn.response().await.said(), "one");
    assert_error(&conn.response().await, 404, "model_not_found");
    assert_eq!(conn.response().await.said(), "two");
}
