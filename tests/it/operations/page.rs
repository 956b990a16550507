//! The status page and what it reads: `/status`, `/events`, `/requests`.
//!
//! Never: a secret stands in any of it, or another page may read it; what a client wrote becomes HTML.

use serde_json::{Value, json};

use crate::support::{
    Call, Conn, Fault, Launch, Place, Reply, Response, Router, Upstream, assert_ok, chat,
    eventually, ms, open, pair, pool, provider, secs,
};

async fn get(router: &Router, path: &str) -> Response {
    Call::get(path).send(router.metrics_addr()).await
}

async fn status(router: &Router) -> Value {
    get(router, "/status").await.json()
}

/// A pool whose first provider fails and whose second answers, with a key.
async fn failing_over() -> (Router, [Upstream; 2]) {
    let broken = Upstream::start(Reply::error(503, "busy")).await;
    let well = Upstream::start(Reply::chat("hi")).await;
    let mut file = pair(&broken, &well);
    file["auth"] = json!({"key_definitions": {"team-a": {"key": "sk-team-a-secret-0123456789"}}});
    file["targets"]["m"]["cooldown"] = json!({"failures": 1});
    file["targets"]["calm"] = json!({"url": well.base(), "name": "only"});
    (Router::start(&file).await, [broken, well])
}

#[tokio::test]
async fn a_failover_is_told_where_it_is_looked_for_first() {
    let (router, _upstreams) = failing_over().await;
    let call = Call::chat(&chat("m")).key("sk-team-a-secret-0123456789");
    assert_ok(&call.header("x-request-id", "look-for-me").send(router.addr()).await);
    let there =
        async || status(&router).await["requests"].as_array().is_some_and(|it| it.len() == 1);
    assert!(eventually(secs(10), there).await, "{}", status(&router).await);

    let told = status(&router).await;
    let pool = &told["aliases"][0];
    assert_eq!((&pool["alias"], &pool["trouble"]), (&json!("m"), &json!("degraded")), "{told}");
    assert_eq!((&pool["requests"], &pool["fallbacks"]), (&json!(1), &json!(1)));
    let first = &pool["providers"][0];
    assert_eq!((&first["provider"], &first["state"]), (&json!("first"), &json!("resting")));
    assert_eq!(first["words"], "resting 60 s after a 503");
    assert_eq!((&first["trouble"], &first["failed"]), (&json!("down"), &json!(1)));
    assert!(first["until"].as_str().is_some_and(|it| it.ends_with('Z')), "{first}");
    let second = &pool["providers"][1];
    assert_eq!((&second["state"], &second["attempts"]), (&json!("ready"), &json!(1)));
    assert_eq!(told["aliases"][1]["trouble"], "none");
    assert!(told["keys"][0]["input_tokens"].as_u64() > Some(0), "{}", told["keys"]);

    let request = &told["requests"][0];
    for (key, wanted) in [
        ("id", json!("look-for-me")),
        ("alias", json!("m")),
        ("provider", json!("second")),
        ("key", json!("team-a")),
        ("status", json!(200)),
        ("end", json!("complete")),
    ] {
        assert_eq!(request[key], wanted, "{request}");
    }
    let attempts = request["attempts"].as_array().unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|it| (&it["provider"], &it["outcome"])).collect();
    let (one, two) = ((&json!("first"), &json!("503")), (&json!("second"), &json!("200")));
    assert_eq!(outcomes, [one, two]);
    let at = |nth: usize| attempts[nth]["at_ms"].as_f64().unwrap();
    assert!(at(0) <= at(1) && at(1) <= request["ms"].as_f64().unwrap(), "{request}");
    // The line of the log says the same.
    assert!(eventually(secs(10), async || router.stdout_text().contains("look-for-me")).await);
    let line: Value = serde_json::from_str(router.stdout_text().lines().next().unwrap()).unwrap();
    for key in ["id", "time", "alias", "provider", "key", "status", "end", "usage"] {
        assert_eq!(line[key], request[key], "{key}");
    }

    let found = async |sought: &str| {
        get(&router, &format!("/requests?q={sought}")).await.json().as_array().unwrap().len()
    };
    for sought in ["look-for", "TEAM-A", "m", "200", "first"] {
        assert_eq!(found(sought).await, 1, "{sought}");
    }
    assert_eq!(found("calm").await, 0);
}

