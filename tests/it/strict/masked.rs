//! Errors and headers of providers, masked: whole, inside a 200, inside a stream.
//!
//! Never: an error of the router's own is masked.

use serde_json::{Value, json};

use super::{seen, strict};
use crate::support::{Call, Reply, Router, Upstream, chat, chat_stream, open, pair};

#[tokio::test]
async fn each_status_of_a_provider_becomes_the_clients() {
    for (theirs, ours, kind) in [
        (401, 502, "api_error"),
        (402, 502, "api_error"),
        (403, 502, "api_error"),
        (451, 502, "api_error"),
        (408, 504, "api_error"),
        (400, 400, "invalid_request_error"),
        (404, 404, "not_found_error"),
        (413, 413, "invalid_request_error"),
        (422, 422, "invalid_request_error"),
        (429, 429, "rate_limit_error"),
        (500, 500, "api_error"),
        (503, 503, "api_error"),
        (529, 502, "api_error"),
    ] {
        let reply = Reply::error(theirs, "MARKER sk-upstream")
            .header("x-marker", "MARKER")
            .header("openai-processing-ms", "7")
            .header("retry-after", "9")
            .header("x-ratelimit-remaining-requests", "3");
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&strict(&upstream)).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.status, ours, "{theirs}: {}", answer.text());
        assert_eq!(answer.json()["error"]["type"], kind, "{theirs}: {}", answer.text());
        assert!(!seen(&answer).contains("MARKER"), "{theirs}: {answer:?}");
        assert!(answer.header("openai-processing-ms").is_none());
        assert_eq!(answer.header("retry-after"), Some("9"));
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("3"));
        let id = answer.header("x-request-id").unwrap().to_owned();
        let logged = crate::support::eventually(std::time::Duration::from_secs(10), async || {
            let log = router.log_text();
            log.lines().any(|line| line.contains("MARKER") && line.contains(&id))
        });
        assert!(logged.await, "{theirs}: the text is in the log: {}", router.log_text());
    }
}

#[tokio::test]
async fn errors_inside_a_200_and_inside_a_stream_are_masked_too() {
    let error = |code: Value| json!({"error": {"message": "MARKER", "code": code}});
    for (code, status) in [
        (json!(429), 429),
        (json!("429"), 429),
        (json!("rate_limit_exceeded"), 429),
        (json!("context_length_exceeded"), 400),
        (json!(401), 502),
        (json!("MARKER"), 502),
    ] {
        let upstream = Upstream::start(Reply::json(200, &error(code.clone()))).await;
        let router = Router::start(&strict(&upstream)).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.status, status, "{code}: {}", answer.text());
        assert!(!answer.text().contains("MARKER"), "{code}: {}", answer.text());

        let first = format!("data: {}\n\n", error(code.clone()));
        let upstream = Upstream::start(Reply::sse([first])).await;
        let router = Router::start(&strict(&upstream)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_eq!(answer.status, status, "{code}: {}", answer.text());
        assert!(!answer.text().contains("MARKER"), "{code}: {}", answer.text());

        let said = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n".to_owned();
        let later = format!("data: {}\n\n", error(code.clone()));
        let upstream = Upstream::start(Reply::sse([said, later])).await;
        let router = Router::start(&strict(&upstream)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        let text = answer.text();
        assert!(text.contains("hi") && text.contains("\"error\""), "{code}: {text}");
        assert!(!text.contains("MARKER") && !text.contains("[DONE]"), "{code}: {text}");
    }
}

/// Agents go by the failed response, and by no error beside it.
#[tokio::test]
async fn a_failed_response_is_masked_in_its_own_form() {
    let delta = json!({"type": "response.output_text.delta", "item_id": "i", "output_index": 0,
        "content_index": 0, "delta": "hi", "sequence_number": 3});
    let failed = json!({"type": "response.failed", "sequence_number": 4, "MARKER": 1,
        "response": {"id": "resp_9", "object": "response", "created_at": 7, "status": "failed",
            "error": {"code": "rate_limit_exceeded", "message": "MARKER"}, "model": "MARKER",
            "output": [], "MARKER": 1}});
    let events = [delta, failed].map(|event| format!("data: {event}\n\n"));
    let upstream = Upstream::start(Reply::sse(events)).await;
    let router = Router::start(&strict(&upstream)).await;
    let call =
        Call::post("/v1/responses").json(&json!({"model": "m", "input": "x", "stream": true}));
    let text = call.send(router.addr()).await.text();
    let (_, last) = text.split_once("event: response.failed\ndata: ").unwrap();
    let last: Value = serde_json::from_str(last.trim()).unwrap();
    assert_eq!((&last["sequence_number"], &last["response"]["id"]), (&json!(4), &json!("resp_9")));
    assert_eq!(last["response"]["status"], "failed", "{text}");
    assert_eq!(last["response"]["error"]["code"], "rate_limit_exceeded", "{text}");
    assert_eq!(last["response"]["model"], "m", "{text}");
    assert!(text.contains("\"hi\"") && !text.contains("MARKER"), "{text}");
}

#[tokio::test]
async fn trust_is_that_of_the_provider_that_answered() {
    for (trusted, own, shown) in [
        (true, None, true),
        (false, None, false),
        (true, Some(false), false),
        (false, Some(true), true),
    ] {
        let upstream = Upstream::start(Reply::error(400, "MARKER")).await;
        let mut targets = strict(&upstream);
        let url = targets["targets"]["m"]["url"].take();
        let mut provider = json!({"url": url});
        if let Some(own) = own {
            provider["trusted"] = own.into();
        }
        targets["targets"]["m"] = json!({"trusted": trusted, "providers": [provider]});
        let router = Router::start(&targets).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.text().contains("MARKER"), shown, "{trusted} {own:?}: {answer:?}");
    }
}

