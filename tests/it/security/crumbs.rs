//! Bodies that come byte by byte, which is how little may keep much.
//!
//! Never: a body takes many times its bytes, or time that grows faster than it does.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::support::{Call, Reply, Router, Upstream, assert_ok, open};

#[tokio::test]
async fn a_request_in_crumbs_takes_no_more_than_its_bytes() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    assert_ok(&router.chat("m").await);
    let text = json!({"model": "m", "messages": [], "x": "a".repeat(500_000)}).to_string();
    let call = Call::post("/v1/chat/completions")
        .header("content-type", "application/json")
        .header("transfer-encoding", "chunked")
        .body(in_crumbs(text.as_bytes()));
    let before = router.heap_kib();
    let addr = router.addr();
    let mut answer = tokio::spawn(async move { call.send(addr).await });
    let mut most = 0;
    while !answer.is_finished() {
        most = most.max(router.heap_kib().saturating_sub(before));
        sleep(Duration::from_millis(20)).await;
    }
    assert_ok(&(&mut answer).await.unwrap());
    assert_eq!(upstream.last().body.len(), text.len());
    assert!(most < 8 * 1024, "{most} KiB for 500 kB");
}

#[tokio::test]
async fn an_answer_in_crumbs_is_read_in_time() {
    let text = json!({
        "id": "msg", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "a".repeat(60_000)}],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    });
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let raw = [head.as_bytes(), &in_crumbs(text.to_string().as_bytes())].concat();
    let upstream = Upstream::start(Reply::raw(raw)).await;
    let target = json!({"url": upstream.base(), "protocol": "anthropic"});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let before = router.cpu_ticks();
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let answer = Call::chat(&body).send(router.addr()).await;
    assert_eq!(answer.said().len(), 60_000);
    let ticks = router.cpu_ticks() - before;
    assert!(ticks < 300, "{ticks} ticks for 60 kB");
}

/// Each byte as a chunk of its own, and the end.
fn in_crumbs(bytes: &[u8]) -> Vec<u8> {
    let mut chunks: Vec<u8> =
        bytes.iter().flat_map(|byte| [b'1', b'\r', b'\n', *byte, b'\r', b'\n']).collect();
    chunks.extend_from_slice(b"0\r\n\r\n");
    chunks
}
