//! Proofs of reasoning, which no vendor takes of another.

use serde_json::json;

use super::{golden, said_in, targets};
use crate::support::{Call, Reply, Router, Upstream};

/// A turn that another vendor answered is no reason for the client's own to refuse the next one.
#[tokio::test]
async fn another_vendors_proofs_do_not_reach_the_clients_own() {
    let body = golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("anthropic", &upstream)).await;
    let ask = |signature: &str| {
        let call = Call::post("/v1/messages").header("anthropic-beta", "context-1m-2025-08-07");
        call.json(&json!({"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "t", "signature": signature},
                {"type": "text", "text": "a"},
            ]},
            {"role": "user", "content": "q"},
        ]}))
    };
    for (signature, reaches) in [("EqQB", true), ("onwards#gemini#x", false), ("", false)] {
        let answer = ask(signature).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{signature}: {}", answer.text());
        assert_eq!(answer.header("x-onwards-dropped"), None, "{signature}");
        let seen = upstream.last();
        let text = String::from_utf8_lossy(&seen.body);
        assert_eq!(text.contains("\"thinking\""), reaches, "{text}");
        assert_eq!(seen.header("anthropic-beta"), Some("context-1m-2025-08-07"), "{signature}");
        assert_eq!(seen.header("anthropic-version").is_some(), !reaches, "{signature}");
    }
}

/// Providers of OpenAI's kind serve Responses as well: what they have not made does not reach them
/// there either, and nothing makes chat completions of it.
#[tokio::test]
async fn another_vendors_proofs_do_not_reach_responses_of_openais_kind() {
    let body = golden("openai_responses", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let targets = json!({"targets": {"m": {"url": upstream.base(), "onwards_model": "gpt-5"}}});
    let router = Router::start(&targets).await;
    for (proof, reaches) in [("gAAAAABo", true), ("onwards#anthropic#EqQB", false)] {
        let call =
            Call::post("/v1/responses").json(&json!({"model": "m", "store": false, "input": [
                {"role": "user", "content": "q"},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": proof},
                {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
                 "content": [{"type": "output_text", "text": "a", "annotations": []}]},
                {"role": "user", "content": "q"},
            ]}));
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 200, "{proof}: {}", answer.text());
        assert!(said_in("openai_responses", &answer).is_some(), "{proof}: {}", answer.text());
        let seen = upstream.last();
        let text = String::from_utf8_lossy(&seen.body);
        assert_eq!(seen.target, "/v1/responses", "{proof}");
        assert_eq!(text.contains(proof), reaches, "{text}");
        assert!(!text.contains("onwards#"), "{text}");
    }
}
