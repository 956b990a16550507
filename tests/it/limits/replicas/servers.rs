//! Servers of other kinds: behind TLS, and of a cluster whose keys move while they are used; and how seldom the
//! server is asked.

use std::time::Instant;

use serde_json::json;

use super::super::tokens::{KEY, told};
use super::{asked, good, replicas, targets};
use crate::support::router::{CHAT, SeriesExt, free_port};
use crate::support::upstream::Tls;
use crate::support::{
    Launch, Reply, Upstream, assert_error, chat, eventually, ms, redis::Redis, secs,
};

#[tokio::test]
async fn server_behind_tls_is_trusted_by_its_authority_and_by_nothing_else() {
    let (tls, port) = (Tls::good(), free_port().to_string());
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (file("cert.pem", tls.cert_pem()), file("key.pem", tls.key_pem()));
    let ca = tls.ca_file().to_str().unwrap().to_owned();
    let args = [
        "--tls-port",
        &port,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "pass:word",
    ];
    let Some(redis) = Redis::start_with(&args) else { return };
    if std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())).is_err() {
        // A server that was built without TLS.
        return;
    }
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 0.01, "burst_size": 4}});
    let mut targets = targets(&upstream, &redis, json!({"on_failure": "refuse"}), limits);
    targets["store"]["redis"] = json!(format!("rediss://:pass%3Aword@localhost:{port}/0"));
    let trusting = async || Launch::new(&targets).env("SSL_CERT_FILE", &ca).start().await;
    let routers = [trusting().await, trusting().await];
    let mut served = 0;
    let all = async || {
        served += good(&asked(&routers, 4).await);
        served >= 4
    };
    assert!(eventually(secs(30), all).await, "{served}");
    assert_eq!(served + good(&asked(&routers, 4).await), 4);

    // One that does not trust it says so, and tells it nothing.
    let own = tempfile::NamedTempFile::new().unwrap();
    let other = Tls::good();
    std::fs::copy(other.ca_file(), own.path()).unwrap();
    let launch = Launch::new(&targets).env("SSL_CERT_FILE", own.path().to_str().unwrap());
    let stranger = launch.start().await;
    assert_error(&stranger.post(CHAT, KEY, &chat("m")).await, 503, "store_unavailable");
    let says = async || stranger.log_text().contains("does not answer: requests that have limits");
    assert!(eventually(secs(20), says).await, "{}", stranger.log_text());
    assert!(!stranger.log_text().contains("pass:word"));
}

/// Two nodes of a cluster, each with half of the slots.
async fn cluster(dirs: &[tempfile::TempDir; 2]) -> Option<Vec<Redis>> {
    let (mut nodes, buses) = (Vec::new(), [free_port().to_string(), free_port().to_string()]);
    for (nth, (dir, slots)) in dirs.iter().zip(["0 8191", "8192 16383"]).enumerate() {
        let (dir, bus) = (dir.path().to_str().unwrap(), &*buses[nth]);
        let args = ["--cluster-enabled", "yes", "--dir", dir, "--cluster-port", bus];
        let node = Redis::start_with(&args)?;
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
    Some(nodes)
}

#[tokio::test]
async fn keys_of_a_cluster_that_move_are_followed_one_by_one() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let Some(nodes) = cluster(&dirs).await else { return };
    let slot = nodes[0].tell("CLUSTER KEYSLOT {shared}");
    let slot: u32 = slot.trim_start_matches(':').trim().parse().unwrap();
    let (from, to) = if slot < 8192 { (0, 1) } else { (1, 0) };
    let id = |nth: usize| nodes[nth].tell("CLUSTER MYID").lines().nth(1).unwrap().to_owned();
    let (from, to, from_id, to_id) = (&nodes[from], &nodes[to], id(from), id(to));

    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 0.01, "burst_size": 60},
        "budget": {"dollars": "1", "period": "total"}});
    let routers =
        replicas(2, &targets(&upstream, from, json!({"on_failure": "refuse"}), limits)).await;
    let mut served = 0;
    let serves = async |served: &mut usize, least: usize| {
        let enough = async || {
            *served += good(&asked(&routers, 4).await);
            *served >= least
        };
        eventually(secs(30), enough).await
    };
    assert!(serves(&mut served, 8).await, "{served}");

    // One key has moved, others have not.
    to.tell(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}"));
    from.tell(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}"));
    let keys = |pattern: &str| {
        let told = from.tell(&format!("KEYS {pattern}"));
        told.lines().filter(|line| line.contains("{shared}")).map(str::to_owned).collect::<Vec<_>>()
    };
    let moves = |key: &str| {
        let told = from.tell(&format!("MIGRATE 127.0.0.1 {} \"{key}\" 0 5000", to.addr().port()));
        assert!(told.contains("OK"), "{told}");
    };
    for key in keys("*requests*") {
        moves(&key);
    }
    assert!(serves(&mut served, 24).await, "{served}");
    let moved = to.tell(&format!("CLUSTER COUNTKEYSINSLOT {slot}"));
    assert!(!moved.starts_with(":0"), "{moved}");

    // All have moved.
    for key in keys("*shared*") {
        moves(&key);
    }
    for node in [to, from] {
        node.tell(&format!("CLUSTER SETSLOT {slot} NODE {to_id}"));
    }
    assert!(serves(&mut served, 40).await, "{served}");
    for router in &routers {
        assert!(!router.log_text().contains("does not answer"), "{}", router.log_text());
    }
    let rest = async || {
        served += good(&asked(&routers, 8).await);
        served >= 60
    };
    assert!(eventually(secs(30), rest).await, "{served}");
    assert!(served <= 61, "{served}");
}

/// What eight replicas ask in a second, each, at about twice a limit of a hundred in a second.
#[tokio::test]
async fn eight_replicas_that_use_a_limit_up_ask_seldom() {
    let Some(redis) = Redis::start() else { return };
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let limits = json!({"rate_limit": {"requests_per_second": 100}});
    let routers = replicas(8, &targets(&upstream, &redis, json!({}), limits)).await;
    let calls = async || {
        let mut all = 0.0;
        for router in &routers {
            let metrics = router.metrics().await;
            for result in ["answered", "late"] {
                let labels = [("result", result)];
                all += metrics.series("onwards_store_calls_total", &labels).unwrap_or_default();
            }
        }
        all
    };
    let (start, mut served, mut requests) = (Instant::now(), 0, 0);
    let mut load = async |lasts| {
        let began = Instant::now();
        while began.elapsed() < lasts {
            let tick = Instant::now();
            served += good(&asked(&routers, 16).await);
            requests += 16;
            tokio::time::sleep(ms(80).saturating_sub(tick.elapsed())).await;
        }
        requests
    };
    // They have met, and each has its part of what flows in.
    let before = load(secs(5)).await;
    let (asked, began) = (calls().await, Instant::now());
    let after = load(secs(9)).await;
    let seconds = began.elapsed().as_secs_f64();
    let each = (calls().await - asked) / 8.0 / seconds;
    assert!(each <= 1.5, "{each} a second, {} requests in {seconds} s", after - before);
    let may = 100.0 * (1.0 + start.elapsed().as_secs_f64());
    assert!(f64::from(u32::try_from(served).unwrap()) <= may + 1.0, "{served} of {may}");
}
