//! A provider that repeats the credential which it was sent.
//!
//! Never: a client reads the organisation's credential in an error, in any protocol.

use serde_json::{Value, json};

use crate::support::upstream::gzip_stored;
use crate::support::{Call, Reply, Router, Script, Upstream};

const CREDENTIAL: &str = "operators-own-credential-7421";

fn ways() -> Vec<(&'static str, Value)> {
    let messages = json!([{"role": "user", "content": "hi"}]);
    vec![
        ("/v1/chat/completions", json!({"model": "m", "messages": messages})),
        ("/v1/chat/completions", json!({"model": "m", "stream": true, "messages": messages})),
        ("/v1/responses", json!({"model": "m", "input": "hi"})),
        ("/v1/messages", json!({"model": "m", "max_tokens": 9, "messages": messages})),
        (
            "/v1beta/models/m:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        ),
        ("/model/m/converse", json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]})),
        ("/v2/chat", json!({"model": "m", "messages": messages})),
    ]
}

/// An error that names the credential, as JSON, as text, packed, and inside a success.
fn replies() -> Vec<(u16, Reply)> {
    let message = format!("Incorrect API key provided: {CREDENTIAL}.");
    let error = json!({"error": {"message": message, "type": "invalid_request_error",
        "code": "invalid_api_key"}});
    let packed = gzip_stored(error.to_string().as_bytes());
    let named = |reply: Reply| reply.header("x-echo", &format!("Bearer {CREDENTIAL}"));
    vec![
        (401, named(Reply::json(401, &error))),
        (403, named(Reply::new(403).header("content-type", "text/plain").body(message))),
        (
            401,
            Reply::new(401)
                .header("content-type", "application/json")
                .header("content-encoding", "gzip")
                .body(packed),
        ),
        (500, named(Reply::json(500, &error))),
    ]
}

#[tokio::test]
async fn no_client_reads_the_providers_credential_in_an_error() {
    for (status, reply) in replies() {
        let sent = reply.clone();
        let upstream = Upstream::start(Script::always(sent)).await;
        for extra in [json!({}), json!({"fallback": {"enabled": true}})] {
            let mut target = json!({"url": upstream.base(), "onwards_key": CREDENTIAL,
                "protocol": "openai", "open_responses": {"adapter": true}});
            if let Some(fallback) = extra.get("fallback") {
                target["fallback"] = fallback.clone();
            }
            let router = Router::start(&json!({"targets": {"m": target}})).await;
            for (path, body) in ways() {
                let answer = Call::post(path).json(&body).send(router.addr()).await;
                let place = format!("{status} {path}: {} {}", answer.status, answer.text());
                assert!(answer.status >= 400, "{place}");
                assert!(!answer.text().contains(CREDENTIAL), "{place}");
                let mut values = answer.headers.iter().map(|(_, value)| value.as_str());
                assert!(!values.any(|value| value.contains(CREDENTIAL)), "{place}");
            }
            let seen = upstream.last();
            let sent = seen.headers.iter().any(|(_, value)| value.contains(CREDENTIAL));
            assert!(sent, "the provider was sent it");
        }
    }
}

#[tokio::test]
async fn an_error_without_the_credential_is_passed_on_byte_for_byte() {
    let body = r#"{ "error" : {"message":"no such model \u00e9","code":"model_not_found"} }"#;
    let reply = Reply::new(404).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let target = json!({"url": upstream.base(), "onwards_key": CREDENTIAL});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let (path, ask) = &ways()[0];
    let answer = Call::post(path).json(ask).send(router.addr()).await;
    assert_eq!((answer.status, answer.text().as_str()), (404, body));
    assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()));
}
