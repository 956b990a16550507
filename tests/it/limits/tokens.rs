//! Limits on tokens and money: held before, charged after, whatever the protocol and the end.
//!
//! Never: more than the limit and one answer; a limit that holds on chat alone.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::router::{CHAT, SeriesExt};
use crate::support::{
    Call, Reply, Response, Router, Upstream, assert_error, assert_ok, chat, chat_stream,
    eventually, ms, run_cli, secs,
};

/// An answer that tells 10 tokens of input and 20 of output.
pub(super) fn told() -> Value {
    json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"},
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}})
}

/// What it costs at these prices: 50 millionths of a dollar.
pub(super) fn prices() -> Value {
    json!({"m": {"input": 1, "output": 2}})
}

pub(super) const KEY: &str = "sk-client-ann0";

async fn ask(router: &Router, key: &str) -> Response {
    router.post(CHAT, key, &chat("m")).await
}

/// The six protocols' ways to ask for `m`.
pub(super) fn six() -> Vec<(String, Value)> {
    // Longer than what the answers tell of it: a limit is held by estimates that are no lower than what comes.
    let text = "hi, how are you today, and what would you like to do with the rest of it?";
    let messages = json!([{"role": "user", "content": text}]);
    let parts = json!([{"role": "user", "parts": [{"text": text}]}]);
    let texts = json!([{"role": "user", "content": [{"text": text}]}]);
    [
        (CHAT, json!({"model": "m", "messages": messages})),
        ("/v1/responses", json!({"model": "m", "input": text})),
        ("/v1/messages", json!({"model": "m", "max_tokens": 20, "messages": messages})),
        ("/v1beta/models/m:generateContent", json!({"contents": parts})),
        ("/model/m/converse", json!({"messages": texts})),
        ("/v2/chat", json!({"model": "m", "messages": messages})),
    ]
    .map(|(path, body)| (path.to_owned(), body))
    .into()
}

#[tokio::test]
async fn two_hundred_callers_spend_the_budget_and_one_answer_at_most_and_books_are_equal() {
    let upstream = Upstream::start(Reply::json(200, &told()).paced(ms(20))).await;
    let budget = json!({"dollars": "0.00102", "period": "total"});
    let router = Router::start(&json!({
        "prices": prices(),
        "auth": {"key_definitions": {"ann": {"key": KEY, "team": "t"}},
                 "teams": {"t": {"budget": budget}}},
        "targets": {"m": {"url": upstream.base(), "open_responses": {"adapter": true}}}}))
    .await;
    let mut served = 0;
    // The first round learns what an answer takes; it ends when nothing is left.
    for _ in 0..30 {
        let mut callers = JoinSet::new();
        for (nth, (path, body)) in six().into_iter().cycle().take(200).enumerate() {
            let addr = router.addr();
            callers.spawn(async move {
                tokio::time::sleep(ms(nth as u64 % 7)).await;
                Call::post(&path).key(KEY).json(&body).send(addr).await
            });
        }
        while let Some(answer) = callers.join_next().await {
            let answer = answer.unwrap();
            match answer.status {
                200 => served += 1,
                status => assert_eq!(status, 429, "{}", answer.text()),
            }
        }
        assert!(served <= 21, "{served} answers of 0.00005 dollars each");
        if served >= 21 {
            break;
        }
    }
    assert_eq!((served, upstream.hits()), (21, 21), "20 are within, and the last one of 0.00002");
    let metrics = router.metrics().await;
    assert_eq!(metrics.series("onwards_key_cost_dollars_total", &[("key", "ann")]), Some(0.00105));
    let tokens = metrics.series("onwards_key_tokens_total", &[("key", "ann"), ("kind", "output")]);
    assert_eq!(tokens, Some(420.0));
    let used = [("limit", "team"), ("name", "t"), ("window", "dollars/total")];
    assert_eq!(metrics.series("onwards_window_used_ratio", &used), Some(0.00105 / 0.00102));
    let refused = ask(&router, KEY).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "budget_exceeded"));
    let error = refused.json()["error"].clone();
    assert_eq!(
        (error["type"].as_str(), error["param"].as_str()),
        (Some("insufficient_quota"), Some("team"))
    );
    assert!(
        error["message"].as_str().unwrap().contains("0.00102 dollars in all, 0.00 left"),
        "{error}"
    );
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    assert_eq!(refused.header("retry-after"), None);
}

