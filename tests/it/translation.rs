//! Any client at any provider: the corpus of the six protocols, through the running router.
//!
//! What the translation itself must keep is tested in `protocols`; here the paths, credentials,
//! headers, streams and errors around it are.

mod agents;
mod held;
mod large;
mod told;
mod proofs;
mod caches;

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Call, End, Reply, Response, Router, Upstream};

pub(crate) const PROTOCOLS: [&str; 6] =
    ["openai", "openai_responses", "anthropic", "gemini", "bedrock", "cohere"];

#[tokio::test]
async fn every_client_is_answered_by_every_provider() {
    for provider in PROTOCOLS {
        let reply = Reply::new(200).header("content-type", "application/json").body(golden(
            provider,
            "plain",
            "response.json",
        ));
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&targets(provider, &upstream)).await;
        for client in PROTOCOLS {
            let answer = call(client, false).send(router.addr()).await;
            let place = format!("{client} at {provider}: {}", answer.text());
            assert_eq!(answer.status, 200, "{place}");
            assert!(said_in(client, &answer).is_some_and(|text| !text.is_empty()), "{place}");
            let seen = upstream.last();
            assert!(seen.target.starts_with(path_start(provider)), "{place}: {}", seen.target);
            assert_eq!(credential(provider, &seen), Some("sk-provider"), "{place}");
        }
    }
}

/// A picture that a model has made: who has a place for it gets it, others are told.
#[tokio::test]
async fn an_image_in_an_answer_is_given_or_named() {
    let answer = golden("gemini", "image", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(answer);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("gemini", &upstream)).await;
    for client in PROTOCOLS {
        let answer = call(client, false).send(router.addr()).await;
        let place = format!("{client}: {}", answer.text());
        assert_eq!(answer.status, 200, "{place}");
        let dropped = answer.header("x-onwards-dropped");
        let named = dropped.is_some_and(|names| names.split(',').any(|name| name == "image"));
        assert_eq!(named, !matches!(client, "gemini" | "bedrock"), "{dropped:?} {place}");
        assert_eq!(answer.text().contains("iVBORw0KGgo"), !named, "{place}");
    }
}

#[tokio::test]
async fn every_client_streams_from_every_provider_and_hears_of_a_cut() {
    for provider in PROTOCOLS {
        let whole = golden(provider, "plain", stream_file(provider));
        let half = whole[..whole.len() / 2].to_vec();
        for (cut, body) in [(false, whole), (true, half)] {
            let reply =
                Reply::new(200).header("content-type", stream_type(provider)).chunked().body(body);
            let upstream = Upstream::start(reply).await;
            let router = Router::start(&targets(provider, &upstream)).await;
            for client in PROTOCOLS {
                let answer = call(client, true).send(router.addr()).await;
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                let place = format!("{client} at {provider}, cut {cut}: {text}");
                let complete = text.contains(terminal(client)) && answer.end == End::Complete;
                let failed = answer.status >= 500 || text.contains(error_mark(client));
                assert!(answer.header("content-type").is_some(), "{place}");
                if cut {
                    // Bytes of the same protocol pass as they are: their own end is missing.
                    assert!(!complete || failed, "{place}");
                    // Where no library raises the event, the transfer breaks as well.
                    let mute = matches!(client, "openai_responses" | "cohere");
                    let as_it_came = client == "bedrock" && provider == client;
                    if answer.status == 200 && (mute || as_it_came) {
                        assert_ne!(answer.end, End::Complete, "{place}");
                        assert!(as_it_came || text.contains(error_mark(client)), "{place}");
                    }
                } else {
                    assert_eq!(answer.status, 200, "{place}");
                    assert!(complete && !failed, "{place}");
                }
            }
        }
    }
}

