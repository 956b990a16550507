//! Requests that are spelled, or sent elsewhere, so that their use would not be counted.
//!
//! Never: an answer that costs more than what is charged, because of how it was asked for.

use serde_json::{Value, json};

use super::tokens::{KEY, prices};
use crate::support::upstream::Script;
use crate::support::{
    Call, Reply, Router, Upstream, assert_error, assert_ok, chat_stream, eventually, secs,
};

/// A key that is limited by tokens and money, and one that is not.
fn file(targets: Value) -> Value {
    json!({"prices": prices(), "auth": {"key_definitions": {
        "ann": {"key": KEY, "token_limit": {"per_day": 1_000_000}, "budget": {"dollars": "10", "period": "total"}},
        "bob": {"key": "sk-client-bob0"}}}, "targets": targets})
}

async fn told(router: &Router, key: &str) -> f64 {
    let labels = [("key", key), ("kind", "output")];
    router.metric("onwards_key_tokens_total", &labels).await.unwrap_or_default()
}

#[tokio::test]
async fn stream_at_a_path_in_any_spelling_is_asked_for_its_tokens() {
    let events = [
        r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}"#,
        r#"{"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":40,"completion_tokens":60,"total_tokens":100}}"#,
        "[DONE]",
    ];
    let upstream =
        Upstream::start(Reply::sse(events.map(|event| format!("data: {event}\n\n")))).await;
    let router = Router::start(&file(json!({"m": {"url": upstream.base()}}))).await;
    for (nth, (path, sent)) in [
        ("/v1/%63hat/completions", "/v1/chat/completions"),
        ("/V1/Chat/completions", "/v1/chat/completions"),
        ("/v1/chat%2fcompletions", "/v1/chat/completions"),
        ("/v1/chat/completions/", "/v1/chat/completions/"),
        ("/v2/chat/completions", "/v2/chat/completions"),
        ("/inference/v1/chat/completions", "/inference/v1/chat/completions"),
        ("/compatible-mode/v1/%63hat/completions", "/compatible-mode/v1/%63hat/completions"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_ok(&router.post(path, KEY, &chat_stream("m")).await);
        let seen = upstream.last();
        assert_eq!(seen.target, sent);
        assert_eq!(seen.json()["stream_options"]["include_usage"], true, "{path}");
        let sum = 60.0 * (nth + 1) as f64;
        let charged = async || told(&router, "ann").await == sum;
        assert!(eventually(secs(10), charged).await, "{path}: {}", told(&router, "ann").await);
    }
}

#[tokio::test]
async fn model_in_a_path_of_any_spelling_is_asked_and_counted() {
    let answer = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]},
        "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12}});
    let upstream = Upstream::start(Reply::json(200, &answer)).await;
    let target = json!({"url": upstream.base(), "protocol": "gemini", "onwards_model": "up"});
    let router = Router::start(&file(json!({"ge": target}))).await;
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    for (nth, path) in [
        "/v1beta/models/ge%3AgenerateContent",
        "/V1beta/Models/ge:generatecontent/",
        "/v1alpha/models/ge:generateContent",
        "/v1/projects/p/locations/l/publishers/google/models/ge:generateContent",
    ]
    .into_iter()
    .enumerate()
    {
        assert_ok(&router.post(path, KEY, &body).await);
        assert_eq!(upstream.last().target, "/v1beta/models/up:generateContent", "{path}");
        let sum = 7.0 * (nth + 1) as f64;
        let charged = async || told(&router, "ann").await == sum;
        assert!(eventually(secs(10), charged).await, "{path}: {}", told(&router, "ann").await);
    }
}

