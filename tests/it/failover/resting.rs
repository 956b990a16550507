//! Who rests, when, for how long, and who is asked meanwhile.
//!
//! Never: a provider is asked twice while its trial is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{
    Call, Fault, Place, Reply, Router, Script, Upstream, assert_error, assert_ok, chat, eventually,
    ms, pair, pool, provider, secs,
};

/// [`pair`] with a cooldown.
fn resting_pair(first: &Upstream, second: &Upstream, cooldown: Value) -> Value {
    let mut targets = pair(first, second);
    targets["targets"]["m"]["cooldown"] = cooldown;
    targets
}

/// A provider that fails while the switch is on.
async fn switched(fails: &Arc<AtomicBool>, failure: Reply, answer: Reply) -> Upstream {
    let fails = Arc::clone(fails);
    let script = move |_: &_| match fails.load(Ordering::Relaxed) {
        true => failure.clone(),
        false => answer.clone(),
    };
    Upstream::start(Script::by(script)).await
}

#[tokio::test]
async fn a_provider_that_keeps_failing_rests_and_recovers() {
    let fails = Arc::new(AtomicBool::new(true));
    let first = switched(&fails, Reply::error(500, "broken"), Reply::chat("first")).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let cooldown = json!({"failures": 3, "duration_secs": 1, "slow_start_secs": 0});
    let router = Router::start(&resting_pair(&first, &second, cooldown)).await;
    for _ in 0..3 {
        assert_eq!(router.chat("m").await.attempts(), "first=500,second=200");
    }
    for _ in 0..5 {
        assert_eq!(router.chat("m").await.attempts(), "first=cooling,second=200");
    }
    assert_eq!(first.hits(), 3);
    let line = "resting 1 s after 3 answers with 500";
    assert!(eventually(secs(2), async || router.stderr_text().contains(line)).await);
    let metrics = Call::get("/metrics").send(router.metrics_addr()).await.text();
    let state = r#"onwards_provider_state{alias="m",provider="first",state="resting"} 1"#;
    assert!(metrics.contains(state), "{metrics}");

    fails.store(false, Ordering::Relaxed);
    tokio::time::sleep(ms(1100)).await;
    assert_eq!(router.chat("m").await.attempts(), "first=200");
}

