//! Many aliases: C12.
//!
//! Never: a reload is felt by requests.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Reply, Router, Upstream, assert_ok, eventually, ms, secs};

fn many(upstream: &Upstream, count: usize, keys: usize) -> Value {
    let aliases = (0..count).map(|n| {
        (format!("alias-{n}"), json!({"url": upstream.base(), "onwards_key": format!("sk-{n}")}))
    });
    let mut targets: serde_json::Map<String, Value> = aliases.collect();
    targets.insert("m".to_owned(), json!({"url": upstream.base()}));
    let keys = (0..keys).map(|n| (format!("k{n}"), json!({"key": format!("sk-lab-{n}")})));
    let keys: serde_json::Map<String, Value> = keys.collect();
    json!({"auth": {"key_definitions": keys}, "targets": targets})
}

/// An unoptimised build is about ten times slower, so a tenth of the hundred thousand has the same five seconds.
#[tokio::test]
async fn c12_ten_thousand_aliases_start_and_reload_off_the_request_path() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = many(&upstream, 10_000, 10_000);
    let start = Instant::now();
    let router = Router::start(&targets).await;
    assert!(start.elapsed() < secs(5), "start: {:?}", start.elapsed());

    targets["targets"]["fresh"] = json!({"url": upstream.base()});
    let start = Instant::now();
    router.write_targets(&targets).await;
    let mut slowest = Duration::ZERO;
    let live = eventually(secs(5), async || {
        let asked = Instant::now();
        assert_ok(&router.chat("m").await);
        slowest = slowest.max(asked.elapsed());
        router.chat("fresh").await.status == 200
    });
    assert!(live.await, "reload: {:?}", start.elapsed());
    assert!(slowest < ms(500), "a request waited {slowest:?} for the reload");
}