/// An image in an event makes it long; the call after it is read all the same.
#[tokio::test]
async fn long_events_are_translated() {
    let image = "A".repeat(3 * 1024 * 1024);
    let body = format!(
        "data: {}\n\ndata: {}\n\n",
        json!({"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": image}}]}}]}),
        json!({"candidates": [{"content": {"parts": [{"text": "done"}]}, "finishReason": "STOP"}]}),
    );
    let reply = Reply::new(200).header("content-type", "text/event-stream").chunked().body(body);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("gemini", &upstream)).await;
    let answer = call("openai", true).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("\"done\"") && answer.text().contains("[DONE]"));
}

#[tokio::test]
async fn a_failed_provider_of_one_protocol_is_followed_by_one_of_another() {
    let first = Upstream::start(Reply::error(503, "down")).await;
    let body = golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let second = Upstream::start(reply).await;
    let router = Router::start(&json!({"targets": {"m": {
        "strategy": "priority",
        "fallback": {"enabled": true},
        "providers": [
            {"name": "first", "url": first.base(), "onwards_key": "sk-first"},
            {"name": "second", "url": second.base(), "protocol": "anthropic",
             "onwards_key": "sk-second", "onwards_model": "claude-sonnet-4-5"}]}}}))
    .await;
    for client in PROTOCOLS {
        let answer = call(client, false).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{client}: {}", answer.text());
        assert_eq!(answer.header("x-onwards-attempts"), Some("first=503,second=200"), "{client}");
        assert!(said_in(client, &answer).is_some(), "{client}: {}", answer.text());
    }
    assert_eq!(second.last().header("x-api-key"), Some("sk-second"));
}

/// Some vendors count the calls of each answer anew: their ids say nothing outside of it.
#[tokio::test]
async fn a_result_goes_with_its_call_where_two_calls_share_an_id() {
    let upstream = Upstream::start(Reply::new(503)).await;
    let router = Router::start(&targets("gemini", &upstream)).await;
    let function = |name: &str| json!({"name": name, "arguments": "{}"});
    let call = |name| json!({"id": "call_0", "type": "function", "function": function(name)});
    let result = json!({"role": "tool", "tool_call_id": "call_0", "content": "r"});
    let calls = |name| json!({"role": "assistant", "tool_calls": [call(name)]});
    let messages =
        [json!({"role": "user", "content": "q"}), calls("f"), result.clone(), calls("g"), result];
    let body = json!({"model": "m", "messages": messages});
    Call::post("/v1/chat/completions").json(&body).send(router.addr()).await;
    let given = &upstream.last().json()["contents"][4]["parts"][0]["functionResponse"];
    assert_eq!(given["name"], "g", "{given}");
}

#[tokio::test]
async fn responses_pass_untouched_unless_the_file_says_otherwise() {
    let reply = Reply::new(200).header("content-type", "application/json").body(golden(
        "openai_responses",
        "plain",
        "response.json",
    ));
    let upstream = Upstream::start(reply).await;
    let router =
        Router::start(&json!({"targets": {"m": {"url": upstream.base(), "onwards_model": "m"}}}))
            .await;
    let answer = call("openai_responses", false).send(router.addr()).await;
    assert_eq!(answer.body, golden("openai_responses", "plain", "response.json"));
    assert_eq!(upstream.last().target, "/v1/responses");
}

#[tokio::test]
async fn the_mock_provider_speaks_to_clients_of_every_protocol() {
    let router = Router::start(&json!({"targets": {"m": {"url": "mock:"}}})).await;
    let turn = json!([{"role": "user", "content": "hello"}]);
    for (path, body, answers) in [
        ("/v1/chat/completions", json!({"model": "m", "messages": turn}), "choices"),
        ("/v1/responses", json!({"model": "m", "input": "hello"}), "output"),
        ("/v1/messages", json!({"model": "m", "max_tokens": 9, "messages": turn}), "stop_reason"),
        ("/v2/chat", json!({"model": "m", "messages": turn}), "finish_reason"),
    ] {
        let answer = Call::post(path).json(&body).send(router.addr()).await;
        assert!(!answer.json()[answers].is_null(), "{path}: {}", answer.text());
    }
}

