//! Answers under rules: whole and streamed, in every protocol.
//!
//! Never: what a rule guards leaves in any piece of an answer.

use serde_json::{Value, json};

use super::{CARD, file, is_refusal, requests};
use crate::support::{
    Call, Reply, Router, Upstream, assert_ok, eventually,
    router::SeriesExt,
    secs,
    upstream::{Fault, Place},
};

#[tokio::test]
async fn no_answer_of_any_protocol_passes_with_what_is_refused() {
    let upstream = Upstream::start(Reply::chat(&format!("the card is {CARD}."))).await;
    let router = Router::start(&file(&upstream)).await;
    let mut asked = 0;
    for call in requests("said", "hi") {
        let answer = call.send(router.addr()).await;
        // A stream that has begun ends with an error event.
        assert!([200, 400].contains(&answer.status), "{}", answer.text());
        assert!(
            answer.text().contains("`said`") && !answer.text().contains("4111"),
            "{}",
            answer.text()
        );
        asked += 1;
    }
    assert_eq!(upstream.hits(), asked);
    // It was paid for, though no client has seen it.
    let tokens = router.metric("onwards_tokens_total", &[("alias", "said")]).await;
    assert!(tokens.is_some_and(|tokens| tokens > 0.0), "{tokens:?}");
    let count = [("rule", "said"), ("action", "deny")];
    assert_eq!(router.metric("onwards_guardrail_matches_total", &count).await, Some(asked as f64));
}

#[tokio::test]
async fn what_is_taken_out_of_an_answer_is_all_that_changes() {
    let body = r#"{ "id":"c1","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"to ann\u0040example.com \u0041"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;
    let wanted = body.replace("ann\\u0040example.com", "[redacted:told]");
    let json = Reply::new(200).header("content-type", "application/json");
    let packed = json
        .clone()
        .header("content-encoding", "gzip")
        .body(crate::support::upstream::gzip_stored(body.as_bytes()));
    for reply in [json.clone().body(body), json.body(body).chunked(), packed] {
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&file(&upstream)).await;
        let answer = router.chat("told").await;
        assert_eq!((answer.status, answer.text()), (200, wanted.clone()));
        assert_eq!(answer.header("content-length"), Some(&*wanted.len().to_string()));
        assert_eq!(answer.header("content-encoding"), None);
        let output = [("alias", "told"), ("kind", "output")];
        assert_eq!(router.metric("onwards_tokens_total", &output).await, Some(4.0));
    }
}

#[tokio::test]
async fn answers_that_are_no_json_are_looked_at_and_what_cannot_be_read_is_refused() {
    let reply = |status: u16, kind: &str, body: &[u8]| {
        Reply::new(status).header("content-type", kind).body(body.to_vec())
    };
    for (reply, wanted) in [
        (reply(200, "text/plain", b"to ann@example.com"), Some("to [redacted:told]")),
        (
            reply(400, "application/json", br#"{"error":{"message":"ann@example.com?"}}"#),
            Some("[redacted:told]?"),
        ),
        (reply(404, "text/html", b"<p>ann@example.com"), Some("<p>[redacted:told]")),
        (reply(200, "audio/mpeg", b"ID3\xff\xfb\x90\x00"), None),
        (reply(200, "application/octet-stream", b"\x00\xff"), None),
        (reply(200, "image/png", b"\x89PNG"), Some("")),
    ] {
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&file(&upstream)).await;
        let call = Call::post("/v1/unheard-of").json(&json!({"model": "told"}));
        let answer = call.send(router.addr()).await;
        match wanted {
            Some(wanted) => {
                assert!(answer.text().contains(wanted), "{}", answer.text());
                assert!(!answer.text().contains("ann@"), "{}", answer.text());
            }
            None => is_refusal(&answer, "told"),
        }
    }
    let upstream = Upstream::start(Reply::chat(CARD)).await;
    let router = Router::start(&file(&upstream)).await;
    assert_ok(&router.chat("seen").await);
    let count = [("rule", "seen"), ("action", "flag")];
    assert_eq!(router.metric("onwards_guardrail_matches_total", &count).await, Some(1.0));
}

/// A stream of chat completions whose text comes in these pieces.
pub(super) fn stream(pieces: &[&str]) -> Reply {
    let event = |choice: Value| {
        let data = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "up",
            "choices": [choice]});
        format!("data: {data}\n\n")
    };
    let mut events =
        vec![event(json!({"index": 0, "delta": {"role": "assistant", "content": ""}}))];
    events
        .extend(pieces.iter().map(|piece| event(json!({"index": 0, "delta": {"content": piece}}))));
    events.push(event(json!({"index": 0, "delta": {}, "finish_reason": "stop"})));
    events.push("data: [DONE]\n\n".to_owned());
    Reply::sse(events)
}

/// A request for a stream in each of the six protocols.
pub(super) fn streams(alias: &str) -> Vec<Call> {
    let at = |path: &str, body: Value| Call::post(path).json(&body);
    let user = json!([{"role": "user", "content": "q"}]);
    vec![
        at("/v1/chat/completions", json!({"model": alias, "stream": true, "messages": user})),
        at("/v1/responses", json!({"model": alias, "stream": true, "input": "q"})),
        at(
            "/v1/messages",
            json!({"model": alias, "stream": true, "max_tokens": 9, "messages": user}),
        ),
        at(
            &format!("/v1beta/models/{alias}:streamGenerateContent?alt=sse"),
            json!({"contents": [{"role": "user", "parts": [{"text": "q"}]}]}),
        ),
        at(
            &format!("/model/{alias}/converse-stream"),
            json!({"messages": [{"role": "user", "content": [{"text": "q"}]}]}),
        ),
        at("/v2/chat", json!({"model": alias, "stream": true, "messages": user})),
    ]
}

