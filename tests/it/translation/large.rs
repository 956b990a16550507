//! Large bodies are translated beside the core: what else it serves goes on meanwhile.
//!
//! Never: a body of the largest size is felt by a health check, or a client that has left holds a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{golden, targets};
use crate::support::{Call, Conn, Launch, Reply, Router, Upstream};

/// A core that translates answers nothing until it has done so: the longest wait is then most of the
/// time there is. Builds and machines differ; this does not.
const SHARE: u32 = 3;
/// What is not worth a comparison.
const FLOOR: Duration = Duration::from_millis(60);
/// A place that is held until the request has been read is held for longer.
const PATIENCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_large_request_leaves_the_core_free() {
    let answer = golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(answer);
    let upstream = Upstream::start(reply).await;
    let router = on_one_core(&upstream, "anthropic").await;
    // The body has arrived by then, or nearly so.
    let mut conn = large_request().open(router.addr()).await;
    let beat = Beat::start(&router);
    let answer = conn.try_response().await;
    let answer = answer.unwrap_or_else(|error| panic!("{error}: {}", router.log_text()));
    assert_eq!(answer.status, 200, "{}", answer.text());
    beat.was_even().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_leaves_the_core_free() {
    let call =
        json!({"type": "tool_use", "id": "a", "name": "f", "input": {"a": "x".repeat(3_000)}});
    let calls = vec![call; 3_000];
    let answer = json!({"type": "message", "content": calls, "stop_reason": "tool_use"});
    let reply = Reply::new(200).header("content-type", "application/json").body(answer.to_string());
    let upstream = Upstream::start(reply).await;
    let router = on_one_core(&upstream, "anthropic").await;
    for stream in [false, true] {
        let beat = Beat::start(&router);
        let body =
            json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "q"}]});
        let answer = Call::chat(&body).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{:.500}", answer.text());
        assert!(answer.body.len() > 9_000_000, "{}", answer.body.len());
        beat.was_even().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_event_of_a_stream_leaves_the_core_free() {
    // A call's arguments in one event: read, and written again with what is said at the end.
    let said = "x\\\"\n".repeat(1_500_000);
    let delta = |delta: serde_json::Value| {
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}))
    };
    let finish = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let events = [delta(json!({"content": said})), format!("{finish}\n\ndata: [DONE]\n\n")];
    let upstream = Upstream::start(Reply::sse(events)).await;
    for path in ["/v1/messages", "/v1/responses"] {
        let mut file = targets("openai", &upstream);
        file["targets"]["m"]["open_responses"] = json!({"adapter": true});
        let router = Launch::new(&file).args(["--cores", "1"]).start().await;
        let beat = Beat::start(&router);
        let body = json!({"model": "m", "stream": true, "max_tokens": 9, "input": "q",
            "messages": [{"role": "user", "content": "q"}]});
        let answer = Call::post(path).json(&body).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{:.500}", answer.text());
        assert!(answer.body.len() > 6_000_000, "{path}: {}", answer.body.len());
        beat.was_even().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_to_a_count_leaves_the_core_free() {
    let answer = json!({"inputTokens": 9, "x": vec!["y"; 2_000_000]}).to_string();
    let reply = Reply::new(200).header("content-type", "application/json").body(answer);
    let upstream = Upstream::start(reply).await;
    let router = on_one_core(&upstream, "bedrock").await;
    let beat = Beat::start(&router);
    let body =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]});
    let answer = Call::post("/v1/messages/count_tokens").json(&body).send(router.addr()).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"input_tokens": 9})));
    beat.was_even().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_a_large_batch_are_looked_for_beside_the_core() {
    let upstream = Upstream::start(Reply::json(200, &json!({}))).await;
    let router = on_one_core(&upstream, "anthropic").await;
    let request = json!({"params": {"model": "m", "x": vec!["y"; 300]}});
    let body = json!({"requests": vec![request; 6_000]});
    let call = Call::post("/v1/messages/batches").json(&body).header("model-override", "m");
    let mut conn = call.open(router.addr()).await;
    let beat = Beat::start(&router);
    assert_eq!(conn.try_response().await.unwrap().status, 200);
    beat.was_even().await;
}

/// The one place of the alias is free as soon as its client has left, whatever is still being read.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_while_its_request_is_read_gives_its_place_back() {
    let answer = golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(answer);
    let upstream = Upstream::start(reply).await;
    let mut file = targets("anthropic", &upstream);
    file["targets"]["m"]["concurrency_limit"] = json!({"max_concurrent_requests": 1});
    let router = Launch::new(&file).args(["--cores", "1"]).start().await;
    let small = Call::chat(&json!({"model": "m", "messages": [{"role": "user", "content": "q"}]}));
    let conn = holding(&router, &small).await;
    conn.abort();
    let left = Instant::now();
    while small.send(router.addr()).await.status != 200 {
        assert!(left.elapsed() < PATIENCE, "the place is still held");
    }
}

/// A large request that holds the only place and is being read. Another may take the place at the very
/// moment at which it wants it, so it may have to be sent again.
async fn holding(router: &Router, small: &Call) -> Conn {
    for _ in 0..5 {
        let conn = large_request().open(router.addr()).await;
        let held = async || small.send(router.addr()).await.status == 429;
        for _ in 0..20 {
            if held().await {
                return conn;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    panic!("the large request never held the place");
}

async fn on_one_core(upstream: &Upstream, protocol: &str) -> Router {
    Launch::new(&targets(protocol, upstream)).args(["--cores", "1"]).start().await
}

/// A quarter of the largest body, which reads and writes for seconds without optimisation.
fn large_request() -> Call {
    let part = json!({"type": "text", "text": "x\n".repeat(950)});
    let message = json!({"role": "user", "content": vec![part; 9]});
    let body = json!({"model": "m", "messages": vec![message; 250]});
    Call::chat(&body)
}

/// Asks the router how it is, again and again, and keeps the longest wait.
struct Beat {
    began: Instant,
    ended: Arc<AtomicBool>,
    asking: tokio::task::JoinHandle<Duration>,
}

impl Beat {
    fn start(router: &Router) -> Self {
        let (addr, ended) = (router.addr(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&ended);
        let asking = tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            while !told.load(Ordering::Relaxed) {
                let asked = Instant::now();
                assert_eq!(Call::get("/healthz").send(addr).await.status, 200);
                longest = longest.max(asked.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            longest
        });
        Self { began: Instant::now(), ended, asking }
    }

    async fn was_even(self) {
        self.ended.store(true, Ordering::Relaxed);
        let longest = self.asking.await.unwrap();
        let all = self.began.elapsed();
        assert!(
            longest < FLOOR.max(all / SHARE),
            "a health check waited for {longest:?} of {all:?}"
        );
    }
}
