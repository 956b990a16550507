//! What a translation builds is counted and bounded; what passes as it came is not.
//!
//! Never: a body that costs many times its length, or an answer cut short that looks complete.

use serde_json::{Value, json};

use super::{golden, targets};
use crate::support::{Call, Launch, Reply, Router, Upstream};

const SMALL_VALUES: usize = 200_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_mere_structure_is_refused_where_it_is_translated_and_passes_where_it_is_not()
{
    let parts = vec![json!({"type": "text", "text": "a"}); 99_000];
    let body = json!({"model": "m", "messages": [{"role": "user", "content": parts}]});
    let upstream = Upstream::start(answer("anthropic")).await;
    let router = Router::start(&targets("anthropic", &upstream)).await;
    let refused = Call::chat(&body).send(router.addr()).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("too many small values"), "{}", refused.text());
    assert!(upstream.requests().is_empty());

    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&targets("openai", &upstream)).await;
    assert_eq!(Call::chat(&body).send(router.addr()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_mere_structure_is_malformed() {
    let body = format!(r#"{{"choices":[{}{{}}]}}"#, "{},".repeat(SMALL_VALUES));
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("openai", &upstream)).await;
    for stream in [false, true] {
        let answer = message(json!("q"), stream).send(router.addr()).await;
        assert_eq!(answer.status, 502, "{:.500}", answer.text());
        assert_eq!(answer.json()["type"], "error");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_translation_counts_against_the_room_of_all_bodies() {
    let upstream = Upstream::start(answer("anthropic")).await;
    let args = ["--max-bodies", "3MiB"];
    let router = Launch::new(&targets("anthropic", &upstream)).args(args).start().await;
    let sent = |length: usize| {
        let text = "a".repeat(length);
        Call::chat(&json!({"model": "m", "messages": [{"role": "user", "content": text}]}))
    };
    let refused = sent(1 << 20).send(router.addr()).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["error"]["code"], "no_room");
    for _ in 0..3 {
        let taken = sent(600 << 10).send(router.addr()).await;
        assert_eq!(taken.status, 200, "what was taken is given back: {}", taken.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_gathered_ends_with_an_error_where_it_is_too_long() {
    let text = "a".repeat(1 << 20);
    let event = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let events =
        format!("data: {event}\n\n").repeat(18) + &format!("data: {end}\n\ndata: [DONE]\n\n");
    let reply = Reply::new(200).header("content-type", "text/event-stream").body(events);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("openai", &upstream)).await;
    let answer = message(json!("q"), true).send(router.addr()).await;
    let text = answer.text();
    assert_eq!(answer.status, 200);
    assert!(
        text.contains("longer than the router translates"),
        "{:.300}",
        &text[text.len() - 300..]
    );
    assert!(!text.contains("message_stop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_only_shows_signs_of_life_is_passed_over() {
    let pings = "event: ping\ndata: {\"type\":\"ping\"}\n\n".repeat(40_000);
    let reply = Reply::new(200).header("content-type", "text/event-stream").body(pings);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("anthropic", &upstream)).await;
    let body =
        json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "q"}]});
    let answer = Call::chat(&body).send(router.addr()).await;
    assert_eq!(answer.status, 502, "{}", answer.text());
}

fn message(content: Value, stream: bool) -> Call {
    let messages = json!([{"role": "user", "content": content}]);
    let body = json!({"model": "m", "max_tokens": 9, "stream": stream, "messages": messages});
    Call::post("/v1/messages").json(&body)
}

fn answer(protocol: &str) -> Reply {
    let body = golden(protocol, "plain", "response.json");
    Reply::new(200).header("content-type", "application/json").body(body)
}

#[tokio::test]
async fn a_stream_of_more_parts_than_any_models_ends_with_an_error() {
    let event = r#"{"choices":[{"index":0,"delta":{"reasoning_content":"a","content":"b"}}]}"#;
    let events = format!("data: {event}\n\n").repeat(60_000);
    let reply = Reply::new(200).header("content-type", "text/event-stream").body(events);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("openai", &upstream)).await;
    let body = json!({"model": "m", "max_tokens": 9, "stream": true,
        "messages": [{"role": "user", "content": "q"}]});
    let answer = Call::post("/v1/messages").json(&body).send(router.addr()).await;
    let text = answer.text();
    assert!(text.trim_end().rsplit("\n\n").next().unwrap().starts_with("event: error"));
    assert!(!text.contains("message_stop"));
}
