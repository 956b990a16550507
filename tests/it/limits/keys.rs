//! Keys by their hash, keys that end, keys for some aliases, teams, and the length of answers.

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::{
    Call, Reply, Router, Upstream, assert_error, assert_ok, chat, eventually, run_cli, secs,
};

/// `onwards key new`: the key, and its definition.
fn new_key(name: &str) -> (String, Value) {
    let output = run_cli(["key", "new", "--name", name]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let (key, definition) = text.split_once('\n').unwrap();
    let definition: Value = serde_json::from_str(definition).unwrap();
    (key.to_owned(), definition[name].clone())
}

#[tokio::test]
async fn key_is_known_by_its_hash_and_its_text_is_nowhere() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let (key, definition) = new_key("ann");
    assert!(key.starts_with("sk-") && key.len() > 40 && !definition.to_string().contains(&key));
    let router = Router::start(&json!({
        "auth": {"key_definitions": {"ann": definition}},
        "targets": {"m": {"url": upstream.base(), "keys": ["ann"]}}}))
    .await;
    assert_ok(&router.post(CHAT, &key, &chat("m")).await);
    assert_error(
        &router.post(CHAT, &key[..key.len() - 1], &chat("m")).await,
        401,
        "invalid_api_key",
    );
    let hash = definition["hash"].as_str().unwrap();
    for wrong in [hash, "ann", hash.trim_start_matches("sha256:")] {
        assert_error(&router.post(CHAT, wrong, &chat("m")).await, 401, "invalid_api_key");
    }
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn key_that_has_expired_or_is_disabled_is_refused_everywhere() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = |expires: &str, disabled: bool, team: bool| {
        json!({
            "auth": {
                "key_definitions": {
                    "old": {"key": "sk-client-old-0", "expires_at": expires},
                    "off": {"key": "sk-client-off-0", "disabled": disabled},
                    "of-team": {"key": "sk-client-team-0", "team": "t"}},
                "teams": {"t": {"disabled": team}}},
            "targets": {"open": {"url": upstream.base()},
                        "closed": {"url": upstream.base(), "keys": ["old", "off", "of-team"]}}})
    };
    let router = Router::start(&targets("2020-01-01T00:00:00+02:00", true, true)).await;
    for (key, code) in [
        ("sk-client-old-0", "key_expired"),
        ("sk-client-off-0", "key_disabled"),
        ("sk-client-team-0", "key_disabled"),
    ] {
        for alias in ["open", "closed", "nobody"] {
            assert_error(&router.post(CHAT, key, &chat(alias)).await, 401, code);
        }
        let listed = Call::get("/v1/models").key(key).send(router.addr()).await;
        assert_error(&listed, 401, code);
        let one = Call::get("/v1/models/open").key(key).send(router.addr()).await;
        assert_error(&one, 401, code);
    }
    assert_eq!(upstream.hits(), 0);
    router.write_targets(&targets("2999-01-01T00:00:00Z", false, false)).await;
    let is_open =
        async || router.post(CHAT, "sk-client-off-0", &chat("closed")).await.status == 200;
    assert!(eventually(secs(10), is_open).await);
    for key in ["sk-client-old-0", "sk-client-off-0", "sk-client-team-0"] {
        assert_ok(&router.post(CHAT, key, &chat("closed")).await);
    }
}

