//! A marker in every place that a provider controls never reaches a strict client: any client at any
//! provider, whole, streamed, refused and cut.
//!
//! Never: a marker is looked for in what a model has said.

use bytes::Bytes;
use serde_json::{Value, json};

use super::seen;
use crate::support::{Reply, Router, Upstream};
use crate::translation::{PROTOCOLS, call, golden, stream_file, stream_type, targets};

/// Plants a member in every object.
fn planted(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(planted);
            map.insert("zz_marker".into(), json!({"MARKER": ["MARKER"]}));
        }
        Value::Array(items) => items.iter_mut().for_each(planted),
        _ => {}
    }
}

fn planted_text(text: &[u8]) -> String {
    let mut value: Value = serde_json::from_slice(text).unwrap();
    planted(&mut value);
    value.to_string()
}

/// A stream of events with markers in comments, ids, names and data; frames as they are.
fn planted_stream(provider: &str) -> Bytes {
    let stream = golden(provider, "plain", stream_file(provider));
    if provider == "bedrock" {
        return stream.into();
    }
    let text = String::from_utf8(stream).unwrap();
    let mut out = String::from(": MARKER\nretry: 77\nid: MARKER\n\n");
    for line in text.lines() {
        match line.strip_prefix("data:").map(str::trim) {
            Some(data) if data.starts_with('{') => {
                out.push_str("id: MARKER\nMARKER: MARKER\n: MARKER\n");
                out.push_str(&format!("data: {}\n", planted_text(data.as_bytes())));
            }
            _ => out.push_str(&format!("{line}\n")),
        }
    }
    out.into()
}

fn marked(reply: Reply) -> Reply {
    reply
        .header("x-marker", "MARKER")
        .header("server", "MARKER")
        .header("x-request-id", "MARKER")
        .header("request-id", "MARKER")
        .header("x-amzn-requestid", "MARKER")
        .header("openai-organization", "MARKER")
        .header("x-ratelimit-limit-requests", "MARKER")
        .header("content-language", "en")
}

async fn strict_router(provider: &str, upstream: &Upstream) -> Router {
    let mut targets = targets(provider, upstream);
    targets["strict_mode"] = true.into();
    Router::start(&targets).await
}

#[tokio::test]
async fn no_marker_of_an_answer_reaches_a_client() {
    for provider in PROTOCOLS {
        let body = planted_text(&golden(provider, "plain", "response.json"));
        let reply = Reply::new(200).header("content-type", "application/json").body(body);
        let upstream = Upstream::start(marked(reply)).await;
        let router = strict_router(provider, &upstream).await;
        for client in PROTOCOLS {
            for stream in [false, true] {
                let answer = call(client, stream).send(router.addr()).await;
                let place = format!("{client} at {provider} {stream}: {}", seen(&answer));
                assert_eq!(answer.status, 200, "{place}");
                assert!(!place.contains("MARKER") && !place.contains("zz_"), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn no_marker_of_a_stream_reaches_a_client() {
    for provider in PROTOCOLS {
        let whole = planted_stream(provider);
        for cut in [false, true] {
            let body = if cut { whole.slice(..whole.len() / 2) } else { whole.clone() };
            let reply =
                Reply::new(200).header("content-type", stream_type(provider)).chunked().body(body);
            let upstream = Upstream::start(marked(reply)).await;
            let router = strict_router(provider, &upstream).await;
            for client in PROTOCOLS {
                let answer = call(client, true).send(router.addr()).await;
                let place = format!("{client} at {provider} {cut}: {}", seen(&answer));
                assert!(!place.contains("MARKER") && !place.contains("zz_"), "{place}");
                assert!(!place.contains("retry: 77"), "{place}");
                assert!(cut || answer.status == 200, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn no_marker_of_an_error_reaches_a_client() {
    let errors = [
        json!({"error": {"message": "MARKER", "type": "MARKER", "code": "MARKER", "param": "MARKER"}}),
        json!({"type": "error", "error": {"type": "MARKER", "message": "MARKER"}, "request_id": "MARKER"}),
        json!({"error": {"code": 400, "status": "MARKER", "message": "MARKER", "details": [{"MARKER": 1}]}}),
        json!({"message": "MARKER"}),
        json!("MARKER"),
        json!({"detail": "MARKER"}),
    ];
    for provider in PROTOCOLS {
        for (at, error) in errors.iter().enumerate() {
            let status = [400, 401, 404, 429, 500, 529][at];
            let upstream = Upstream::start(marked(Reply::json(status, error))).await;
            let router = strict_router(provider, &upstream).await;
            for client in PROTOCOLS {
                let answer = call(client, at % 2 == 0).send(router.addr()).await;
                let place = format!("{client} at {provider} {status}: {}", seen(&answer));
                assert!(answer.status >= 400, "{place}");
                assert!(!place.contains("MARKER"), "{place}");
            }
        }
    }
}
