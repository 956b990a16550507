//! Clients that speak HTTP/2 with prior knowledge, well or in floods: A19.
//!
//! Never: what happens on one connection costs another its service.

use std::time::Instant;

use crate::support::client::frames::{
    CONTINUATION, END_HEADERS, END_STREAM, Frames, HEADERS, RST_STREAM, SETTINGS, frame, get_models,
};
use crate::support::client::h2::H2;
use crate::support::router::CHAT;
use crate::support::{
    Reply, Router, Upstream, assert_error, assert_ok, chat, chat_stream, eventually, ms, open, secs,
};

#[tokio::test]
async fn a19_h2_with_prior_knowledge_is_served() {
    let upstream = Upstream::start([Reply::chat("hi"), Reply::chat_stream(&["a", "b"])]).await;
    let router = Router::start(&open(&upstream)).await;
    let mut h2 = H2::connect(router.addr()).await;
    let answer = h2.post(CHAT, &chat("m")).await;
    assert_ok(&answer);
    assert_eq!(answer.said(), "hi");
    let stream = h2.post(CHAT, &chat_stream("m")).await;
    assert!(stream.text().ends_with("data: [DONE]\n\n"), "{}", stream.text());
    assert_error(&h2.post(CHAT, &chat("nobody")).await, 404, "model_not_found");
}

#[tokio::test]
async fn a19_the_number_of_streams_is_bounded_and_told() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let mut frames = Frames::connect(router.addr(), &[]).await;
    let settings = loop {
        let (kind, _, payload) = frames.next(secs(2)).await.expect("SETTINGS");
        if kind == SETTINGS && !payload.is_empty() {
            break payload;
        }
    };
    let streams = settings
        .chunks(6)
        .find(|pair| pair[..2] == [0, 3])
        .map(|pair| u32::from_be_bytes([pair[2], pair[3], pair[4], pair[5]]));
    assert!(streams.is_some_and(|count| (100..=250).contains(&count)), "{streams:?}");
}

#[tokio::test]
async fn a19_rapid_resets_are_thrown_out() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let mut frames = Frames::connect(router.addr(), &[]).await;
    let mut flood = Vec::new();
    for stream in (1..20_001).step_by(2) {
        flood.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &get_models()));
        flood.extend(frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()));
    }
    frames.send(&flood).await;
    assert!(frames.is_thrown_out(secs(5)).await, "10 000 resets are borne");
    assert_ok(&router.chat("m").await);
}

#[tokio::test]
async fn a19_a_flood_of_continuations_is_thrown_out() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let before = router.heap_kib();
    let mut frames = Frames::connect(router.addr(), &[]).await;
    frames.send(&frame(HEADERS, 0, 1, &get_models())).await;
    // A literal header with an empty value, again and again, and never END_HEADERS.
    let block = [0x00, 1, b'x', 0].repeat(4_000);
    for _ in 0..2_000 {
        if !frames.send(&frame(CONTINUATION, 0, 1, &block)).await {
            break;
        }
    }
    assert!(frames.is_thrown_out(secs(5)).await, "30 MB of CONTINUATION are borne");
    assert_ok(&router.chat("m").await);
    let grown = router.heap_kib().saturating_sub(before);
    assert!(grown < 16 * 1024, "grew by {grown} KiB");
}

#[tokio::test]
async fn a19_a_window_of_zero_holds_the_provider_back() {
    let large = Reply::new(200).chunked().body_of(vec![b'x'; 65_536], 2_000);
    let upstream = Upstream::start(large).await;
    let router = Router::start(&open(&upstream)).await;
    let before = router.heap_kib();
    let mut h2 = H2::connect(router.addr()).await;
    // Nothing is read of either, so their windows close.
    let unread = (h2.open(CHAT, &chat("m")).await, h2.open(CHAT, &chat("m")).await);
    let mut written = 0;
    let settled = eventually(secs(5), async || {
        tokio::time::sleep(ms(200)).await;
        let before = std::mem::replace(&mut written, upstream.written());
        before == written && written > 0
    });
    assert!(settled.await, "the provider is never held back");
    assert!(written < 100 << 20, "{written} bytes were taken of 250 MiB");
    let grown = router.heap_kib().saturating_sub(before);
    assert!(grown < 24 * 1024, "grew by {grown} KiB");
    let start = Instant::now();
    assert_eq!(router.get("/healthz").await.status, 200);
    assert!(start.elapsed() < secs(1));
    drop(unread);
}
