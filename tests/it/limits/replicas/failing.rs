//! What becomes of shared limits when the server is cut off, slow, replaced or has another password, and when
//! it is part of a cluster.
//!
//! Never: a request that waits for it beyond `timeout_ms`; more than each replica's share meanwhile.

use std::time::Instant;

use serde_json::{Value, json};

use super::super::tokens::{KEY, told};
use super::{asked, good, replicas, targets};
use crate::support::router::{CHAT, free_port};
use crate::support::{
    Launch, Reply, Router, Upstream, assert_ok, chat, eventually, gate::Gate, ms, redis::Redis,
    secs,
};

/// Forty at once, and then hardly any more; a total of money.
fn forty() -> Value {
    json!({"rate_limit": {"requests_per_second": 0.01, "burst_size": 40},
        "budget": {"dollars": "1", "period": "total"}})
}

/// The same file with the server behind `gate`.
fn behind(gate: &Gate, mut targets: Value) -> Value {
    targets["store"]["redis"] = json!(format!("redis://{}/0", gate.addr()));
    targets
}

async fn answered(router: &Router) -> f64 {
    let labels = [("result", "answered")];
    router.metric("onwards_store_calls_total", &labels).await.unwrap_or_default()
}

/// Waits until both replicas have heard of each other.
async fn met(routers: &[Router]) {
    for router in routers {
        let before = answered(router).await;
        assert_eq!(good(&asked(std::slice::from_ref(router), 2).await), 2);
        assert!(eventually(secs(20), async || answered(router).await >= before + 2.0).await);
    }
}

/// What the server has counted of the budget, in answers.
fn booked(redis: &Redis) -> u64 {
    let keys = redis.tell("KEYS *dollars*");
    let Some(key) = keys.lines().nth(2) else { return 0 };
    let spent = redis.tell(&format!("HGET {key} u"));
    let spent: u64 = spent.lines().nth(1).and_then(|it| it.parse().ok()).unwrap_or_default();
    spent / 50_000_000
}

#[tokio::test]
async fn replica_that_is_cut_off_has_its_share_and_tells_it_afterwards() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let gate = Gate::to(redis.addr()).await;
    let targets = targets(&upstream, &redis, json!({"timeout_ms": 500}), forty());
    let mut routers = replicas(1, &targets).await;
    routers.push(Router::start(&behind(&gate, targets)).await);
    met(&routers).await;
    // Four were used, and more of them may be held by either.
    gate.cut();
    let began = Instant::now();
    let cut_off = good(&asked(&routers[1..], 60).await);
    assert!((1..=24).contains(&cut_off), "{cut_off}");
    assert!(began.elapsed() < secs(20), "{:?}", began.elapsed());
    let mut others = 0;
    let all = async || {
        others += good(&asked(&routers[..1], 5).await);
        // What the other one held is free again once it was not heard of.
        others + 4 >= 25
    };
    assert!(eventually(secs(30), all).await, "{others}");
    gate.mend();
    let is_told = async || booked(&redis) >= (4 + others + cut_off) as u64;
    assert!(eventually(secs(20), is_told).await, "{} of {others} + {cut_off}", booked(&redis));
    assert_eq!(booked(&redis), (4 + others + cut_off) as u64);
    let after = good(&asked(&routers, 20).await);
    assert!(4 + others + cut_off + after <= 40 + 24, "{others} {cut_off} {after}");
}

#[tokio::test]
async fn server_that_is_replaced_is_found_and_has_what_was_settled() {
    let Some(mut first) = Redis::start() else { return };
    let second = Redis::start().unwrap();
    second.tell(&format!("REPLICAOF 127.0.0.1 {}", first.addr().port()));
    let is_up = async || second.tell("INFO replication").contains("master_link_status:up");
    assert!(eventually(secs(30), is_up).await);
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let gate = Gate::to(first.addr()).await;
    let store = json!({"timeout_ms": 500, "on_failure": "local"});
    let targets = behind(&gate, targets(&upstream, &first, store, forty()));
    let routers = replicas(2, &targets).await;
    met(&routers).await;
    assert_eq!(good(&asked(&routers, 6).await), 6);
    first.dies();
    let alone = good(&asked(&routers, 10).await);
    second.tell("REPLICAOF NO ONE");
    gate.lead_to(second.addr());
    let is_told = async || booked(&second) >= (10 + alone) as u64;
    assert!(eventually(secs(30), is_told).await, "{} of 10 + {alone}", booked(&second));
    let mut served = 10 + alone;
    let all = async || {
        served += good(&asked(&routers, 6).await);
        served >= 40
    };
    assert!(eventually(secs(30), all).await, "{served}");
    assert!(served <= 41, "{served}");
    let is_told = async || booked(&second) == served as u64;
    assert!(eventually(secs(20), is_told).await, "{} of {served}", booked(&second));
}

