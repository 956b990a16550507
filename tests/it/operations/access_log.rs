//! The access log: one line for each request, whatever became of it.
//!
//! Never: a prompt, an answer, a query or a key in it; a request that waits for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    Call, Conn, Fault, Launch, Place, Reply, Router, Script, Upstream, assert_ok, chat,
    chat_stream, eventually, ms, open, run_cli_with, secs,
};

/// An alias that falls back, one behind a key, and one that leads to another.
fn file(upstream: &Upstream) -> Value {
    let key = json!({"key": "sk-secret-of-ann", "labels": {"team": "a"}});
    json!({
        "auth": {"key_definitions": {"ann": key}},
        "guardrails": {"mail": {"match": "email", "on": "input", "action": "flag"}},
        "prices": {"real-model": {"input": 1, "output": 2}},
        "targets": {
            "m": {"strategy": "priority", "fallback": {"enabled": true, "on_status": [5]},
                "providers": [
                    {"url": format!("{}/failing", upstream.base()), "name": "bad"},
                    {"url": upstream.base(), "name": "good", "onwards_model": "real-model"}]},
            "closed": {"url": upstream.base(), "name": "good", "keys": ["ann"]},
            "leads": {"url": upstream.base(), "name": "good", "routing_rules": [
                {"match_labels": {}, "action": {"type": "redirect", "target": "m"}}]},
            "flagged": {"url": upstream.base(), "name": "good", "guardrails": ["mail"]},
            "queued": {"url": format!("{}/slow", upstream.base()), "name": "good",
                "concurrency_limit": {"max_concurrent_requests": 1},
                "queue": {"max_waiting": 9, "max_wait_ms": 60_000}},
            "pat-*": {"url": upstream.base(), "name": "good", "onwards_model": "${model}"},
            "cut": {"url": format!("{}/cut", upstream.base()), "name": "cut"}}})
}

fn script() -> Script {
    Script::by(|seen| {
        if seen.target.starts_with("/failing") {
            Reply::error(503, "no")
        } else if seen.target.starts_with("/cut") {
            Reply::sse(["data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"])
        } else if seen.target.starts_with("/slow") {
            Reply::json(200, &answer()).chunked().paced(ms(200))
        } else {
            Reply::json(200, &answer()).header("x-request-id", "their-own")
        }
    })
}

/// An answer that tells every kind of tokens.
fn answer() -> Value {
    let message = json!({"role": "assistant", "content": "an answer that is not logged"});
    json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "real-model",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27,
            "prompt_tokens_details": {"cached_tokens": 5},
            "completion_tokens_details": {"reasoning_tokens": 3}}})
}

