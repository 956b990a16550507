//! Failures told apart by their status and their own codes.
//!
//! Never: a sentence decides.

use serde_json::{Value, json};

use crate::support::{
    Call, Reply, Router, Upstream, assert_ok, chat, eventually, pair, pool, provider, secs,
};

fn refusal(status: u16, code: &str) -> Reply {
    let error =
        json!({"message": "no", "type": "invalid_request_error", "param": null, "code": code});
    Reply::json(status, &json!({"error": error}))
}

#[tokio::test]
async fn a_refused_credential_rests_and_another_answers() {
    let first = Upstream::start(refusal(401, "invalid_api_key")).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["cooldown"] = json!({});
    let router = Router::start(&targets).await;
    assert_eq!(router.chat("m").await.attempts(), "first=401,second=200");
    assert_eq!(router.chat("m").await.attempts(), "first=cooling,second=200");
    let metrics = Call::get("/metrics").send(router.metrics_addr()).await.text();
    let alert = r#"onwards_credential_refused_total{alias="m",provider="first"} 1"#;
    assert!(metrics.contains(alert), "{metrics}");
}

#[tokio::test]
async fn a_spent_quota_rests_long() {
    let first = Upstream::start(refusal(429, "insufficient_quota").header("x", "y")).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["cooldown"] = json!({"max_duration_secs": 300});
    let router = Router::start(&targets).await;
    assert_ok(&router.chat("m").await);
    let line = "resting 300 s since its quota is spent";
    assert!(eventually(secs(2), async || router.stderr_text().contains(line)).await);
}

#[tokio::test]
async fn a_providers_own_codes_are_understood() {
    let first =
        Upstream::start(Reply::json(400, &json!({"error": {"code": 1113, "message": "x"}})));
    let first = first.await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut named = provider("first", &first);
    let router = Router::start(&pool(&[named.clone(), provider("second", &second)])).await;
    assert_eq!(router.chat("m").await.attempts(), "first=400");
    named["error_classes"] = json!({"1113": "quota"});
    let router = Router::start(&pool(&[named, provider("second", &second)])).await;
    assert_eq!(router.chat("m").await.attempts(), "first=400,second=200");
}

async fn windows(sizes: [Option<u64>; 3], on: Value) -> (Router, [Upstream; 3]) {
    let small = refusal(400, "context_length_exceeded");
    let upstreams = [
        Upstream::start(small.clone()).await,
        Upstream::start(small).await,
        Upstream::start(Reply::chat("large")).await,
    ];
    let names = ["small", "other", "large"];
    let providers: Vec<Value> = names
        .iter()
        .zip(&upstreams)
        .zip(sizes)
        .map(|((name, upstream), size)| {
            let mut provider = provider(name, upstream);
            provider["context_window"] = size.into();
            provider
        })
        .collect();
    let mut targets = pool(&providers);
    targets["targets"]["m"]["fallback"]["on"] = on;
    (Router::start(&targets).await, upstreams)
}

#[tokio::test]
async fn a_prompt_too_long_goes_on_to_a_larger_window() {
    let sizes = [Some(8_000), Some(8_000), Some(128_000)];
    let (router, upstreams) = windows(sizes, json!(["context_window"])).await;
    let answer = router.chat("m").await;
    assert_eq!(answer.attempts(), "small=400,other=context,large=200");
    assert_eq!(upstreams[1].hits(), 0);
    let (router, _upstreams) = windows(sizes, json!([])).await;
    assert_eq!(router.chat("m").await.attempts(), "small=400");
}

#[tokio::test]
async fn when_no_window_is_larger_the_refusal_is_the_answer() {
    let (router, _upstreams) =
        windows([Some(128_000), Some(8_000), Some(16_000)], json!(["context_window"])).await;
    let answer = router.chat("m").await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "context_length_exceeded"));
    assert_eq!(answer.attempts(), "small=400,other=context,large=context");
}

#[tokio::test]
async fn a_prompt_that_is_certainly_too_long_passes_small_windows_over() {
    let (router, upstreams) =
        windows([Some(1_000), Some(2_000), Some(128_000)], json!(["context_window"])).await;
    let mut body = chat("m");
    body["messages"][0]["content"] = "lorem ipsum ".repeat(5_000).into();
    let answer = Call::chat(&body).send(router.addr()).await;
    assert_eq!(answer.attempts(), "small=context,other=context,large=200");
    assert_eq!((upstreams[0].hits(), upstreams[1].hits()), (0, 0));
}

#[tokio::test]
async fn filtered_content_goes_on_only_where_the_pool_says_so() {
    for (on, attempts) in
        [(json!([]), "first=400"), (json!(["content_filter"]), "first=400,second=200")]
    {
        let first = Upstream::start(refusal(400, "content_filter")).await;
        let second = Upstream::start(Reply::chat("hi")).await;
        let mut targets = pair(&first, &second);
        targets["targets"]["m"]["fallback"]["on"] = on;
        let router = Router::start(&targets).await;
        assert_eq!(router.chat("m").await.attempts(), attempts);
    }
}