pub(crate) fn targets(provider: &str, upstream: &Upstream) -> Value {
    let mut target = json!({"url": upstream.base(), "protocol": provider,
        "onwards_key": "sk-provider", "onwards_model": model(provider)});
    if provider == "openai" {
        target["open_responses"] = json!({"adapter": true});
    }
    json!({"targets": {"m": target}})
}

/// A request of the corpus, for the alias `m`.
pub(crate) fn call(client: &str, stream: bool) -> Call {
    let mut body: Value = serde_json::from_slice(&golden(client, "plain", "request.json")).unwrap();
    let in_body = !matches!(client, "gemini" | "bedrock");
    if in_body {
        body["model"] = json!("m");
        body["stream"] = json!(stream);
    }
    let path = match (client, stream) {
        ("openai", _) => "/v1/chat/completions",
        ("openai_responses", _) => "/v1/responses",
        ("anthropic", _) => "/v1/messages",
        ("gemini", false) => "/v1beta/models/m:generateContent",
        ("gemini", true) => "/v1beta/models/m:streamGenerateContent?alt=sse",
        ("bedrock", false) => "/model/m/converse",
        ("bedrock", true) => "/model/m/converse-stream",
        _ => "/v2/chat",
    };
    Call::post(path).json(&body)
}

pub(crate) fn said_in(client: &str, answer: &Response) -> Option<String> {
    let body = answer.json();
    let pointer = match client {
        "openai" => "/choices/0/message/content",
        "anthropic" => "/content/0/text",
        "gemini" => "/candidates/0/content/parts/0/text",
        "bedrock" => "/output/message/content/0/text",
        "cohere" => "/message/content/0/text",
        _ => {
            let items = body["output"].as_array()?;
            let message = items.iter().find(|item| item["type"] == "message")?;
            return message["content"][0]["text"].as_str().map(str::to_owned);
        }
    };
    body.pointer(pointer)?.as_str().map(str::to_owned)
}

fn credential<'a>(provider: &str, seen: &'a crate::support::Seen) -> Option<&'a str> {
    match provider {
        "anthropic" => seen.header("x-api-key"),
        "gemini" => seen.header("x-goog-api-key"),
        _ => seen.header("authorization")?.strip_prefix("Bearer "),
    }
}

fn path_start(provider: &str) -> &'static str {
    match provider {
        "openai" => "/v1/chat/completions",
        "openai_responses" => "/v1/responses",
        "anthropic" => "/v1/messages",
        "gemini" => "/v1beta/models/gemini-2.5-flash:generateContent",
        "bedrock" => "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
        _ => "/v2/chat",
    }
}

fn model(provider: &str) -> &'static str {
    match provider {
        "openai" | "openai_responses" => "gpt-5",
        "anthropic" => "claude-sonnet-4-5",
        "gemini" => "gemini-2.5-flash",
        "bedrock" => "anthropic.claude-sonnet-4-5-20250929-v1:0",
        _ => "command-a-03-2025",
    }
}

pub(crate) fn stream_type(provider: &str) -> &'static str {
    if provider == "bedrock" { "application/vnd.amazon.eventstream" } else { "text/event-stream" }
}

pub(crate) fn stream_file(provider: &str) -> &'static str {
    if provider == "bedrock" { "stream.bin" } else { "stream.sse" }
}

pub(crate) fn terminal(client: &str) -> &'static str {
    match client {
        "openai" => "data: [DONE]",
        "openai_responses" => "response.completed",
        "anthropic" => "message_stop",
        "gemini" => "finishReason",
        "bedrock" => "messageStop",
        _ => "message-end",
    }
}

fn error_mark(client: &str) -> &'static str {
    match client {
        "openai_responses" => "\"error\":{",
        "bedrock" => "exception",
        "cohere" => "\"ERROR\"",
        _ => "\"error\"",
    }
}

pub(crate) fn golden(protocol: &str, case: &str, file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(protocol);
    std::fs::read(path.join(case).join(file)).unwrap()
}
