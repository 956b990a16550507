//! Vendors that serve a protocol in their own way: paths, queries, credentials and bodies as Vertex AI and Azure
//! want them.
//!
//! Never: a client has to know which vendor answers.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{
    Call, Reply, Router, Script, Seen, Upstream, assert_error, assert_ok, run_cli,
};

fn golden(protocol: &str, file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(protocol);
    std::fs::read(path.join("plain").join(file)).unwrap()
}

fn json_of(protocol: &str) -> Reply {
    let body = golden(protocol, "response.json");
    Reply::new(200).header("content-type", "application/json").body(body)
}

fn events_of(protocol: &str) -> Reply {
    let body = golden(protocol, "stream.sse");
    Reply::new(200).header("content-type", "text/event-stream").chunked().body(body)
}

/// One alias `m` at this place below `upstream`.
fn target(upstream: &Upstream, base: &str, keys: Value) -> Value {
    let mut target =
        json!({"url": format!("{}{base}", upstream.base()), "onwards_key": "sk-vendor"});
    for (key, value) in keys.as_object().unwrap() {
        target[key] = value.clone();
    }
    json!({"targets": {"m": target}})
}

async fn asked(router: &Router, upstream: &Upstream, path: &str, body: &Value) -> Seen {
    let answer = Call::post(path).json(body).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    upstream.last()
}

#[tokio::test]
async fn gemini_on_vertex_is_below_its_publisher() {
    let keys = json!({"protocol": "gemini", "onwards_model": "gemini-2.5-pro"});
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let below = |method: &str| format!("{VERTEX}/google/models/gemini-2.5-pro:{method}");

    let upstream = Upstream::start(json_of("gemini")).await;
    let router = Router::start(&target(&upstream, &format!("{VERTEX}/google"), keys.clone())).await;
    for version in ["v1", "v1beta"] {
        let path = format!("/{version}/models/m:generateContent");
        let seen = asked(&router, &upstream, &path, &contents).await;
        assert_eq!((&seen.target, seen.json()), (&below("generateContent"), contents.clone()));
    }
    let seen = asked(&router, &upstream, "/v1/chat/completions", &chat).await;
    assert_eq!(seen.target, below("generateContent"));

    let upstream = Upstream::start(events_of("gemini")).await;
    let router = Router::start(&target(&upstream, &format!("{VERTEX}/google"), keys.clone())).await;
    let path = "/v1beta/models/m:streamGenerateContent?alt=sse";
    let seen = asked(&router, &upstream, path, &contents).await;
    assert_eq!(seen.target, below("streamGenerateContent?alt=sse"));

    let upstream = Upstream::start(Reply::json(200, &json!({"totalTokens": 7}))).await;
    let router = Router::start(&target(&upstream, &format!("{VERTEX}/google"), keys)).await;
    let seen = asked(&router, &upstream, "/v1/messages/count_tokens", &chat).await;
    assert_eq!(seen.target, below("countTokens"));
    assert!(seen.json()["contents"].is_array() && seen.json()["model"].is_null(), "{seen:?}");
}

