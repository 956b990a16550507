//! One book: the log's cost, the metrics' and the budget's are the same sum, on every path that passes.
//!
//! Never: what is only read again, counted or listed is charged; a path on which a model answers for nothing.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::{Call, Launch, Reply, Router, Script, Upstream, chat, eventually, secs};

const KEY: &str = "sk-client-ann0";

/// A provider whose price is ten cents a token of input, a dollar one of output, and five cents a request, in a file with a
/// budget of 1 000 dollars.
async fn router(protocol: &str, script: impl Into<Script>) -> (Router, Upstream) {
    let upstream = Upstream::start(script).await;
    let price = json!({"input": 100_000, "output": 1_000_000, "cache_read": 0, "cache_write": 200_000,
        "request": 0.05});
    let router = Launch::new(&json!({
        "auth": {"key_definitions": {"ann": {"key": KEY,
            "budget": {"dollars": "1000", "period": "total"}}}},
        "targets": {"m": {"url": upstream.base(), "protocol": protocol, "onwards_key": "k",
            "price": price}}}))
    .start()
    .await;
    (router, upstream)
}

/// What the log, the metrics and the budget say that the key has spent.
async fn books(router: &Router) -> [f64; 3] {
    let costs = router.stdout_text();
    let costs = costs.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let logged = costs.map(|line| line["cost"].as_f64().unwrap_or_default()).sum();
    let key = [("key", "ann")];
    let counted = router.metric("onwards_key_cost_dollars_total", &key).await.unwrap_or_default();
    let name = [("limit", "key"), ("name", "ann")];
    let used = router.metric("onwards_window_used_ratio", &name).await.unwrap_or_default();
    [logged, counted, used * 1_000.0]
}

/// `cents` is counted in tens.
async fn spends(router: &Router, call: Call, cents: f64, what: &str) {
    let dollars = cents / 10.0;
    let before = router.stdout_text().lines().count();
    let spent = books(router).await[2];
    let answer = call.key(KEY).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    assert!(eventually(secs(10), async || router.stdout_text().lines().count() > before).await);
    let alike = async || {
        let all = books(router).await;
        all.iter().all(|it| (it - spent - dollars).abs() < 1e-6)
    };
    let said = router.stdout_text().lines().last().unwrap_or_default().to_owned();
    assert!(
        eventually(secs(5), alike).await,
        "{what}: {:?} in place of {}: {said}",
        books(router).await,
        spent + dollars
    );
}

fn told(usage: &Value) -> Reply {
    Reply::json(
        200,
        &json!({"id": "c", "object": "x", "created": 1, "model": "m", "choices": [],
        "data": [], "usage": usage}),
    )
}

#[tokio::test]
async fn what_is_read_again_counted_or_listed_is_charged_nothing_and_a_request_has_its_price() {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12});
    let script = Script::by(move |seen| match seen.target.contains("speech") {
        true => Reply::new(200).header("content-type", "audio/mpeg").body(vec![7_u8; 3_000]),
        false => told(&usage),
    });
    let (router, _upstream) = router("openai", script).await;
    let over = |call: Call| call.header("model-override", "m");
    for path in ["/v1/responses/resp_1", "/v1/chat/completions/c_1", "/v1/batches/b_1", "/v1/files"]
    {
        spends(&router, over(Call::get(path)), 0.0, path).await;
    }
    for path in ["/v1/responses/resp_1/cancel", "/v1/batches/b_1/cancel"] {
        spends(&router, over(Call::post(path)).json(&json!({})), 0.0, path).await;
    }
    for path in ["/v1/batches", "/v1/fine_tuning/jobs", "/v1/realtime/client_secrets", "/v1/videos"]
    {
        let call = over(Call::post(path)).json(&json!({})).key(KEY);
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
    }
    let images = Call::post("/v1/images/generations");
    let images = images.json(&json!({"model": "m", "prompt": "a cat"}));
    spends(&router, images, 10.0 + 20.0 + 0.5, "images that tell their tokens").await;
    spends(&router, Call::post(CHAT).json(&chat("m")), 30.5, "chat").await;
    let speech = |text: &str| {
        Call::post("/v1/audio/speech").json(&json!({"model": "m", "voice": "a", "input": text}))
    };
    let before = books(&router).await[0];
    let answer = speech("hello").key(KEY).send(router.addr()).await;
    assert_eq!(answer.status, 200);
    let alike = async || {
        let [logged, counted, used] = books(&router).await;
        let spent = logged - before;
        // Its input is estimated, and its sound is not taken for text.
        (0.15..4.0).contains(&spent) && (logged - counted).abs() + (logged - used).abs() < 1e-6
    };
    assert!(eventually(secs(5), alike).await, "{before}: {:?}", books(&router).await);
}

#[tokio::test]
async fn tokens_are_counted_as_each_vendor_tells_them() {
    let cases = [
        // xAI: reasoning beside the output.
        (
            json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94}}),
            32.0 + 1_030.0,
        ),
        // OpenAI: reasoning inside it.
        (
            json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 41,
            "completion_tokens_details": {"reasoning_tokens": 4}}),
            32.0 + 90.0,
        ),
        // DeepSeek, Moonshot: what a cache held costs nothing here.
        (
            json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 41,
            "prompt_cache_hit_tokens": 20, "prompt_cache_miss_tokens": 12}),
            12.0 + 90.0,
        ),
        (
            json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 41,
            "cached_tokens": 20}),
            12.0 + 90.0,
        ),
        // What was written to the cache costs double.
        (
            json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 41,
            "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 10}}),
            20.0 + 20.0 + 90.0,
        ),
    ];
    let usages: Vec<Value> = cases.iter().map(|(usage, _)| usage.clone()).collect();
    let nth = AtomicUsize::new(0);
    let script = Script::by(move |_| told(&usages[nth.fetch_add(1, Relaxed)]));
    let (router, _upstream) = router("openai", script).await;
    for (usage, dollars) in cases {
        let what = usage.to_string();
        spends(&router, Call::post(CHAT).json(&chat("m")), dollars + 0.5, &what).await;
    }
}

#[tokio::test]
async fn model_that_is_asked_in_its_own_form_on_bedrock_is_paid_for() {
    let script = Script::by(|seen| {
        let counts = |reply: Reply| {
            reply
                .header("x-amzn-bedrock-input-token-count", "7")
                .header("x-amzn-bedrock-output-token-count", "3")
        };
        match seen.target.contains("told") {
            true => Reply::json(
                200,
                &json!({"type": "message", "content": [],
                "usage": {"input_tokens": 10, "output_tokens": 2}}),
            ),
            false => counts(Reply::json(200, &json!({"generation": "hi", "embedding": [0.1]}))),
        }
    });
    let (router, _upstream) = router("bedrock", script).await;
    let asked = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}]});
    let invoke =
        |query: &str, body: &Value| Call::post(&format!("/model/m/invoke{query}")).json(body);
    spends(&router, invoke("?x=told", &asked), 30.5, "Claude").await;
    assert!(!router.stdout_text().contains("embed"), "{}", router.stdout_text());
    spends(&router, invoke("", &json!({"prompt": "hi"})), 37.5, "Llama").await;
    spends(&router, invoke("", &json!({"inputText": "hi"})), 37.5, "Titan").await;
}
