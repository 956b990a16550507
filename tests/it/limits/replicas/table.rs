//! Two and eight replicas under each kind of limit: what is admitted, and that all is given back.
//!
//! Never: more than one process would admit.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::tokens::{prices, told};
use super::replicas;
use crate::support::router::{CHAT, SeriesExt};
use crate::support::{Call, Reply, Router, Upstream, chat, eventually, ms, redis::Redis, secs};

const KINDS: [&str; 5] = ["rate", "slow", "places", "tokens", "money"];

fn key(kind: &str) -> String {
    format!("sk-client-{kind}")
}

/// One key for each kind of limit.
fn file(upstream: &Upstream, redis: &Redis) -> Value {
    let limits = |kind: &str| match kind {
        "rate" => json!({"rate_limit": {"requests_per_second": 100}}),
        "slow" => json!({"rate_limit": {"requests_per_second": 0.1666, "burst_size": 10}}),
        "places" => json!({"concurrency_limit": {"max_concurrent_requests": 5}}),
        "tokens" => json!({"token_limit": {"per_minute": 1_000}}),
        _ => json!({"budget": {"dollars": "0.00102", "period": "total"}}),
    };
    let keys = KINDS.map(|kind| {
        let mut limits = limits(kind);
        limits["key"] = json!(key(kind));
        (kind.to_owned(), limits)
    });
    json!({
        "store": {"redis": redis.url(), "timeout_ms": 10_000},
        "prices": prices(),
        "auth": {"key_definitions": serde_json::Map::from_iter(keys)},
        "targets": {"m": {"url": upstream.base()}}})
}

/// Each replica in turn; how many were served.
async fn served(routers: &[Router], kind: &str, count: usize) -> usize {
    let mut callers = JoinSet::new();
    for nth in 0..count {
        let (addr, key) = (routers[nth % routers.len()].addr(), key(kind));
        callers.spawn(async move {
            let mut body = chat("m");
            body["max_tokens"] = json!(20);
            Call::post(CHAT).key(&key).json(&body).send(addr).await.status
        });
    }
    let statuses = callers.join_all().await;
    assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{kind}: {statuses:?}");
    statuses.iter().filter(|status| **status == 200).count()
}

/// Asks until so many were served; answers how many were, and how long it took.
async fn until(routers: &[Router], kind: &str, least: usize) -> (usize, Duration) {
    let (began, mut all) = (Instant::now(), 0);
    let enough = async || {
        all += served(routers, kind, 16).await;
        all >= least
    };
    assert!(eventually(secs(60), enough).await, "{kind}: {all}");
    (all, began.elapsed())
}

async fn table(count: usize) {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told()).chunked().paced(ms(300))).await;
    let routers = replicas(count, &file(&upstream, &redis)).await;

    let (slow, took) = until(&routers, "slow", 10).await;
    let slow = slow + served(&routers, "slow", 16).await;
    let flown = (took + secs(5)).as_secs_f64() / 6.0;
    assert!(slow as f64 <= 10.0 + flown + 1.0, "{slow} in {took:?}");

    // The last one may be let in alone; each takes thirty tokens.
    let (tokens, took) = until(&routers, "tokens", 33).await;
    let flown = (took + secs(5)).as_secs_f64() * 1_000.0 / 60.0;
    assert!(tokens as f64 * 30.0 <= 1_000.0 + flown + 30.0, "{tokens} in {took:?}");

    let (money, _) = until(&routers, "money", 21).await;
    assert_eq!(money + served(&routers, "money", 16).await, 21, "the last one is let in alone");

    let before = upstream.requests().len();
    until(&routers, "places", 15).await;
    let mut came: Vec<_> = upstream.requests().iter().skip(before).map(|seen| seen.at).collect();
    came.sort();
    // Each answer takes longer than this: of six in a row, the last came after the first had ended.
    for six in came.windows(6) {
        assert!(six[5] - six[0] > ms(150), "{:?}", six[5] - six[0]);
    }

    let (began, mut rate, mut asked) = (Instant::now(), 0_u32, 0_u32);
    while began.elapsed() < secs(4) {
        rate += served(&routers, "rate", 24).await as u32;
        asked += 24;
        tokio::time::sleep(ms(60)).await;
    }
    let may = 100.0 + began.elapsed().as_secs_f64() * 100.0;
    assert!(f64::from(rate) <= may + 1.0, "{rate} of {may}");
    let most = may.min(f64::from(asked));
    assert!(f64::from(rate) >= most * 0.8, "{rate} of {asked}, and {may} may be");

    // All is given back.
    let idle = async || {
        for router in &routers {
            let metrics = router.metrics().await;
            if metrics.series("onwards_in_flight", &[]).unwrap_or_default() > 0.0 {
                return false;
            }
        }
        true
    };
    assert!(eventually(secs(20), idle).await);
    let nothing_is_held = async || {
        let keys = redis.tell("KEYS *|*");
        let keys = keys.lines().filter(|line| line.contains('|'));
        keys.map(|key| redis.tell(&format!("HGETALL {key}"))).all(|told| {
            let records = told.lines().filter(|line| line.split(' ').count() == 4);
            records.into_iter().all(|record| record.split(' ').nth(1) == Some("0"))
        })
    };
    assert!(eventually(secs(20), nothing_is_held).await);
}

#[tokio::test]
async fn two_replicas_admit_what_one_would() {
    table(2).await;
}

#[tokio::test]
async fn eight_replicas_admit_what_one_would() {
    table(8).await;
}
