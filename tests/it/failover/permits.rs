//! Ten thousand requests with faults of every kind on both sides, through every kind of limit: afterwards all that
//! was held has been given back.
//!
//! Never: a client that left, a hedge that lost, a trial or a pool that took over keeps a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::router::SeriesExt;
use crate::support::{
    Call, Fault, Place, Reply, Router, Script, Upstream, assert_error, chat, eventually, ms,
    provider, secs,
};

/// Pseudo-random faults of every kind.
fn at_random(seed: usize) -> Script {
    let count = Arc::new(AtomicUsize::new(seed));
    Script::by(move |seen| {
        let drawn = scattered(count.fetch_add(1, Ordering::Relaxed));
        let stream = String::from_utf8_lossy(&seen.body).contains("\"stream\":true");
        let good = if stream { Reply::chat_stream(&["a", "b", "c"]) } else { Reply::chat("a") };
        match drawn % 18 {
            0 => Reply::error(500, "broken"),
            1 => Reply::error(429, "busy").header("retry-after", "1"),
            2 => Reply::error(400, "odd"),
            3 => good.fault(Place::Start, Fault::Reset),
            4 => good.fault(Place::Head, Fault::Fin),
            5 => good.fault(Place::BodyByte(drawn % 400), Fault::Reset),
            6 => good.fault(Place::Start, Fault::Stall),
            7 => good.fault(Place::Piece(2), Fault::Stall),
            8 => good.fault(Place::Start, Fault::Pause(ms(40))),
            9 => good.paced(ms(15)),
            10 => Reply::raw("220 mail.example ESMTP\r\n"),
            11 => Reply::new(204),
            _ => good,
        }
    })
}

fn scattered(number: usize) -> usize {
    number.wrapping_mul(2_654_435_761) >> 7
}

/// Every kind of limit and every way to more than one attempt.
fn targets(upstreams: &[Upstream; 3], stalls: &Upstream) -> Value {
    let providers: Vec<Value> = ["first", "second", "third"]
        .iter()
        .zip(upstreams)
        .map(|(name, upstream)| {
            let mut provider = provider(name, upstream);
            provider["concurrency_limit"] = json!({"max_concurrent_requests": 10});
            provider
        })
        .collect();
    let pool = |more: Value| {
        let mut pool = json!({
            "keys": ["wide", "narrow"],
            "fallback": {"enabled": true, "on_rate_limit": true, "max_attempts": 4},
            "timeouts": {"response_ms": 60, "idle_ms": 60},
            "concurrency_limit": {"max_concurrent_requests": 20},
            "providers": providers,
        });
        more.as_object().unwrap().iter().for_each(|(key, value)| pool[key] = value.clone());
        pool
    };
    let mut foreign = providers[0].clone();
    foreign["protocol"] = json!("anthropic");
    let to = json!({"enabled": true, "on_rate_limit": true, "to": ["plain", "resting"]});
    let queue = json!({"max_waiting": 6, "max_wait_ms": 150});
    let mut queued = providers.clone();
    for provider in &mut queued {
        provider["concurrency_limit"] = json!({"max_concurrent_requests": 1});
        provider["queue"] = queue.clone();
    }
    json!({
        "auth": {"key_definitions": {
            "wide": {"key": "sk-wide"},
            "narrow": {"key": "sk-narrow", "concurrency_limit": {"max_concurrent_requests": NARROW}},
        }},
        "targets": {
            "plain": pool(json!({})),
            "resting": pool(json!({"cooldown": {"failures": 2, "duration_secs": 1}})),
            "hedged": pool(json!({"hedge": {"after_ms": 15, "max_extra": 1.0}})),
            "kept": pool(json!({"keepalive_secs": 1, "timeouts": {"response_ms": 1_200, "idle_ms": 1_200}})),
            "chained": pool(json!({"fallback": to, "providers": [providers[1]]})),
            "foreign": pool(json!({"providers": [foreign, providers[2]]})),
            "queued": pool(json!({"queue": queue, "providers": queued,
                "concurrency_limit": {"max_concurrent_requests": 4}})),
            "closed": pool(json!({"fallback": {"enabled": false}})),
            "stalls": {"keys": ["narrow"], "url": stalls.base(), "name": "stalls"},
        },
    })
}

