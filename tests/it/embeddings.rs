//! Embeddings for any client from any provider that has them: the corpus of `protocols`, through
//! the running router.
//!
//! What the translation itself must keep is tested there; here the paths, credentials, headers,
//! errors and pools around it are.

mod batches;
mod passing;

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Call, Reply, Response, Router, Upstream};

const CLIENTS: [&str; 4] = ["openai", "gemini", "bedrock", "cohere"];
const PROVIDERS: [(&str, &str, &str); 5] = [
    ("openai", "text-embedding-3-small", "/v1/embeddings"),
    ("openai_responses", "text-embedding-3-small", "/v1/embeddings"),
    ("gemini", "gemini-embedding-001", "/v1beta/models/gemini-embedding-001:embedContent"),
    ("bedrock", "amazon.titan-embed-text-v2:0", "/model/amazon.titan-embed-text-v2%3A0/invoke"),
    ("cohere", "embed-v4.0", "/v2/embed"),
];

#[tokio::test]
async fn every_client_is_answered_by_every_provider() {
    for (provider, model, path) in PROVIDERS {
        let upstream = Upstream::start(golden_reply(provider)).await;
        let router = Router::start(&alias(&one(provider, model, &upstream))).await;
        for client in CLIENTS {
            let answer = call(client).send(router.addr()).await;
            let place = format!("{client} at {provider}: {}", answer.text());
            assert_eq!(answer.status, 200, "{place}");
            let vector = vector_in(client, &answer.json());
            assert_eq!(vector.map(|vector| vector.len()), Some(3), "{place}");
            assert!(tokens_in(client, &answer) > 0, "{place}");
            let seen = upstream.last();
            assert_eq!(seen.target, path, "{place}");
            let credential = match provider {
                "gemini" => seen.header("x-goog-api-key"),
                _ => seen.header("authorization").and_then(|it| it.strip_prefix("Bearer ")),
            };
            assert_eq!(credential, Some("sk-provider"), "{place}");
            assert!(!seen.mentions("\"m\"") && !seen.mentions("models/m\""), "{place}: the alias");
            if client == provider {
                assert_eq!(answer.body, golden(provider, "embed_one", "embedded.json"), "{place}");
            }
        }
    }
}

/// What the same protocol has on both sides passes as it came, but for the model's name.
#[tokio::test]
async fn bytes_of_the_same_protocol_are_untouched() {
    for (client, path, body, sent) in [
        (
            "openai",
            "/v1/embeddings",
            r#"{ "input": [1, 2],"model":"m", "x":1.50e+2 }"#,
            r#"{ "input": [1, 2],"model":"real", "x":1.50e+2 }"#,
        ),
        (
            "cohere",
            "/v2/embed",
            r#"{"texts" :["a"],"model":"m","input_type":"x"}"#,
            r#"{"texts" :["a"],"model":"real","input_type":"x"}"#,
        ),
        (
            "gemini",
            "/v1beta/models/m:batchEmbedContents",
            r#"{"requests": [{"model":"models/m","content":{"y": 0.10}},{"model" : "models/m"}]}"#,
            r#"{"requests": [{"model":"models/real","content":{"y": 0.10}},{"model" : "models/real"}]}"#,
        ),
        (
            "gemini",
            "/v1/models/m:embedContent",
            r#"{"content":{"parts":[{"text":"a"}]}}"#,
            r#"{"content":{"parts":[{"text":"a"}]}}"#,
        ),
        // Of what can be invoked on Bedrock, embeddings are only a part.
        ("bedrock", "/model/m/invoke", r#"{"messages": [ ]}"#, r#"{"messages": [ ]}"#),
    ] {
        let upstream = Upstream::start(Reply::json(200, &json!({"any": 1.50}))).await;
        let router = Router::start(&alias(&one(client, "real", &upstream))).await;
        let answer = Call::post(path)
            .header("content-type", "application/json")
            .body(body)
            .send(router.addr())
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.body, serde_json::to_vec(&json!({"any": 1.50})).unwrap(), "{path}");
        let seen = upstream.last();
        assert_eq!(String::from_utf8_lossy(&seen.body), sent, "{path}");
        let target = path.replace("/m:", "/real:").replace("/m/", "/real/");
        assert_eq!(seen.target, target, "{path}");
    }
}