/// The lines so far, once there are so many.
async fn lines(router: &Router, count: usize) -> Vec<Value> {
    let there = async || router.stdout_text().lines().count() >= count;
    assert!(eventually(secs(10), there).await, "{}", router.stdout_text());
    let text = router.stdout_text();
    assert_eq!(text.lines().count(), count, "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_request_has_one_line_whatever_became_of_it() {
    let (upstream, collector) = (Upstream::start(script()).await, Upstream::refused());
    let launch = Launch::new(&file(&upstream));
    let router = launch.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.base()).start().await;
    let served = router.chat("leads").await;
    assert_ok(&served);
    let closed =
        router.post("/v1/chat/completions?api_key=sk-q", "sk-wrong", &chat("closed")).await;
    assert_eq!(closed.status, 401);
    assert_ok(&router.post("/v1/chat/completions", "sk-secret-of-ann", &chat("closed")).await);
    let cut = router.post("/v1/chat/completions", "", &chat_stream("cut")).await;
    assert_eq!(cut.status, 200);
    assert_eq!(router.get("/nothing").await.status, 404);
    assert_eq!(router.get("/v1/models").await.status, 200);

    assert_ok(&router.chat("pat-x").await);

    let mut mail = chat("flagged");
    mail["messages"][0]["content"] = json!("write to ann@example.com");
    assert_ok(&router.post("/v1/chat/completions", "", &mail).await);
    let (one, other) = tokio::join!(router.chat("queued"), router.chat("queued"));
    assert_ok(&one);
    assert_ok(&other);

    let lines = lines(&router, 10).await;
    let line = &lines[0];
    assert_eq!(line["id"], *served.header("x-request-id").unwrap());
    assert_eq!(
        (&line["alias"], &line["served_alias"], &line["provider"], &line["model"]),
        (&json!("leads"), &json!("m"), &json!("good"), &json!("real-model")),
    );
    assert_eq!((&line["status"], &line["end"]), (&json!(200), &json!("complete")));
    assert_eq!(line["bytes_out"], served.body.len());
    let attempts = line["attempts"].as_array().unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|it| (&it["provider"], &it["outcome"])).collect();
    assert_eq!(outcomes, [(&json!("bad"), &json!("503")), (&json!("good"), &json!("200"))]);
    assert_eq!(attempts[0]["class"], "server_error");
    assert!(attempts.iter().all(|attempt| attempt["ms"].is_number()));
    assert!(line["ms"].as_f64() >= line["ttfb_ms"].as_f64());

    let usage = json!({"input": 20, "output": 7, "cache_read": 5, "reasoning": 3});
    assert_eq!(line["usage"], usage);

    let outcome = |nth: usize| (lines[nth]["status"].clone(), lines[nth]["code"].clone());
    assert_eq!(outcome(1), (json!(401), json!("invalid_api_key")));
    assert_eq!((&lines[1]["end"], &lines[1]["key"]), (&json!("refused"), &json!("unknown")));
    assert_eq!(lines[2]["key"], "ann");
    assert_eq!((&lines[3]["end"], &lines[3]["stream"]), (&json!("broken"), &json!(true)));
    assert_eq!(outcome(4).0, 404);
    assert_eq!((&lines[5]["path"], &lines[5]["op"]), (&json!("/v1/models"), &json!("other")));
    assert!(lines[5]["bytes_out"].as_u64() > Some(0), "{}", lines[5]);
    assert_eq!((&lines[6]["alias"], &lines[6]["model"]), (&json!("pat-x"), &json!("pat-x")));
    assert_eq!(lines[7]["alias"], "flagged");
    let waited = lines[8..].iter().filter(|line| line["waited_ms"].as_f64() > Some(0.0));
    assert_eq!(waited.count(), 1, "{:?}", &lines[8..]);
    documented(&lines);
    let text = router.stdout_text();
    for secret in ["sk-", "an answer", "Hello", "ann@", "?", &upstream.addr().port().to_string()] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// The keys of these lines, together, are those of the page.