#[tokio::test]
async fn claude_on_vertex_has_its_model_in_the_path_and_its_version_in_the_body() {
    let keys = json!({"protocol": "anthropic", "onwards_model": "claude-sonnet-4-5@20250929",
        "upstream_auth_header_name": "authorization", "upstream_auth_header_prefix": "Bearer "});
    let base = format!("{VERTEX}/anthropic");
    let message =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let below = |method: &str| format!("{base}/models/claude-sonnet-4-5@20250929:{method}");
    for (stream, reply, method) in [
        (false, json_of("anthropic"), "rawPredict"),
        (true, events_of("anthropic"), "streamRawPredict"),
    ] {
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&target(&upstream, &base, keys.clone())).await;
        let mut message = message.clone();
        message["stream"] = json!(stream);
        let seen = asked(&router, &upstream, "/v1/messages?beta=true", &message).await;
        let mut wanted = message.clone();
        wanted.as_object_mut().unwrap().remove("model");
        wanted["anthropic_version"] = json!("vertex-2023-10-16");
        assert_eq!((&*seen.target, seen.json()), (&*below(method), wanted));
        assert_eq!(seen.header("authorization"), Some("Bearer sk-vendor"));

        let seen = asked(&router, &upstream, "/v1/chat/completions", &message).await;
        assert_eq!(seen.target, below(method));
        assert_eq!(seen.json()["anthropic_version"], "vertex-2023-10-16");
        assert!(seen.json()["model"].is_null() && seen.json()["stream"] != json!(!stream));
    }
    let upstream = Upstream::start(Reply::json(200, &json!({"input_tokens": 7}))).await;
    let router = Router::start(&target(&upstream, &base, keys)).await;
    let seen = asked(&router, &upstream, "/v1/messages/count_tokens", &message).await;
    assert_eq!(seen.target, format!("{base}/models/count-tokens:rawPredict"));
    assert_eq!(seen.json()["model"], "claude-sonnet-4-5@20250929");
    assert_eq!(seen.json()["anthropic_version"], "vertex-2023-10-16");
}

#[tokio::test]
async fn what_speaks_openais_protocol_on_vertex_needs_no_version() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let base = "/v1/projects/p/locations/l/endpoints/openapi";
    let router =
        Router::start(&target(&upstream, base, json!({"onwards_model": "meta/llama"}))).await;
    let chat = json!({"model": "m", "messages": []});
    let seen = asked(&router, &upstream, "/v1/chat/completions", &chat).await;
    assert_eq!(seen.target, format!("{base}/chat/completions"));
}