/// As `openai-python` asks by default.
#[tokio::test]
async fn base64_is_made_where_an_openai_client_asks_for_it() {
    for (provider, model, _) in PROVIDERS {
        let upstream = Upstream::start(golden_reply(provider)).await;
        let router = Router::start(&alias(&one(provider, model, &upstream))).await;
        let asked = json!({"model": "m", "input": ["hello"], "encoding_format": "base64"});
        let answer = Call::post("/v1/embeddings").json(&asked).send(router.addr()).await;
        let item = answer.json()["data"][0].clone();
        if provider.starts_with("openai") {
            // It passes on what its provider makes of it.
            assert_eq!(upstream.last().json()["encoding_format"], "base64");
            continue;
        }
        // Twelve bytes: three floats.
        let encoded = item["embedding"].as_str().unwrap_or_else(|| panic!("{}", answer.text()));
        assert_eq!((encoded.len(), &item["index"]), (16, &json!(0)), "{provider}");
        assert!(!upstream.last().mentions("base64"), "{provider}");
    }
}

#[tokio::test]
async fn every_client_reads_errors_in_its_own_form() {
    for (provider, model, _) in PROVIDERS {
        let said = match provider {
            "cohere" | "bedrock" => json!({"message": "slow down"}),
            _ => json!({"error": {"message": "slow down", "code": 429}}),
        };
        let upstream = Upstream::start(Reply::json(429, &said).header("retry-after", "7")).await;
        let router = Router::start(&alias(&one(provider, model, &upstream))).await;
        for client in CLIENTS {
            let answer = call(client).send(router.addr()).await;
            let place = format!("{client} at {provider}: {}", answer.text());
            assert_eq!(answer.status, 429, "{place}");
            assert_eq!(answer.header("retry-after"), Some("7"), "{place}");
            let said = match client {
                "openai" | "gemini" => answer.json()["error"]["message"].clone(),
                _ => answer.json()["message"].clone(),
            };
            assert_eq!(said, "slow down", "{place}");
        }
    }
}

#[tokio::test]
async fn a_failed_provider_of_one_protocol_is_followed_by_one_of_another() {
    let first = Upstream::start(Reply::error(503, "down")).await;
    for (provider, model, _) in PROVIDERS {
        let second = Upstream::start(golden_reply(provider)).await;
        let router = Router::start(&pool(&[
            named("first", &one("gemini", "gemini-embedding-001", &first)),
            named("second", &one(provider, model, &second)),
        ]))
        .await;
        for client in CLIENTS {
            let answer = call(client).send(router.addr()).await;
            let place = format!("{client} at {provider}: {}", answer.text());
            assert_eq!(answer.status, 200, "{place}");
            let attempts = answer.header("x-onwards-attempts");
            assert_eq!(attempts, Some("first=503,second=200"), "{place}");
            assert!(vector_in(client, &answer.json()).is_some(), "{place}");
        }
    }
}

/// An answer without as many vectors as inputs is no answer, and another provider may have them.
#[tokio::test]
async fn vectors_that_are_missing_are_a_failure() {
    let empty = Upstream::start(Reply::json(200, &json!({"object": "list", "data": []}))).await;
    let good = Upstream::start(golden_reply("cohere")).await;
    let router = Router::start(&pool(&[
        named("empty", &one("openai", "a", &empty)),
        named("good", &one("cohere", "embed-v4.0", &good)),
    ]))
    .await;
    let answer = call("gemini").send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-onwards-attempts"), Some("empty=malformed,good=200"));
    let alone = Router::start(&alias(&one("openai", "a", &empty))).await;
    let answer = call("gemini").send(alone.addr()).await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert_eq!(answer.json()["error"]["code"], 502, "{}", answer.text());
}

