//! Two hundred clients at once while the first provider dies in every way it can.
//!
//! Never: bytes of two attempts in one answer, or a place that is not given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Accept, Call, Fault, Place, Reply, Router, Script, Upstream, assert_ok, chat, chat_stream,
    eventually, pool, provider, secs,
};

/// Three providers in a row: the first as scripted, the others well.
async fn chain(first: Upstream) -> (Router, [Upstream; 3]) {
    let upstreams =
        [first, Upstream::start(by_kind("second")).await, Upstream::start(by_kind("third")).await];
    let names = ["first", "second", "third"];
    let providers: Vec<Value> =
        names.iter().zip(&upstreams).map(|(name, up)| provider(name, up)).collect();
    let mut targets = pool(&providers);
    targets["targets"]["m"]["cooldown"] = json!({"duration_secs": 1, "slow_start_secs": 0});
    targets["targets"]["m"]["timeouts"] = json!({"response_ms": 400, "first_event_ms": 400});
    (Router::start(&targets).await, upstreams)
}

/// Streams to those who ask for one.
fn by_kind(name: &'static str) -> Script {
    Script::by(move |seen| match String::from_utf8_lossy(&seen.body).contains("\"stream\":true") {
        true => Reply::chat_stream(&[name, name, name]),
        false => Reply::chat(name),
    })
}

/// Two hundred clients, each asking five times, half of them for streams.
async fn crowd(router: &Router) -> Vec<Duration> {
    let one = |client: usize| async move {
        let mut times = Vec::new();
        for _ in 0..5 {
            let body = if client.is_multiple_of(2) { chat("m") } else { chat_stream("m") };
            let start = Instant::now();
            let answer = Call::chat(&body).send(router.addr()).await;
            assert_ok(&answer);
            times.push(start.elapsed());
            let text = answer.text();
            let who = answer.header("x-onwards-provider").unwrap();
            let others = ["first", "second", "third"].into_iter().filter(|name| *name != who);
            assert!(others.into_iter().all(|name| !text.contains(name)), "two attempts in {text}");
        }
        times
    };
    let times = futures_util::future::join_all((0..200).map(one)).await;
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    times
}

#[tokio::test]
async fn a_dead_throttled_or_stalled_primary_is_noticed_by_nobody() {
    let stalled = Reply::chat("first").fault(Place::Start, Fault::Stall);
    let cut = Reply::chat("first").fault(Place::BodyByte(20), Fault::Reset);
    let firsts = [
        Upstream::refused(),
        Upstream::start(Accept::Reset).await,
        Upstream::start(Reply::error(429, "busy").header("retry-after", "1")).await,
        Upstream::start(Reply::error(503, "overloaded")).await,
        Upstream::start(stalled).await,
        Upstream::start(cut).await,
    ];
    for first in firsts {
        let (router, _upstreams) = chain(first).await;
        let times = crowd(&router).await;
        let p99 = times[times.len() * 99 / 100];
        assert!(p99 < secs(4), "p99: {p99:?}");
        all_given_back(&router).await;
    }
}

/// Pseudo-random faults of every kind at every provider.
fn at_random(seed: usize, name: &'static str) -> Script {
    let count = Arc::new(AtomicUsize::new(seed));
    Script::by(move |seen| {
        let drawn = count.fetch_add(1, Ordering::Relaxed).wrapping_mul(2_654_435_761) >> 7;
        let stream = String::from_utf8_lossy(&seen.body).contains("\"stream\":true");
        let good = if stream { Reply::chat_stream(&[name, name]) } else { Reply::chat(name) };
        match drawn % 12 {
            0 => Reply::error(500, name),
            1 => Reply::error(429, name),
            2 => Reply::error(400, name),
            3 => good.fault(Place::Start, Fault::Reset),
            4 => good.fault(Place::Head, Fault::Fin),
            5 => good.fault(Place::BodyByte(drawn % 60), Fault::Reset),
            6 => good.fault(Place::Start, Fault::Stall),
            7 => Reply::raw("220 mail.example ESMTP\r\n"),
            8 => Reply::new(204),
            _ => good,
        }
    })
}

#[tokio::test]
async fn whatever_fails_no_bytes_of_two_attempts_meet_and_all_is_given_back() {
    let upstreams = [
        Upstream::start(at_random(1, "first")).await,
        Upstream::start(at_random(7_919, "second")).await,
        Upstream::start(at_random(104_729, "third")).await,
    ];
    let names = ["first", "second", "third"];
    let providers: Vec<Value> =
        names.iter().zip(&upstreams).map(|(name, up)| provider(name, up)).collect();
    let mut targets = pool(&providers);
    targets["targets"]["m"]["timeouts"] = json!({"response_ms": 200});
    targets["targets"]["m"]["fallback"]["max_attempts"] = json!(4);
    targets["targets"]["m"]["concurrency_limit"] = json!({"max_concurrent_requests": 1000});
    let router = Router::start(&targets).await;
    let one = |client: usize| {
        let router = &router;
        async move {
            for round in 0..25 {
                let body =
                    if (client + round).is_multiple_of(2) { chat("m") } else { chat_stream("m") };
                let call = Call::chat(&body);
                if (client + round).is_multiple_of(17) {
                    call.open(router.addr()).await.abort();
                    continue;
                }
                let Ok(answer) = call.try_send(router.addr()).await else { continue };
                let text = answer.text();
                let who = answer.header("x-onwards-provider").unwrap_or_default();
                for name in names.iter().filter(|name| **name != who) {
                    assert!(!text.contains(name), "{name} in an answer of {who}: {text}");
                }
            }
        }
    };
    futures_util::future::join_all((0..100).map(one)).await;
    all_given_back(&router).await;
}

/// Every gauge of requests in flight is at zero.
async fn all_given_back(router: &Router) {
    let zero = async || {
        let metrics = Call::get("/metrics").send(router.metrics_addr()).await.text();
        let mut gauges =
            metrics.lines().filter(|line| line.starts_with("onwards_in_flight{")).peekable();
        gauges.peek().is_some() && gauges.all(|line| line.ends_with(" 0"))
    };
    assert!(eventually(secs(5), zero).await, "something is still held");
}

#[tokio::test]
async fn when_all_is_lost_nobody_storms() {
    let broken =
        Reply::error(500, "broken").fault(Place::Start, Fault::Pause(Duration::from_millis(300)));
    let first = Upstream::start(broken.clone()).await;
    let second = Upstream::start(broken).await;
    let router = Router::start(&crate::support::pair(&first, &second)).await;
    // From here on, both are known to fail.
    router.chat("m").await;
    let body = chat("m");
    let calls: Vec<Call> = (0..100).map(|_| Call::chat(&body)).collect();
    let answers =
        futures_util::future::join_all(calls.iter().map(|call| call.send(router.addr()))).await;
    for answer in &answers {
        crate::support::assert_error(answer, 503, "all_providers_failed");
    }
    let extra = second.hits();
    assert!((3..=35).contains(&extra), "{extra} further attempts for 101 requests");
}
