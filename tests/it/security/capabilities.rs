//! Requests that only some providers can serve: by what they need and what providers say that they lack.

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::{
    Call, Reply, Response, Router, Upstream, assert_error, assert_ok, chat, run_cli,
};

/// Two providers: the first lacks some capabilities, the second one does not say.
struct World {
    plain: Upstream,
    able: Upstream,
}

const LACKS: [&str; 7] =
    ["vision", "audio", "documents", "tools", "json_schema", "reasoning", "embeddings"];

impl World {
    async fn new(able: Reply) -> Self {
        Self {
            plain: Upstream::start(Reply::chat("plain")).await,
            able: Upstream::start(able).await,
        }
    }

    fn plain(&self) -> Value {
        let lacks: Value = LACKS.iter().map(|name| ((*name).to_owned(), json!(false))).collect();
        json!({"url": self.plain.base(), "name": "plain", "capabilities": lacks})
    }

    fn file(&self) -> Value {
        let able = json!({"url": self.able.base(), "name": "able", "priority": 2,
            "capabilities": {"vision": true}});
        let mut quick = able.clone();
        quick["priority"] = json!(1);
        let falls = json!({"enabled": true, "on_status": [500]});
        let mut plain = self.plain();
        plain["fallback"] = falls.clone();
        let mut hops = plain.clone();
        hops["fallback"]["to"] = json!(["spare"]);
        json!({
            "auth": {"key_definitions": {"ann": {"key": "sk-ann", "require": {"region": "eu"}}}},
            "targets": {
                "m": {"strategy": "priority", "fallback": falls, "providers": [self.plain(), able]},
                "hedged": {"strategy": "priority", "fallback": falls,
                    "hedge": {"after_ms": 1, "max_extra": 1.0}, "providers": [quick, self.plain()]},
                "only": plain,
                "hops": hops,
                "spare": {"url": self.able.base(), "name": "able"},
                "led": {"providers": [], "routing_rules": [{"match_labels": {},
                    "action": {"type": "redirect", "target": "only"}}]},
                "eu": {"providers": [
                    {"url": self.able.base(), "name": "us", "labels": {"region": "us"}},
                    {"url": self.plain.base(), "name": "blind", "labels": {"region": "eu"},
                        "capabilities": {"vision": false}}]}}})
    }
}

fn user(content: &Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": content}]})
}

/// A request at a path, and what it needs.
fn needing() -> Vec<(&'static str, &'static str, Value)> {
    let picture =
        json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]);
    let sound = json!([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]);
    let paper =
        json!([{"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}]);
    let with = |name: &str, value: Value| {
        let mut body = chat("m");
        body[name] = value;
        body
    };
    let schema = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {}}});
    vec![
        ("vision", CHAT, user(&picture)),
        ("audio", CHAT, user(&sound)),
        ("documents", CHAT, user(&paper)),
        ("tools", CHAT, with("tools", json!([{"type": "function", "function": {"name": "f"}}]))),
        ("json_schema", CHAT, with("response_format", schema)),
        ("reasoning", CHAT, with("reasoning_effort", json!("high"))),
        ("embeddings", "/v1/embeddings", json!({"model": "m", "input": "a"})),
        ("audio", "/v1/audio/speech", json!({"model": "m", "input": "a", "voice": "b"})),
        (
            "vision",
            "/v1/responses",
            json!({"model": "m", "input": [{"role": "user", "content":
            [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}]}),
        ),
        // What the router does not read in full may still be read by a provider.
        (
            "vision",
            "/v1/responses",
            json!({"model": "m", "previous_response_id": "r", "background": true,
            "input": [{"role": "user", "content":
            [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}]}),
        ),
        (
            "vision",
            "/v1/messages",
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user",
            "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png",
            "data": "AAAA"}}]}]}),
        ),
        (
            "vision",
            "/v1beta/models/m:generateContent",
            json!({"contents": [{"role": "user", "parts":
            [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}]}),
        ),
        // Fields that no reader of the protocol knows.
        ("tools", CHAT, with("web_search_options", json!({"search_context_size": "low"}))),
        ("json_schema", CHAT, with("guided_json", json!({"type": "object"}))),
        ("reasoning", CHAT, with("reasoning", json!({"effort": "high"}))),
        ("reasoning", CHAT, with("chat_template_kwargs", json!({"enable_thinking": true}))),
        (
            "vision",
            CHAT,
            json!({"model": "m", "messages": [{"role": "user", "content": "q", "images": ["AAAA"]}]}),
        ),
        (
            "vision",
            "/v1beta/models/m:generateContent",
            json!({"contents": [{"role": "user", "parts":
            [{"inlineData": {"mimeType": "IMAGE/PNG", "data": "AAAA"}}]}]}),
        ),
        (
            "vision",
            "/model/m/converse",
            json!({"messages": [{"role": "user", "content":
            [{"image": {"format": "png", "source": {"bytes": "AAAA"}}}]}]}),
        ),
        (
            "tools",
            "/v2/chat",
            json!({"model": "m", "messages": [{"role": "user", "content": "q"}],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}),
        ),
    ]
}