#[tokio::test]
async fn mask_of_an_answer_is_widened_by_its_tokens() {
    let whole = json!({"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "thoughtsTokenCount": 5000,
            "totalTokenCount": 5012}});
    // As Google does: what is not in the mask is left out.
    let script = Script::by(move |seen| {
        let mask = seen.header("x-goog-fieldmask").map(str::to_owned);
        let mask = mask.or_else(|| Some(seen.target.split_once("ields=")?.1.to_owned()));
        let told = mask.is_none_or(|mask| mask.contains(",usageMetadata"));
        let mut answer = whole.clone();
        if !told {
            answer.as_object_mut().unwrap().remove("usageMetadata");
        }
        match seen.target.contains("stream") {
            true => Reply::sse([format!("data: {answer}\n\n")]),
            false => Reply::json(200, &answer),
        }
    });
    let upstream = Upstream::start(script).await;
    let target = json!({"url": upstream.base(), "protocol": "gemini"});
    let router = Router::start(&file(json!({"ge": target}))).await;
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let path = |rest: &str| format!("/v1beta/models/ge:{rest}");
    for (nth, (path, header)) in [
        (path("generateContent?fields=candidates"), None),
        (path("generateContent?%24fields=candidates(content)"), None),
        (path("generateContent?%66ields=candidates"), None),
        (path("streamGenerateContent?alt=sse&$fields=candidates/content"), None),
        (path("generateContent"), Some("candidates")),
        (path("streamGenerateContent?alt=sse"), Some("candidates.content")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut call = Call::post(&path).key(KEY).json(&body);
        if let Some(mask) = header {
            call = call.header("x-goog-fieldmask", mask);
        }
        assert_ok(&call.send(router.addr()).await);
        let sum = 5007.0 * (nth + 1) as f64;
        let charged = async || told(&router, "ann").await == sum;
        assert!(eventually(secs(10), charged).await, "{path}: {}", told(&router, "ann").await);
    }
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_to_keys_that_are_limited() {
    let upstream = Upstream::start(Reply::json(200, &json!({"ok": true}))).await;
    let targets = json!({
        "m": {"url": upstream.base(), "protocol": "openai_responses"},
        "o": {"url": upstream.base()},
        "ge": {"url": upstream.base(), "protocol": "gemini", "onwards_model": "up"},
        "be": {"url": upstream.base(), "protocol": "bedrock", "onwards_model": "up",
            "onwards_key": "absk-test-key"}});
    let router = Router::start(&file(targets)).await;
    let none = json!({"instances": []});
    for (path, alias, body, sent) in [
        (
            "/v1/responses",
            None,
            json!({"model": "m", "input": "x", "background": true}),
            "/v1/responses",
        ),
        (
            "/v1/realtime/client_secrets",
            Some("m"),
            json!({"session": {"model": "m"}}),
            "/v1/realtime/client_secrets",
        ),
        ("/v1beta/models/ge:predict", None, none.clone(), "/v1beta/models/up:predict"),
        (
            "/v1beta/models/ge:batchGenerateContent",
            None,
            none.clone(),
            "/v1beta/models/up:batchGenerateContent",
        ),
        (
            "/v1beta/models/ge:predictLongRunning",
            None,
            none.clone(),
            "/v1beta/models/up:predictLongRunning",
        ),
        ("/v1/models/ge:rawPredict", None, none.clone(), "/v1/models/up:rawPredict"),
        (
            "/model/be/invoke-with-response-stream",
            None,
            none.clone(),
            "/model/up/invoke-with-response-stream",
        ),
        ("/model/be/async-invoke", None, none.clone(), "/model/up/async-invoke"),
        ("/api/generate", Some("m"), json!({"model": "m", "prompt": "x"}), "/api/generate"),
        ("/v1/unheard-of", Some("m"), json!({"model": "m", "stream": true}), "/v1/unheard-of"),
        (
            "/v1/chat/completions",
            None,
            json!({"model": "o", "messages": [], "deferred": true}),
            "/v1/chat/completions",
        ),
        (
            "/async/chat/completions",
            None,
            json!({"model": "o", "messages": []}),
            "/async/chat/completions",
        ),
        (
            "/v1/chat/completions%20",
            None,
            json!({"model": "o", "messages": []}),
            "/v1/chat/completions%20",
        ),
        (
            "/v1/chat/completions/x",
            None,
            json!({"model": "o", "messages": []}),
            "/v1/chat/completions/x",
        ),
        ("/v1/conversations", None, json!({"model": "o", "inputs": "x"}), "/v1/conversations"),
        ("/v1/conversations/c", Some("o"), json!({"inputs": "x"}), "/v1/conversations/c"),
    ] {
        let call = Call::post(path).json(&body);
        let call = alias.into_iter().fold(call, |call, alias| call.header("model-override", alias));
        let hits = upstream.hits();
        let refused = call.clone().key(KEY).send(router.addr()).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.text());
        assert!(refused.text().contains("cannot be"), "{path}: {}", refused.text());
        assert_eq!(upstream.hits(), hits, "{path}");
        // A key without such limits is served, and the path alone may name the alias.
        let served = call.key("sk-client-bob0").send(router.addr()).await;
        assert_eq!(served.status, 200, "{path}: {}", served.text());
        assert_eq!(upstream.last().target, sent);
    }
    // What is charged nothing, or tells its tokens, passes.
    for (path, body) in [
        ("/v1alpha/models/ge:countTokens", json!({"contents": []})),
        ("/v1/rerank", json!({"model": "m", "query": "q", "documents": ["d"]})),
        ("/v1/responses", json!({"model": "m", "input": "x", "background": false})),
        ("/v1/conversations", json!({"model": "m", "items": []})),
        ("/v1/chat/completions/x", json!({"model": "m", "metadata": {}})),
        ("/v1/responses/r/cancel", json!({"model": "m"})),
    ] {
        let answer = router.post(path, KEY, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn session_that_goes_on_without_the_router_is_refused_where_rules_hold() {
    let upstream = Upstream::start(Reply::json(200, &json!({"value": "ek_1"}))).await;
    let target = |more: Value| {
        let mut target = json!({"url": upstream.base(), "labels": {"region": "eu"}});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        target
    };
    let router = Router::start(&json!({
        "guardrails": {"in": {"match": "payment_card"}, "out": {"match": "email", "on": "output"}},
        "targets": {
            "free": target(json!({})),
            "in": target(json!({"guardrails": ["in"]})),
            "out": target(json!({"guardrails": ["out"]})),
            "eu": {"providers": [target(json!({}))], "require": {"region": "eu"}}}}))
    .await;
    for path in
        ["/v1/realtime/client_secrets", "/v1/realtime/sessions", "/v1/Realtime/client%5Fsecrets"]
    {
        let ask = async |alias: &str| {
            let body = json!({"model": alias, "session": {"model": alias}});
            router.post(path, "", &body).await
        };
        assert_error(&ask("in").await, 400, "guardrail");
        assert_error(&ask("out").await, 400, "guardrail");
        assert_eq!(ask("eu").await.status, 400, "{path}");
        assert_eq!(upstream.hits(), 0, "{path}");
    }
    let body = json!({"model": "free", "session": {"model": "free"}});
    assert_eq!(router.post("/v1/realtime/client_secrets", "", &body).await.status, 200);
}

/// Lenient servers read such a request as one for a stream, or one that does not ask for its tokens.
#[tokio::test]
async fn stream_that_two_readers_understand_differently_is_refused_where_it_is_counted() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let target = json!({"url": upstream.base()});
    let router = Router::start(&file(json!({"m": target}))).await;
    let body = |more: &str| format!(r#"{{"model":"m","messages":[],{more}}}"#);
    for (more, param) in [
        (r#""stream":1"#, "stream"),
        (r#""stream":"true""#, "stream"),
        (r#""Stream":true"#, "stream"),
        (r#""stream":true,"stream_options":{},"stream_options":{}"#, "stream_options"),
        (r#""stream":true,"Stream_Options":{}"#, "stream_options"),
        (r#""stream":true,"stream_options":[]"#, "stream_options"),
    ] {
        let call = Call::post("/v1/chat/completions").body(body(more));
        let hits = upstream.hits();
        let refused = call.clone().key(KEY).send(router.addr()).await;
        assert_eq!((refused.status, upstream.hits()), (400, hits), "{more}: {}", refused.text());
        assert_eq!(refused.json()["error"]["param"], param, "{more}");
        assert_ok(&call.key("sk-client-bob0").send(router.addr()).await);
    }
    for more in
        [r#""stream":null,"stream_options":null"#, r#""str\u0065am":false"#, r#""deferred":false"#]
    {
        let call = Call::post("/v1/chat/completions").body(body(more)).key(KEY);
        assert_ok(&call.send(router.addr()).await);
    }
}

#[tokio::test]
async fn what_is_read_into_a_cache_is_charged() {
    let told = json!({"name": "cachedContents/c", "model": "models/up", "usageMetadata": {"totalTokenCount": 700}});
    let upstream = Upstream::start(Reply::json(200, &told)).await;
    let target = json!({"url": upstream.base(), "protocol": "gemini"});
    let router = Router::start(&file(json!({"ge": target}))).await;
    let body =
        json!({"model": "models/ge", "contents": [{"role": "user", "parts": [{"text": "long"}]}]});
    assert_ok(&router.post("/v1beta/cachedContents", KEY, &body).await);
    let input = [("key", "ann"), ("kind", "input")];
    let charged = async || router.metric("onwards_key_tokens_total", &input).await == Some(700.0);
    assert!(
        eventually(secs(10), charged).await,
        "{:?}",
        router.metric("onwards_key_tokens_total", &input).await
    );
}
