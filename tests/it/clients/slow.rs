//! Clients that take their time between bytes, between requests and before they read: A1, A17, A19.
//!
//! Never: patience with a client holds a descriptor, a processor or a limit without an end.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::frames::{Frames, frame};
use crate::support::client::h2::H2;
use crate::support::router::CHAT;
use crate::support::{
    Call, Conn, End, Launch, Reply, Router, Upstream, assert_error, assert_ok, chat, eventually,
    ms, open, secs,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PING: u8 = 6;

async fn raw(addr: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Whether the router ends the connection in time.
async fn ends(stream: &mut TcpStream, within: std::time::Duration) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(within, stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn a1_a_beginning_of_the_h2_preface_ends_with_its_client() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let before = router.open_files();
    let mut ended = Vec::new();
    for length in [1, 2, 3, 16, 23].repeat(20) {
        let mut stream = raw(router.addr(), &PREFACE[..length]).await;
        stream.shutdown().await.unwrap();
        ended.push(stream);
    }
    for stream in &mut ended {
        assert!(ends(stream, secs(5)).await, "it is kept after its end");
    }
    drop(ended);
    assert!(eventually(secs(2), async || router.open_files() <= before + 2).await);
    let ticks = router.cpu_ticks();
    tokio::time::sleep(ms(500)).await;
    assert!(router.cpu_ticks() - ticks < 10, "{} ticks", router.cpu_ticks() - ticks);
    assert_ok(&router.chat("m").await);
}

#[tokio::test]
async fn a1_a_preface_that_trickles_has_the_header_timeout() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--header-timeout", "600ms"]).start().await;
    let mut silent = raw(router.addr(), b"").await;
    let mut begun = raw(router.addr(), &PREFACE[..5]).await;
    let mut stream = raw(router.addr(), b"").await;
    let mut sent = 0;
    for byte in PREFACE {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(ms(100)).await;
    }
    assert!(sent < PREFACE.len() && ends(&mut stream, secs(2)).await, "each byte buys more time");
    assert!(ends(&mut silent, ms(200)).await && ends(&mut begun, ms(200)).await);
}

#[tokio::test]
async fn a1_first_bytes_in_pieces_are_understood_in_both_protocols() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let mut conn = Conn::connect(router.addr()).await;
    let request = Call::chat(&chat("m")).bytes(router.addr());
    for byte in &request[..30] {
        assert!(conn.send([*byte]).await);
        tokio::time::sleep(ms(2)).await;
    }
    conn.send(&request[30..]).await;
    assert_ok(&conn.response().await);
    let mut stream = raw(router.addr(), b"").await;
    for byte in PREFACE.iter().chain(&frame(4, 0, 0, &[])) {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(ms(2)).await;
    }
    let mut head = [0; 9];
    tokio::time::timeout(secs(2), stream.read_exact(&mut head)).await.unwrap().unwrap();
    assert_eq!(head[3], 4, "SETTINGS come first");
}

#[tokio::test]
async fn a1_an_idle_connection_outlives_the_header_timeout_and_ends_by_its_own() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let args = ["--header-timeout", "400ms", "--idle-timeout", "1500ms"];
    let router = Launch::new(&open(&upstream)).args(args).start().await;
    let mut conn = Conn::connect(router.addr()).await;
    assert_ok(&conn.ask(&Call::chat(&chat("m"))).await);
    tokio::time::sleep(ms(1000)).await;
    assert_ok(&conn.ask(&Call::chat(&chat("m"))).await);
    assert!(conn.end(ms(800)).await.is_none(), "it may idle");
    assert!(conn.end(ms(1500)).await.is_some(), "not for ever");

    let mut begun = Conn::connect(router.addr()).await;
    assert_ok(&begun.ask(&Call::chat(&chat("m"))).await);
    begun.send("GET /v1/mod").await;
    assert!(begun.end(ms(1100)).await.is_some(), "a second head has the header timeout, too");
}