/// One that never rests is found, too.
#[tokio::test]
async fn a_provider_that_fails_and_does_not_rest_is_degraded() {
    let broken = Upstream::start(Reply::error(500, "broken")).await;
    let well = Upstream::start(Reply::chat("hi")).await;
    let router =
        Router::start(&pool(&[provider("broken", &broken), provider("well", &well)])).await;
    for _ in 0..3 {
        assert_ok(&router.chat("m").await);
    }
    let three = async || status(&router).await["aliases"][0]["requests"] == 3;
    assert!(eventually(secs(10), three).await);
    let told = status(&router).await;
    let first = &told["aliases"][0]["providers"][0];
    assert_eq!((&first["provider"], &first["trouble"]), (&json!("broken"), &json!("degraded")));
    assert_eq!((&first["recent_attempts"], &first["recent_failed"]), (&json!(3), &json!(3)));
}

#[tokio::test]
async fn the_last_200_requests_are_kept_and_health_checks_are_none() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    for nth in 0..203 {
        let call = Call::chat(&chat("m")).header("x-request-id", &format!("r{nth}"));
        assert_ok(&call.send(router.addr()).await);
        router.get("/healthz").await;
    }
    let last = async || status(&router).await["requests"][0]["id"] == "r202";
    assert!(eventually(secs(10), last).await);
    let told = status(&router).await;
    let requests = told["requests"].as_array().unwrap();
    assert_eq!((requests.len(), &requests[199]["id"]), (200, &json!("r3")));
}

#[tokio::test]
async fn what_the_router_refuses_is_told_with_its_code() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    assert_eq!(router.chat("<script>alert(1)</script>").await.status, 404);
    let one = async || status(&router).await["requests"][0]["status"] == 404;
    assert!(eventually(secs(10), one).await);
    let told = status(&router).await;
    assert_eq!(told["requests"][0]["code"], "model_not_found");
    assert_eq!(told["requests"][0]["alias"], "<script>alert(1)</script>", "as JSON, and as text");
}

#[tokio::test]
async fn events_come_when_something_changes_and_at_most_twice_a_second() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let mut events = Call::get("/events").stream(router.metrics_addr()).await;
    assert_eq!(events.head.header("content-type"), Some("text/event-stream"));
    let first = tokio::time::timeout(secs(10), events.next()).await.unwrap().unwrap();
    let told: Value = serde_json::from_str(first.data()).unwrap();
    assert_eq!(told["requests"], json!([]));
    let quiet = tokio::time::timeout(ms(1_200), events.next()).await;
    assert!(quiet.is_err(), "nothing has changed: {:?}", quiet.map(|it| it.map(|it| it.text)));

    for _ in 0..40 {
        assert_ok(&router.chat("m").await);
    }
    let mut seen = vec![];
    loop {
        let event = tokio::time::timeout(secs(10), events.next()).await.unwrap().unwrap();
        let told: Value = serde_json::from_str(event.data()).unwrap();
        seen.push(event.at);
        if told["requests"].as_array().unwrap().len() == 40 {
            break;
        }
    }
    // What is read late may come close to what is read in time.
    for pair in seen.windows(3) {
        assert!(pair[2] - pair[0] > ms(600), "{seen:?}");
    }
}

