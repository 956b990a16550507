//! HTTP/2 providers that refuse streams and say goodbye: B24.
//!
//! Never: a stream that may have been processed is sent again.

use serde_json::json;

use crate::support::client::h2::H2;
use crate::support::router::CHAT;
use crate::support::upstream::Tls;
use crate::support::upstream::h2::{Act, H2Upstream};
use crate::support::{End, Launch, Router, assert_ok, chat, ms, secs};

async fn routed(acts: &[Act]) -> (H2Upstream, Router, Tls) {
    let tls = Tls::good().with_h2();
    let upstream = H2Upstream::start(acts, &tls).await;
    let targets = json!({"targets": {"m": {"url": upstream.base()}}});
    let launch = Launch::new(&targets).env("SSL_CERT_FILE", tls.ca_file().to_string_lossy());
    (upstream, launch.start().await, tls)
}

#[tokio::test]
async fn b24_a_refused_stream_is_sent_again() {
    let (upstream, router, _tls) = routed(&[Act::Answer, Act::Refuse]).await;
    let mut client = H2::connect(router.addr()).await;
    for _ in 0..3 {
        let answer = client.post(CHAT, &chat("m")).await;
        assert_ok(&answer);
        assert_eq!(answer.said(), "over h2");
    }
    assert_eq!(upstream.hits(), 4, "one of them twice");
    assert_eq!(upstream.connections(), 2, "again, and on a fresh connection");
}

#[tokio::test]
async fn b24_a_goaway_ends_no_request_in_flight() {
    let (upstream, router, _tls) = routed(&[Act::Answer, Act::GoAwayThenAnswer]).await;
    // All on one connection, so that one core of the router does it all.
    let mut client = H2::connect(router.addr()).await;
    let mut other = client.clone();
    let body = chat("m");
    assert_ok(&client.post(CHAT, &body).await);
    let (leaving, next) = tokio::join!(client.post(CHAT, &body), async {
        tokio::time::sleep(ms(50)).await;
        other.post(CHAT, &body).await
    });
    assert_ok(&leaving);
    assert_ok(&next);
    assert_ok(&other.post(CHAT, &body).await);
    assert_eq!(upstream.hits(), 4, "none of them twice");
    assert_eq!(upstream.connections(), 2, "after GOAWAY a new connection");
}

#[tokio::test]
async fn b24_a_reset_mid_stream_ends_in_an_error_event() {
    let (upstream, router, _tls) = routed(&[Act::ResetMidStream]).await;
    super::streams::assert_broken_after(&router, &["a", "b"]).await;
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let (upstream, router, _tls) = routed(&[]).await;
    let mut body = chat("m");
    body["padding"] = "x".repeat(9 << 20).into();
    assert_ok(&router.post(CHAT, "", &body).await);
    assert_eq!(upstream.received(), body.to_string().len());
}

#[tokio::test]
async fn stream_without_data_and_without_end_is_broken_off() {
    for act in [Act::InterimForEver, Act::EmptyDataForEver] {
        let (upstream, router, _tls) = routed(&[act]).await;
        let before = router.heap_kib();
        let answer = tokio::time::timeout(secs(60), router.chat("m")).await;
        let answer = answer.expect("it is waited for ever");
        assert!(answer.status == 502 || answer.end != End::Complete, "{answer:?}");
        assert!(router.heap_kib() < before + 24 * 1024, "what brings nothing is kept");
        assert_ok(&router.chat("m").await);
        assert_eq!(upstream.connections(), 2);
    }
}