#[tokio::test]
async fn models_of_a_key_open_what_they_name_and_close_all_else() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let url = upstream.base();
    let router = Router::start(&json!({
        "auth": {"key_definitions": {
            "some": {"key": "sk-client-some", "models": ["gpt-*", "fast"]},
            "of-team": {"key": "sk-client-team", "team": "t", "models": ["gpt-*"]},
            "all": {"key": "sk-client-all0"}},
            "teams": {"t": {"models": ["*-mini", "claude"]}}},
        "aliases": {"fast": "claude"},
        "targets": {
            "gpt-4": {"url": url}, "gpt-4-mini": {"url": url}, "claude": {"url": url},
            "mine-*": {"url": url}, "open": {"url": url},
            "listed": {"url": url, "keys": ["some", "all"]}}}))
    .await;
    let status = async |key: &str, alias: &str| router.post(CHAT, key, &chat(alias)).await.status;
    for (alias, some, of_team, all, stranger) in [
        ("gpt-4", 200, 403, 403, 401),
        ("gpt-4-mini", 200, 200, 403, 401),
        // By its own name it is not this key's, by its further name it is.
        ("claude", 403, 403, 403, 401),
        ("fast", 200, 403, 403, 401),
        ("mine-x", 403, 403, 200, 200),
        ("open", 403, 403, 200, 200),
        ("listed", 403, 403, 200, 401),
    ] {
        assert_eq!(status("sk-client-some", alias).await, some, "some at {alias}");
        assert_eq!(status("sk-client-team", alias).await, of_team, "of-team at {alias}");
        assert_eq!(status("sk-client-all0", alias).await, all, "all at {alias}");
        assert_eq!(status("sk-nobody", alias).await, stranger, "a stranger at {alias}");
    }
    let listed = Call::get("/v1/models").key("sk-client-some").send(router.addr()).await.json();
    let ids: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, ["fast", "gpt-4", "gpt-4-mini"]);
}

#[tokio::test]
async fn limits_of_a_team_are_shared_by_its_keys() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let rate = json!({"requests_per_second": 0.001, "burst_size": 2});
    let router = Router::start(&json!({
        "auth": {"key_definitions": {"one": {"key": "sk-client-one0", "team": "t"},
                                     "two": {"key": "sk-client-two0", "team": "t"}},
                 "teams": {"t": {"rate_limit": rate}}},
        "targets": {"m": {"url": upstream.base()}}}))
    .await;
    assert_ok(&router.post(CHAT, "sk-client-one0", &chat("m")).await);
    assert_ok(&router.post(CHAT, "sk-client-two0", &chat("m")).await);
    let refused = router.post(CHAT, "sk-client-one0", &chat("m")).await;
    assert_error(&refused, 429, "rate_limit");
    assert_eq!(refused.json()["error"]["param"], "team");
    assert_ok(&router.post(CHAT, "", &chat("m")).await);
}

