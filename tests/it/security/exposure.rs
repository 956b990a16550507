//! What is open to whom, and what can be blown up: E12 to E14.
//!
//! Never: a stranger makes a series, reads a figure, or fills the memory.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::router::{SeriesExt, series_count};
use crate::support::{
    Call, Launch, Reply, Router, Upstream, assert_envelope, assert_ok, chat, open,
};

#[tokio::test]
async fn e12_a_thousand_unknown_models_make_no_series() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    assert_ok(&router.chat("m").await);
    for call in unknown(0) {
        call.send(router.addr()).await;
    }
    let before = router.metrics().await;
    for round in 1..250 {
        for call in unknown(round) {
            call.send(router.addr()).await;
        }
    }
    let after = router.metrics().await;
    assert!(series_count(&before) > 5, "{before}");
    assert_eq!(series_count(&before), series_count(&after), "{after}");
    assert!(!after.contains("unknown-model-"), "{after}");
    assert!(!after.contains("strange"), "{after}");
}

/// Requests that differ in all that a client chooses.
fn unknown(round: usize) -> [Call; 4] {
    let model = format!("unknown-model-{round}");
    [
        Call::chat(&chat(&model)).key(&format!("strange-key-{round}")),
        Call::post(&format!("/v1/strange/{round}")).json(&chat(&model)),
        Call::get(&format!("/strange/{round}")),
        Call::new(&format!("STRANGE{round}"), "/v1/models"),
    ]
}

#[tokio::test]
async fn e13_figures_are_on_their_own_port_and_on_loopback() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--host", "0.0.0.0"]).start().await;
    for path in ["/metrics", "/explain?model=m", "/status", "/admin", "/debug/pprof"] {
        assert_envelope(&router.get(path).await, 404);
    }
    assert_eq!(Router::listening_on(router.metrics_addr().port()), ["0100007F"]);
    assert_eq!(Router::listening_on(router.addr().port())[0], "00000000");
    assert!(router.metrics().await.contains("onwards_"));
}

#[tokio::test]
async fn e13_the_default_host_is_loopback_and_metrics_can_be_off() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--metrics", "false"]).start().await;
    assert_ok(&router.chat("m").await);
    let listening = Router::listening_on(router.addr().port());
    assert!(listening.iter().all(|address| address == "0100007F"), "{listening:?}");
    assert!(Router::listening_on(router.metrics_addr().port()).is_empty());
}

#[tokio::test]
async fn e12_the_prefix_names_every_series() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--metrics-prefix", "llm"]).start().await;
    assert_ok(&router.chat("m").await);
    let metrics = router.metrics().await;
    assert_eq!(metrics.series("llm_config_last_reload_successful", &[]), Some(1.0), "{metrics}");
    let foreign = metrics.lines().find(|line| line.starts_with("onwards_"));
    assert!(foreign.is_none(), "{foreign:?}");
}

/// 64 MiB of zeros, packed.
fn bomb() -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is installed");
    let mut input = gzip.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        for _ in 0..1024 {
            input.write_all(&[0; 65_536]).unwrap();
        }
    });
    let packed = gzip.wait_with_output().unwrap().stdout;
    writing.join().unwrap();
    packed
}

#[tokio::test]
async fn e14_bombs_from_either_side_take_no_memory() {
    let bomb = bomb();
    assert!(bomb.len() < 1 << 20);
    let packed = Reply::new(200)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(bomb.clone());
    let upstream = Upstream::start(packed).await;
    let router = Router::start(&open(&upstream)).await;
    let before = router.heap_kib();
    let call = Call::post("/v1/chat/completions").header("content-type", "application/json");
    let call = call.header("content-encoding", "gzip").body(bomb.clone());
    assert_envelope(&call.send(router.addr()).await, 413);
    assert_eq!(upstream.hits(), 0);

    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert!(answer.body == bomb, "the bytes are the provider's");
    let grown = router.heap_kib().saturating_sub(before);
    assert!(grown < 12 * 1024, "grew by {grown} KiB");
}
