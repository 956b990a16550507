//! Answers that are judged by what they say, not by their status: B13.
//!
//! Never: without fallback an answer is changed by having been judged.

use serde_json::json;

use crate::support::upstream::gzip_stored;
use crate::support::{Call, Reply, Router, Upstream, assert_ok, open, pair, pool, provider};

fn envelope(code: serde_json::Value) -> Reply {
    let error = json!({"message": "busy", "type": "rate_limit_error", "code": code});
    Reply::json(200, &json!({"error": error}))
}

#[tokio::test]
async fn b13_an_error_in_a_200_falls_back_by_its_own_code() {
    for code in [json!(429), json!(503), json!("429"), json!("overloaded"), json!(null)] {
        let first = Upstream::start(envelope(code.clone())).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let router = Router::start(&pair(&first, &backup)).await;
        let answer = router.chat("m").await;
        assert_ok(&answer);
        assert_eq!(answer.said(), "hi", "code {code}: {}", answer.text());
        assert_eq!((first.hits(), backup.hits()), (1, 1), "code {code}");
    }
}

#[tokio::test]
async fn b13_an_error_in_a_200_that_is_the_clients_fault_stays() {
    let reply = envelope(json!(400));
    let (first, backup) = (Upstream::start(reply.clone()).await, Upstream::start(reply).await);
    let router = Router::start(&pair(&first, &backup)).await;
    let answer = router.chat("m").await;
    assert_eq!(answer.json()["error"]["message"], "busy");
    assert_eq!((first.hits(), backup.hits()), (1, 0));
}

#[tokio::test]
async fn b13_without_fallback_it_passes_as_it_came() {
    let reply = envelope(json!(429));
    let upstream = Upstream::start(reply.clone()).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = router.chat("m").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, reply.payload());
}

#[tokio::test]
async fn b13_an_error_that_is_null_or_deeper_is_no_error() {
    let fine = [
        json!({"id": "r", "object": "response", "error": null, "output": []}),
        json!({"choices": [{"message": {"content": "x"}, "error": {"code": 500}}]}),
        json!({"choices": [{"message": {"content": "{\"error\":{\"code\":500}}"}}]}),
    ];
    for document in fine {
        let first = Upstream::start(Reply::json(200, &document)).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let router = Router::start(&pair(&first, &backup)).await;
        let answer = router.chat("m").await;
        assert_ok(&answer);
        assert_eq!(answer.json(), document);
        assert_eq!(backup.hits(), 0);
    }
}

/// The alias `m` at `first`, which speaks `protocol`, and at `second`, which speaks OpenAI's.
fn mixed(first: &Upstream, protocol: &str, second: &Upstream) -> serde_json::Value {
    let mut one = provider("first", first);
    one["protocol"] = protocol.into();
    pool(&[one, provider("second", second)])
}

