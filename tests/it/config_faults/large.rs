//! Many aliases: C12.
//!
//! Never: a reload is felt by requests.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Call, Fault, Place, Reply, Router, Upstream, assert_ok, chat_stream, eventually, ms, secs,
};

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
    let router = Router::start(&targets).await;
    // CPU time in hundredths of a second: a machine that is busy with other things does not move it.
    assert!(router.cpu_ticks() < 500, "start: {} ticks", router.cpu_ticks());
    // A reload that requests wait for makes one wait in every round; a busy machine does in some.
    let mut slowest = Duration::MAX;
    for round in 0..3 {
        let fresh = format!("fresh-{round}");
        targets["targets"][&fresh] = json!({"url": upstream.base()});
        let start = Instant::now();
        router.write_targets(&targets).await;
        let mut waited = Duration::ZERO;
        let live = eventually(secs(15), async || {
            let asked = Instant::now();
            assert_ok(&router.chat("m").await);
            waited = waited.max(asked.elapsed());
            router.chat(&fresh).await.status == 200
        });
        assert!(live.await, "reload: {:?}", start.elapsed());
        slowest = slowest.min(waited);
    }
    assert!(slowest < ms(500), "a request waited {slowest:?} or more for each reload");
}

/// Every alias with another credential and another answer, and one that only this table has.
fn generation(upstream: &Upstream, number: usize) -> Value {
    let target = |n: usize| {
        json!({"url": upstream.base(), "onwards_key": format!("sk-{n}-{number}"),
               "response_headers": {"x-generation": number.to_string()}})
    };
    let aliases = (0..ALIASES).map(|n| (format!("alias-{n}"), target(n)));
    let mut targets: serde_json::Map<String, Value> = aliases.collect();
    targets.insert(format!("only-{number}"), target(ALIASES));
    json!({"targets": targets})
}

const ALIASES: usize = 6_000;

/// What stays once the start has given back what it took.
async fn settled(router: &Router) -> u64 {
    let mut least = router.heap_kib();
    for _ in 0..20 {
        tokio::time::sleep(ms(100)).await;
        least = least.min(router.heap_kib());
    }
    least
}

/// Each table has a stream that never ends. What it is read from is gone with the reading, what it
/// was with its last request, and how long a core is held by that shows in the health checks.
#[tokio::test]
async fn c12_reloads_of_a_large_table_under_streams_take_no_more_than_two_tables() {
    let endless = Reply::chat_stream(&["a", "b"]).fault(Place::Piece(1), Fault::Stall);
    let upstream = Upstream::start(endless).await;
    let bare = settled(&Router::start(&many(&upstream, 0, 0)).await).await;
    let router = Router::start(&generation(&upstream, 0)).await;
    let table = settled(&router).await - bare;
    let mut streams = Vec::new();
    // A core that is held while a table is freed is held in every round; a busy machine is slow in some.
    let (mut slowest, mut highest) = (Duration::MAX, 0);
    for number in 0..=5 {
        let mut waited = Duration::ZERO;
        let call = Call::chat(&chat_stream(&format!("only-{number}")));
        let mut stream = call.stream(router.addr()).await;
        assert!(stream.next().await.is_some());
        streams.push(stream);
        router.write_targets(&generation(&upstream, number + 1)).await;
        let next = format!("only-{}", number + 1);
        let small = eventually(secs(20), async || {
            let asked = Instant::now();
            assert_eq!(router.get("/healthz").await.status, 200);
            waited = waited.max(asked.elapsed());
            let heap = router.heap_kib();
            highest = highest.max(heap);
            router.models().await.contains(&next) && heap < bare + 2 * table + 4 * 1024
        });
        let small = small.await;
        let heap = router.heap_kib();
        assert!(small, "{number}: {heap} of {bare} and twice {table} KiB");
        slowest = slowest.min(waited);
    }
    println!("bare {bare}, a table {table}, at the highest {highest} KiB");
    let bound = bare + 3 * table;
    assert!(highest < bound, "{highest} of {bound} KiB while a table was read beside another");
    assert!(
        slowest < ms(500),
        "a health check waited {slowest:?} or more while each table was freed"
    );
}