#[tokio::test]
async fn a19_an_idle_h2_connection_ends_whatever_it_pings() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--idle-timeout", "1s"]).start().await;
    let before = router.open_files();
    let mut frames = Frames::connect(router.addr(), &[]).await;
    let mut borne = true;
    for _ in 0..50 {
        borne = frames.send(&frame(PING, 0, 0, &[7; 8])).await;
        if !borne {
            break;
        }
        tokio::time::sleep(ms(200)).await;
    }
    assert!(!borne, "it is open after ten seconds of pings");
    assert!(eventually(secs(2), async || router.open_files() <= before).await);
    let mut h2 = H2::connect(router.addr()).await;
    assert_ok(&h2.post(CHAT, &chat("m")).await);
    tokio::time::sleep(ms(500)).await;
    assert_ok(&h2.post(CHAT, &chat("m")).await);
}

#[tokio::test]
async fn a17_an_h2_response_that_its_client_does_not_ask_for_gives_its_place_back() {
    let large = Reply::new(200).chunked().body_of(vec![b'x'; 65_536], 400);
    let upstream = Upstream::start(large).await;
    let targets = json!({"targets": {"m": {
        "url": upstream.base(), "concurrency_limit": {"max_concurrent_requests": 1}}}});
    let router = Launch::new(&targets).args(["--write-timeout", "1s"]).start().await;
    let mut h2 = H2::connect(router.addr()).await;
    // hyper's client answers pings, and grants no more window while nothing is read.
    let unread = h2.open(CHAT, &chat("m")).await;
    assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");
    let freed = eventually(secs(5), async || router.chat("m").await.status == 200).await;
    assert!(freed, "a closed window holds the alias's only place");
    drop(unread);
}

#[tokio::test]
async fn a17_an_h2_response_that_is_read_slowly_is_whole() {
    let large = Reply::new(200).chunked().body_of(vec![b'x'; 65_536], 8).paced(ms(400));
    let upstream = Upstream::start(large).await;
    let router = Launch::new(&open(&upstream)).args(["--write-timeout", "1s"]).start().await;
    let mut h2 = H2::connect(router.addr()).await;
    let answer = h2.post(CHAT, &chat("m")).await;
    assert_eq!((answer.status, answer.body.len()), (200, 8 * 65_536), "the provider is slow");
}

/// Over HTTP/1.1 the client reads `bytes` every `pause`, until the router ends or the body does: how much
/// it has read, and whether that is all.
async fn read_slowly(router: &Router, bytes: usize, pause: std::time::Duration) -> (usize, bool) {
    let body = chat("m").to_string();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut stream = raw(router.addr(), format!("{head}{body}").as_bytes()).await;
    let (mut piece, mut all, mut last) = (vec![0; bytes], 0, [0; 5]);
    loop {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return (all, last == *b"0\r\n\r\n"),
            Ok(read) => {
                all += read;
                for byte in &piece[..read] {
                    last.rotate_left(1);
                    last[4] = *byte;
                }
            }
        }
        if last == *b"0\r\n\r\n" {
            return (all, true);
        }
        tokio::time::sleep(pause).await;
    }
}

#[tokio::test]
async fn a17_a_client_that_reads_a_little_now_and_then_is_given_up() {
    let large = Reply::new(200).chunked().body_of(vec![b'x'; 65_536], 400);
    let upstream = Upstream::start(large).await;
    let targets = json!({"targets": {"m": {
        "url": upstream.base(), "concurrency_limit": {"max_concurrent_requests": 1}}}});
    let router = Launch::new(&targets).args(["--write-timeout", "2s"]).start().await;
    let slow = read_slowly(&router, 64, ms(100));
    let freed = async {
        assert!(eventually(secs(5), async || upstream.hits() == 1).await);
        assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");
        eventually(secs(20), async || router.chat("m").await.status == 200).await
    };
    tokio::select! {
        (read, _) = slow => assert!(read < 20 << 20, "{read}"),
        freed = freed => assert!(freed, "a client that hardly reads holds the alias's only place"),
    }
}

