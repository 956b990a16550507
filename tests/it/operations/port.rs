//! The operations port under clients that do not go away.
//!
//! Never: it takes more descriptors than a few, or serves its scraper no more.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Call, Launch, Reply, Router, Upstream, eventually, open, secs};

#[tokio::test]
async fn the_operations_port_has_the_clients_timeouts_and_a_most_of_connections() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let args = ["--header-timeout", "1s", "--idle-timeout", "2s"];
    let router = Launch::new(&open(&upstream)).args(args).start().await;
    let port = router.metrics_addr().port();
    let mut crowd = Vec::new();
    for number in 0..150 {
        let mut stream = TcpStream::connect(router.metrics_addr()).await.unwrap();
        let head = ["", "P", "GET /metrics HTTP/1.1\r\nx-a"][number % 3];
        stream.write_all(head.as_bytes()).await.unwrap();
        crowd.push(stream);
    }
    // Batch after batch takes every place, and none more.
    let mut most = 0;
    let full = eventually(secs(10), async || {
        most = most.max(router.accepted_on(port));
        most >= MOST_CONNECTIONS
    });
    assert!(full.await, "at most {most} were accepted");
    let scraped = eventually(secs(10), async || {
        let answer = Call::get("/metrics").try_send(router.metrics_addr()).await;
        answer.is_ok_and(|answer| answer.status == 200)
    });
    assert!(scraped.await, "silent clients hold every place");
    for stream in &mut crowd {
        most = most.max(router.accepted_on(port));
        let ended = tokio::time::timeout(secs(10), stream.read(&mut [0; 64])).await;
        assert!(ended.is_ok(), "a silent client is kept");
    }
    // A listing that takes its time sees one that is closed and the one that took its place.
    let passing = MOST_CONNECTIONS + 8;
    assert!((MOST_CONNECTIONS..passing).contains(&most), "{most}");
    assert!(eventually(secs(10), async || router.accepted_on(port) == 0).await);
}

/// Each answered now and then, so that none of them is ever idle for long.
#[tokio::test]
async fn clients_that_ask_now_and_then_keep_no_scraper_out() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut crowd = Vec::new();
    for _ in 0..MOST_CONNECTIONS {
        let mut stream = TcpStream::connect(router.metrics_addr()).await.unwrap();
        stream.write_all(ask).await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        crowd.push(stream);
    }
    for _ in 0..3 {
        let call = Call::get("/metrics");
        let answer = tokio::time::timeout(secs(10), call.send(router.metrics_addr())).await;
        assert_eq!(answer.expect("the scraper is kept out").status, 200);
    }
    // The one that came first has made room, the last one goes on.
    let mut read = [0; 512];
    assert_eq!(crowd[0].read(&mut read).await.unwrap_or(0), 0);
    let last = crowd.last_mut().unwrap();
    last.write_all(ask).await.unwrap();
    assert!(last.read(&mut read).await.unwrap() > 0);
}

/// As `src/admin.rs` has it.
const MOST_CONNECTIONS: usize = 64;
