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
        let call = Call::post("/v1/messages")
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", "context-1m-2025-08-07");
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
        assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"), "{signature}");
    }
}

/// A foreign proof costs its own block alone: everything else that only its vendor knows stays, byte for
/// byte, and so does the answer.
#[tokio::test]
async fn a_foreign_proof_costs_only_its_own_block() {
    let answer = r#"{"id":"msg_1","type":"message","content":[{"type":"server_tool_use","id":"s"}], "usage":{"input_tokens":1,"output_tokens":1}}"#;
    let reply = Reply::new(200).header("content-type", "application/json").body(answer);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("anthropic", &upstream)).await;
    let own = r#"{"type":"search_result", "source":"s","title":"t","content":[{"type":"text","text":"x"}]}"#;
    let body = |foreign: &str| {
        format!(
            r#"{{"max_tokens":9, "tools":[{{"type":"web_search_20250305","name":"web_search"}}],"messages":[{{"role":"user","content":[{own}]}},{{"role":"assistant","content":[{foreign}{{"type":"text","text":"a"}}]}},{{"role":"user","content":"q"}}],"context_management":{{"edits":[]}},"model":"m"}}"#
        )
    };
    let foreign = r#"{"type":"redacted_thinking","data":"onwards#gemini@google+call#x"},"#;
    for beta in ["", "?beta=true"] {
        let call =
            Call::post(&format!("/v1/messages{beta}")).header("content-type", "application/json");
        let answered = call.body(body(foreign)).send(router.addr()).await;
        assert_eq!((answered.status, answered.text().as_str()), (200, answer));
        assert_eq!(answered.header("x-onwards-dropped"), None);
        let seen = String::from_utf8(upstream.last().body.to_vec()).unwrap();
        let wanted = body("")
            .replace(r#""model":"m""#, &seen[seen.rfind(r#""model""#).unwrap()..seen.len() - 1]);
        assert_eq!(seen, wanted);
    }
}

/// Where a model must have thought before its calls, another vendor's calls end the thinking: that is told,
/// or refused.
#[tokio::test]
async fn thinking_that_ends_with_a_foreign_proof_is_named() {
    let body = golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    for (lossy, status) in [("warn", 200), ("refuse", 400)] {
        let mut file = targets("anthropic", &upstream);
        file["targets"]["m"]["lossy"] = json!(lossy);
        let router = Router::start(&file).await;
        let call = Call::post("/v1/messages").json(&json!({"model": "m", "max_tokens": 4096,
            "thinking": {"type": "enabled", "budget_tokens": 2048}, "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [
                {"type": "redacted_thinking", "data": "onwards#gemini@google+call#x"},
                {"type": "tool_use", "id": "1", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "r"}]},
        ]}));
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        if status == 200 {
            assert_eq!(answer.header("x-onwards-dropped"), Some("thinking"));
            let seen = upstream.last().json();
            assert_eq!(seen["thinking"], json!({"type": "disabled"}));
        }
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
