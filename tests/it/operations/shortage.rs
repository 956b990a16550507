//! Too few descriptors, many streams, and logs that nobody takes: D3, D4, D8.
//!
//! Never: the router spins, or waits for its log.

use serde_json::json;

use crate::support::client::h2::H2;
use crate::support::router::{CHAT, Logs};
use crate::support::upstream::chunk_event;
use crate::support::{
    Conn, Fault, Launch, Place, Reply, Router, Upstream, assert_ok, chat, chat_stream, eventually,
    ms, open, secs,
};

#[tokio::test]
async fn d3_without_descriptors_it_waits_and_recovers() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).open_files(100).start().await;
    assert_ok(&router.chat("m").await);
    let mut crowd = Vec::new();
    for _ in 0..250 {
        crowd.push(Conn::connect(router.addr()).await);
    }
    tokio::time::sleep(ms(300)).await;
    assert!(router.open_files() > 90, "the shortage is real: {}", router.open_files());
    let (ticks, logged) = (router.cpu_ticks(), router.log_text().lines().count());
    tokio::time::sleep(ms(1000)).await;
    let spent = router.cpu_ticks() - ticks;
    assert!(spent < 30, "{spent} % of a core is spent on waiting");
    let lines = router.log_text().lines().count() - logged;
    assert!(lines <= 5, "{lines} lines in a second");
    drop(crowd);
    let again = eventually(secs(5), async || {
        let call = crate::support::Call::chat(&chat("m"));
        matches!(tokio::time::timeout(ms(500), call.try_send(router.addr())).await,
            Ok(Ok(answer)) if answer.status == 200)
    });
    assert!(again.await, "it does not recover");
}

#[tokio::test]
async fn d4_a_thousand_streams_cost_no_thread_each_and_little_memory() {
    let stalled = Reply::sse([chunk_event("a"), chunk_event("b")]);
    let upstream = Upstream::start(stalled.fault(Place::Piece(1), Fault::Stall)).await;
    let router = Router::start(&open(&upstream)).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let h2 = H2::connect(router.addr()).await;
        let opened = (0..100).map(|_| {
            let mut h2 = h2.clone();
            async move { h2.open(CHAT, &chat_stream("m")).await }
        });
        streams.extend(futures_util::future::join_all(opened).await);
    }
    assert_eq!(upstream.hits(), 1_000);
    assert!(router.threads() < 64, "{} threads", router.threads());
    assert!(router.heap_kib() < 200 * 1024, "{} KiB", router.heap_kib());
    drop(streams);
    let freed = eventually(secs(5), async || router.open_files() < 200).await;
    assert!(freed, "{} descriptors are left", router.open_files());
}

#[tokio::test]
async fn d8_requests_go_on_when_the_log_can_not() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    for logs in [Logs::Closed, Logs::DiskFull, Logs::Unread] {
        // Trace, so that there is much to be written.
        let launch = Launch::new(&open(&upstream)).env("RUST_LOG", "trace").logs(logs);
        let mut router = launch.start().await;
        for round in 0..300 {
            let answer = tokio::time::timeout(secs(5), router.chat("m")).await;
            let answer = answer.unwrap_or_else(|_| panic!("{logs:?}: stuck in round {round}"));
            assert_eq!(answer.status, 200, "{logs:?}");
        }
        // A reload that fails has something to say as well.
        router.write(crate::support::Write::InPlace, b"{ nonsense").await;
        router.write_targets(&json!({"targets": {"m": {"url": upstream.base()}, "n": []}})).await;
        assert!(router.serves(&["m", "n"], secs(3)).await, "{logs:?}");
        assert!(router.is_running(), "{logs:?}");
    }
}