#[tokio::test]
async fn nothing_that_is_guarded_leaves_in_a_stream_of_any_protocol() {
    let pieces = [
        "Write to ann.sec",
        "ret@exam",
        "ple.com",
        ", it is",
        " 41",
        "11 1111",
        " 1111 1",
        "111, bye",
    ];
    let upstream = Upstream::start(stream(&pieces)).await;
    let router = Router::start(&file(&upstream)).await;
    for call in streams("told") {
        let answer = call.clone().send(router.addr()).await;
        let text = answer.text();
        assert_eq!(answer.status, 200, "{text}");
        assert!(text.contains("[redacted:told]") && text.contains("bye"), "{call:?}: {text}");
        for piece in &pieces[1..3] {
            assert!(!text.contains(piece), "{piece}: {text}");
        }
        assert!(!text.contains("ann.sec"), "{text}");
    }
    for call in streams("said") {
        let answer = call.clone().send(router.addr()).await;
        let text = answer.text();
        assert!(text.contains("`said`"), "{call:?}: {text}");
        // Each piece has a space in it, so that no random id reads like one.
        for piece in &pieces[5..] {
            assert!(!text.contains(piece), "{piece}: {text}");
        }
    }
    let count = |rule: &'static str, action: &'static str| [("rule", rule), ("action", action)];
    let metrics = router.metrics().await;
    assert_eq!(
        metrics.series("onwards_guardrail_matches_total", &count("told", "redact")),
        Some(6.0)
    );
    assert_eq!(
        metrics.series("onwards_guardrail_matches_total", &count("said", "deny")),
        Some(6.0)
    );
    // The provider did as it should: it does not rest, and is not blamed.
    for call in streams("seen") {
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("111, bye"));
    }
}

#[tokio::test]
async fn stream_that_is_refused_before_it_begins_is_counted() {
    let upstream = Upstream::start(stream(&[&format!("It is {CARD}.")])).await;
    let router = Router::start(&file(&upstream)).await;
    // The role goes on at once; of another protocol nothing does.
    let answer = streams("said")[3].clone().send(router.addr()).await;
    is_refusal(&answer, "said");
    let input = [("alias", "said"), ("kind", "input")];
    let tokens = router.metric("onwards_tokens_total", &input).await;
    assert!(tokens.is_some_and(|tokens| tokens > 0.0), "{tokens:?}");
}

#[tokio::test]
async fn what_was_held_goes_out_before_a_break_is_told() {
    let reply = stream(&["See 4111", " 11", " and more"]);
    let upstream = Upstream::start(reply.fault(Place::Piece(3), Fault::Reset)).await;
    let router = Router::start(&file(&upstream)).await;
    for call in &streams("said")[..3] {
        let text = call.clone().send(router.addr()).await.text();
        assert!(text.contains("See 4111") && text.contains("\" 11\""), "{call:?}: {text}");
        assert!(text.contains("error"), "{call:?}: {text}");
    }
    // It is known what guardrails have found, and the page shows it.
    Call::chat(&json!({"model": "m", "messages": [{"role": "user", "content": CARD}]}))
        .send(router.addr())
        .await;
    let last = async || Call::get("/status").send(router.metrics_addr()).await.json();
    let is_there = async || last().await["requests"][0]["guardrails"] == json!(["cards=deny"]);
    assert!(eventually(secs(10), is_there).await, "{}", last().await["requests"][0]);
}

#[tokio::test]
async fn what_passes_in_a_stream_is_what_came() {
    let pieces = ["\u{e9}t\u{e9} \"a\"", " is 4111 1111 1111 11", "12 \\ ok?", " by", "e"];
    let upstream = Upstream::start(stream(&pieces)).await;
    let router = Router::start(&file(&upstream)).await;
    let plain = streams("free")[0].clone().key("sk-eve").send(router.addr()).await;
    let guarded = streams("said")[0].clone().send(router.addr()).await;
    assert_eq!(guarded.text(), plain.text());
    assert_eq!(guarded.header("content-type"), plain.header("content-type"));
}

#[tokio::test]
async fn stream_that_is_not_called_one_is_refused() {
    let delta = |piece: &str| json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
    let events = ["ann@exam", "ple.com"].map(|piece| format!("data: {}\n\n", delta(piece)));
    for reply in [Reply::new(200), Reply::new(200).header("content-type", "text/plain")] {
        let upstream = Upstream::start(reply.body(events.concat())).await;
        let router = Router::start(&file(&upstream)).await;
        is_refusal(&streams("told")[0].clone().send(router.addr()).await, "told");
    }
}

#[tokio::test]
async fn stream_whose_texts_are_not_known_is_refused_before_a_provider_is_asked() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&file(&upstream)).await;
    for call in [
        Call::post("/v1beta/models/told:streamGenerateContent")
            .json(&json!({"contents": [{"parts": [{"text": "q"}]}]})),
        Call::post("/v1/images/generations")
            .json(&json!({"model": "told", "stream": true, "prompt": "q"})),
        Call::post("/v1/unheard-of").json(&json!({"model": "told", "stream": true})),
    ] {
        is_refusal(&call.send(router.addr()).await, "told");
    }
    assert_eq!(upstream.hits(), 0);
}