async fn ask(router: &Router, path: &str, alias: &str, body: &Value) -> Response {
    let path = path.replace("/models/m:", &format!("/models/{alias}:"));
    let path = path.replace("/model/m/", &format!("/model/{alias}/"));
    let mut body = body.clone();
    if body["model"].is_string() {
        body["model"] = alias.into();
    }
    Call::post(&path).json(&body).send(router.addr()).await
}

#[tokio::test]
async fn a_provider_that_lacks_what_a_request_needs_is_passed_over_in_six_protocols() {
    let world = World::new(Reply::chat("able")).await;
    let router = Router::start(&world.file()).await;
    for (need, path, body) in needing() {
        let answer = ask(&router, path, "m", &body).await;
        let told = answer.header("x-onwards-attempts").unwrap_or_default();
        assert!(
            told.starts_with("plain=capability,able="),
            "{need} {path}: {told} {}",
            answer.text()
        );
        for alias in ["only", "led"] {
            let refused = ask(&router, path, alias, &body).await;
            assert_eq!(refused.status, 403, "{need} {path} {alias}: {}", refused.text());
            let text = refused.text();
            assert!(text.contains(&format!("needs `{need}`")), "{path}: {text}");
        }
        let hedged = ask(&router, path, "hedged", &body).await;
        let told = hedged.header("x-onwards-attempts").unwrap_or_default();
        assert!(told.contains("able="), "{need} {path}: {told} {}", hedged.text());
        let hopped = ask(&router, path, "hops", &body).await;
        let told = hopped.header("x-onwards-attempts").unwrap_or_default();
        assert!(told.contains("able="), "{need} {path}: {told} {}", hopped.text());
    }
    assert_eq!(world.plain.hits(), 0);
    // A parameter of a tool is no picture, and a mode that is off no reasoning.
    let mut body = chat("m");
    body["chat_template_kwargs"] = json!({"enable_thinking": false});
    body["metadata"] = json!({"image": "a"});
    let free = ask(&router, CHAT, "m", &body).await;
    assert_eq!(free.header("x-onwards-attempts"), Some("plain=200"), "{}", free.text());
    let free = router.chat("m").await;
    assert_ok(&free);
    assert_eq!(free.header("x-onwards-attempts"), Some("plain=200"));
}

#[tokio::test]
async fn the_status_shows_labels_and_what_is_lacked_and_counts_no_failure() {
    let world = World::new(Reply::chat("able")).await;
    let router = Router::start(&world.file()).await;
    let (_, path, body) = needing().swap_remove(0);
    assert_ok(&ask(&router, path, "m", &body).await);
    let told = Call::new("GET", "/status").send(router.metrics_addr()).await.json();
    let alias = |name: &str| {
        let all = told["aliases"].as_array().unwrap();
        all.iter().find(|it| it["alias"] == name).unwrap()["providers"].as_array().unwrap().clone()
    };
    let of = |alias: &[Value], name: &str| {
        alias.iter().find(|it| it["provider"] == name).unwrap().clone()
    };
    let plain = of(&alias("m"), "plain");
    assert_eq!(plain["lacks"], json!(LACKS));
    assert_eq!((&plain["failed"], &plain["recent_failed"]), (&json!(0), &json!(0)));
    assert!(of(&alias("m"), "able")["lacks"].is_null());
    assert_eq!(of(&alias("eu"), "us")["labels"], json!(["region=us"]));
}

