//! Limits that several replicas share through Redis or Valkey, whatever becomes of it.
//!
//! Never: more than the limit; a request that waits for a store that does not answer.

mod failing;
mod health;
mod servers;
mod table;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::tokens::{KEY, prices, six, told};
use crate::support::router::{CHAT, SeriesExt};
use crate::support::{
    Call, Reply, Router, Upstream, assert_error, assert_ok, chat, eventually, ms, redis::Redis,
    secs,
};

/// One key with these limits, shared through `redis`.
fn targets(upstream: &Upstream, redis: &Redis, store: Value, limits: Value) -> Value {
    let mut shared = json!({"redis": redis.url(), "timeout_ms": 10_000});
    shared.as_object_mut().unwrap().extend(store.as_object().unwrap().clone());
    let mut key = json!({"key": KEY});
    key.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    json!({
        "store": shared,
        "prices": prices(),
        "auth": {"key_definitions": {"ann": key}},
        "targets": {"m": {"url": upstream.base(), "open_responses": {"adapter": true}}}})
}

async fn replicas(count: usize, targets: &Value) -> Vec<Router> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(Router::start(targets).await);
    }
    all
}

/// Asks each replica in turn; answers the statuses.
async fn asked(routers: &[Router], count: usize) -> Vec<u16> {
    let mut callers = JoinSet::new();
    for nth in 0..count {
        let addr = routers[nth % routers.len()].addr();
        callers.spawn(
            async move { Call::post(CHAT).key(KEY).json(&chat("m")).send(addr).await.status },
        );
    }
    callers.join_all().await
}

fn good(statuses: &[u16]) -> usize {
    assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 200).count()
}

#[tokio::test]
async fn ten_in_a_minute_are_ten_over_all_replicas() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 0.02, "burst_size": 10}});
    let routers = replicas(3, &targets(&upstream, &redis, json!({}), limits)).await;
    let began = Instant::now();
    let mut served = 0;
    for _ in 0..4 {
        served += good(&asked(&routers, 15).await);
    }
    // What idle replicas held is given back.
    let whole = async || {
        served += good(&asked(&routers, 3).await);
        served >= 10
    };
    assert!(eventually(secs(20), whole).await, "{served}");
    let flown = (began.elapsed().as_secs_f64() * 0.02) as usize;
    assert!(served <= 10 + flown, "{served} in {:?}", began.elapsed());
    let answer = routers[0].post(CHAT, KEY, &chat("m")).await;
    assert_error(&answer, 429, "rate_limit");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=50).contains(&wait), "{wait}");
    assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("10"));
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("0"));
}

#[tokio::test]
async fn rate_is_used_up_and_not_passed_under_steady_load() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 50, "burst_size": 50}});
    let routers = replicas(2, &targets(&upstream, &redis, json!({}), limits)).await;
    good(&asked(&routers, 60).await);
    let (began, mut served, mut wished) = (Instant::now(), 0, 0);
    while began.elapsed() < secs(6) {
        let statuses = asked(&routers, 4).await;
        wished += statuses.len();
        served += good(&statuses);
        tokio::time::sleep(ms(20)).await;
    }
    let flown = began.elapsed().as_secs_f64() * 50.0;
    assert!(served as f64 <= flown + 50.0 + 1.0, "{served} of {flown}");
    // A busy machine asks for little more than the rate, and is late with its questions to the store: what flows in
    // meanwhile is lost.
    let may = flown.min(wished as f64 / 3.0);
    assert!(served as f64 >= may * 0.7, "{served} of {flown}, {wished} wished for");
}