fn asking(stream: bool) -> Call {
    Call::post("/v1/chat/completions").json(&json!({"model": "m", "stream": stream,
        "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}))
}

fn events(said: &str) -> Reply {
    let events = Reply::new(200).header("content-type", "text/event-stream");
    events.chunked().body(format!("{said}\n\n"))
}

const PROTOCOLS: [&str; 6] =
    ["openai", "openai_responses", "anthropic", "gemini", "bedrock", "cohere"];

#[tokio::test]
async fn b13_an_error_in_a_200_is_judged_the_same_translated() {
    for protocol in PROTOCOLS {
        for (code, trail) in [
            (json!(400), "first=400"),
            (json!(429), "first=429,second=200"),
            (json!("overloaded"), "first=502,second=200"),
            (json!(null), "first=502,second=200"),
        ] {
            let first = Upstream::start(envelope(code.clone())).await;
            let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}";
            let second = events(&format!("{chunk}\n\ndata: [DONE]"));
            let second = [Upstream::start(Reply::chat("hi")).await, Upstream::start(second).await];
            for (stream, second) in [false, true].into_iter().zip(&second) {
                let router = Router::start(&mixed(&first, protocol, second)).await;
                let answer = asking(stream).send(router.addr()).await;
                let place = format!("{code} of {protocol}, stream {stream}: {}", answer.text());
                assert_eq!(answer.attempts(), trail, "{place}");
                if code == 400 {
                    assert_eq!(answer.status, 400, "{place}");
                    assert_eq!(answer.json()["error"]["message"], "busy", "{place}");
                }
            }
        }
    }
}

/// Media types under which servers send a JSON error.
const ERROR_TYPES: [Option<&str>; 6] = [
    None,
    Some("text/plain; charset=utf-8"),
    Some("application/problem+json"),
    Some("text/event-stream"),
    Some("application/octet-stream"),
    Some("text/html"),
];

#[tokio::test]
async fn an_error_is_judged_by_its_code_under_any_media_type() {
    let error = json!({"error": {"message": "x", "code": "context_length_exceeded"}}).to_string();
    // Successes that are named octets or pages are not searched for an error.
    for (status, types, trail) in [
        (400, &ERROR_TYPES[..], "first=400,second=200"),
        (200, &ERROR_TYPES[..4], "first=502,second=200"),
    ] {
        for (media_type, protocol) in
            types.iter().flat_map(|it| ["openai", "anthropic"].map(|protocol| (it, protocol)))
        {
            let reply = Reply::new(status).body(error.clone());
            let reply = match media_type {
                Some(media_type) => reply.header("content-type", media_type),
                None => reply,
            };
            let first = Upstream::start(reply).await;
            let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}";
            let second = events(&format!("{chunk}\n\ndata: [DONE]"));
            let second = [Upstream::start(Reply::chat("hi")).await, Upstream::start(second).await];
            for (stream, second) in [false, true].into_iter().zip(&second) {
                let mut config = mixed(&first, protocol, second);
                config["targets"]["m"]["fallback"]["on"] = json!(["context_window"]);
                let router = Router::start(&config).await;
                let answer = asking(stream).send(router.addr()).await;
                let place = format!("{status} {media_type:?} of {protocol}, stream {stream}");
                assert_eq!(answer.attempts(), trail, "{place}: {}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn b13_an_error_that_opens_a_stream_is_judged_the_same_translated() {
    let error =
        |code: &str| format!("{{\"type\":\"x_error\",\"code\":{code},\"message\":\"busy\"}}");
    let named = |code: &str| {
        format!("event: error\ndata: {{\"type\":\"error\",\"error\":{}}}", error(code))
    };
    let failed = |code: &str| {
        let response = format!("{{\"status\":\"failed\",\"error\":{}}}", error(code));
        format!("data: {{\"type\":\"response.failed\",\"response\":{response}}}")
    };
    let plain = |code: &str| format!("data: {{\"error\":{}}}", error(code));
    for (code, trail) in
        [("429", "first=429,second=200"), ("400", "first=400"), ("null", "first=502,second=200")]
    {
        for (protocol, told) in [
            ("openai", plain(code)),
            ("anthropic", named(code)),
            ("openai_responses", named(code)),
            ("openai_responses", failed(code)),
            ("gemini", plain(code)),
            ("cohere", plain(code)),
        ] {
            let first = Upstream::start(events(&told)).await;
            let second = Upstream::start(events(
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}",
            ))
            .await;
            let router = Router::start(&mixed(&first, protocol, &second)).await;
            let answer = asking(true).send(router.addr()).await;
            let place = format!("{told} of {protocol}: {}", answer.text());
            assert_eq!(answer.attempts(), trail, "{place}");
            if code == "400" {
                assert_eq!(answer.status, 400, "{place}");
                assert_eq!(answer.json()["error"]["message"], "busy", "{place}");
            }
        }
    }
}

/// What a vendor calls its error reaches clients in the words of their protocol.
#[tokio::test]
async fn a_vendors_kind_of_error_in_a_200_keeps_its_name() {
    let overloaded =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}});
    let whole = Reply::json(200, &overloaded);
    let stream = events(&format!("event: error\ndata: {overloaded}"));
    for (streamed, reply) in [(false, whole), (true, stream)] {
        let upstream = Upstream::start(reply).await;
        let mut targets = open(&upstream);
        targets["targets"]["m"]["protocol"] = "anthropic".into();
        let router = Router::start(&targets).await;
        let method = if streamed { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let call = Call::post(&format!("/v1beta/models/m:{method}"))
            .json(&json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}));
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert_eq!(answer.json()["error"]["status"], "UNAVAILABLE", "{}", answer.text());
    }
}

