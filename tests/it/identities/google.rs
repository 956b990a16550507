//! Tokens of Google: for a service account and from the metadata server.
//!
//! Never: a service account's key travels.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{log_with, source};
use crate::support::router::run_cli_with;
use crate::support::{Launch, Reply, Router, Seen, Upstream, secs};

/// The key file of the corpus, for this token endpoint.
fn key_file(token_endpoint: &str) -> Value {
    let path = format!("{}/tests/golden/gcp/service_account.json", env!("CARGO_MANIFEST_DIR"));
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["token_uri"] = json!(format!("{token_endpoint}/token"));
    file
}

fn token(text: &str) -> Reply {
    Reply::json(200, &json!({"access_token": text, "expires_in": 3599, "token_type": "Bearer"}))
}

fn gemini() -> Reply {
    Reply::json(
        200,
        &json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]},
            "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 2}}),
    )
}

/// An alias of Vertex at `upstream` with this `gcp`.
fn targets(upstream: &Upstream, gcp: Value) -> Value {
    json!({"targets": {"m": {"url": upstream.base(), "protocol": "gemini",
        "onwards_model": "gemini-2.5-pro", "gcp": gcp}}})
}

#[tokio::test]
async fn a_service_accounts_word_is_changed_for_a_token() {
    let google = source(|seen: &Seen| {
        let form = String::from_utf8_lossy(&seen.body).into_owned();
        let word = form.strip_prefix(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=",
        );
        match word {
            Some(word) if word.split('.').count() == 3 && seen.target == "/token" => {
                token("ya29.one")
            }
            _ => Reply::error(400, "unexpected"),
        }
    })
    .await;
    let upstream = Upstream::start(gemini()).await;
    let key = key_file(&google.base());
    let targets =
        targets(&upstream, json!({"service_account": key.to_string(), "scope": "a-scope"}));
    let router = Router::start(&targets).await;
    for _ in 0..3 {
        let answer = router.chat("m").await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "hello"), "{}", answer.text());
        assert_eq!(upstream.last().header("authorization"), Some("Bearer ya29.one"));
        assert_eq!(upstream.last().header("x-goog-api-key"), None);
    }
    assert_eq!(google.hits(), 1);
    let form = String::from_utf8(google.last().body).unwrap();
    let parts: Vec<&str> = form.rsplit('=').next().unwrap().split('.').collect();
    let decoded = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (decoded(parts[0]), decoded(parts[1]));
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &key["private_key_id"]));
    assert_eq!((&claims["iss"], &claims["aud"]), (&key["client_email"], &key["token_uri"]));
    assert_eq!(claims["scope"], "a-scope");
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
    let log = log_with(&router, "a credential was fetched").await;
    assert!(!log.contains("ya29") && !log.contains("PRIVATE KEY"), "{log}");
}

