//! Providers that send what no provider should: heads without end, two lengths, switched protocols.
//!
//! Never: what has no end is waited for without end or kept, and what can be read in two ways is passed on.

use serde_json::json;

use crate::support::{
    Call, End, Fault, Launch, Place, Reply, Router, Script, Upstream, assert_envelope, assert_ok,
    open, pair, provider, secs,
};

/// Answered with 502 alone, and passed over where another provider is there.
async fn assert_malformed(reply: Reply) {
    let first = Upstream::start(reply).await;
    let backup = Upstream::start(Reply::chat("hi")).await;
    let mut targets = pair(&first, &backup);
    targets["targets"]["alone"] = provider("first", &first);
    let router = Router::start(&targets).await;
    let alone = tokio::time::timeout(secs(30), router.chat("alone")).await;
    assert_envelope(&alone.expect("it is waited for ever"), 502);
    let answer = tokio::time::timeout(secs(30), router.chat("m")).await;
    let answer = answer.expect("it is waited for ever");
    assert_ok(&answer);
    assert_eq!(answer.said(), "hi");
}

fn raw(head: &str) -> Reply {
    Reply::raw(format!("HTTP/1.1 {head}\r\ncontent-type: application/json\r\n\r\n{{}}"))
}

#[tokio::test]
async fn length_that_can_be_read_in_two_ways_is_malformed() {
    for lengths in [
        "content-length: 2, 2",
        "content-length: 2, 3",
        "content-length: +2",
        "content-length: -2",
        "content-length: 0x2",
        "content-length: 2 2",
        "content-length: 2\r\ncontent-length: 2",
        "content-length: 2\r\ncontent-length: 3",
        "content-length:",
        "content-length: 99999999999999999999999",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: identity",
        "transfer-encoding: xchunked",
    ] {
        assert_malformed(raw(&format!("200 OK\r\n{lengths}"))).await;
    }
}

/// A browser and an SDK could take different ones.
#[tokio::test]
async fn answer_of_two_content_types_is_malformed() {
    for types in [
        "content-type: application/json\r\ncontent-type: text/html",
        "content-type: text/html\r\nx-a: b\r\ncontent-type: application/json",
        "content-type: application/json\r\ncontent-type: text/event-stream",
    ] {
        assert_malformed(raw(&format!("200 OK\r\n{types}\r\ncontent-length: 2"))).await;
    }
}

/// Without falling back, an answer passes as it came; a wait that breaks clients does not.
#[tokio::test]
async fn wait_that_a_client_is_shown_is_one_that_it_can_read() {
    for (said, shown) in [
        ("retry-after: 7", vec!["7"]),
        ("retry-after: Sun, 06 Nov 1994 08:49:37 GMT", vec!["Sun, 06 Nov 1994 08:49:37 GMT"]),
        ("retry-after: 99999999999999999999999", vec!["86400"]),
        ("retry-after: Fri, 31 Dec 9999 23:59:59 GMT", vec!["86400"]),
        ("retry-after: -5", vec![]),
        ("retry-after: NaN", vec![]),
        ("retry-after: 1e300", vec![]),
        ("retry-after:", vec![]),
        ("retry-after: 5\r\nretry-after: 99999999", vec!["5"]),
    ] {
        let upstream =
            Upstream::start(raw(&format!("429 No\r\n{said}\r\ncontent-length: 2"))).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.status, 429, "{said}");
        let lines = answer.headers.iter().filter(|(name, _)| name == "retry-after");
        let told: Vec<_> = lines.map(|(_, value)| value.as_str()).collect();
        assert_eq!(told, shown, "{said}");
    }
}

#[tokio::test]
async fn status_that_ends_no_exchange_is_malformed() {
    for head in [
        "101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade",
        "999 What",
        "600 What",
        "000 What",
        "99 What",
        "1000 What",
        "20 OK",
        "-200 OK",
        "2OO OK",
    ] {
        assert_malformed(raw(&format!("{head}\r\ncontent-length: 2"))).await;
    }
}

