//! What opens an answer: content, or what only looks like an answer.
//!
//! Never: a client is given the beginning of what another provider could have answered whole.

use serde_json::{Value, json};

use crate::support::upstream::chunk_event;
use crate::support::{
    Call, End, Fault, Place, Reply, Router, Upstream, assert_ok, assert_stream_error, chat_stream,
    ms, pair,
};

fn event(data: &Value) -> String {
    match data["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

/// What clients of a protocol ask, and what their providers send before they have anything to say.
fn openings() -> Vec<(&'static str, &'static str, Value, Vec<Value>, Value)> {
    let chunk = |choices: Value| {
        json!({"id": "c", "object": "chat.completion.chunk", "created": 1,
        "model": "m", "choices": choices})
    };
    let said = |text: &str| {
        chunk(json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]))
    };
    let filters = json!({"choices": [], "prompt_filter_results": [{"prompt_index": 0,
        "content_filter_results": {"hate": {"filtered": false, "severity": "safe"}}}]});
    let role =
        chunk(json!([{"index": 0, "delta": {"role": "assistant", "content": "", "refusal": null},
        "finish_reason": null}]));
    let messages = json!([{"role": "user", "content": "hi"}]);
    let text = json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": "hi"}});
    vec![
        (
            "/v1/chat/completions",
            "openai",
            json!({"model": "m", "stream": true, "messages": messages}),
            vec![filters, role, said(""), chunk(json!([]))],
            said("hi"),
        ),
        (
            "/v1/messages",
            "anthropic",
            json!({"model": "m", "stream": true, "max_tokens": 9, "messages": messages}),
            vec![
                json!({"type": "message_start", "message": {"id": "m", "type": "message",
                    "role": "assistant", "model": "c", "content": [], "usage": {"input_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0,
                    "content_block": {"type": "text", "text": ""}}),
                json!({"type": "ping"}),
                json!({"type": "of.the.future", "level": 3}),
            ],
            text,
        ),
        (
            "/v1/responses",
            "openai_responses",
            json!({"model": "m", "stream": true, "input": "hi"}),
            vec![
                json!({"type": "response.created", "sequence_number": 0, "response": {"id": "r",
                    "object": "response", "status": "in_progress", "output": []}}),
                json!({"type": "keepalive", "sequence_number": 1}),
                json!({"type": "response.output_item.added", "sequence_number": 1, "output_index": 0,
                    "item": {"id": "i", "type": "message", "status": "in_progress",
                        "role": "assistant", "content": []}}),
            ],
            json!({"type": "response.output_text.delta", "sequence_number": 2, "item_id": "i",
                "output_index": 0, "content_index": 0, "delta": "hi"}),
        ),
        (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "gemini",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
            vec![json!({"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]},
                "index": 0}], "usageMetadata": {"promptTokenCount": 1}, "modelVersion": "g"})],
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}}]}),
        ),
    ]
}

/// The stream's beginning, and then what becomes of it.
fn opened(opening: &[Value], fault: &str) -> Reply {
    let mut pieces: Vec<String> = opening.iter().map(event).collect();
    match fault {
        "error" => pieces.push(event(&json!({"error": {"code": 503, "message": "busy"}}))),
        "broken" => pieces.push("data: {\"choices\":[{\"del\n\n".into()),
        _ => {}
    }
    let reply = Reply::sse(pieces);
    match fault {
        "reset" => reply.paced(ms(20)).fault(Place::LastPiece, Fault::Reset),
        "stall" => reply.fault(Place::LastPiece, Fault::Stall),
        _ => reply,
    }
}

#[tokio::test]
async fn what_comes_before_content_is_not_given_to_the_client_in_any_protocol() {
    for (path, protocol, body, opening, content) in openings() {
        for fault in ["error", "cut", "reset", "stall", "broken"] {
            let first = Upstream::start(opened(&opening, fault)).await;
            let second = Upstream::start(Reply::sse([event(&content)])).await;
            let mut targets = pair(&first, &second);
            for at in [0, 1] {
                targets["targets"]["m"]["providers"][at]["protocol"] = protocol.into();
            }
            targets["targets"]["m"]["timeouts"] = json!({"first_event_ms": 500});
            let router = Router::start(&targets).await;
            let answer = Call::post(path).json(&body).send(router.addr()).await;
            let place = format!("{protocol}, {fault}: {}, {}", answer.attempts(), answer.text());
            assert!(answer.attempts().ends_with("second=200"), "{place}");
            assert!(answer.text().contains("hi"), "{place}");
            assert_eq!((first.hits(), second.hits()), (1, 1), "{place}");
            for data in &opening {
                assert!(!answer.text().contains(&event(data)), "{place}");
            }
        }
        let mut all = opening;
        all.push(content);
        let first = Upstream::start(Reply::sse(all.iter().map(event))).await;
        let second = Upstream::start(Reply::chat("no")).await;
        let mut targets = pair(&first, &second);
        targets["targets"]["m"]["providers"][0]["protocol"] = protocol.into();
        let router = Router::start(&targets).await;
        let answer = Call::post(path).json(&body).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{protocol}");
        let whole: String = all.iter().map(event).collect();
        assert!(answer.text().starts_with(&whole), "{protocol}: what was held comes all the same");
    }
}

