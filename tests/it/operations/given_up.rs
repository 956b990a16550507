//! Attempts that do not end by themselves: another provider is quicker, time runs out, the client leaves. What
//! they had told stands on their own line of the trail, and is paid for.
//!
//! Never: a provider was asked and no one is told of it.

use serde_json::{Value, json};

use crate::support::{
    Call, Conn, Fault, Place, Reply, Router, Upstream, chat_stream, eventually, ms,
    router::SeriesExt as _,
    secs,
    upstream::{Accept, Script},
};

/// A stream that tells its input and then nothing.
async fn stalls() -> Upstream {
    let start = json!({"type": "message_start", "message": {"id": "m", "type": "message",
        "role": "assistant", "model": "up", "content": [], "stop_reason": null,
        "usage": {"input_tokens": TOLD, "output_tokens": 1}}});
    let reply = Reply::sse([format!("event: message_start\ndata: {start}\n\n")]);
    Upstream::start(reply.fault(Place::LastPiece, Fault::Stall)).await
}

fn alias(first: &Upstream, second: &Upstream, with: &Value) -> Value {
    let price = json!({"input": 1, "output": 1});
    let mut alias = json!({"strategy": "priority", "fallback": {"enabled": true}, "providers": [
        {"name": "first", "url": first.base(), "protocol": "anthropic", "price": price},
        {"name": "second", "url": second.base(), "price": price}]});
    let keys = with.as_object().unwrap().clone();
    alias.as_object_mut().unwrap().extend(keys);
    alias
}

/// How clients of its own protocol and of another one ask.
fn calls(model: &str) -> [Call; 2] {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let own = json!({"model": model, "max_tokens": 9, "stream": true, "messages": messages});
    [Call::post("/v1/messages").json(&own), Call::chat(&chat_stream(model))]
}

async fn lines(router: &Router, count: usize) -> Vec<Value> {
    let there = async || router.stdout_text().lines().count() >= count;
    assert!(eventually(secs(20), there).await, "{}", router.stdout_text());
    router.stdout_text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn what_an_attempt_had_told_is_counted_when_it_is_given_up() {
    let first = stalls().await;
    let said = json!({"choices": [{"index": 0, "delta": {"content": "quick"},
        "finish_reason": "stop"}]});
    let quick = Reply::sse([format!("data: {said}\n\ndata: [DONE]\n\n")]);
    let second = Upstream::start(quick).await;
    let targets = json!({
        "hedged": alias(&first, &second, &json!({"hedge": {"after_ms": 1500, "max_extra": 1.0}})),
        "late": alias(&first, &second, &json!({"timeouts": {"first_event_ms": 1500}})),
        "left": alias(&first, &second, &json!({})),
    });
    let router = Router::start(&json!({"targets": targets})).await;
    for (nth, name) in ["hedged", "late"].iter().enumerate() {
        // One after the other: an answer pays for the next hedge.
        for call in calls(name) {
            let answer = call.send(router.addr()).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        }
        lines(&router, 2 * (nth + 1)).await;
    }
    let mut clients = Vec::new();
    for call in calls("left") {
        let mut client = Conn::connect(router.addr()).await;
        client.send(call.bytes(router.addr())).await;
        clients.push(client);
    }
    assert!(eventually(secs(10), async || first.hits() == 6).await);
    // The beginning of the answer has to have come, which nothing shows.
    tokio::time::sleep(ms(1500)).await;
    clients.into_iter().for_each(Conn::abort);
    let lines = lines(&router, 6).await;
    let outcomes = ["hedged", "hedged", "timeout", "timeout", "abandoned", "abandoned"];
    for (line, outcome) in lines.iter().zip(outcomes) {
        let attempt = &line["attempts"][0];
        assert_eq!((&attempt["provider"], &attempt["outcome"]), (&json!("first"), &json!(outcome)));
        assert_eq!(attempt["usage"]["input"], TOLD, "{line}");
        assert!(attempt["cost"].as_f64() >= Some(TOLD as f64 / 1e6), "{line}");
        assert!(line["cost"].as_f64() >= attempt["cost"].as_f64(), "{line}");
    }
    let metrics = router.metrics().await;
    let labels = [("provider", "first"), ("kind", "input")];
    let counted = metrics.series("onwards_tokens_total", &labels);
    assert_eq!(counted, Some(6.0 * TOLD as f64), "{metrics}");
    let abandoned = [("provider", "first"), ("outcome", "abandoned")];
    assert_eq!(metrics.series("onwards_attempts_total", &abandoned), Some(2.0));
}

/// Both providers have the prompt when the client leaves.
#[tokio::test]
async fn prompt_is_charged_for_each_provider_that_was_asked_at_once() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let (first, second) = (Upstream::start(silent.clone()).await, Upstream::start(silent).await);
    let hedge = json!({"hedge": {"after_ms": 200, "max_extra": 1.0}});
    let file = json!({"targets": {"m": alias(&first, &second, &hedge)}});
    let router = Router::start(&file).await;
    let mut client = Conn::connect(router.addr()).await;
    client.send(calls("m")[0].bytes(router.addr())).await;
    let both = async || first.hits() == 1 && second.hits() == 1;
    assert!(eventually(secs(10), both).await);
    // Its head has arrived; the router has to have sent the whole of it.
    tokio::time::sleep(ms(300)).await;
    client.abort();
    let line = lines(&router, 1).await.remove(0);
    for nth in 0..2 {
        let attempt = &line["attempts"][nth];
        assert_eq!(attempt["outcome"], "abandoned", "{line}");
        assert!(attempt["usage"]["input"].as_u64() > Some(0), "{line}");
    }
}

