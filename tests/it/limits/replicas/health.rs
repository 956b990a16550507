//! What replicas tell each other of providers: rests, trials, probes, what an operator decides.
//!
//! Never: a provider is asked by two replicas while its trial is under way.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use crate::support::router::SeriesExt;
use crate::support::{
    Call, Fault, Launch, Place, Reply, Router, Script, Upstream, assert_ok, chat, eventually, ms,
    pair, redis::Redis, secs,
};

const ADMIN: &str = "admin-key-of-the-tests-0002";

/// [`pair`] behind replicas that share what they find.
fn targets(redis: &Redis, upstreams: [&Upstream; 2], keys: Value) -> Value {
    let mut targets = pair(upstreams[0], upstreams[1]);
    targets["store"] = json!({"redis": redis.url(), "timeout_ms": 5_000});
    targets["targets"]["m"].as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    targets
}

async fn replicas(count: usize, targets: &Value) -> Vec<Router> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(Launch::new(targets).env("ONWARDS_ADMIN_KEY", ADMIN).start().await);
    }
    all
}

/// Whether this replica shows the first provider in this state.
async fn shows(router: &Router, state: &str) -> bool {
    let labels = [("provider", "first"), ("state", state)];
    router.metrics().await.series("onwards_provider_state", &labels) == Some(1.0)
}

async fn all_show(routers: &[Router], state: &str) -> bool {
    let all = async || {
        for router in routers {
            if !shows(router, state).await {
                return false;
            }
        }
        true
    };
    eventually(secs(20), all).await
}

async fn operator(router: &Router, verb: &str) {
    let path = format!("/admin/providers/m/first/{verb}");
    let answer = Call::post(&path).key(ADMIN).send(router.metrics_addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn provider_that_one_found_dead_is_not_asked_by_others_and_a_wake_is_for_all() {
    let Some(redis) = Redis::start() else { return };
    let first = Upstream::start(Reply::error(401, "revoked")).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let cooldown = json!({"cooldown": {"failures": 1, "duration_secs": 600}});
    let file = targets(&redis, [&first, &second], cooldown);
    let mut routers = replicas(2, &file).await;
    assert_eq!(routers[0].chat("m").await.attempts(), "first=401,second=200");
    assert!(all_show(&routers, "resting").await);
    assert_eq!(routers[1].chat("m").await.attempts(), "first=cooling,second=200");
    assert_eq!(first.hits(), 1);
    let explained = routers[1].explain("m").await.text();
    let told = "since its credential was refused, as another replica found";
    assert!(explained.contains(told), "{explained}");
    // One that comes later hears of it, also where the store had forgotten it.
    redis.tell("FLUSHALL");
    routers.extend(replicas(1, &file).await);
    assert!(all_show(&routers, "resting").await);
    assert_eq!(first.hits(), 1);
    // What the server holds names no provider and no credential.
    let held = redis.tell("HGETALL onwards{shared}health");
    assert!(held.contains("credential") && !held.contains("sk-provider"), "{held}");
    assert!(!held.contains("127.0.0.1") && !held.contains("first"), "{held}");

    operator(&routers[1], "wake").await;
    assert!(all_show(&routers, "ready").await);
    operator(&routers[0], "drain").await;
    assert!(all_show(&routers, "drained").await);
    operator(&routers[1], "wake").await;
    assert!(all_show(&routers, "ready").await);
    operator(&routers[2], "rest?seconds=600").await;
    assert!(all_show(&routers, "resting").await);
}

#[tokio::test]
async fn one_trial_is_made_by_all_replicas_together() {
    let Some(mut redis) = Redis::start() else { return };
    let fails = Arc::new(AtomicBool::new(true));
    let is_ill = Arc::clone(&fails);
    let script = Script::by(move |_| match is_ill.load(Ordering::Relaxed) {
        true => Reply::error(500, "broken"),
        false => Reply::chat("first").fault(Place::Start, Fault::Pause(ms(2_500))),
    });
    let first = Upstream::start(script).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let cooldown = json!({"cooldown":
        {"failures": 1, "duration_secs": 2, "factor": 1.0, "slow_start_secs": 0}});
    let routers = replicas(3, &targets(&redis, [&first, &second], cooldown)).await;
    let crowd = async || {
        let body = chat("m");
        let calls: Vec<_> = (0..30).map(|_| Call::chat(&body)).collect();
        let sent = calls.iter().zip(routers.iter().cycle());
        let sent = sent.map(|(call, router)| call.send(router.addr()));
        let answers = futures_util::future::join_all(sent).await;
        answers.iter().for_each(assert_ok);
        answers.iter().filter(|answer| answer.said() == "first").count()
    };
    assert_eq!(routers[0].chat("m").await.attempts(), "first=500,second=200");
    assert!(all_show(&routers, "resting").await);
    assert!(all_show(&routers, "trial").await);
    fails.store(false, Ordering::Relaxed);
    let before = first.hits();
    assert_eq!((crowd().await, first.hits() - before), (1, 1));
    assert!(all_show(&routers, "ready").await);

    // Without the store each finds out for itself.
    fails.store(true, Ordering::Relaxed);
    assert_eq!(routers[0].chat("m").await.attempts(), "first=500,second=200");
    assert!(all_show(&routers, "trial").await);
    redis.dies();
    fails.store(false, Ordering::Relaxed);
    let before = first.hits();
    let by_first = crowd().await;
    assert!((1..=3).contains(&by_first), "{by_first}");
    assert_eq!(first.hits() - before, by_first);
    assert!(all_show(&routers, "ready").await);
}

#[tokio::test]
async fn one_replica_probes_for_all_and_another_takes_over() {
    let Some(redis) = Redis::start() else { return };
    let ill = Arc::new(AtomicBool::new(false));
    let is_ill = Arc::clone(&ill);
    let script =
        Script::by(move |seen| match (seen.method.as_str(), is_ill.load(Ordering::Relaxed)) {
            ("GET", true) => Reply::error(503, "starting"),
            ("GET", false) => Reply::json(200, &json!({"data": []})),
            _ => Reply::chat("first"),
        });
    let first = Upstream::start(script).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let check = json!({"health_check": {"interval_secs": 1, "timeout_ms": 500, "healthy_after": 1,
        "unhealthy_after": 1}});
    let mut routers = replicas(3, &targets(&redis, [&first, &second], check)).await;
    let probes = async |router: &Router| {
        let metrics = router.metrics().await;
        metrics.series("onwards_probes_total", &[("provider", "first")]).unwrap_or_default()
    };
    let probers = async |routers: &[Router]| {
        let mut all = Vec::new();
        for router in routers {
            all.push(probes(router).await > 0.0);
        }
        all
    };
    assert!(first.wait_hits(4, secs(20)).await);
    let those = probers(&routers).await;
    assert_eq!(those.iter().filter(|it| **it).count(), 1, "{those:?}");
    ill.store(true, Ordering::Relaxed);
    assert!(all_show(&routers, "unhealthy").await);
    for router in &routers {
        assert_eq!(router.chat("m").await.attempts(), "first=cooling,second=200");
    }
    // The one that probes is killed.
    let prober = those.iter().position(|it| *it).unwrap();
    routers[prober].signal("KILL");
    routers.remove(prober);
    ill.store(false, Ordering::Relaxed);
    assert!(all_show(&routers, "ready").await);
    let those = probers(&routers).await;
    assert_eq!(those.iter().filter(|it| **it).count(), 1, "{those:?}");
}