#[tokio::test]
async fn without_a_key_the_machines_own_account_is_asked() {
    let metadata = source(|seen: &Seen| match seen.header("metadata-flavor") {
        Some("Google") if seen.target.starts_with(MACHINE) => token("ya29.machine"),
        _ => Reply::new(403),
    })
    .await;
    let upstream = Upstream::start(gemini()).await;
    let host = metadata.addr().to_string();
    let launch = Launch::new(&targets(&upstream, json!({}))).env("GCE_METADATA_HOST", &host);
    let router = launch.start().await;
    assert_eq!(router.chat("m").await.status, 200);
    assert_eq!(upstream.last().header("authorization"), Some("Bearer ya29.machine"));

    let key = key_file(&source(|_| token("ya29.file")).await.base()).to_string();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key.json");
    std::fs::write(&file, key).unwrap();
    let launch = Launch::new(&targets(&upstream, json!({}))).env("GCE_METADATA_HOST", &host);
    let router = launch.env("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap()).start().await;
    assert_eq!(router.chat("m").await.status, 502, "the token endpoint of the file is gone");
    assert_eq!(metadata.hits(), 1, "the file comes first");
}

#[tokio::test]
async fn an_account_that_is_refused_falls_back_and_the_log_says_so() {
    let google = source(|_: &Seen| {
        Reply::json(400, &json!({"error": "invalid_grant", "error_description": "secret words"}))
    })
    .await;
    let (upstream, backup) =
        (Upstream::start(gemini()).await, Upstream::start(Reply::chat("b")).await);
    let key = key_file(&google.base()).to_string();
    let router = Router::start(&json!({"targets": {"m": {
        "strategy": "priority", "fallback": {"enabled": true, "on_status": [429]},
        "providers": [
            {"name": "vertex", "url": upstream.base(), "protocol": "gemini", "gcp": {"service_account": key}},
            {"name": "backup", "url": backup.base()}]}}}))
    .await;
    let answer = router.chat("m").await;
    assert_eq!(answer.attempts(), "vertex=connect,backup=200", "{}", answer.text());
    let log = log_with(&router, "answered 400 Bad Request (invalid_grant)").await;
    assert!(!log.contains("secret words"), "{log}");
}

#[tokio::test]
async fn a_token_that_a_provider_refuses_is_not_fetched_again_at_once() {
    let google = source(|_: &Seen| token("ya29.x")).await;
    let upstream = Upstream::start(Reply::error(401, "who are you")).await;
    let key = key_file(&google.base()).to_string();
    let router = Router::start(&targets(&upstream, json!({"service_account": key}))).await;
    for _ in 0..5 {
        assert_eq!(router.chat("m").await.status, 401);
    }
    assert_eq!((upstream.hits(), google.hits()), (5, 1));
}

#[tokio::test]
async fn probes_are_made_with_the_token_too() {
    let google = source(|_: &Seen| token("ya29.probe")).await;
    let upstream = Upstream::start(gemini()).await;
    let mut targets =
        targets(&upstream, json!({"service_account": key_file(&google.base()).to_string()}));
    targets["targets"]["m"]["health_check"] = json!({"path": "/health", "interval_secs": 1});
    let _router = Router::start(&targets).await;
    assert!(upstream.wait_hits(1, secs(10)).await);
    assert_eq!(upstream.last().header("authorization"), Some("Bearer ya29.probe"));
}

#[test]
fn a_key_that_cannot_sign_is_a_problem_of_the_file() {
    let check = |provider: Value| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("targets.json");
        std::fs::write(&file, json!({"targets": {"m": provider}}).to_string()).unwrap();
        let output = run_cli_with(["check", file.to_str().unwrap()], &[]);
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let with = |key: &str, value: Value| {
        let mut file = key_file("https://oauth2.googleapis.com");
        file[key] = value;
        check(json!({"url": "https://x.example", "gcp": {"service_account": file.to_string()}}))
    };
    let (good, text) = with("project_id", json!("p"));
    assert!(good, "{text}");
    for (key, value, said) in [
        ("type", json!("authorized_user"), "the key of an `authorized_user`"),
        ("type", json!("very secret"), "something else"),
        ("private_key", json!("very secret"), "is not a private key"),
        ("private_key", Value::Null, "it has no `private_key`"),
        ("token_uri", json!("very secret"), "is not a URL"),
    ] {
        let (good, text) = with(key, value);
        assert!(!good && text.contains(said) && !text.contains("very secret"), "{key}: {text}");
        assert!(!text.contains("PRIVATE"), "{text}");
    }
    for (key, value) in [("onwards_key", json!("k")), ("upstream_auth_header_name", json!("x"))] {
        let mut provider = json!({"url": "https://x.example", "gcp": {}});
        provider[key] = value;
        let (good, text) = check(provider);
        assert!(!good && text.contains(&format!("`gcp` and `{key}`")), "{text}");
    }
    let (good, text) = check(json!({"url": "mock:", "gcp": {}}));
    assert!(!good && text.contains("does not accept Google tokens"), "{text}");
}

const MACHINE: &str = "/computeMetadata/v1/instance/service-accounts/default/token?scopes=https";