#[tokio::test]
async fn losses_are_named_or_refused() {
    let upstream = Upstream::start(golden_reply("cohere")).await;
    for (lossy, status) in [("warn", 200), ("refuse", 400)] {
        let mut target = one("cohere", "embed-v4.0", &upstream);
        target["lossy"] = json!(lossy);
        let router = Router::start(&alias(&target)).await;
        // The name of an end user changes no vector.
        let answer = call("openai").send(router.addr()).await;
        assert_eq!((answer.status, answer.header("x-onwards-dropped")), (200, None));
        let mut body: Value =
            serde_json::from_slice(&golden("openai", "embed_one", "embed.json")).unwrap();
        (body["model"], body["news"]) = (json!("m"), json!(1));
        let answer = Call::post("/v1/embeddings").json(&body).send(router.addr()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        match lossy {
            "warn" => assert_eq!(answer.header("x-onwards-dropped"), Some("news")),
            _ => assert_eq!(answer.json()["error"]["param"], "news", "{}", answer.text()),
        }
    }
    assert_eq!(upstream.hits(), 3);
}

/// What changes the vectors' shape, or is not there without it, is never dropped: another provider
/// is asked, and if there is none, the request is refused.
#[tokio::test]
async fn what_cannot_be_carried_goes_to_who_can_carry_it() {
    let never = Upstream::start(golden_reply("cohere")).await;
    let good = Upstream::start(golden_reply("openai")).await;
    let first = one("cohere", "embed-english-v3.0", &never);
    let router =
        Router::start(&pool(&[named("first", &first), named("good", &one("openai", "e", &good))]))
            .await;
    let alone = Router::start(&alias(&first)).await;
    for (field, body) in [
        ("input", json!({"model": "m", "input": [1, 2, 3]})),
        ("dimensions", json!({"model": "m", "input": "x", "dimensions": 256})),
    ] {
        let call = Call::post("/v1/embeddings").json(&body);
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 200, "{field}: {}", answer.text());
        assert_eq!(answer.header("x-onwards-attempts"), Some("first=protocol,good=200"), "{field}");
        let refused = call.send(alone.addr()).await;
        assert_eq!(refused.status, 400, "{field}: {}", refused.text());
        assert_eq!(refused.json()["error"]["param"], field, "{}", refused.text());
    }
    assert_eq!(never.hits(), 0);
}

/// The alias `m` of this provider alone.
fn alias(target: &Value) -> Value {
    json!({"targets": {"m": target}})
}

/// The alias `m` of these, in their order.
fn pool(providers: &[Value]) -> Value {
    let fallback = json!({"enabled": true});
    json!({"targets": {"m": {
        "strategy": "priority", "fallback": fallback, "providers": providers}}})
}

fn one(protocol: &str, model: &str, upstream: &Upstream) -> Value {
    json!({"url": upstream.base(), "protocol": protocol, "onwards_key": "sk-provider",
        "onwards_model": model})
}

fn named(name: &str, provider: &Value) -> Value {
    let mut provider = provider.clone();
    provider["name"] = json!(name);
    provider
}

/// One text, asked for as the corpus does.
fn call(client: &str) -> Call {
    let body = golden(client, "embed_one", "embed.json");
    let path = String::from_utf8(golden(client, "embed_one", "path")).unwrap();
    let body = String::from_utf8(body).unwrap().replace("alias", "m");
    let path = path.trim().replace("alias", "m");
    Call::post(&path).json(&serde_json::from_str(&body).unwrap())
}

fn golden_reply(provider: &str) -> Reply {
    let provider = if provider == "openai_responses" { "openai" } else { provider };
    let body = golden(provider, "embed_one", "embedded.json");
    Reply::new(200).header("content-type", "application/json").body(body)
}

fn vector_in(client: &str, body: &Value) -> Option<Vec<Value>> {
    let pointer = match client {
        "openai" => "/data/0/embedding",
        "gemini" => "/embedding/values",
        "bedrock" => "/embedding",
        _ => "/embeddings/float/0",
    };
    body.pointer(pointer)?.as_array().cloned()
}

fn tokens_in(client: &str, answer: &Response) -> u64 {
    let pointer = match client {
        "openai" => "/usage/prompt_tokens",
        "gemini" => "/usageMetadata/promptTokenCount",
        "bedrock" => "/inputTextTokenCount",
        _ => "/meta/billed_units/input_tokens",
    };
    // Where Gemini counts nothing and passes as it came, there is nothing to see.
    let passes = answer.body == golden("gemini", "embed_one", "embedded.json");
    answer.json().pointer(pointer).and_then(Value::as_u64).unwrap_or(u64::from(passes))
}

fn golden(protocol: &str, case: &str, file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(protocol);
    std::fs::read(path.join(case).join(file)).unwrap()
}