#[tokio::test]
async fn slow_server_makes_no_request_wait_longer_than_it_may() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let gate = Gate::to(redis.addr()).await;
    let limits = json!({"rate_limit": {"requests_per_second": 10_000, "burst_size": 100_000}});
    let store = json!({"timeout_ms": 100, "on_failure": "local"});
    let targets = behind(&gate, targets(&upstream, &redis, store, limits));
    let router = Router::start(&targets).await;
    assert_ok(&router.post(CHAT, KEY, &chat("m")).await);
    gate.slow(ms(500));
    let mut times = Vec::new();
    while times.len() < 40 {
        let began = Instant::now();
        assert_ok(&router.post(CHAT, KEY, &chat("m")).await);
        times.push(began.elapsed());
        tokio::time::sleep(ms(30)).await;
    }
    times.sort();
    // One that waited for the server would take half a second.
    assert!(times[20] < ms(400), "{:?}", times[20]);
    let late = router.metric("onwards_store_calls_total", &[("result", "late")]).await;
    assert!(late >= Some(1.0), "{late:?}");
    gate.slow(ms(0));
    let is_back = async || router.log_text().contains("answers again");
    assert!(eventually(secs(20), is_back).await);
}

#[tokio::test]
async fn password_that_was_rotated_is_taken_up_from_its_file() {
    let Some(redis) = Redis::start() else { return };
    // What docs/cluster.md names, and nothing else.
    let may = "~onwards* &onwards* -@all +evalsha +script|load +time +hgetall +hget +hset +hincrby +hdel \
               +pexpire +persist +publish +subscribe +select +client +hello +asking";
    redis.tell(&format!("ACL SETUSER onwards on >old-password {may}"));
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let mut targets = targets(&upstream, &redis, json!({"on_failure": "refuse"}), forty());
    let url = format!("redis://onwards:${{file:password}}@{}/0", redis.addr());
    targets["store"]["redis"] = json!(url);
    let router = Launch::new(&targets).file("password", "old-password").start().await;
    assert_eq!(good(&asked(std::slice::from_ref(&router), 3).await), 3);
    redis.tell("ACL SETUSER onwards <old-password >new-password");
    redis.tell("CLIENT KILL USER onwards");
    let refused = async || router.post(CHAT, KEY, &chat("m")).await.status == 503;
    assert!(eventually(secs(20), refused).await);
    assert!(!router.log_text().contains("old-password"));
    std::fs::write(router.dir().join("password"), "new-password").unwrap();
    let served = async || router.post(CHAT, KEY, &chat("m")).await.status == 200;
    assert!(eventually(secs(30), served).await, "{}", router.log_text());
    assert!(!router.log_text().contains("new-password"));
    let is_told = async || booked(&redis) >= 4;
    assert!(eventually(secs(20), is_told).await, "{}", booked(&redis));
}

#[tokio::test]
async fn nodes_of_a_cluster_lead_all_replicas_to_the_same_one() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (mut nodes, buses) = (Vec::new(), [free_port().to_string(), free_port().to_string()]);
    for (nth, (dir, slots)) in dirs.iter().zip(["0 8191", "8192 16383"]).enumerate() {
        let (dir, bus) = (dir.path().to_str().unwrap(), &*buses[nth]);
        let args = ["--cluster-enabled", "yes", "--dir", dir, "--cluster-port", bus];
        let Some(node) = Redis::start_with(&args) else { return };
        node.tell(&format!("CLUSTER ADDSLOTSRANGE {slots}"));
        nodes.push(node);
    }
    let port = nodes[1].addr().port();
    nodes[0].tell(&format!("CLUSTER MEET 127.0.0.1 {port} {}", buses[1]));
    let is_whole = async || {
        nodes.iter().all(|node| {
            let told = node.tell("CLUSTER INFO");
            told.contains("cluster_state:ok") && told.contains("cluster_known_nodes:2")
        })
    };
    assert!(eventually(secs(60), is_whole).await, "{}", nodes[0].tell("CLUSTER INFO"));
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 0.01, "burst_size": 10}});
    let store = json!({"on_failure": "refuse"});
    let mut routers = Vec::new();
    for node in &nodes {
        routers.push(Router::start(&targets(&upstream, node, store.clone(), limits.clone())).await);
    }
    let mut served = 0;
    let all = async || {
        served += good(&asked(&routers, 4).await);
        served >= 10
    };
    assert!(eventually(secs(30), all).await, "{served}");
    assert_eq!(served + good(&asked(&routers, 6).await), 10);
}

#[tokio::test]
async fn socket_of_a_server_on_this_machine_serves_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("redis.sock");
    let path = path.to_str().unwrap();
    let args = ["--unixsocket", path, "--requirepass", "pass&word"];
    let Some(redis) = Redis::start_with(&args) else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 0.01, "burst_size": 2}});
    let mut targets = targets(&upstream, &redis, json!({"on_failure": "refuse"}), limits);
    targets["store"]["redis"] = json!(format!("redis+unix://{path}?db=1&pass=pass%26word"));
    let router = Router::start(&targets).await;
    assert_eq!(good(&asked(std::slice::from_ref(&router), 4).await), 2);
}