#[tokio::test]
async fn head_without_end_is_malformed() {
    let big = 3 << 20;
    for bytes in [
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(big / 25),
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(big / 40),
        format!("HTTP/1.1 200 {}", "O".repeat(big)),
        format!("HTTP/1.1 200 OK\r\n{}", "a".repeat(big)),
        format!("HTTP/1.1 200 OK\r\na: {}", "a".repeat(big)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(big / 6)),
        "\r\n".repeat(big / 2),
        "a".repeat(big),
    ] {
        // It does not end: the connection stays.
        let reply = Reply::raw(bytes).fault(Place::LastPiece, Fault::Stall);
        assert_malformed(reply).await;
    }
}

#[tokio::test]
async fn interim_responses_of_a_reasonable_number_are_passed_over() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100);
    let upstream = Upstream::start(Reply::chat("hi").preceded_by(&hints)).await;
    let router = Router::start(&open(&upstream)).await;
    for _ in 0..200 {
        let answer = router.chat("m").await;
        assert_ok(&answer);
        assert_eq!(answer.said(), "hi");
    }
}

/// What follows an answer on its connection is not the next one's.
#[tokio::test]
async fn body_where_none_belongs_is_not_the_next_answer() {
    let stray = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen";
    for head in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nupgrade: a\r\n\r\n",
    ] {
        let bytes = format!("{head}{stray}");
        let held = Reply::raw(bytes).fault(Place::LastPiece, Fault::Stall);
        let script = Script::always(Reply::chat("hi")).first([held]);
        let upstream = Upstream::start(script).await;
        let router = Router::start(&open(&upstream)).await;
        let first =
            Call::get("/v1/files/f").header("model-override", "m").send(router.addr()).await;
        assert!(!first.text().contains("stolen"), "{first:?}");
        for _ in 0..2 {
            let answer = router.chat("m").await;
            assert_eq!(answer.said(), "hi", "{head}");
        }
    }
}

#[tokio::test]
async fn chunks_and_trailers_without_end_break_the_answer() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let big = 3 << 20;
    for rest in [
        format!("2;{}", "a".repeat(big)),
        "0".repeat(big),
        format!("2\r\n{{}}\r\n0\r\n{}", "a".repeat(big)),
        format!("2\r\n{{}}\r\n0\r\n{}", "a: b\r\n".repeat(big / 6)),
        "ffffffffffffffffff\r\n".to_owned(),
    ] {
        let reply = Reply::raw(format!("{head}{rest}")).fault(Place::LastPiece, Fault::Stall);
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = tokio::time::timeout(secs(30), router.chat("m")).await;
        let answer = answer.expect("it is waited for ever");
        let whole = answer.status == 200 && answer.end == End::Complete;
        assert!(!whole, "{answer:?}");
    }
}

#[tokio::test]
async fn wait_beyond_reason_is_bounded() {
    for wait in [
        "99999999999",
        "18446744073709551615",
        "999999999999999999999999999999",
        "1e300",
        "-1",
        "NaN",
        "inf",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        for name in ["retry-after", "retry-after-ms"] {
            let reply = Reply::error(429, "slow down").header(name, wait);
            let (first, second) =
                (Upstream::start(reply.clone()).await, Upstream::start(reply).await);
            let mut targets = pair(&first, &second);
            targets["targets"]["m"]["cooldown"] = json!({});
            let router = Router::start(&targets).await;
            for _ in 0..2 {
                let answer = router.chat("m").await;
                assert_envelope(&answer, 429);
                let told: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=86_400).contains(&told), "{name}: {wait} is told as {told}");
            }
        }
    }
}

/// A header of many providers' names is cut, and says how many follow.
#[tokio::test]
async fn trail_of_many_attempts_fits_a_header() {
    let upstream = Upstream::start(Reply::error(500, "no")).await;
    let each = |nth: usize| provider(&format!("the-vendor-of-a-long-name-{nth}"), &upstream);
    let providers: Vec<_> = (0..200).map(each).collect();
    let targets = json!({"targets": {"m": {
        "providers": providers, "strategy": "priority", "fallback": {"enabled": true}}}});
    let router = Launch::new(&targets).start().await;
    let answer = router.chat("m").await;
    assert_envelope(&answer, 503);
    let trail = answer.attempts();
    assert!(trail.len() < 4_200, "{} bytes", trail.len());
    let shown = trail.matches("=500").count();
    let (_, more) = trail.rsplit_once(",+").expect(trail);
    assert_eq!(shown + more.parse::<usize>().unwrap(), 200, "{trail}");
    assert_eq!(upstream.hits(), 200);
}