#[tokio::test]
async fn places_are_counted_over_all_replicas_and_come_back() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told()).chunked().paced(secs(2))).await;
    let limits = json!({"concurrency_limit": {"max_concurrent_requests": 5}});
    let mut routers = replicas(3, &targets(&upstream, &redis, json!({}), limits)).await;
    let first = good(&asked(&routers, 30).await);
    assert!(first >= 3, "{first}");
    // All five are one replica's once the others have given theirs back.
    let all = async || good(&asked(&routers[..1], 5).await) == 5;
    assert!(eventually(secs(30), all).await);

    // A replica that is killed in the middle holds its places for a few seconds and no longer.
    let all = async || good(&asked(&routers[2..], 5).await) == 5;
    assert!(eventually(secs(30), all).await);
    let addr = routers[2].addr();
    let calls: Vec<_> = (0..5)
        .map(|_| {
            tokio::spawn(async move {
                Call::post(CHAT).key(KEY).json(&chat("m")).try_send(addr).await.is_ok()
            })
        })
        .collect();
    assert!(upstream.wait_hits(upstream.hits() + 1, secs(20)).await);
    routers[2].signal("KILL");
    for call in calls {
        let _ = call.await;
    }
    routers.truncate(2);
    let all = async || good(&asked(&routers[1..], 5).await) == 5;
    assert!(eventually(secs(30), all).await);
    // Each answer takes two seconds: of six in a row, the last came after the first had ended.
    let mut came: Vec<_> = upstream.requests().iter().map(|seen| seen.at).collect();
    came.sort();
    for six in came.windows(6) {
        assert!(six[5] - six[0] > ms(1_900), "{:?}", six[5] - six[0]);
    }
}

#[tokio::test]
async fn budget_is_spent_once_over_all_replicas_and_books_are_equal() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told()).chunked().paced(ms(20))).await;
    // Twenty answers and a part of one.
    let limits = json!({"budget": {"dollars": "0.00102", "period": "total"}});
    let routers = replicas(2, &targets(&upstream, &redis, json!({}), limits)).await;
    let mut served = 0;
    let spent = async || {
        let mut callers = JoinSet::new();
        for (nth, (path, body)) in six().into_iter().cycle().take(60).enumerate() {
            let addr = routers[nth % 2].addr();
            callers.spawn(async move { Call::post(&path).key(KEY).json(&body).send(addr).await });
        }
        for answer in callers.join_all().await {
            match answer.status {
                200 => served += 1,
                status => assert_eq!(status, 429, "{}", answer.text()),
            }
        }
        served >= 21
    };
    assert!(eventually(secs(60), spent).await);
    assert_eq!(served, 21, "the last one is let in alone");
    let key = redis.tell("KEYS *dollars*");
    let key = key.lines().nth(2).unwrap();
    let booked = async || redis.tell(&format!("HGET {key} u")).lines().nth(1) == Some("1050000000");
    assert!(eventually(secs(10), booked).await, "{}", redis.tell(&format!("HGETALL {key}")));
    // Until a replica has heard that the last answer is settled, what is left may still be for later.
    let is_spent = async || {
        let answer = routers[1].post(CHAT, KEY, &chat("m")).await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        answer.code() == "budget_exceeded"
    };
    assert!(eventually(secs(10), is_spent).await);
}

#[tokio::test]
async fn requests_wait_for_what_replicas_share() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told()).chunked().paced(ms(300))).await;
    let limits = json!({"rate_limit": {"requests_per_second": 1000}});
    let mut targets = targets(&upstream, &redis, json!({}), limits);
    targets["targets"]["m"]["concurrency_limit"] = json!({"max_concurrent_requests": 2});
    targets["targets"]["m"]["queue"] = json!({"max_waiting": 50, "max_wait_ms": 60_000});
    let routers = replicas(2, &targets).await;
    assert_eq!(good(&asked(&routers, 12).await), 12);
    let mut came: Vec<_> = upstream.requests().iter().map(|seen| seen.at).collect();
    came.sort();
    for three in came.windows(3) {
        assert!(three[2] - three[0] > ms(250), "{:?}", three[2] - three[0]);
    }
}