#[test]
fn a_publisher_that_speaks_otherwise_is_refused() {
    for (publisher, protocol, said) in [
        ("google", "openai", "speaks `gemini`"),
        ("anthropic", "gemini", "speaks `anthropic`"),
        ("mistralai", "openai", "only `google` and `anthropic` are supported"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("targets.json");
        let url = format!("https://l-aiplatform.googleapis.com{VERTEX}/{publisher}");
        let targets = json!({"targets": {"m": {"url": url, "protocol": protocol}}});
        std::fs::write(&file, targets.to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success() && text.contains(said), "{publisher}: {text}");
    }
}

#[tokio::test]
async fn azure_is_asked_at_a_deployment_or_at_its_v1() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let auth = json!({"upstream_auth_header_name": "api-key", "upstream_auth_header_prefix": ""});
    let chat = json!({"model": "m", "messages": []});
    for (base, path, wanted) in [
        (
            "/openai/deployments/gpt-4o?api-version=2024-10-21",
            "/v1/chat/completions",
            "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        ),
        (
            "/openai/deployments/gpt-4o?api-version=2024-10-21",
            "/v1/embeddings?x=1",
            "/openai/deployments/gpt-4o/embeddings?api-version=2024-10-21&x=1",
        ),
        ("/openai/v1", "/v1/chat/completions", "/openai/v1/chat/completions"),
        (
            "/openai/v1?api-version=preview",
            "/v1/responses",
            "/openai/v1/responses?api-version=preview",
        ),
    ] {
        let router = Router::start(&target(&upstream, base, auth.clone())).await;
        let seen = asked(&router, &upstream, path, &chat).await;
        assert_eq!(seen.target, wanted);
        assert_eq!(seen.header("api-key"), Some("sk-vendor"));
        assert_eq!(seen.header("authorization"), None);
    }
    // A client of another protocol gets there, too.
    let deployment = target(&upstream, "/openai/deployments/gpt-4o?api-version=1", auth);
    let router = Router::start(&deployment).await;
    let message =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let seen = asked(&router, &upstream, "/v1/messages", &message).await;
    assert_eq!(seen.target, "/openai/deployments/gpt-4o/chat/completions?api-version=1");
}

#[tokio::test]
async fn a_client_of_azure_names_the_alias_in_its_path_whatever_the_provider_speaks() {
    let upstream = Upstream::start(Script::by(|seen| {
        Reply::json(200, &match &*seen.target {
            "/v1/messages" => json!({"id": "m", "type": "message", "role": "assistant", "model": "c",
                "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 1, "output_tokens": 1}}),
            "/v1beta/models/g:embedContent" => json!({"embedding": {"values": [0.5]}}),
            "/v1beta/models/g:batchEmbedContents" => json!({"embeddings": [{"values": [0.5]}]}),
            _ => json!({"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "hi"}}]}),
        })
    }))
    .await;
    let at = |base: &str, protocol: &str, model: &str| {
        let url = format!("{}{base}", upstream.base());
        json!({"url": url, "protocol": protocol, "onwards_model": model, "keys": ["sk-caller"]})
    };
    let router = Router::start(&json!({"targets": {
        "claude": at("", "anthropic", "c"),
        "vectors": at("", "gemini", "g"),
        "plain": at("/v1", "openai", "real"),
        "org/plain": at("/v1", "openai", "org/plain"),
        "azure": at("/openai/deployments/D?api-version=1", "openai", "azure"),
        "resource": at("", "openai", "D"),
    }}))
    .await;
    let ask = async |path: &str, body: &Value| {
        let answer =
            Call::post(path).json(body).header("api-key", "sk-caller").send(router.addr()).await;
        let seen = upstream.requests().pop();
        (answer.clone(), seen.unwrap_or_else(|| panic!("{}", answer.text())))
    };
    let messages = json!([{"role": "user", "content": "hi"}]);
    let chat = json!({"messages": messages});
    let path = |alias: &str| format!("/openai/deployments/{alias}/chat/completions?api-version=2");

    let (answer, seen) = ask(&path("claude"), &chat).await;
    assert_eq!((answer.said().as_str(), seen.target.as_str()), ("hi", "/v1/messages"));
    assert_eq!(seen.json()["model"], "c");
    let (answer, seen) =
        ask("/openai/deployments/vectors/embeddings?api-version=2", &json!({"input": "x"})).await;
    assert_eq!(answer.json()["data"][0]["embedding"], json!([0.5]), "{}", answer.text());
    assert!(seen.target.starts_with("/v1beta/models/g:"), "{}", seen.target);

    for model in [None, Some("plain"), Some("another")] {
        let body = match model {
            None => chat.clone(),
            Some(model) => json!({"messages": messages, "model": model}),
        };
        let (answer, seen) = ask(&path("plain"), &body).await;
        assert_ok(&answer);
        assert_eq!(seen.target, "/v1/chat/completions?api-version=2");
        assert_eq!(seen.json(), json!({"model": "real", "messages": messages}));
        let (_, seen) = ask(&path("azure"), &body).await;
        assert_eq!(seen.target, "/openai/deployments/D/chat/completions?api-version=1");
        let (_, seen) = ask(&path("resource"), &body).await;
        assert_eq!(seen.target, "/openai/deployments/D/chat/completions?api-version=2");
    }
    for alias in ["org/plain", "org%2Fplain"] {
        let (_, seen) = ask(&path(alias), &chat).await;
        assert_eq!(seen.target, "/v1/chat/completions?api-version=2");
        assert_eq!(seen.json()["model"], "org/plain");
    }
    let (_, seen) =
        ask("/openai/v1/chat/completions", &json!({"messages": messages, "model": "claude"})).await;
    assert_eq!(seen.target, "/v1/messages");

    let before = upstream.hits();
    let (answer, _) = ask("/openai/deployments/claude/images/generations", &chat).await;
    assert_error(&answer, 400, "unsupported_endpoint");
    let closed = Call::post(&path("claude")).json(&chat).send(router.addr()).await;
    assert_error(&closed, 401, "missing_api_key");
    let (answer, _) =
        ask(&path("unknown"), &json!({"messages": messages, "model": "claude"})).await;
    assert_error(&answer, 404, "model_not_found");
    assert_eq!(upstream.hits(), before);
}

const VERTEX: &str = "/v1/projects/p/locations/l/publishers";