#[tokio::test]
async fn a_200_that_is_no_answer_is_malformed() {
    let html =
        |kind: &str| Reply::new(200).header("content-type", kind).body("<html>sign in</html>");
    let json =
        |body: &'static str| Reply::new(200).header("content-type", "application/json").body(body);
    let events =
        |body: &'static str| Reply::new(200).header("content-type", "text/event-stream").body(body);
    let no_type = Reply::new(200).body("upstream connect error");
    for reply in [
        html("text/html; charset=utf-8"),
        html("text/plain"),
        html("application/json"),
        html("text/event-stream"),
        json(""),
        json("  \n"),
        json("{\"id\":\"x\",\"choices\":[{\"mess"),
        json("{not json}"),
        json("null"),
        json("ok"),
        events("data: oops\n\n"),
        events("data: {\"choices\":[\n\n"),
        events("data: [DONE]\n\n"),
        no_type,
    ] {
        for stream in [false, true] {
            for (protocol, path) in [
                ("openai", "/v1/chat/completions"),
                ("anthropic", "/v1/chat/completions"),
                ("openai", "/v1/messages"),
            ] {
                let first = Upstream::start(reply.clone()).await;
                let second = Upstream::start(match stream {
                    true => Reply::chat_stream(&["hi"]),
                    false => Reply::chat("hi"),
                })
                .await;
                let mut targets = pair(&first, &second);
                targets["targets"]["m"]["providers"][0]["protocol"] = protocol.into();
                targets["targets"]["m"]["fallback"] =
                    json!({"enabled": true, "on_status": [], "on": ["malformed"]});
                let router = Router::start(&targets).await;
                let body = json!({"model": "m", "max_tokens": 9, "stream": stream,
                    "messages": [{"role": "user", "content": "hi"}]});
                let answer = Call::post(path).json(&body).send(router.addr()).await;
                let place = format!(
                    "{protocol} {path} {stream} {:?}: {}, {}",
                    String::from_utf8_lossy(&reply.payload()),
                    answer.attempts(),
                    answer.text()
                );
                assert_eq!(answer.status, 200, "{place}");
                assert!(answer.attempts().ends_with("second=200"), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_answer_counts_for_health_and_is_502_where_it_does_not_fall_back() {
    let page = || Reply::new(200).header("content-type", "text/html").body("<html>");
    let (first, second) = (Upstream::start(page()).await, Upstream::start(Reply::chat("hi")).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["cooldown"] = json!({"failures": 1});
    let router = Router::start(&targets).await;
    assert_ok(&router.chat("m").await);
    assert_eq!(router.chat("m").await.attempts(), "first=cooling,second=200");
    targets["targets"]["m"]["fallback"]["on_status"] = json!([429]);
    let router = Router::start(&targets).await;
    let answer = router.chat("m").await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "upstream_malformed"));
}

#[tokio::test]
async fn a_broken_event_in_the_middle_ends_the_stream_before_it() {
    for broken in
        ["data: {\"choices\":[{\"delta\":{\"con\n\n", "data: {oops}\n\n", "data: <html>\r\n\r\n"]
    {
        let pieces = [chunk_event("a"), chunk_event("b") + broken + &chunk_event("c")];
        let first = Upstream::start(Reply::sse(pieces)).await;
        let second = Upstream::start(Reply::chat("no")).await;
        let router = Router::start(&pair(&first, &second)).await;
        let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
        let (mut seen, end) = events.all().await;
        assert_eq!(end, End::Complete, "{broken}");
        assert_stream_error(&seen.pop().unwrap());
        let texts: Vec<String> = seen.iter().map(|event| format!("{}\n\n", event.text)).collect();
        assert_eq!(texts, [chunk_event("a"), chunk_event("b")], "{broken}");
        let labels = [("alias", "m"), ("reason", "malformed")];
        assert_eq!(router.metric("onwards_broken_answers_total", &labels).await, Some(1.0));
    }
}
