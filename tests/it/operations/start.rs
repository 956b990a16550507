//! Starts that can not succeed, and a panic that must not matter: D9 to D11.
//!
//! Never: a start fails without naming what is in the way.

use std::net::TcpListener;

use crate::support::{
    Launch, Reply, Router, Upstream, assert_envelope, assert_ok, eventually, open, secs,
};

#[tokio::test]
async fn d11_a_taken_port_is_named() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for which in ["port", "metrics-port"] {
        let launch = Launch::new(&open(&upstream));
        let launch = match which {
            "port" => launch.port(address.port()),
            _ => launch.metrics_port(address.port()),
        };
        let mut router = launch.spawn();
        let exit = router.wait_exit(secs(5)).await.expect("it does not start");
        assert!(!exit.success(), "--{which}");
        let named =
            eventually(secs(1), async || router.log_text().contains(&address.to_string())).await;
        assert!(named, "--{which}: {}", router.log_text());
        assert!(!router.log_text().contains("panicked"), "{}", router.log_text());
    }
}

#[tokio::test]
async fn d10_a_panic_costs_one_request() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = open(&upstream);
    targets["targets"]["bad"] = serde_json::json!({
        "url": "mock:?panic=true", "concurrency_limit": {"max_concurrent_requests": 1}});
    let mut router = Router::start(&targets).await;
    for _ in 0..3 {
        // The second and third show that the first gave its permit back.
        assert_envelope(&router.chat("bad").await, 500);
    }
    assert_ok(&router.chat("m").await);
    assert!(router.is_running());
}

/// The clock can not be set back here; but what never asks for the wall's time does not care.
#[test]
fn d9_limits_never_read_the_wall_clock() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![root.join("live.rs"), root.join("choose.rs")];
    let mut folders = vec![root.join("live"), root.join("choose")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for clock in ["SystemTime", "UNIX_EPOCH", "chrono"] {
            assert!(!text.contains(clock), "{} reads {clock}", file.display());
        }
    }
}