/// What a line says that was charged for the answer of its only attempt.
fn output(line: &Value) -> u64 {
    let of_attempt = &line["attempts"][0]["usage"]["output"];
    of_attempt.as_u64().or(line["usage"]["output"].as_u64()).unwrap_or_default()
}

/// An answer that nothing of goes on before its end is charged, where its client leaves, as one that goes on is.
#[tokio::test]
async fn what_had_come_of_an_answer_that_was_held_is_charged() {
    let said = json!({"choices": [{"index": 0, "delta": {"content": "one word ".repeat(200)}}]});
    let piece = format!("data: {said}\n\n");
    let stalls = Reply::sse([piece.clone()]).fault(Place::LastPiece, Fault::Stall);
    let stalls = Upstream::start(stalls).await;
    let whole = Upstream::start(Reply::sse([piece, "data: [DONE]\n\n".to_owned()])).await;
    let quick = Upstream::start(Reply::json(200, &json!({"action": "allow"}))).await;
    let slow = Upstream::start(Script::always(Reply::new(200)).connect(Accept::Silent)).await;
    let rule = |hook: &Upstream| json!({"on": "output", "webhook": {"url": hook.base(), "timeout_ms": 60_000}});
    let alias = |upstream: &Upstream, with: Value| {
        let mut alias = json!({"url": upstream.base(), "price": {"input": 1, "output": 1}});
        alias.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        alias
    };
    let router = Router::start(&json!({
        "guardrails": {"quick": rule(&quick), "slow": rule(&slow)},
        "targets": {
            "plain": alias(&stalls, json!({})),
            "end": alias(&stalls, json!({"fallback": {"enabled": true, "commit": "end"}})),
            "hooked": alias(&stalls, json!({"guardrails": ["quick"]})),
            "asked": alias(&whole, json!({"guardrails": ["slow"]}))}}))
    .await;
    let mut count = 0;
    for name in ["plain", "end", "hooked", "asked"] {
        let mut last = Value::Null;
        // The answer has to have come, which nothing shows.
        for wait in [700, 3_000, 12_000] {
            let mut client = Conn::connect(router.addr()).await;
            client.send(Call::chat(&chat_stream(name)).bytes(router.addr())).await;
            tokio::time::sleep(ms(wait)).await;
            client.abort();
            count += 1;
            last = lines(&router, count).await.pop().unwrap();
            if output(&last) > 0 {
                break;
            }
        }
        assert!((100..=800).contains(&output(&last)), "{name}: {last}");
        assert!(last["cost"].as_f64() > Some(100.0 / 1e6), "{name}: {last}");
        assert_eq!(last["estimated"], true, "{name}: {last}");
    }
}

/// Gemini's streams are one array unless events are asked for.
#[tokio::test]
async fn tokens_and_reason_of_a_stream_that_is_one_array_are_read() {
    let chunk = |text: &str, output: u64, more: &Value| {
        let mut candidate = json!({"content": {"role": "model", "parts": [{"text": text}]}});
        candidate.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"candidates": [candidate],
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": output}})
    };
    let all = [chunk("a", 1, &json!({})), chunk("b", 22, &json!({"finishReason": "MAX_TOKENS"}))];
    let upstream = Upstream::start(Reply::json(200, &json!(all)).chunked()).await;
    let target = json!({"url": upstream.base(), "protocol": "gemini"});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let call = Call::post("/v1beta/models/m:streamGenerateContent").json(&body);
    assert_eq!(call.send(router.addr()).await.status, 200);
    let line = lines(&router, 1).await.remove(0);
    assert_eq!(line["usage"], json!({"input": 5, "output": 22}), "{line}");
    assert_eq!((&line["finish_reason"], line.get("estimated")), (&json!("length"), None), "{line}");
}

const TOLD: u64 = 77;