/// A provider that lacks something is no last resort either.
#[tokio::test]
async fn faults_lead_to_no_provider_that_lacks_what_is_needed() {
    let world = World::new(Reply::new(500)).await;
    let mut file = world.file();
    file["targets"]["m"]["cooldown"] = json!({"failures": 1});
    let router = Router::start(&file).await;
    let (_, path, body) = needing().swap_remove(0);
    for _ in 0..6 {
        assert_error(&ask(&router, path, "m", &body).await, 503, "all_providers_failed");
    }
    assert!(world.able.hits() > 0);
    assert_eq!(world.plain.hits(), 0);
}

#[tokio::test]
async fn what_is_in_the_way_of_the_nearest_provider_is_named() {
    let world = World::new(Reply::chat("able")).await;
    let router = Router::start(&world.file()).await;
    let (_, path, mut body) = needing().swap_remove(0);
    body["model"] = "eu".into();
    let answer = Call::post(path).json(&body).key("sk-ann").send(router.addr()).await;
    assert_error(&answer, 403, "policy");
    assert!(answer.text().contains("needs `vision`"), "{}", answer.text());
    assert_eq!((world.plain.hits(), world.able.hits()), (0, 0));
}

#[tokio::test]
async fn a_large_request_is_read_as_a_small_one_is() {
    let world = World::new(Reply::chat("able")).await;
    let router = Router::start(&world.file()).await;
    let (_, path, mut body) = needing().swap_remove(0);
    body["messages"][0]["content"][0]["image_url"]["url"] =
        format!("data:image/png;base64,{}", "AAAA".repeat(200_000)).into();
    let answer = ask(&router, path, "m", &body).await;
    assert_ok(&answer);
    assert_eq!(answer.header("x-onwards-attempts"), Some("plain=capability,able=200"));
}

#[test]
fn what_is_lacked_is_explained_and_unknown_capabilities_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    let file = path.to_str().unwrap();
    let text = json!({"targets": {
        "m": {"strategy": "priority", "providers": [
            {"url": "mock:", "name": "a", "capabilities": {"vision": false, "tools": true}},
            {"url": "mock:", "name": "b"}]},
        "n": {"url": "mock:", "name": "a", "capabilities": {"vision": false}}}});
    std::fs::write(&path, text.to_string()).unwrap();
    let told = |alias, needs| {
        let output = run_cli(["explain", file, alias, "--needs", needs]);
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let (_, text) = told("m", "tools, vision");
    assert!(
        text.contains("a (tier 1, weight 1): it lacks `vision`, which the request needs"),
        "{text}"
    );
    assert!(text.contains("b (tier 1, weight 1): ready"), "{text}");
    let (_, text) = told("m", "tools");
    assert!(text.contains("a (tier 1, weight 1): ready"), "{text}");
    let (_, text) = told("n", "vision");
    assert!(text.contains("n would be refused: The request needs `vision`"), "{text}");
    let (is_ok, text) = told("m", "sight");
    assert!(!is_ok && text.contains("`json_schema`"), "{text}");
    let wrong = text_with(&json!({"sight": false}));
    std::fs::write(&path, wrong).unwrap();
    let output = run_cli(["check", file]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("sight"));
}

#[test]
fn a_label_that_no_provider_has_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    let text = json!({
        "auth": {
            "key_definitions": {
                "ann": {"key": "sk-0123456789abcdef", "require": {"region": "eu"}},
                "bob": {"key": "sk-fedcba9876543210", "require": {"region": "mars"}}},
            "teams": {"t": {"require": {"tier": "gold"}}}},
        "targets": {
            "m": {"providers": [{"url": "mock:", "labels": {"region": "eu"}}],
                "require": {"region": "moon"}},
            "over": {"url": "mock:", "require": {"region": "eu"},
                "fallback": {"enabled": true, "to": ["m"]}}}});
    std::fs::write(&path, text.to_string()).unwrap();
    let output = run_cli(["check", path.to_str().unwrap()]);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    for place in [
        "[\"bob\"].require.region: no provider of the file",
        "teams.t.require.tier: no provider of the file",
        "[\"m\"].require.region: no provider of this alias",
    ] {
        assert!(text.contains(place), "{place}: {text}");
    }
    for place in ["[\"ann\"].require", "[\"over\"].require"] {
        assert!(!text.contains(place), "{place}: {text}");
    }
}

fn text_with(capabilities: &Value) -> String {
    json!({"targets": {"m": {"url": "mock:", "capabilities": capabilities}}}).to_string()
}
