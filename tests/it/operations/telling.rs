//! What a request cost, as it is told: headers of the answer, the choice of the cheapest, the price of
//! the service tier that an answer names.
//!
//! Never: a header tells what the log does not.

use serde_json::{Value, json};

use crate::support::{
    Reply, Router, Script, Upstream, assert_ok, chat, chat_stream, eventually, open, secs,
};

fn answer(tier: &str) -> Value {
    let message = json!({"role": "assistant", "content": "hi"});
    json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "service_tier": tier,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100,
            "prompt_tokens_details": {"cached_tokens": 400}}})
}

async fn line(router: &Router, nth: usize) -> Value {
    let there = async || router.stdout_text().lines().count() > nth;
    assert!(eventually(secs(10), there).await, "{}", router.stdout_text());
    serde_json::from_str(router.stdout_text().lines().nth(nth).unwrap()).unwrap()
}

#[tokio::test]
async fn headers_tell_as_much_as_the_file_lets_them() {
    let whole = Reply::json(200, &answer("default")).header("x-request-id", "their-own");
    let upstream = Upstream::start(Script::by(move |seen| match seen.json()["stream"] == true {
        true => Reply::chat_stream(&["hi"]),
        false => whole.clone(),
    }))
    .await;
    for (says, tells, tells_all) in [
        (None, true, false),
        (Some("minimal"), true, false),
        (Some("none"), false, false),
        (Some("full"), true, true),
    ] {
        let mut file = open(&upstream);
        file["prices"] = json!({"m": {"input": 2, "output": 10, "cache_read": 1}});
        file["targets"]["m"]["onwards_model"] = json!("m");
        if let Some(says) = says {
            file["headers"] = json!(says);
        }
        let router = Router::start(&file).await;
        let told = assert_ok_and(&router, &chat("m")).await;
        let has = |name: &str| told.header(name).is_some();
        assert_eq!((has("x-onwards-provider"), has("x-onwards-attempts")), (tells, tells));
        assert_eq!((has("server-timing"), has("x-onwards-usage")), (tells_all, tells_all));
        assert!(has("x-request-id"));
        let line = line(&router, 0).await;
        assert_eq!(line["upstream_id"], "their-own", "{line}");
        assert_eq!(line["cost"], json!(0.002_6));
        if tells_all {
            let usage = told.header("x-onwards-usage").unwrap();
            assert_eq!(usage, "input=1000, output=100, cache_read=400");
            assert_eq!(told.header("x-onwards-cost"), Some("0.0026"));
            let timing = told.header("server-timing").unwrap();
            assert!(
                timing.contains("upstream;dur=") && timing.contains("gateway;dur="),
                "{timing}"
            );
            let stream = assert_ok_and(&router, &chat_stream("m")).await;
            assert!(stream.header("server-timing").is_some());
            assert!(stream.header("x-onwards-usage").is_none());
        }
    }
}

async fn assert_ok_and(router: &Router, body: &Value) -> crate::support::Response {
    let answer = router.post("/v1/chat/completions", "", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

#[tokio::test]
async fn service_tier_that_the_answer_names_has_its_price() {
    let upstream = Upstream::start(Script::by(|seen| {
        let tier = if seen.mentions("priority, please") { "priority" } else { "default" };
        if seen.json()["stream"] != true {
            return Reply::json(200, &answer(tier));
        }
        let word = json!({"service_tier": tier,
            "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]});
        let told = json!({"service_tier": tier, "choices": [], "usage": answer(tier)["usage"]});
        Reply::sse([format!("data: {word}\n\n"), format!("data: {told}\n\ndata: [DONE]\n\n")])
    }))
    .await;
    let mut file = open(&upstream);
    file["targets"]["m"]["price"] = json!({"input": 2, "output": 10,
        "service_tiers": {"priority": {"input": 4}}});
    let router = Router::start(&file).await;
    let mut nth = 0;
    for (tier, cost) in [("default", 0.003), ("priority", 0.005)] {
        for path in ["/v1/chat/completions", "/v1/messages"] {
            for stream in [false, true] {
                let mut body = chat("m");
                body["stream"] = json!(stream);
                body["max_tokens"] = json!(9);
                body["messages"][0]["content"] = json!(format!("{tier}, please"));
                assert_ok(&router.post(path, "", &body).await);
                let line = line(&router, nth).await;
                assert_eq!(line["cost"], json!(cost), "{path} {stream} {tier}: {line}");
                nth += 1;
            }
        }
    }
    let spent = router.metric("onwards_cost_dollars_total", &[("alias", "m")]).await.unwrap();
    assert!((spent - 0.032).abs() < 1e-9, "{spent}");
}

#[tokio::test]
async fn cheapest_is_asked_first_and_the_next_cheapest_when_it_fails() {
    let (well, fails) = (Upstream::start(Reply::chat("hi")).await, Reply::error(503, "no"));
    let fails = Upstream::start(fails).await;
    let provider = |name: &str, url: String, price: Value| {
        let mut provider = json!({"name": name, "url": url, "price": price});
        provider.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        provider
    };
    let file = json!({"targets": {"m": {"strategy": "lowest_cost", "fallback": {"enabled": true},
        "providers": [
            provider("unpriced", well.base(), Value::Null),
            provider("dear", well.base(), json!({"input": 5, "output": 5})),
            provider("fair", well.base(), json!({"input": 2, "output": 2})),
            provider("cheap", fails.base(), json!({"input": 1, "output": 1}))]}}});
    let router = Router::start(&file).await;
    for _ in 0..5 {
        let answer = assert_ok_and(&router, &chat("m")).await;
        assert_eq!(answer.attempts(), "cheap=503,fair=200");
    }
    let told = router.explain("m").await.text();
    let place = |name: &str| told.find(name).unwrap();
    assert!(place("cheap") < place("fair") && place("fair") < place("dear"), "{told}");
    assert!(place("dear") < place("unpriced"), "{told}");
}