#[tokio::test]
async fn sanitizing_alone_masks_and_the_providers_own_value_wins() {
    for (pool, own, masked) in [
        (true, None, true),
        (true, Some(false), false),
        (false, Some(true), true),
        (false, None, false),
    ] {
        let upstream =
            Upstream::start(Reply::error(500, "MARKER").header("x-marker", "MARKER")).await;
        let mut provider = json!({"url": upstream.base()});
        if let Some(own) = own {
            provider["sanitize_response"] = own.into();
        }
        let pool = json!({"sanitize_response": pool, "providers": [provider]});
        let router = Router::start(&json!({"targets": {"m": pool}})).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.status, 500);
        assert_eq!(!seen(&answer).contains("MARKER"), masked, "{own:?}: {answer:?}");
    }
}

#[tokio::test]
async fn masking_changes_nothing_of_falling_back() {
    let first = Upstream::start(Reply::json(200, &json!({"error": {"code": 429}}))).await;
    let backup = Upstream::start(Reply::chat("hi")).await;
    let mut targets = pair(&first, &backup);
    targets["strict_mode"] = true.into();
    let router = Router::start(&targets).await;
    let answer = router.chat("m").await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "hi"));
    assert_eq!((first.hits(), backup.hits()), (1, 1));
}

#[tokio::test]
async fn credentials_in_what_is_logged_are_not_shown() {
    let reply = Reply::error(401, "Incorrect key sk-secret-1 of caller-key-9");
    let upstream = Upstream::start(reply).await;
    let mut targets = strict(&upstream);
    targets["targets"]["m"]["onwards_key"] = "sk-secret-1".into();
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat("m")).key("caller-key-9").send(router.addr()).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["message"].as_str()),
        (502, Some("Bad gateway"))
    );
    let logged = async || router.log_text().contains("Incorrect key ***");
    assert!(crate::support::eventually(std::time::Duration::from_secs(10), logged).await);
    let log = router.log_text();
    assert!(!log.contains("sk-secret-1") && !log.contains("caller-key-9"), "{log}");
}