/// A refusal that stands at the first provider, the pool's own conditions, and the trail that follows.
type Judged = (&'static str, Reply, Value, Value, &'static str);

#[tokio::test]
async fn translated_or_passed_on_a_refusal_is_judged_the_same() {
    let error = |status, error: Value| Reply::json(status, &json!({"error": error}));
    let too_long = json!({"type": "invalid_request_error", "message": "prompt is too long"});
    let bad_key = json!({"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid",
        "details": [{"reason": "API_KEY_INVALID"}]});
    let html = Reply::new(502).header("content-type", "text/html").body("<html>");
    let quota = Reply::json(400, &json!({"message": "too much"}))
        .header("x-amzn-errortype", "ServiceQuotaExceededException");
    let cases: [Judged; 6] = [
        ("anthropic", error(400, too_long), json!([]), json!(["context_window"]), "a=400"),
        ("anthropic", html.clone(), json!([]), json!(["server_error"]), "a=502,b=200"),
        ("anthropic", html, json!([]), json!(["malformed"]), "a=502"),
        (
            "gemini",
            Reply::json(413, &json!({})),
            json!([]),
            json!(["context_window"]),
            "a=413,b=200",
        ),
        ("gemini", error(400, bad_key), json!([429, 5]), json!([]), "a=400,b=200"),
        ("bedrock", quota, json!([429, 5]), json!([]), "a=400,b=200"),
    ];
    for (protocol, refusal, on_status, on, trail) in cases {
        let (first, second) =
            (Upstream::start(refusal).await, Upstream::start(Reply::chat("hi")).await);
        let providers = [(&first, "a", protocol), (&second, "b", "openai")].map(
            |(upstream, name, protocol)| {
                let mut provider = provider(name, upstream);
                provider["protocol"] = protocol.into();
                provider
            },
        );
        let mut targets = pool(&providers);
        targets["targets"]["m"]["fallback"] =
            json!({"enabled": true, "on_status": on_status, "on": on});
        let router = Router::start(&targets).await;
        for (path, body) in [
            ("/v1/chat/completions", chat("m")),
            (
                "/v1/messages",
                json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}),
            ),
            (
                "/v1beta/models/m:generateContent",
                json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}),
            ),
            (
                "/model/m/converse",
                json!({"messages": [{"role": "user", "content": [{"text": "hello"}]}]}),
            ),
        ] {
            let answer = router.post(path, "", &body).await;
            assert_eq!(answer.attempts(), trail, "{path} at {protocol}");
        }
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_has_one_class_passed_on_and_translated() {
    for (error, class) in [
        (json!({"code": 504}), "server_error"),
        (json!({"code": 408, "message": "late"}), "server_error"),
        (json!({"code": 502, "message": "bad"}), "server_error"),
        (json!({"code": 503, "status": "UNAVAILABLE"}), "overloaded"),
        (json!({"type": "invalid_request_error", "message": "x"}), "server_error"),
        (json!({"code": "insufficient_quota", "message": "x"}), "quota"),
        (json!("boom"), "server_error"),
    ] {
        let chunk = json!({"choices": [{"index": 0, "delta": {"content": "hi"}}]});
        let pieces = [chunk, json!({"error": error})].map(|it| format!("data: {it}\n\n"));
        let upstream = Upstream::start(Reply::sse(pieces)).await;
        let router = Router::start(&pool(&[provider("a", &upstream)])).await;
        let mut body = chat("m");
        body["stream"] = true.into();
        body["max_tokens"] = 9.into();
        router.post("/v1/chat/completions", "", &body).await;
        router.post("/v1/messages", "", &body).await;
        let labels = [("alias", "m"), ("reason", class)];
        let counted = router.metric("onwards_broken_answers_total", &labels).await;
        assert_eq!(counted, Some(2.0), "{error}: {}", router.metrics().await);
    }
}

#[tokio::test]
async fn a_wait_that_the_body_asks_for_counts_passed_on_and_translated() {
    let error = json!({"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]}});
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]});
    for (path, body) in
        [("/v1beta/models/m:generateContent", contents), ("/v1/chat/completions", chat("m"))]
    {
        let upstream = Upstream::start(Reply::json(429, &error)).await;
        let mut named = provider("a", &upstream);
        named["protocol"] = "gemini".into();
        let mut targets = pool(&[named]);
        targets["targets"]["m"]["cooldown"] = json!({});
        let router = Router::start(&targets).await;
        assert_eq!(router.post(path, "", &body).await.status, 429);
        let line = "resting 34 s after a 429 of the provider";
        assert!(eventually(secs(2), async || router.stderr_text().contains(line)).await, "{path}");
    }
}