#[tokio::test]
async fn token_limit_of_a_key_holds_over_all_protocols_together() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let router = Router::start(&json!({
        "auth": {"key_definitions": {"ann": {"key": KEY, "token_limit": {"per_day": 100}}}},
        "targets": {"m": {"url": upstream.base(), "open_responses": {"adapter": true}}}}))
    .await;
    for (path, body) in six().into_iter().take(4) {
        let answer = router.post(&path, KEY, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("x-ratelimit-limit-tokens"), Some("100"));
        assert!(answer.header("x-ratelimit-remaining-tokens").is_some());
        assert!(answer.header("x-ratelimit-reset-tokens").is_some());
    }
    // The records of the last answers may end a moment after their bodies.
    assert!(eventually(secs(5), async || ask(&router, KEY).await.status == 429).await);
    let hits = upstream.hits();
    for (path, body) in six() {
        let refused = router.post(&path, KEY, &body).await;
        assert_eq!(refused.status, 429, "{path}");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=86_400).contains(&wait), "{wait}");
        assert_eq!(refused.header("x-ratelimit-remaining-tokens"), Some("0"));
    }
    let refused = ask(&router, KEY).await;
    assert_error(&refused, 429, "rate_limit_exceeded");
    assert!(refused.text().contains("100 tokens a day, 0 left"), "{}", refused.text());
    assert_eq!(upstream.hits(), hits);
    assert_ok(&ask(&router, "").await);
    let explained = Call::get("/explain?model=m&key=ann").send(router.metrics_addr()).await;
    assert!(explained.text().contains("token limit"), "{}", explained.text());
}

#[tokio::test]
async fn provider_that_is_spent_is_passed_over_without_falling_back() {
    let first = Upstream::start(Reply::json(200, &told())).await;
    let second = Upstream::start(Reply::json(200, &told())).await;
    let router = Router::start(&json!({"targets": {"m": {"strategy": "priority", "providers": [
        {"name": "first", "url": first.base(), "token_limit": {"per_day": 50}},
        {"name": "second", "url": second.base(), "token_limit": {"per_day": 20}}]}}}))
    .await;
    let mut served = Vec::new();
    for _ in 0..3 {
        let answer = router.chat("m").await;
        assert_ok(&answer);
        served.push(answer.header("x-onwards-provider").unwrap().to_owned());
        let settled = async || {
            let held = router.metric("onwards_in_flight", &[("alias", "m")]).await;
            held == Some(0.0)
        };
        assert!(eventually(secs(5), settled).await);
    }
    assert_eq!(served, ["first", "first", "second"]);
    let refused = router.chat("m").await;
    assert_error(&refused, 429, "rate_limit_exceeded");
    assert_eq!(refused.json()["error"]["param"], "provider");
    assert_eq!(refused.header("x-onwards-attempts"), Some("first=limited,second=limited"));
    assert_eq!((first.hits(), second.hits()), (2, 1));
}

#[tokio::test]
async fn stream_is_asked_for_its_tokens_and_charged_with_them() {
    let events = [
        r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}],"usage":null}"#,
        r#"{"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":40,"completion_tokens":60,"total_tokens":100}}"#,
        "[DONE]",
    ];
    let upstream =
        Upstream::start(Reply::sse(events.map(|event| format!("data: {event}\n\n")))).await;
    let limit =
        json!([{"output": 100, "window_secs": 3600}, {"tokens": 1000, "window_secs": 7200}]);
    let router = Router::start(&json!({"targets": {
        "m": {"url": upstream.base(), "token_limit": limit}}}))
    .await;
    assert_ok(&router.post(CHAT, "", &chat_stream("m")).await);
    assert_eq!(upstream.last().json()["stream_options"]["include_usage"], true);
    let used = async |window: &str| {
        let labels = [("limit", "pool"), ("name", "m"), ("window", window)];
        router.metric("onwards_window_used_ratio", &labels).await
    };
    assert!(eventually(secs(5), async || used("tokens/7200s").await == Some(0.1)).await);
    assert!(used("output/3600s").await.is_some_and(|share| (0.59..=0.6).contains(&share)));
    // One more may come alone, then output is used up; what writes nothing is not in its way.
    assert_ok(&router.post(CHAT, "", &chat_stream("m")).await);
    let full = async || router.post(CHAT, "", &chat_stream("m")).await.status == 429;
    assert!(eventually(secs(5), full).await);
    let embed = router.post("/v1/embeddings", "", &json!({"model": "m", "input": "hi"})).await;
    assert_eq!(embed.status, 200);
}