#[tokio::test]
async fn with_everything_off_answers_pass_as_they_came() {
    let reply = Reply::error(401, "MARKER").header("x-marker", "MARKER");
    let upstream = Upstream::start(reply.clone()).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = router.chat("m").await;
    assert_eq!((answer.status, answer.header("x-marker")), (401, Some("MARKER")));
    assert_eq!(answer.body, reply.payload());
}

/// The six protocols' ways to ask for an alias, whole.
fn six(alias: &str) -> [(String, Value); 6] {
    let messages = json!([{"role": "user", "content": "hi"}]);
    [
        ("/v1/chat/completions".into(), json!({"model": alias, "messages": messages})),
        ("/v1/responses".into(), json!({"model": alias, "input": "hi"})),
        ("/v1/messages".into(), json!({"model": alias, "max_tokens": 20, "messages": messages})),
        (
            format!("/v1beta/models/{alias}:generateContent"),
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        ),
        (
            format!("/model/{alias}/converse"),
            json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
        ),
        ("/v2/chat".into(), json!({"model": alias, "messages": messages})),
    ]
}

#[tokio::test]
async fn an_invalid_answer_is_told_the_same_with_and_without_cleaning() {
    for body in [r#"{"hello":"world"}"#, "[]", "\"x\"", "null", "", "{\"a\":"] {
        let reply = Reply::new(200).header("content-type", "application/json").body(body);
        let upstream = Upstream::start(reply).await;
        let mut targets = json!({});
        for protocol in ["openai", "openai_responses", "anthropic", "gemini", "bedrock", "cohere"] {
            let target =
                json!({"url": upstream.base(), "protocol": protocol, "onwards_key": "absk-key-1"});
            targets[protocol] = target.clone();
            targets[format!("s-{protocol}")] = target;
            targets[format!("s-{protocol}")]["sanitize_response"] = json!(true);
        }
        let router = Router::start(&json!({"targets": targets})).await;
        for protocol in ["openai", "openai_responses", "anthropic", "gemini", "bedrock", "cohere"] {
            let clean = format!("s-{protocol}");
            for ((path, plain), (strict_path, strict)) in six(protocol).into_iter().zip(six(&clean))
            {
                let strict = router.post(&strict_path, "", &strict).await;
                assert_ne!(strict.status / 100, 2, "{protocol} {path} {body}: {}", strict.text());
                assert_ne!(strict.status, 400, "{protocol} {path} {body}: {}", strict.text());
                if path == "/v1/chat/completions" {
                    assert_eq!(strict.code(), "upstream_malformed", "{protocol} {body}");
                }
                let plain = router.post(&path, "", &plain).await;
                // Without cleaning, answers of the client's own protocol pass as they are.
                if plain.status != 200 {
                    assert_eq!(strict.status, plain.status, "{protocol} {path} {body}");
                    let message = |answer: &crate::support::Response| {
                        let json = answer.json();
                        let error =
                            if json["error"].is_object() { json["error"].clone() } else { json };
                        error["message"].as_str().unwrap_or_default().to_owned()
                    };
                    assert_eq!(message(&strict), message(&plain), "{protocol} {path} {body}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_error_event_of_cohere_holds_a_sentence_and_no_event() {
    let said =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
    for rest in ["", "data: {\"broken\n\n"] {
        let upstream = Upstream::start(Reply::sse([said.to_owned(), rest.to_owned()])).await;
        let mut file = open(&upstream);
        file["targets"]["m"]["sanitize_response"] = json!(true);
        let router = Router::start(&file).await;
        let body =
            json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        let answer = router.post("/v2/chat", "", &body).await;
        let text = answer.text();
        let last = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let event: Value = serde_json::from_str(last).unwrap();
        let error = event["delta"]["error"].as_str().unwrap_or_default();
        assert!(!error.is_empty() && !error.contains('{'), "{text}");
    }
}