#[tokio::test]
async fn store_that_dies_leaves_each_replica_its_share_and_loses_nothing_that_was_settled() {
    let Some(mut redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 0.01, "burst_size": 40},
        "budget": {"dollars": "1", "period": "total"}});
    let store = json!({"timeout_ms": 300});
    let routers = replicas(2, &targets(&upstream, &redis, store, limits)).await;
    assert_eq!(good(&asked(&routers, 10).await), 10);
    let told = async |router: &Router| {
        let labels = [("result", "answered")];
        router.metric("onwards_store_calls_total", &labels).await.unwrap_or_default()
    };
    // Both have heard of each other.
    let before = told(&routers[0]).await;
    assert!(eventually(secs(20), async || told(&routers[0]).await >= before + 2.0).await);
    redis.dies();
    let began = Instant::now();
    let statuses = asked(&routers[..1], 60).await;
    assert!(began.elapsed() < secs(15), "{:?}", began.elapsed());
    let served = good(&statuses);
    // Thirty were left, and two share them.
    assert!((5..=30).contains(&served), "{served}");
    assert!(routers[0].log_text().contains("the store of shared limits does not answer"));

    redis.comes_back();
    let is_back = async || routers[0].log_text().contains("answers again");
    assert!(eventually(secs(20), is_back).await, "{}", routers[0].log_text());
    // The server has lost all it had, and is told again what was spent.
    let key = || redis.tell("KEYS *dollars*").lines().nth(2).map(str::to_owned);
    let all = async || {
        let Some(key) = key() else { return false };
        let spent = redis.tell(&format!("HGET {key} u"));
        let spent: u64 = spent.lines().nth(1).and_then(|it| it.parse().ok()).unwrap_or_default();
        spent >= (10 + served as u64) * 50_000_000
    };
    assert!(eventually(secs(20), all).await, "{:?}", key());
}

#[tokio::test]
async fn store_that_does_not_answer_in_time_is_not_waited_for() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 10_000, "burst_size": 100_000}});
    let store = json!({"timeout_ms": 100, "on_failure": "local"});
    let router = Router::start(&targets(&upstream, &redis, store, limits)).await;
    assert_eq!(good(&asked(std::slice::from_ref(&router), 5).await), 5);
    redis.tell("CLIENT PAUSE 4000 ALL");
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    while began.elapsed() < secs(3) {
        let each = Instant::now();
        assert_ok(&router.post(CHAT, KEY, &chat("m")).await);
        longest = longest.max(each.elapsed());
    }
    assert!(longest < ms(1500), "{longest:?}");
}

#[tokio::test]
async fn store_that_is_gone_refuses_where_the_file_says_so() {
    let Some(mut redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 1, "burst_size": 3}});
    let store = json!({"timeout_ms": 100, "on_failure": "refuse"});
    let targets = targets(&upstream, &redis, store, limits);
    let router = Router::start(&targets).await;
    assert_ok(&router.post(CHAT, KEY, &chat("m")).await);
    redis.dies();
    let refused = async || router.post(CHAT, KEY, &chat("m")).await.status == 503;
    assert!(eventually(secs(20), refused).await);
    let answer = router.post(CHAT, KEY, &chat("m")).await;
    assert_error(&answer, 503, "store_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    redis.comes_back();
    let served = async || router.post(CHAT, KEY, &chat("m")).await.status == 200;
    assert!(eventually(secs(20), served).await);

    // A process that starts without it says so, and serves as the file says.
    redis.dies();
    let late = Router::start(&targets).await;
    let refused = async || late.post(CHAT, KEY, &chat("m")).await.status == 503;
    assert!(eventually(secs(20), refused).await);
    assert!(late.log_text().contains("requests that have limits are refused"));
}

#[tokio::test]
async fn few_calls_are_made_under_load_and_none_without() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 100_000},
        "budget": {"dollars": "1000", "period": "total"},
        "token_limit": {"per_minute": 1_000_000_000}});
    let router = Router::start(&targets(&upstream, &redis, json!({}), limits)).await;
    let calls = async || {
        let metrics = router.metrics().await;
        let of = |result| metrics.series("onwards_store_calls_total", &[("result", result)]);
        of("answered").unwrap_or_default() + of("late").unwrap_or_default()
    };
    let before = calls().await;
    let routers = std::slice::from_ref(&router);
    let mut served = 0;
    let began = Instant::now();
    while began.elapsed() < secs(4) {
        served += good(&asked(routers, 50).await);
    }
    let made = calls().await - before;
    assert!(made * 20.0 <= served as f64 + 400.0, "{made} calls for {served} requests");
    // Idle replicas give back what they hold and are silent.
    tokio::time::sleep(secs(4)).await;
    let idle = calls().await;
    tokio::time::sleep(secs(2)).await;
    assert!(calls().await - idle <= 1.0);
}