#[tokio::test]
async fn what_is_held_is_free_again_when_there_is_no_answer_or_its_client_is_gone() {
    let failing = Upstream::start(Reply::error(500, "broken")).await;
    let slow = Upstream::black_hole();
    let router = Router::start(&json!({
        "auth": {"key_definitions": {"ann": {"key": KEY, "token_limit": {"per_day": 5000}}}},
        "targets": {"m": {"url": failing.base()}, "slow": {"url": slow.base()}}}))
    .await;
    for _ in 0..3 {
        assert_eq!(ask(&router, KEY).await.status, 500);
    }
    let body = chat("slow");
    let waiting = router.post(CHAT, KEY, &body);
    assert!(tokio::time::timeout(ms(500), waiting).await.is_err());
    let used = async || {
        let labels = [("limit", "key"), ("name", "ann")];
        router.metric("onwards_window_used_ratio", &labels).await
    };
    assert!(eventually(secs(10), async || used().await == Some(0.0)).await, "{:?}", used().await);
    assert_eq!(ask(&router, KEY).await.status, 500);
}

#[tokio::test]
async fn what_was_used_stays_used_over_a_reload_that_changes_the_limit() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let targets = |tokens: u64| json!({"targets": {"m": {"url": upstream.base(), "token_limit": {"per_day": tokens}}}});
    let router = Router::start(&targets(20)).await;
    assert_ok(&router.chat("m").await);
    assert!(eventually(secs(5), async || router.chat("m").await.status == 429).await);
    router.write_targets(&targets(60)).await;
    assert!(eventually(secs(10), async || router.chat("m").await.status == 200).await);
    assert!(eventually(secs(5), async || router.chat("m").await.status == 429).await);
    assert_eq!(upstream.hits(), 2);
}

#[test]
fn check_tells_what_is_wrong_with_limits() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let check = |keys: Value| {
        let mut target = json!({"url": "mock:"});
        target.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        std::fs::write(&file, json!({"targets": {"m": target}}).to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text.into_owned())
    };
    for (keys, says) in [
        (json!({"token_limit": {}}), "limits nothing"),
        (json!({"token_limit": [{"window_secs": 5}]}), "limits nothing"),
        (json!({"token_limit": {"per_min": 5}}), "per_minute"),
        (json!({"token_limit": {"per_minute": 0}}), "≥ 1"),
        (json!({"budget": {"dollars": "ten", "period": "day"}}), "amount of dollars"),
        (json!({"budget": {"dollars": 5, "period": "fortnight"}}), "unknown value"),
        (
            json!({"budget": {"dollars": 5, "period": "day", "timezone": "Mars/Olympus"}}),
            "no time zone",
        ),
        (json!({"budget": {"dollars": 5}}), "`period` is missing"),
        (
            json!({"budget": [{"dollars": 5, "period": "day"}, {"dollars": 4, "period": "day"}]}),
            "count the same tokens over the same time",
        ),
        (
            json!({"token_limit": [{"tokens": 5, "window_secs": 60}, {"tokens": 4, "window_secs": 60}]}),
            "count the same tokens over the same time",
        ),
    ] {
        let (ok, text) = check(keys);
        assert!(!ok && text.contains(says), "{says}: {text}");
    }
    let (ok, text) = check(json!({"budget": {"dollars": 5, "period": "day"}}));
    assert!(ok && text.contains("without a price"), "{text}");
}