#[tokio::test]
async fn followers_are_bounded_and_leave_room_for_scrapers() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let mut followers = Vec::new();
    for _ in 0..MOST_FOLLOWERS {
        let mut events = Call::get("/events").stream(router.metrics_addr()).await;
        assert_eq!(events.head.status, 200);
        assert!(events.next().await.is_some());
        followers.push(events);
    }
    assert_eq!(get(&router, "/events").await.status, 503);
    assert_eq!(get(&router, "/metrics").await.status, 200);
    followers.pop().unwrap().abort();
    let free = async || {
        let events = Call::get("/events").stream(router.metrics_addr()).await;
        events.head.status == 200
    };
    assert!(eventually(secs(20), free).await, "one that has left keeps its place");
}

#[tokio::test]
async fn a_refused_edit_is_told_in_full_until_one_is_live() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let config = async || status(&router).await["config"].clone();
    let before = config().await;
    assert_eq!((&before["version"], &before["live"]), (&json!(1), &json!(true)));
    assert!(before["file"].as_str().unwrap().ends_with("targets.json"));

    let mut bad = open(&upstream);
    bad["targets"]["m"]["onwards_key"] = json!("sk-provider-0123456789abcdef");
    bad["targets"]["m"]["wieght"] = json!(3);
    bad["targets"]["m"]["rate_limit"] = json!({"requests_per_second": -1});
    std::fs::write(router.file(), bad.to_string()).unwrap();
    assert!(eventually(secs(10), async || config().await["live"] == false).await);
    let refused = config().await;
    let problems = refused["problems"].as_str().unwrap();
    assert!(problems.contains("wieght") && problems.contains("rate_limit"), "{problems}");
    assert!(!problems.contains("sk-") && !problems.contains(&upstream.base()), "{problems}");
    assert_eq!((&refused["version"], &refused["since"]), (&before["version"], &before["since"]));

    let mut good = open(&upstream);
    good["targets"]["n"] = good["targets"]["m"].clone();
    std::fs::write(router.file(), good.to_string()).unwrap();
    assert!(eventually(secs(10), async || config().await["live"] == true).await);
    let live = config().await;
    assert_eq!((&live["version"], live.get("problems")), (&json!(2), None));
}

#[tokio::test]
async fn the_page_allows_nothing_from_outside_and_shows_no_secret() {
    let (router, upstreams) = failing_over().await;
    let call = Call::chat(&chat("m")).key("sk-team-a-secret-0123456789");
    assert_ok(&call.send(router.addr()).await);
    let pasted = Call::chat(&chat("sk-ant-api03-pasted-0123456789"));
    let pasted = pasted.key("sk-team-a-secret-0123456789").send(router.addr()).await;
    assert_eq!(pasted.status, 404);
    let two = async || status(&router).await["requests"].as_array().is_some_and(|it| it.len() == 2);
    assert!(eventually(secs(10), two).await);
    let mut kinds = Vec::new();
    for path in [
        "/",
        "/page.css",
        "/page.js",
        "/icon.svg",
        "/status",
        "/requests",
        "/metrics",
        "/administer.js",
    ] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'self';"), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        kinds.push(answer.header("content-type").unwrap().to_owned());
        let text = answer.text();
        for secret in ["sk-", &upstreams[0].base(), &upstreams[1].base()] {
            assert!(!text.contains(secret), "{path} holds {secret}");
        }
        let outside = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http://") && !outside.contains("https://"), "{path}");
        assert!(!text.contains("innerHTML") && !text.contains("insertAdjacentHTML"), "{path}");
    }
    assert_eq!(kinds[0], "text/html; charset=utf-8");
    assert_eq!(kinds[2], "text/javascript; charset=utf-8");
    // With the port closed, nothing is kept and nothing answers.
    let args = ["--metrics", "false"];
    let closed = Launch::new(&open(&upstreams[1])).args(args).start().await;
    assert!(Call::get("/").try_send(closed.metrics_addr()).await.is_err());
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_reads_no_status() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = async |path: &str, host: &str| {
        let raw = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let mut conn = Conn::connect(router.metrics_addr()).await;
        assert!(conn.send(raw).await);
        conn.status_line().await
    };
    for path in ["/status", "/events", "/requests"] {
        assert_eq!(answer(path, "evil.example:9090").await, 421, "{path}");
        assert_eq!(answer(path, "localhost:9090").await, 200, "{path}");
        assert_eq!(answer(path, "[::1]:9090").await, 200, "{path}");
    }
    let explain = "/explain?model=m";
    assert_eq!(answer(explain, "evil.example:9090").await, 421);
    assert_eq!(answer(explain, "127.0.0.1:9090").await, 200);
    for path in ["/metrics", "/", "/page.js", "/admin/records", "/nothing"] {
        assert_eq!(answer(path, "evil.example").await, 421, "{path}");
    }
    assert_eq!(answer("/metrics", "gateway.internal").await, 200, "scrapers use names");
    assert_eq!(answer("/metrics", "onwards:9090").await, 200, "scrapers use names");
    assert_eq!(answer("/healthz", "evil.example").await, 200, "it tells nothing");
}

