//! What every answer of the router promises, checked whole.
//!
//! Never: no test checks a part of the envelope by itself; the whole of it is checked each time.

use serde_json::Value;

use super::client::{Event, Response};

/// An answer of a provider, passed on whole.
#[track_caller]
pub(crate) fn assert_ok(response: &Response) {
    assert_eq!(response.status, 200, "body: {}", response.text());
    assert_eq!(response.end, super::End::Complete);
    assert!(response.header("x-request-id").is_some(), "x-request-id: {response:?}");
    assert!(response.header("x-onwards-provider").is_some(), "x-onwards-provider: {response:?}");
    assert!(response.header("x-onwards-attempts").is_some(), "x-onwards-attempts: {response:?}");
}

/// A refusal of the router's own with this status and code.
#[track_caller]
pub(crate) fn assert_error(response: &Response, status: u16, code: &str) {
    assert_envelope(response, status);
    assert_eq!(response.code(), code, "body: {}", response.text());
    let kind = response.json()["error"]["type"].as_str().unwrap_or_default().to_owned();
    let expected = kind_of(status, code);
    assert_eq!(kind, expected, "type of {code}: {}", response.text());
    if status == 429 || code == "all_providers_failed" {
        let after = response.header("retry-after").and_then(|v| v.parse::<u64>().ok());
        assert!(after.is_some(), "retry-after in seconds: {response:?}");
    }
}

/// A refusal of the router's own: the envelope whole, its headers, and nothing of the inside in it.
#[track_caller]
pub(crate) fn assert_envelope(response: &Response, status: u16) {
    assert_eq!(response.status, status, "body: {}", response.text());
    let kind = response.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/json"), "content-type: {kind}");
    let id = response.header("x-request-id").unwrap_or_default();
    assert!(!id.is_empty(), "x-request-id: {response:?}");
    assert_eq!(response.end, super::End::Complete, "a refusal is whole");
    assert_error_object(&response.json()["error"], &response.text());
    assert!(!response.headers.iter().any(|(_, value)| tells_of_the_inside(value)), "{response:?}");
}

/// An error event in a chat stream that broke.
#[track_caller]
pub(crate) fn assert_stream_error(event: &Event) {
    let data: Value = serde_json::from_str(event.data()).unwrap_or_default();
    assert_error_object(&data["error"], &event.text);
}

#[track_caller]
fn assert_error_object(error: &Value, text: &str) {
    let fields = error.as_object().unwrap_or_else(|| panic!("no error object: {text}"));
    for name in ["message", "type", "param", "code"] {
        assert!(fields.contains_key(name), "`{name}` is missing: {text}");
    }
    assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "message: {text}");
    assert!(error["type"].is_string(), "type: {text}");
    assert!(error["code"].is_string(), "code: {text}");
    assert!(error["param"].is_string() || error["param"].is_null(), "param: {text}");
    assert!(!tells_of_the_inside(text), "this tells of the inside: {text}");
}

fn tells_of_the_inside(text: &str) -> bool {
    INSIDE.iter().any(|word| text.contains(word))
}

/// The contract's table of types.
fn kind_of(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (403, _) => "permission_error",
        (429, _) => "rate_limit_error",
        (500.., _) => "api_error",
        _ => "invalid_request_error",
    }
}

/// Addresses, keys, and names of Rust's types and crates.
const INSIDE: [&str; 14] = [
    "127.0.0.1",
    "://",
    "::",
    "sk-",
    "Error(",
    "Error {",
    "Os {",
    "os error",
    "hyper",
    "reqwest",
    "rustls",
    "tokio",
    "serde",
    "panicked",
];