fn documented(lines: &[Value]) {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut seen: BTreeSet<String> = lines.iter().flat_map(keys).collect();
    let attempts = lines.iter().filter_map(|line| line["attempts"].as_array()).flatten();
    let usage = lines.iter().filter(|line| line["usage"].is_object());
    seen.extend(usage.flat_map(|line| keys(&line["usage"])).map(|key| format!("usage.{key}")));
    seen.extend(attempts.flat_map(keys).map(|key| format!("attempts[].{key}")));
    let page = include_str!("../../../docs/observability.md");
    let table = page.split("<!-- access log -->").nth(1).unwrap();
    let rows = table.lines().skip_while(|line| !line.starts_with('|')).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let told = rows.map(|row| row.split('`').nth(1).unwrap().to_owned());
    // Only Anthropic and Bedrock tell it.
    seen.insert("usage.cache_write".to_owned());
    // Only attempts that fail after they have told it: the ledger's test has them.
    seen.insert("attempts[].usage".to_owned());
    seen.insert("attempts[].cost".to_owned());
    assert_eq!(seen, told.collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn refusal_of_a_body_tells_how_much_was_read() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let broken = format!("{{\"model\": \"m\", \"x\": \"{}\"", "y".repeat(3_000));
    let call = Call::post("/v1/chat/completions").header("content-type", "application/json");
    assert_eq!(call.body(broken.clone()).send(router.addr()).await.status, 400);
    let line = lines(&router, 1).await.remove(0);
    assert_eq!((&line["code"], &line["bytes_in"]), (&json!("invalid_json"), &json!(broken.len())));
}

/// A log shipper may start later than the router.
#[tokio::test]
async fn named_pipe_without_a_reader_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("log");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let args = ["--access-log", pipe.to_str().unwrap()];
    let mut router = Launch::new(&open(&upstream)).args(args).start().await;
    assert_ok(&router.chat("m").await);
    let mut reader = std::io::BufReader::new(std::fs::File::open(&pipe).unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    assert!(line.contains("\"alias\":\"m\""), "{line}");
    router.signal("TERM");
    assert_eq!(router.wait_exit(secs(10)).await.and_then(|exit| exit.code()), Some(0));
}

#[tokio::test]
async fn client_that_leaves_has_a_line() {
    let upstream = Upstream::start(Reply::chat("late").fault(Place::Start, Fault::Stall)).await;
    let router = Router::start(&open(&upstream)).await;
    let mut client = Conn::connect(router.addr()).await;
    client.send(Call::chat(&chat("m")).bytes(router.addr())).await;
    assert!(eventually(secs(5), async || upstream.hits() == 1).await);
    client.abort();
    let lines = lines(&router, 1).await;
    assert_eq!((&lines[0]["status"], &lines[0]["end"]), (&json!(499), &json!("client_left")));
    let attempts = lines[0]["attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), &attempts[0]["outcome"]), (1, &json!("abandoned")));
    assert!(attempts[0]["usage"]["input"].as_u64() > Some(0), "{}", lines[0]);
    assert_eq!(lines[0]["estimated"], json!(true), "the prompt was read, and not told of");
    assert!(attempts[0]["ms"].is_number() && lines[0].get("provider").is_none(), "{}", lines[0]);
}

/// What was never sent was not read.
#[tokio::test]
async fn client_that_leaves_before_there_is_a_connection_has_taken_nothing() {
    let nowhere = Upstream::black_hole();
    let mut file = open(&nowhere);
    file["targets"]["m"]["timeouts"] = json!({"connect_ms": 60_000});
    let router = Router::start(&file).await;
    let mut client = Conn::connect(router.addr()).await;
    client.send(Call::chat(&chat("m")).bytes(router.addr())).await;
    let flies = async || router.metric("onwards_in_flight", &[("alias", "m")]).await > Some(0.0);
    assert!(eventually(secs(10), flies).await, "{}", router.metrics().await);
    client.abort();
    let line = lines(&router, 1).await.remove(0);
    assert_eq!(line["attempts"][0]["outcome"], json!("abandoned"), "{line}");
    assert!(line["attempts"][0].get("usage").is_none() && line.get("estimated").is_none());
}

#[tokio::test]
async fn text_line_is_for_people() {
    let upstream = Upstream::start(script()).await;
    let args = ["--access-log-format", "text"];
    let router = Launch::new(&file(&upstream)).args(args).start().await;
    assert_ok(&router.chat("m").await);
    let odd = router
        .post("/v1/chat/completions", "sk-secret-of-ann", &chat("no\u{1b}[2J\u{85}such"))
        .await;
    assert_eq!(odd.status, 404);
    let two = async || router.stdout_text().lines().count() == 2;
    assert!(eventually(secs(10), two).await, "{}", router.stdout_text());
    let text = router.stdout_text();
    let first = text.lines().next().unwrap();
    assert!(first.contains(" 200 m via good (bad=503) "), "{first}");
    assert!(first.contains(" ms 20→7 tokens $0.0000 req_"), "{first}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{85}'), "{text}");
    assert!(text.contains("refused: model_not_found"), "{text}");
}

/// Names of the file may have blanks, and an unknown model is what a client likes.
#[tokio::test]
async fn name_of_several_words_is_one_in_every_line() {
    let alias = "m 200 via \"x\" (y=503)";
    let key = "a = b\nc";
    let targets = json!({
        "auth": {"key_definitions": {key: {"key": "sk-of-ann-0123456789"}}},
        "targets": {alias: {
            "keys": [key],
            "providers": [{"url": "http://127.0.0.1:1", "name": "down"}, {"url": "mock:"}],
            "strategy": "priority",
            "fallback": {"enabled": true},
        }},
    });
    let args = ["--access-log-format", "text"];
    let router = Launch::new(&targets).args(args).env("ONWARDS_LOG", "info").start().await;
    let token = "sk-of-ann-0123456789";
    assert_ok(&router.post("/v1/chat/completions", token, &chat(alias)).await);
    let posing = "m via mock key=root";
    let refused = router.post("/v1/chat/completions", token, &chat(posing)).await;
    assert_eq!(refused.status, 404);
    let two = async || router.stdout_text().lines().count() == 2;
    assert!(eventually(secs(10), two).await, "{}", router.stdout_text());
    let text = router.stdout_text();
    let alias = r#""m 200 via \"x\" (y=503)""#;
    assert!(text.contains(&format!(" 200 {alias} via mock (down=connect) ")), "{text}");
    assert!(text.contains(r#" "a = b\u000ac" "#), "{text}");
    assert!(text.contains(r#" 404 "m via mock key=root" refused: "#), "{text}");
    let told = async || router.log_text().contains(&format!(" alias={alias} provider=down "));
    assert!(eventually(secs(10), told).await, "{}", router.log_text());
}

/// `--access-log text` made a file of that name, and nothing said so.
#[test]
fn form_of_the_lines_is_no_file_to_write_them_to() {
    for form in ["text", "json"] {
        let output = run_cli_with(["-f", "x.json", "--access-log", form], &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("--access-log-format"), "{told}");
    }
}

#[tokio::test]
async fn file_is_opened_anew_on_request_and_set_aside_at_its_size() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    let to = path.to_str().unwrap();
    let args = ["--access-log", to, "--access-log-max-size", "2kB", "--access-log-keep", "1"];
    let router = Launch::new(&open(&upstream)).args(args).start().await;
    let count = |name: &str| {
        let text = std::fs::read_to_string(dir.path().join(name));
        text.map_or(0, |text| text.lines().count())
    };
    assert_ok(&router.chat("m").await);
    assert!(eventually(secs(10), async || count("access.log") == 1).await);
    std::fs::rename(&path, dir.path().join("moved")).unwrap();
    router.signal("USR1");
    assert!(eventually(secs(10), async || path.exists()).await);
    assert_ok(&router.chat("m").await);
    assert!(eventually(secs(10), async || count("access.log") == 1).await);
    assert_eq!(count("moved"), 1);
    for _ in 0..30 {
        assert_ok(&router.chat("m").await);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    assert!(eventually(secs(10), async || count("access.log.1") > 0).await);
    assert!(std::fs::metadata(dir.path().join("access.log.1")).unwrap().len() <= 2_000);
    assert_eq!(router.stdout_text().lines().filter(|line| line.starts_with('{')).count(), 0);
}

#[tokio::test]
async fn log_that_is_off_writes_nothing() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--access-log", "off"]).start().await;
    assert_ok(&router.chat("m").await);
    let requests = async || router.metric("onwards_requests_total", &[]).await;
    assert!(eventually(secs(5), async || requests().await == Some(1.0)).await);
    assert!(!router.stdout_text().contains('{') || router.stdout_text().contains("curl"));
}

#[tokio::test]
async fn client_that_leaves_while_it_sends_its_body_is_not_refused() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let head =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    for body in ["content-length: 100\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n64\r\nabc"] {
        for aborts in [true, false] {
            let mut client = Conn::connect(router.addr()).await;
            client.send(format!("{head}{body}")).await;
            if aborts { client.abort() } else { drop(client) }
        }
    }
    let all = lines(&router, 4).await;
    for line in &all {
        assert_eq!((&line["status"], &line["end"]), (&json!(499), &json!("client_left")), "{line}");
    }
    assert!(!router.metrics().await.contains("code=\"invalid_json\""));
    // What is not a valid body is still refused.
    let mut client = Conn::connect(router.addr()).await;
    client.send(format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\nabc")).await;
    assert_eq!(client.response().await.status, 400);
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn pool_that_was_to_take_over_and_is_limited_is_in_the_trail() {
    let (bad, good) = (Upstream::start(Reply::error(500, "broken")).await, Reply::chat("hi"));
    let good = Upstream::start(good).await;
    let router = Router::start(&json!({"targets": {
        "a": {"url": bad.base(), "name": "first", "fallback": {"enabled": true, "to": ["b"]}},
        "b": {"url": good.base(), "name": "second",
            "rate_limit": {"requests_per_second": 0.01, "burst_size": 1}}}}))
    .await;
    assert_eq!(router.chat("a").await.attempts(), "first=500,second=200");
    let refused = router.chat("a").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.attempts(), "first=500,second=limited");
    let all = lines(&router, 2).await;
    let attempts = all[1]["attempts"].as_array().unwrap();
    let told = (&attempts[1]["alias"], &attempts[1]["provider"], &attempts[1]["outcome"]);
    assert_eq!(told, (&json!("b"), &json!("second"), &json!("limited")), "{}", all[1]);
}