#[tokio::test]
async fn length_of_answers_is_written_for_every_protocol_at_every_provider() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let openai = json!({"url": upstream.base(), "onwards_model": "gpt-5"});
    let claude = json!({"url": upstream.base(), "protocol": "anthropic"});
    let router = Router::start(&json!({
        "auth": {"key_definitions": {"k": {"key": "sk-client-key0", "max_output_tokens": 77}}},
        "targets": {"m": openai, "claude": claude}}))
    .await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    for (path, body) in [
        (CHAT, json!({"model": "m", "messages": messages})),
        (CHAT, json!({"model": "m", "messages": messages, "max_tokens": 4000})),
        (CHAT, json!({"max_completion_tokens": 4000, "messages": messages, "model": "m"})),
        (CHAT, json!({"model": "claude", "messages": messages})),
        ("/v1/completions", json!({"model": "m", "prompt": "hi", "max_tokens": 900})),
        ("/v1/messages", json!({"model": "m", "messages": messages, "max_tokens": 900})),
        ("/v1/messages", json!({"model": "claude", "messages": messages, "max_tokens": 900})),
        ("/v1/responses", json!({"model": "claude", "input": "hi"})),
        (
            "/v1beta/models/claude:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        ),
        (
            "/model/claude/converse",
            json!({"inferenceConfig": {"maxTokens": 9000},
            "messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
        ),
        ("/v2/chat", json!({"model": "claude", "messages": messages})),
    ] {
        let before = upstream.hits();
        router.post(path, "sk-client-key0", &body).await;
        assert_eq!(upstream.hits(), before + 1, "{path} {body}");
        let sent = upstream.last().json();
        let names = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
        let bounds: Vec<_> = names.iter().filter_map(|name| sent.get(*name)).collect();
        assert!(!bounds.is_empty() && bounds.iter().all(|it| **it == 77), "{path} {body}: {sent}");
        if sent.get("model").is_some_and(|model| model == "m") {
            panic!("the model is not replaced: {sent}");
        }
    }
    let fewer = json!({"model": "m", "messages": messages, "max_tokens": 5});
    router.post(CHAT, "sk-client-key0", &fewer).await;
    assert_eq!(upstream.last().json()["max_tokens"], 5);
    // Text completions never had the newer field: a server takes no notice of it.
    let unknown = json!({"model": "m", "prompt": "hi", "max_completion_tokens": 5});
    router.post("/v1/completions", "sk-client-key0", &unknown).await;
    assert_eq!(upstream.last().json()["max_tokens"], 77);
    let free = json!({"model": "m", "messages": messages, "max_tokens": 4000});
    router.post(CHAT, "", &free).await;
    assert_eq!(upstream.last().json()["max_tokens"], 4000);
    let embed = json!({"model": "m", "input": "hi"});
    router.post("/v1/embeddings", "sk-client-key0", &embed).await;
    assert!(upstream.last().json().get("max_tokens").is_none());
    let hits = upstream.hits();
    for path in ["/v1/batches", "/v1/threads/runs", "/v1/unheard-of", "/v1/unheard-of?x=/audio/"] {
        let refused = router.post(path, "sk-client-key0", &json!({"model": "m"})).await;
        assert_error(&refused, 400, "unsupported_parameter");
    }
    // Texts of models whose other requests on this path are for embeddings.
    for body in [
        json!({"inputText": "x", "textGenerationConfig": {"maxTokenCount": 5000}}),
        json!({"texts": ["x"], "message": "y", "max_tokens": 5000}),
    ] {
        let refused = router.post("/model/claude/invoke", "sk-client-key0", &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text());
        assert!(refused.text().contains("has a cap"), "{body}: {}", refused.text());
    }
    assert_eq!(upstream.hits(), hits);
}

#[test]
fn check_tells_what_is_wrong_with_keys_and_teams() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let check = |auth: Value| {
        let targets = json!({"auth": auth, "targets": {"m": {"url": "mock:"}}});
        std::fs::write(&file, targets.to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let hash = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    for (auth, says) in [
        (json!({"key_definitions": {"a": {"hash": "2cf24d"}}}), "64 hexadecimal digits"),
        (
            json!({"key_definitions": {"a": {"hash": hash, "key": "sk-client-0000"}}}),
            "exclude each other",
        ),
        (json!({"key_definitions": {"a": {"hash": hash}, "b": {"key": "hello"}}}), "the same as"),
        (json!({"key_definitions": {"a": {"hash": hash}, "b": {"hash": hash}}}), "the same as"),
        (
            json!({"key_definitions": {"a": {"key": "sk-client-0000", "team": "reserch"}},
                "teams": {"research": {}}}),
            "did you mean `research`",
        ),
        (
            json!({"key_definitions": {"a": {"key": "sk-client-0000", "expires_at": "tomorrow"}}}),
            "RFC 3339",
        ),
    ] {
        let (ok, text) = check(auth);
        assert!(!ok && text.contains(says), "{says}: {text}");
    }
    let (ok, text) = check(json!({
        "key_definitions": {"a": {"key": "sk-client-0000", "models": ["gpt-*"],
                                  "expires_at": "2020-01-01T00:00:00Z"}},
        "teams": {"t": {}}}));
    assert!(ok, "{text}");
    for warning in ["no alias has this name", "has expired", "no key belongs to this team"] {
        assert!(text.contains(warning), "{warning}: {text}");
    }
}
