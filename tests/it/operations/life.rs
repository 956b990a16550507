//! How a router ends, and how another takes over: D1, D14.
//!
//! Never: a connection is refused while somebody serves the port.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::router::free_port;
use crate::support::upstream::chunk_event;
use crate::support::{
    Call, Conn, End, Fault, Launch, Place, Reply, Upstream, assert_ok, chat, chat_stream,
    eventually, ms, open, secs,
};

#[tokio::test]
async fn d1_sigterm_finishes_what_is_running_and_exits_0() {
    let stream = Reply::chat_stream(&["a", "b", "c", "d", "e"]).paced(ms(250));
    let upstream = Upstream::start(stream).await;
    let mut router = Launch::new(&open(&upstream)).args(["--drain-delay", "400ms"]).start().await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(events.next().await.is_some());

    router.signal("TERM");
    let not_ready = eventually(ms(350), async || router.get("/readyz").await.status == 503).await;
    assert!(not_ready, "the load balancer is not told");
    assert_eq!(router.get("/healthz").await.status, 200, "the port still accepts meanwhile");
    let closed =
        eventually(secs(1), async || Conn::try_connect(router.addr()).await.is_err()).await;
    assert!(closed, "the port is still open after the delay");

    let (seen, end) = events.all().await;
    assert_eq!(end, End::Complete);
    assert_eq!(seen.last().unwrap().data(), "[DONE]");
    let exit = router.wait_exit(secs(2)).await.expect("it exits when the last stream has ended");
    assert_eq!(exit.code(), Some(0));
}

fn stalled() -> Reply {
    let reply = Reply::sse([chunk_event("a"), chunk_event("b")]);
    reply.fault(Place::Piece(1), Fault::Stall)
}

#[tokio::test]
async fn d1_what_does_not_end_is_ended_at_the_deadline() {
    let upstream = Upstream::start(stalled()).await;
    let launch = Launch::new(&open(&upstream)).args(["--drain", "500ms", "--drain-delay", "50ms"]);
    let mut router = launch.start().await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(events.next().await.is_some());
    let start = Instant::now();
    router.signal("TERM");
    let exit = router.wait_exit(secs(3)).await.expect("the deadline holds");
    assert_eq!(exit.code(), Some(0));
    assert!(start.elapsed() > ms(400), "the stream was given {:?}", start.elapsed());
    assert!(upstream.wait_disconnect(secs(1)).await.is_some());
}

#[tokio::test]
async fn flags_of_the_originals_successor_mean_the_same() {
    let upstream = Upstream::start(stalled()).await;
    let args = ["--shutdown-timeout-secs", "2", "--shutdown-delay-secs", "1"];
    let mut router = Launch::new(&open(&upstream)).args(args).start().await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(events.next().await.is_some());
    let at_operations = async |path: &str| {
        Call::get(path).try_send(router.metrics_addr()).await.map_or(0, |answer| answer.status)
    };
    assert_eq!(at_operations("/healthz").await, 200);
    assert_eq!(at_operations("/readyz").await, 200);
    let start = Instant::now();
    router.signal("TERM");
    assert!(eventually(ms(900), async || at_operations("/readyz").await == 503).await);
    assert_eq!(at_operations("/healthz").await, 200);
    let exit = router.wait_exit(secs(10)).await.expect("the deadline holds");
    assert_eq!(exit.code(), Some(0));
    assert!(start.elapsed() > ms(1_900), "the stream was given {:?}", start.elapsed());
}

#[tokio::test]
async fn d1_a_second_signal_is_now() {
    let upstream = Upstream::start(stalled()).await;
    let mut router = Launch::new(&open(&upstream)).args(["--drain", "30s"]).start().await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(events.next().await.is_some());
    router.signal("TERM");
    assert!(router.wait_exit(ms(700)).await.is_none(), "the first signal waits for the stream");
    router.signal("TERM");
    assert!(router.wait_exit(secs(1)).await.is_some(), "the second does not");
}

/// Whether the time to drain is over, or a second signal says that it is now.
async fn cut_off(drain: &str, signals: usize) {
    let upstream = Upstream::start(stalled()).await;
    let mut file = open(&upstream);
    file["prices"] = json!({"m": {"input": 1, "output": 10}});
    let args = ["--drain", drain, "--drain-delay", "50ms", "--cores", "2"];
    let mut router = Launch::new(&file).args(args).start().await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert!(events.next().await.is_some());
    for _ in 0..signals {
        router.signal("TERM");
        tokio::time::sleep(ms(300)).await;
    }
    let (seen, end) = events.all().await;
    let last = seen.last().unwrap().data();
    assert!(last.contains("shutting_down"), "{last}");
    assert_eq!(end, End::Complete);
    assert!(router.wait_exit(secs(10)).await.is_some());
    let line: Value = serde_json::from_str(router.stdout_text().trim()).unwrap();
    assert_eq!((&line["end"], &line["status"]), (&json!("broken"), &json!(200)), "{line}");
    assert_eq!(line["estimated"], true, "{line}");
    assert!(line["cost"].as_f64().unwrap() > 0.0, "{line}");
}

#[tokio::test]
async fn d1_what_the_deadline_cuts_off_is_told_logged_and_charged() {
    cut_off("500ms", 1).await;
}

#[tokio::test]
async fn d1_what_a_second_signal_cuts_off_is_told_logged_and_charged() {
    cut_off("30s", 2).await;
}

#[tokio::test]
async fn d1_idle_connections_hold_nothing_up() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let launch = Launch::new(&open(&upstream)).args(["--drain", "30s", "--drain-delay", "50ms"]);
    let mut router = launch.start().await;
    let mut idle = Call::chat(&chat("m")).open(router.addr()).await;
    assert_ok(&idle.response().await);
    let untouched = Conn::connect(router.addr()).await;
    router.signal("TERM");
    let exit = router.wait_exit(secs(2)).await.expect("idle connections are closed");
    assert_eq!(exit.code(), Some(0));
    drop((idle, untouched));
}

#[tokio::test]
async fn d14_a_restart_under_load_refuses_no_connection() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let port = free_port();
    let mut old = Launch::new(&open(&upstream)).port(port).start().await;
    let addr = old.addr();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let stop = stop.clone();
            tokio::spawn(async move {
                let mut served = 0;
                while !stop.load(Ordering::Relaxed) {
                    let answer = Call::chat(&chat("m")).try_send(addr).await;
                    let answer = answer.map_err(|error| format!("after {served}: {error}"))?;
                    if answer.status != 200 {
                        return Err(format!("after {served}: {}", answer.text()));
                    }
                    served += 1;
                }
                Ok::<_, String>(served)
            })
        })
        .collect();
    tokio::time::sleep(ms(200)).await;
    let new = Launch::new(&open(&upstream)).port(port).args(["--reuse-port"]).start().await;
    // `/readyz` may have been answered by the old one; the new one has its own operations port.
    let up = eventually(secs(5), async || {
        Call::get("/metrics").try_send(new.metrics_addr()).await.is_ok()
    });
    assert!(up.await);
    tokio::time::sleep(ms(200)).await;
    old.signal("TERM");
    assert_eq!(old.wait_exit(secs(5)).await.and_then(|exit| exit.code()), Some(0));
    tokio::time::sleep(ms(200)).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        let served = client.await.unwrap();
        assert!(served.as_ref().is_ok_and(|count| *count > 10), "{served:?}");
    }
}