/// A key that the page of the documents does not name is one that a script cannot rely on.
#[tokio::test]
async fn every_key_of_the_status_is_documented() {
    let (router, _upstreams) = failing_over().await;
    assert_ok(
        &router.post("/v1/chat/completions", "sk-team-a-secret-0123456789", &chat("m")).await,
    );
    let one = async || status(&router).await["requests"].as_array().is_some_and(|it| it.len() == 1);
    assert!(eventually(secs(10), one).await);
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/observability.md");
    let page = std::fs::read_to_string(page).unwrap();
    let named: std::collections::BTreeSet<&str> =
        page.split('`').flat_map(|code| code.split(['.', '[', ']'])).collect();
    let mut unnamed = Vec::new();
    keys(&status(&router).await, &mut |key| {
        if !named.contains(key) {
            unnamed.push(key.to_owned());
        }
    });
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

fn keys(value: &Value, tell: &mut impl FnMut(&str)) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            tell(key);
            keys(value, tell);
        }),
        Value::Array(values) => values.iter().for_each(|value| keys(value, tell)),
        _ => {}
    }
}

/// As `src/admin/board.rs` has it.
const MOST_FOLLOWERS: usize = 32;

/// It fails nothing and rests never: only its latency shows it, and still when it is looked at later.
#[tokio::test]
async fn provider_that_is_much_slower_than_another_is_named() {
    let slow = Reply::chat("hi").fault(Place::Start, Fault::Pause(ms(1_500)));
    let (slow, fast) = (Upstream::start(slow).await, Upstream::start(Reply::chat("hi")).await);
    let mut file = pool(&[provider("slow", &slow), provider("fast", &fast)]);
    file["targets"]["m"]["strategy"] = json!("round_robin");
    let router = Router::start(&file).await;
    let calls = (0..16).map(|_| Call::chat(&chat("m"))).collect::<Vec<_>>();
    let sent = calls.iter().map(|call| call.send(router.addr()));
    futures_util::future::join_all(sent).await.iter().for_each(assert_ok);
    let all = async || status(&router).await["requests"].as_array().map(Vec::len) == Some(16);
    assert!(eventually(secs(10), all).await);
    // What strategies compare falls to a half in a few seconds.
    tokio::time::sleep(secs(4)).await;
    let told = status(&router).await;
    let pool = &told["aliases"][0];
    assert_eq!(pool["trouble"], "degraded", "{told}");
    let first = &pool["providers"][0];
    assert_eq!((&first["provider"], &first["trouble"]), (&json!("slow"), &json!("degraded")));
    assert!(first["latency_secs"].as_f64().is_some_and(|secs| secs >= 1.5), "{first}");
    let words = first["words"].as_str().unwrap();
    assert!(words.starts_with("ready; slow: ") && words.ends_with(" s at fast"), "{words}");
    assert_eq!(pool["providers"][1]["trouble"], "none", "{told}");
}
