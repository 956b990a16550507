//! Two hundred clients at once while the first provider dies in every way it can.
//!
//! Never: bytes of two attempts in one answer, or a place that is not given back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::permits::all_given_back;
use crate::support::{
    Accept, Call, Fault, Place, Reply, Router, Script, Upstream, assert_ok, chat, chat_stream,
    pool, provider, secs,
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
    targets["targets"]["m"]["timeouts"] = json!({"response_ms": 1_500, "first_event_ms": 1_500});
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
        assert!(p99 < secs(10), "p99: {p99:?}");
        all_given_back(&router).await;
    }
}

#[tokio::test]
async fn b27_when_all_is_lost_nobody_storms() {
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

#[tokio::test]
async fn b27_when_the_budget_for_asking_again_is_spent_the_healthy_one_is_asked_all_the_same() {
    let broken = Reply::error(500, "broken");
    let slow = broken.clone().fault(Place::Start, Fault::Pause(Duration::from_millis(300)));
    let (first, second) = (Upstream::start(broken).await, Upstream::start(slow).await);
    let third = Upstream::start(Reply::chat("well")).await;
    let names = ["first", "second", "third"];
    let upstreams = [first, second, third];
    let providers: Vec<Value> =
        names.iter().zip(&upstreams).map(|(name, up)| provider(name, up)).collect();
    let router = Router::start(&pool(&providers)).await;
    // From here on, the second is known to fail.
    assert_eq!(router.chat("m").await.attempts(), "first=500,second=500,third=200");
    let body = chat("m");
    let calls: Vec<Call> = (0..100).map(|_| Call::chat(&body)).collect();
    let answers =
        futures_util::future::join_all(calls.iter().map(|call| call.send(router.addr()))).await;
    answers.iter().for_each(assert_ok);
    let spared = answers.iter().filter(|it| it.attempts() == "first=500,second=spared,third=200");
    let spared = spared.count();
    assert!(spared >= 60 && upstreams[1].hits() <= 40, "{spared}, {}", upstreams[1].hits());
}