/// One request of one client: it hears all of it, or leaves at some point.
async fn one(router: &Router, number: usize) {
    let drawn = scattered(number);
    let alias = ALIASES[drawn % ALIASES.len()];
    let mut body = chat(alias);
    // A stall behind comments takes a second and more: they are few.
    body["stream"] = json!(alias == "kept" || !drawn.is_multiple_of(3));
    let key = if drawn.is_multiple_of(5) { "sk-narrow" } else { "sk-wide" };
    let mut call = Call::chat(&body).key(key);
    if drawn.is_multiple_of(11) {
        call = call.header("x-onwards-timeout-ms", "50");
    }
    match drawn % 23 {
        0 => call.open(router.addr()).await.abort(),
        1 => {
            let connection = call.open(router.addr()).await;
            tokio::time::sleep(ms(drawn as u64 % 40)).await;
            connection.abort();
        }
        // A plain answer that breaks at once may take its head with it.
        2 if alias != "closed" => {
            let mut events = call.stream(router.addr()).await;
            let _ = events.next().await;
            events.abort();
        }
        _ => drop(call.try_send(router.addr()).await),
    }
}

#[tokio::test]
async fn after_ten_thousand_faulted_requests_all_is_given_back() {
    let upstreams = [
        Upstream::start(at_random(1)).await,
        Upstream::start(at_random(7_919)).await,
        Upstream::start(at_random(104_729)).await,
    ];
    let stalls = Upstream::start(Reply::chat("x").fault(Place::Start, Fault::Stall)).await;
    let router = Router::start(&targets(&upstreams, &stalls)).await;
    let client = async |client: usize| {
        for round in 0..REQUESTS / CLIENTS {
            one(&router, round * CLIENTS + client).await;
        }
    };
    futures_util::future::join_all((0..CLIENTS).map(client)).await;

    let metrics = router.metrics().await;
    let served = metrics.series("onwards_requests_total", &[]).unwrap();
    assert!(served > 0.8 * REQUESTS as f64, "only {served} were let in");
    for what in ["hedged", "limited", "cooling", "timeout", "reset", "connect"] {
        let seen = metrics.series("onwards_attempts_total", &[("outcome", what)]);
        // Nobody refuses a connection here.
        assert_eq!(seen.is_some(), what != "connect", "{what}");
    }
    let passed = [("alias", "queued"), ("end", "passed")];
    assert!(metrics.series("onwards_queue_waits_total", &passed) > Some(0.0), "none has waited");
    for whose in ["key", "pool"] {
        let seen = metrics.series("onwards_rejections_total", &[("limit", whose)]);
        assert!(seen.is_some(), "the limit of the {whose} was never met");
    }
    all_given_back(&router).await;
    the_key_has_all_its_places(&router, &stalls).await;
    all_given_back(&router).await;
}

/// A key's places are in no gauge: as many requests fit as its limit says, and no more.
async fn the_key_has_all_its_places(router: &Router, stalls: &Upstream) {
    let call = Call::chat(&chat("stalls")).key("sk-narrow");
    let mut held = Vec::new();
    for _ in 0..NARROW {
        held.push(call.open(router.addr()).await);
    }
    assert!(stalls.wait_hits(NARROW, secs(5)).await, "only {} fit", stalls.hits());
    let refused = call.send(router.addr()).await;
    assert_error(&refused, 429, "concurrency_limit_exceeded");
    assert_eq!(refused.json()["error"]["param"], "key");
    held.into_iter().for_each(crate::support::Conn::abort);
}

/// Every gauge of requests in flight is at zero.
pub(super) async fn all_given_back(router: &Router) {
    let held = async || {
        let metrics = router.metrics().await;
        let levels = ["onwards_in_flight{", "onwards_queue_waiting{"];
        let gauges =
            metrics.lines().filter(|line| levels.iter().any(|level| line.starts_with(level)));
        let held: Vec<_> = gauges.filter(|line| !line.ends_with(" 0")).map(str::to_owned).collect();
        assert!(metrics.contains("onwards_in_flight{"), "there are gauges");
        held
    };
    let within = Duration::from_secs(5);
    assert!(eventually(within, async || held().await.is_empty()).await, "{:?}", held().await);
}

const ALIASES: [&str; 15] = [
    "plain", "plain", "resting", "resting", "hedged", "hedged", "chained", "chained", "foreign",
    "foreign", "queued", "closed", "queued", "closed", "kept",
];
const REQUESTS: usize = 10_000;
const CLIENTS: usize = 200;
const NARROW: usize = 12;