#[tokio::test]
async fn one_isolated_failure_benches_nobody() {
    let first = Upstream::start([Reply::error(500, "once"), Reply::chat("well")]).await;
    let target = json!({"url": first.base(), "name": "first", "cooldown": {}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    assert_eq!(router.chat("m").await.status, 500);
    assert_eq!(router.chat("m").await.said(), "well");
}

#[tokio::test]
async fn after_a_rest_one_request_finds_out_for_all() {
    let fails = Arc::new(AtomicBool::new(true));
    let well = Reply::chat("first").fault(Place::Start, Fault::Pause(ms(500)));
    let first = switched(&fails, Reply::error(500, "broken"), well).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let cooldown = json!({"failures": 1, "duration_secs": 1, "slow_start_secs": 0});
    let router = Router::start(&resting_pair(&first, &second, cooldown)).await;
    assert_eq!(router.chat("m").await.attempts(), "first=500,second=200");
    fails.store(false, Ordering::Relaxed);
    tokio::time::sleep(ms(1100)).await;

    let before = first.hits();
    let body = chat("m");
    let calls = (0..100).map(|_| Call::chat(&body)).collect::<Vec<_>>();
    let answers = futures_util::future::join_all(calls.iter().map(|c| c.send(router.addr()))).await;
    answers.iter().for_each(assert_ok);
    let by_first = answers.iter().filter(|answer| answer.said() == "first").count();
    assert_eq!((first.hits() - before, by_first), (1, 1));
    assert_eq!(router.chat("m").await.said(), "first");
}

#[tokio::test]
async fn where_nobody_else_is_left_all_wait_for_the_trial() {
    let fails = Arc::new(AtomicBool::new(true));
    let well = Reply::chat("well").fault(Place::Start, Fault::Pause(ms(400)));
    let only = switched(&fails, Reply::error(500, "broken"), well).await;
    let target = json!({"url": only.base(), "name": "only", "fallback": {"enabled": true},
        "cooldown": {"failures": 1, "duration_secs": 1, "slow_start_secs": 0}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    assert_error(&router.chat("m").await, 503, "all_providers_failed");
    fails.store(false, Ordering::Relaxed);
    tokio::time::sleep(ms(1100)).await;

    let (before, start) = (only.hits(), Instant::now());
    let trial = router.chat("m");
    let crowd = async {
        tokio::time::sleep(ms(100)).await;
        let body = chat("m");
        let calls = (0..20).map(|_| Call::chat(&body)).collect::<Vec<_>>();
        let sent = calls.iter().map(|call| call.send(router.addr()));
        tokio::join!(futures_util::future::join_all(sent), async {
            tokio::time::sleep(ms(150)).await;
            assert_eq!(only.hits() - before, 1, "asked once until it has answered");
        })
        .0
    };
    let (first, crowd) = tokio::join!(trial, crowd);
    assert_ok(&first);
    crowd.iter().for_each(assert_ok);
    assert!(start.elapsed() < secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn when_all_rest_the_soonest_is_asked_all_the_same() {
    let first = Upstream::start(Reply::error(503, "away").header("retry-after", "40")).await;
    let second = Upstream::start(Reply::error(503, "away").header("retry-after", "7")).await;
    let router = Router::start(&resting_pair(&first, &second, json!({}))).await;
    let answer = router.chat("m").await;
    assert_eq!(answer.attempts(), "first=503,second=503");
    let answer = router.chat("m").await;
    assert_error(&answer, 503, "all_providers_failed");
    assert_eq!(answer.attempts(), "first=cooling,second=cooling,second=503");
    let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((5..=7).contains(&after), "retry-after: {after}");
}

#[tokio::test]
async fn a_429_rests_the_credential_for_as_long_as_it_says() {
    let limited = Reply::error(429, "slow down").header("retry-after", "1");
    let first = Upstream::start([limited, Reply::chat("first")]).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let router = Router::start(&resting_pair(&first, &second, json!({"failures": 1}))).await;
    assert_eq!(router.chat("m").await.attempts(), "first=429,second=200");
    assert_eq!(router.chat("m").await.attempts(), "first=cooling,second=200");
    tokio::time::sleep(ms(1100)).await;
    assert_eq!(router.chat("m").await.attempts(), "first=200");
}

#[tokio::test]
async fn a_clients_fault_is_nobody_elses() {
    for status in [400, 404, 422] {
        let first = Upstream::start(Reply::error(status, "your fault")).await;
        let second = Upstream::start(Reply::chat("second")).await;
        let router = Router::start(&resting_pair(&first, &second, json!({"failures": 1}))).await;
        for _ in 0..3 {
            let answer = router.chat("m").await;
            assert_eq!((answer.status, answer.attempts()), (status, &*format!("first={status}")));
        }
        assert_eq!(second.hits(), 0);
    }
}

#[tokio::test]
async fn streams_that_break_are_failures_too() {
    let broken = Reply::chat_stream(&["a", "b"]).fault(Place::Piece(1), Fault::Reset);
    let first = Upstream::start(broken).await;
    let second = Upstream::start(Reply::chat_stream(&["c"])).await;
    let router = Router::start(&resting_pair(&first, &second, json!({"failures": 2}))).await;
    let body = crate::support::chat_stream("m");
    for _ in 0..2 {
        let answer = Call::chat(&body).send(router.addr()).await;
        assert_eq!(answer.attempts(), "first=200");
        assert!(!answer.text().contains("[DONE]"));
    }
    let answer = Call::chat(&body).send(router.addr()).await;
    assert_eq!(answer.attempts(), "first=cooling,second=200");
}

#[tokio::test]
async fn a_trial_that_hangs_keeps_nobody_waiting_for_good() {
    let away = Reply::error(503, "away").header("retry-after", "1");
    let hangs = Reply::chat("late").fault(Place::Start, Fault::Pause(secs(30)));
    let only = Upstream::start([away, hangs, Reply::chat("well")]).await;
    let mut targets = pool(&[provider("only", &only)]);
    targets["targets"]["m"]["cooldown"] = json!({"duration_secs": 120});
    let router = Router::start(&targets).await;
    assert_eq!(router.chat("m").await.attempts(), "only=503");
    tokio::time::sleep(ms(1100)).await;
    let second = async {
        assert!(eventually(secs(2), async || only.hits() == 2).await);
        router.chat("m").await
    };
    tokio::select! {
        _ = router.chat("m") => panic!("the trial ended"),
        answer = second => {
            assert_ok(&answer);
            assert_eq!(answer.attempts(), "only=cooling,only=200");
        }
    }
}