/// Some providers do not know how to stream, and say so by not doing it.
#[tokio::test]
async fn a_whole_answer_in_place_of_a_stream_is_streamed() {
    let whole = json!({"id": "1", "type": "message", "role": "assistant", "model": "c",
        "content": [{"type": "text", "text": "let me see"},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}],
        "stop_reason": "tool_use", "usage": {"input_tokens": 3, "output_tokens": 4}});
    let first = Upstream::start(Reply::json(200, &whole)).await;
    let second = Upstream::start(Reply::chat("no")).await;
    let router = Router::start(&mixed(&first, "anthropic", &second)).await;
    let answer = asking(true).send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    for said in ["let me see", "look", "\"tool_calls\"", "data: [DONE]"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(answer.attempts(), "first=200");
}

#[tokio::test]
async fn an_error_behind_a_long_message_is_judged_by_its_code() {
    let long = "x ".repeat(150_000);
    let error = format!(r#"{{"error":{{"message":"{long}","code":"context_length_exceeded"}}}}"#);
    let reply = Reply::new(400).header("content-type", "application/json").body(error);
    let first = Upstream::start(reply).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    for protocol in ["openai", "anthropic", "cohere"] {
        let mut file = mixed(&first, protocol, &second);
        file["targets"]["m"]["fallback"]["on"] = json!(["context_window"]);
        let router = Router::start(&file).await;
        let answer = asking(false).send(router.addr()).await;
        assert_eq!(answer.attempts(), "first=400,second=200", "{protocol}");
    }
}

#[tokio::test]
async fn a_packed_answer_that_is_broken_is_malformed_and_a_packed_error_keeps_its_class() {
    let packed = gzip_stored(&Reply::chat("hi").payload());
    let cut = packed[..packed.len() / 2].to_vec();
    let packed_as = |status: u16, coding: &str, body: Vec<u8>| {
        let reply = Reply::new(status).header("content-type", "application/json");
        reply.header("content-encoding", coding).body(body)
    };
    let error = br#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#;
    let second = Upstream::start(Reply::chat("hi")).await;
    let claude = json!({"id": "m", "type": "message", "role": "assistant", "model": "up",
        "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1}});
    for (protocol, good) in
        [("openai", Reply::chat("hi").payload()), ("anthropic", claude.to_string().into_bytes())]
    {
        let good = &good[..];
        for (reply, trail) in [
            (packed_as(200, "gzip", cut.clone()), "first=malformed,second=200"),
            (packed_as(200, "gzip", b"no gzip at all".to_vec()), "first=malformed,second=200"),
            (packed_as(200, "br", cut.clone()), "first=malformed,second=200"),
            (packed_as(200, "zstd", b"no zstd at all".to_vec()), "first=malformed,second=200"),
            (packed_as(200, "rot13", cut.clone()), "first=malformed,second=200"),
            (packed_as(400, "gzip", gzip_stored(error)), "first=400,second=200"),
            (packed_as(200, "GZIP", gzip_stored(good)), "first=200"),
        ] {
            let first = Upstream::start(reply).await;
            let mut file = mixed(&first, protocol, &second);
            file["targets"]["m"]["fallback"]["on"] = json!(["context_window", "malformed"]);
            let (status, code) = match trail {
                "first=200" => (200, ""),
                "first=400,second=200" => (400, ""),
                _ => (502, "upstream_malformed"),
            };
            let router = Router::start(&file).await;
            let answer = asking(false).send(router.addr()).await;
            assert_eq!(answer.attempts(), trail, "{protocol}");
            // Without a second provider the answer is the router's own, and no packed bytes.
            let mut alone = file.clone();
            alone["targets"]["m"]["providers"].as_array_mut().unwrap().pop();
            alone["targets"]["m"]["fallback"] = json!({"enabled": false});
            // The client's own protocol passes as it came.
            if protocol != "openai" {
                let router = Router::start(&alone).await;
                let answer = asking(false).send(router.addr()).await;
                let told = (answer.status, answer.code());
                assert_eq!((told.0, told.1.as_str()), (status, code), "{}", answer.text());
                let message = answer.json()["error"]["message"].clone();
                assert!(status != 400 || message == "too long", "{}", answer.text());
            }
        }
    }
}