#[tokio::test]
async fn a17_a_client_that_reads_slowly_but_steadily_has_all() {
    let large = Reply::new(200).chunked().body_of(vec![b'x'; 65_536], 128);
    let upstream = Upstream::start(large).await;
    let router = Launch::new(&open(&upstream)).args(["--write-timeout", "2s"]).start().await;
    let (read, whole) = read_slowly(&router, 65_536, ms(50)).await;
    assert!(whole && read > 8 << 20, "{read}");
}

#[tokio::test]
async fn a17_a_client_of_a_stream_that_says_little_may_wait() {
    let quiet = Reply::chat_stream(&["a", "b", "c"]).paced(ms(2500));
    let upstream = Upstream::start(quiet).await;
    let router = Launch::new(&open(&upstream)).args(["--write-timeout", "1s"]).start().await;
    let (_, whole) = read_slowly(&router, 4_096, ms(10)).await;
    assert!(whole, "nothing waits for it");
}

#[tokio::test]
async fn a4_a_refused_client_that_writes_on_reads_its_answer() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--max-body", "1MiB"]).start().await;
    let chunk = vec![b' '; 64 * 1024];
    for head in ["content-length: 41943040", "transfer-encoding: chunked"] {
        let mut conn = Conn::connect(router.addr()).await;
        conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n")).await;
        for _ in 0..640 {
            if head.starts_with("transfer") {
                conn.send("10000\r\n").await;
            }
            assert!(conn.send(&chunk).await, "{head}: reset before the body's end");
            if head.starts_with("transfer") {
                conn.send("\r\n").await;
            }
        }
        assert_error(&conn.response().await, 413, "payload_too_large");
    }
    assert_ok(&router.chat("m").await);
}

/// Node's clients stop writing with an error when the other end closes, and then read nothing.
#[tokio::test]
async fn a4_a_refused_client_hears_of_no_end_while_it_writes() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--max-body", "1MiB"]).start().await;
    let mut conn = Conn::connect(router.addr()).await;
    let head = "content-type: application/json\r\ncontent-length: 41943040";
    conn.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n")).await;
    conn.send(vec![b' '; 2 << 20]).await;
    assert_error(&conn.response().await, 413, "payload_too_large");
    for _ in 0..20 {
        assert!(conn.send(vec![b' '; 1 << 20]).await, "reset before the body's end");
        assert_eq!(conn.end(ms(50)).await, None, "the end is told while the client writes");
    }
    // It is told once the client has been silent for a while.
    assert_eq!(conn.end(secs(10)).await, Some(End::Closed));
}

/// The runtime under most clients that write a body and do not look at the answer meanwhile.
#[tokio::test]
async fn a4_nodes_fetch_reads_why_its_body_was_refused() {
    let has_node = std::process::Command::new("node").arg("--version").output();
    if !has_node.is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: there is no `node` here");
        return;
    }
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--max-body", "1MiB"]).start().await;
    let script = r#"
        const url = process.argv[1];
        const piece = new Uint8Array(65536).fill(32);
        const streamed = () => { let n = 0; return new ReadableStream({
            pull(to) { if (n++ < 200) to.enqueue(piece); else to.close(); } }); };
        const told = [];
        for (let i = 0; i < 12; i++) {
            const body = i % 2 ? streamed() : "x".repeat(8_000_000);
            const headers = { "content-type": "application/json" };
            const answer = await fetch(url, { method: "POST", duplex: "half", headers, body });
            told.push(answer.status + (await answer.json()).error.code);
        }
        console.log(JSON.stringify([...new Set(told)]));
    "#;
    let url = format!("http://{}{CHAT}", router.addr());
    let mut node = tokio::process::Command::new("node");
    node.args(["--input-type=module", "-e", script, "--", &url]).kill_on_drop(true);
    let output = tokio::time::timeout(secs(120), node.output()).await.expect("it ends").unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(told.trim(), r#"["413payload_too_large"]"#, "{wrong}");
}
