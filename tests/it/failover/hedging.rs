//! A second provider beside a slow first.
//!
//! Never: a request whose tools have effects is sent twice, or more is spent than was asked for.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{
    Call, Fault, Place, Reply, Router, Upstream, assert_ok, chat, chat_stream, ms, pair, secs,
};

async fn slow_pair(hedge: Value) -> (Router, Upstream, Upstream) {
    let slow = Reply::chat("slow").fault(Place::Start, Fault::Pause(ms(1500)));
    let (first, second) =
        (Upstream::start(slow).await, Upstream::start(Reply::chat("quick")).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["hedge"] = hedge;
    (Router::start(&targets).await, first, second)
}

#[tokio::test]
async fn the_quicker_one_answers_and_the_other_is_cut_off() {
    let (router, first, _second) = slow_pair(json!({"after_ms": 200})).await;
    let start = Instant::now();
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert!((ms(180)..ms(1200)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!((answer.said().as_str(), answer.attempts()), ("quick", "first=hedged,second=200"));
    assert!(first.wait_disconnect(secs(1)).await.is_some(), "the loser is cut off");
    let metrics = Call::get("/metrics").send(router.metrics_addr()).await.text();
    let series = r#"onwards_attempts_total{alias="m",outcome="hedged",provider="first"} 1"#;
    assert!(metrics.contains(series), "{metrics}");
}

#[tokio::test]
async fn no_more_than_what_requests_have_paid_for() {
    let (router, _first, second) = slow_pair(json!({"after_ms": 50, "max_extra": 0.05})).await;
    for _ in 0..4 {
        assert_ok(&router.chat("m").await);
    }
    assert_eq!(second.hits(), 1, "the first is free, and four requests pay for a fifth of one");
}

#[tokio::test]
async fn tools_are_not_run_twice_unless_that_is_allowed() {
    let mut body = chat("m");
    body["tools"] = json!([{"type": "function", "function": {"name": "pay"}}]);
    for (allowed, attempts) in [(false, "first=200"), (true, "first=hedged,second=200")] {
        let hedge = json!({"after_ms": 100, "side_effects": allowed});
        let (router, _first, _second) = slow_pair(hedge).await;
        assert_eq!(Call::chat(&body).send(router.addr()).await.attempts(), attempts);
    }
}

#[tokio::test]
async fn when_one_of_the_two_fails_the_other_is_waited_for() {
    let slow = Reply::chat_stream(&["slow"]).fault(Place::Start, Fault::Pause(ms(600)));
    let (first, second) =
        (Upstream::start(slow).await, Upstream::start(Reply::error(500, "broken")).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["hedge"] = json!({"after_ms": 100});
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "second=500,first=200");
    assert!(answer.text().contains("slow"));
}

#[tokio::test]
async fn when_the_failure_of_one_is_the_end_the_other_is_told_of_too() {
    let refuses = Reply::error(400, "no").fault(Place::Start, Fault::Pause(ms(300)));
    let slow = Reply::chat("slow").fault(Place::Start, Fault::Pause(ms(3000)));
    let (first, second) = (Upstream::start(refuses).await, Upstream::start(slow).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["hedge"] = json!({"after_ms": 50});
    let router = Router::start(&targets).await;
    let answer = router.chat("m").await;
    assert_eq!((answer.status, answer.attempts()), (400, "second=hedged,first=400"));
    assert!(second.wait_disconnect(secs(1)).await.is_some(), "the other is cut off");
}

#[tokio::test]
async fn who_was_not_paid_for_is_still_there_to_fall_back_on() {
    let slow = Reply::error(503, "away").fault(Place::Start, Fault::Pause(ms(200)));
    let (first, second) = (Upstream::start(slow).await, Upstream::start(Reply::chat("hi")).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["hedge"] = json!({"after_ms": 50, "max_extra": 0.01});
    targets["targets"]["m"]["providers"][1]["rate_limit"] =
        json!({"requests_per_second": 0.01, "burst_size": 3});
    let router = Router::start(&targets).await;
    assert_eq!(router.chat("m").await.attempts(), "first=hedged,second=200");
    for _ in 0..2 {
        assert_eq!(router.chat("m").await.attempts(), "first=503,second=200");
    }
    assert_eq!(second.hits(), 3, "nothing is left of its limit, and nothing was lost of it");
}
