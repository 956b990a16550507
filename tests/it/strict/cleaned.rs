//! Answers cleaned on their way: whole, streamed, packed, and those that are none.
//!
//! Never: what is not an answer reaches a client as an empty success.

use serde_json::json;

use super::strict;
use crate::support::upstream::gzip_stored;
use crate::support::{Call, End, Reply, Router, Upstream, chat_stream, pair};
use crate::translation::{call, golden, targets};

#[tokio::test]
async fn an_answer_is_cleaned_and_named_by_the_alias() {
    let body = r#"{"id":"chatcmpl-1", "provider":"MARKER","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"\u0068i","extra":{"MARKER":1}},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"cost":0.1}}"#;
    let wanted = r#"{"id":"chatcmpl-1", "object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"\u0068i"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#;
    let plain = Reply::new(200).header("content-type", "application/json").body(body);
    let packed = Reply::new(200)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(gzip_stored(body.as_bytes()));
    for reply in [plain.clone(), plain.chunked(), packed] {
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&strict(&upstream)).await;
        let answer = router.chat("m").await;
        assert_eq!((answer.status, answer.text().as_str()), (200, wanted));
        assert_eq!(answer.header("content-encoding"), None);
        assert_eq!(answer.header("content-length"), Some(&*wanted.len().to_string()));
    }
}

#[tokio::test]
async fn what_is_no_answer_is_malformed_and_falls_back() {
    let json = |body: &str| {
        Reply::new(200).header("content-type", "application/json").body(body.to_owned())
    };
    for reply in [
        json("{}"),
        json("[1]"),
        json(r#"{"choices":"MARKER"}"#),
        json(r#"{"choices":[{"delta":{}}]}"#),
        json("{\"choices\":["),
        Reply::new(200).header("content-type", "text/html").body("<p>MARKER"),
        Reply::new(200).body("MARKER"),
        Reply::sse(["data: MARKER\n\n"]),
        Reply::sse(["data: {\"choices\":\"MARKER\"}\n\n"]),
        Reply::new(200)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body("MARKER"),
    ] {
        let upstream = Upstream::start(reply.clone()).await;
        let router = Router::start(&strict(&upstream)).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.status, 502, "{reply:?}: {}", answer.text());
        assert_eq!(answer.code(), "upstream_malformed", "{reply:?}");

        let backup = Upstream::start(Reply::chat("hi")).await;
        let mut targets = pair(&upstream, &backup);
        targets["strict_mode"] = true.into();
        targets["targets"]["m"]["fallback"]["on"] = json!(["malformed"]);
        let router = Router::start(&targets).await;
        assert_eq!(router.chat("m").await.said(), "hi", "{reply:?}");
    }
}

#[tokio::test]
async fn a_stream_is_cleaned_event_by_event() {
    let pieces = [
        ": MARKER\n\nid: MARKER\nevent: MARKER\ndata:{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h",
        "é\"}}],\"MARKER\":{}}\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"!\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    ];
    let upstream = Upstream::start(Reply::sse(pieces)).await;
    let router = Router::start(&strict(&upstream)).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    let text = answer.text();
    assert_eq!((answer.status, answer.end), (200, End::Complete), "{text}");
    assert!(text.contains("hé") && text.ends_with("data: [DONE]\n\n"), "{text}");
    assert!(!text.contains("MARKER") && text.contains("\"model\":\"m\""), "{text}");
    assert!(text.contains("\"object\":\"chat.completion.chunk\""), "{text}");
}

#[tokio::test]
async fn json_in_answer_to_a_streams_request_is_streamed() {
    let upstream = Upstream::start(Reply::chat("hello")).await;
    let router = Router::start(&strict(&upstream)).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    let text = answer.text();
    assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{text}");
    assert!(text.contains("hello") && text.ends_with("data: [DONE]\n\n"), "{text}");
    assert!(text.contains("\"model\":\"m\""), "{text}");
}

#[tokio::test]
async fn a_stream_that_breaks_says_so_and_half_an_event_is_never_sent() {
    let said = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
    for last in ["data: {\"choices\":[{\"MARKER", "data: {\"choices\":\"MARKER\"}\n\n", ""] {
        let upstream = Upstream::start(Reply::sse([said, last])).await;
        let router = Router::start(&strict(&upstream)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        let text = answer.text();
        assert!(text.contains("hi") && text.contains("\"error\""), "{last}: {text}");
        assert!(!text.contains("MARKER") && !text.contains("[DONE]"), "{last}: {text}");
    }
}

/// Where no library raises an error that a stream tells, the transfer breaks as it does without.
#[tokio::test]
async fn a_translated_stream_that_breaks_ends_as_without_strict_mode() {
    let whole = golden("anthropic", "plain", "stream.sse");
    let text = String::from_utf8(whole).unwrap();
    let half: String = text.split_inclusive("\n\n").take(4).collect();
    let reply = Reply::new(200).header("content-type", "text/event-stream").chunked().body(half);
    let upstream = Upstream::start(reply).await;
    for strict_mode in [false, true] {
        let mut targets = targets("anthropic", &upstream);
        targets["strict_mode"] = strict_mode.into();
        let router = Router::start(&targets).await;
        for client in ["openai", "openai_responses", "gemini", "cohere"] {
            let answer = call(client, true).send(router.addr()).await;
            let is_mute = matches!(client, "openai_responses" | "cohere");
            let place = format!("{client} {strict_mode}: {}", answer.text());
            assert_eq!(answer.end == End::Complete, !is_mute, "{place}");
            assert!(place.contains("ended before the answer was complete"), "{place}");
        }
    }
}

#[tokio::test]
async fn strict_mode_reloads_live() {
    let reply = Reply::json(200, &json!({"choices": [{"message": {"content": "x"}}], "MARKER": 1}));
    let upstream = Upstream::start(reply).await;
    let mut targets = crate::support::open(&upstream);
    let router = Router::start(&targets).await;
    assert!(router.chat("m").await.text().contains("MARKER"));
    targets["strict_mode"] = true.into();
    router.write_targets(&targets).await;
    let cleaned = async || !router.chat("m").await.text().contains("MARKER");
    assert!(crate::support::eventually(std::time::Duration::from_secs(10), cleaned).await);
}
