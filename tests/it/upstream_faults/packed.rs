//! Answers that a provider compresses although it was not asked to.
//!
//! Never: a compressed error passes for an answer, or a compressed answer costs nothing.

use serde_json::{Value, json};

use crate::support::upstream::{chunk_event, gzip_stored};
use crate::support::{
    Call, Reply, Router, Upstream, assert_ok, chat, chat_stream, eventually, ms, open, pair, secs,
};

fn packed(media_type: &str, body: &str) -> Reply {
    Reply::new(200)
        .header("content-type", media_type)
        .header("content-encoding", "gzip")
        .body(gzip_stored(body.as_bytes()))
}

/// As the vendors' SDKs ask.
fn ask(body: &Value) -> Call {
    Call::chat(body).header("accept-encoding", "gzip, deflate, br, zstd")
}

#[tokio::test]
async fn b18_no_compressed_answer_is_asked_for_where_a_model_answers() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    assert_ok(&ask(&chat("m")).send(router.addr()).await);
    assert_eq!(upstream.last().header("accept-encoding"), None);
    let call = Call::get("/v1/files/f/content").header("accept-encoding", "br");
    assert_ok(&call.header("model-override", "m").send(router.addr()).await);
    assert_eq!(upstream.last().header("accept-encoding"), Some("br"));
}

#[tokio::test]
async fn b18_a_compressed_failure_falls_back_like_a_plain_one() {
    let role = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]});
    let failures = [
        (false, packed("application/json", r#"{"error":{"message":"busy","code":503}}"#)),
        (false, packed("application/json", "")),
        (false, packed("application/json", "{\"choices\":[")),
        (false, packed("application/json", "x").body("this is not gzip")),
        (true, packed("text/event-stream", "data: {\"error\":{\"code\":503}}\n\n")),
        (true, packed("text/event-stream", &format!("data: {role}\n\n"))),
    ];
    for (nth, (stream, failure)) in failures.into_iter().enumerate() {
        let first = Upstream::start(failure).await;
        let good =
            if stream { Reply::chat_stream(&["well"]).paced(ms(1)) } else { Reply::chat("well") };
        let second = Upstream::start(good).await;
        let mut targets = pair(&first, &second);
        targets["targets"]["m"]["fallback"]["on"] = json!(["malformed", "server_error"]);
        let router = Router::start(&targets).await;
        let body = if stream { chat_stream("m") } else { chat("m") };
        let answer = ask(&body).send(router.addr()).await;
        let place = format!("{nth}: {} {} {}", answer.status, answer.attempts(), answer.text());
        assert_eq!(answer.status, 200, "{place}");
        assert!(answer.attempts().ends_with("second=200"), "{place}");
        assert!(answer.text().contains("well"), "{place}");
    }
}

#[tokio::test]
async fn b18_tokens_of_a_compressed_answer_are_counted() {
    let told = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "hi"}}],
        "usage": {"prompt_tokens": 77, "completion_tokens": 233, "total_tokens": 310}});
    let last = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [], "usage": told["usage"]});
    let events = [chunk_event("hi"), format!("data: {last}\n\n"), "data: [DONE]\n\n".to_owned()];
    for (stream, reply) in [
        (false, packed("application/json", &told.to_string())),
        (true, packed("text/event-stream", &events.concat())),
    ] {
        let upstream = Upstream::start(reply).await;
        let mut file = open(&upstream);
        file["targets"]["m"]["price"] = json!({"input": 1, "output": 2});
        let router = Router::start(&file).await;
        let body = if stream { chat_stream("m") } else { chat("m") };
        let answer = ask(&body).send(router.addr()).await;
        assert_ok(&answer);
        assert!(answer.text().contains("hi"), "{}", answer.text());
        let counted = async || {
            let text = router.stdout_text();
            let line = text.lines().last().map(|line| serde_json::from_str::<Value>(line).unwrap());
            line.is_some_and(|line| {
                line["usage"] == json!({"input": 77, "output": 233}) && line["cost"].is_number()
            })
        };
        assert!(eventually(secs(10), counted).await, "{stream}: {}", router.stdout_text());
    }
}
