//! Requests that only some providers may have: by labels that their key, their team, their alias or
//! their client requires.

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::{
    Call, Reply, Response, Router, Upstream, assert_error, assert_ok, chat, run_cli,
};

/// Two providers of which only the second is in Europe; the first is asked first.
struct World {
    us: Upstream,
    eu: Upstream,
}

impl World {
    async fn new(eu: Reply) -> Self {
        Self { us: Upstream::start(Reply::chat("us")).await, eu: Upstream::start(eu).await }
    }

    fn providers(&self) -> Value {
        json!([{"url": self.us.base(), "name": "us", "labels": {"region": "us", "tier": "gold"}},
               {"url": self.eu.base(), "name": "eu", "labels": {"region": "eu"}, "priority": 2}])
    }

    fn pool(&self, more: &Value) -> Value {
        let mut pool = json!({"strategy": "priority", "fallback": {"enabled": true,
            "on_status": [500]}, "providers": self.providers()});
        pool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        pool
    }

    fn file(&self) -> Value {
        json!({
            "auth": {
                "key_definitions": {
                    "ann": {"key": "sk-ann", "require": {"region": "eu"}},
                    "bob": {"key": "sk-bob", "team": "t"},
                    "eve": {"key": "sk-eve", "labels": {"plan": "free"}}},
                "teams": {"t": {"require": {"region": "eu"}}}},
            "targets": {
                "m": self.pool(&json!({})),
                "bound": self.pool(&json!({"require": {"region": "eu"}})),
                "led": self.pool(&json!({"require": {"region": "eu"}, "routing_rules": [
                    {"match_labels": {}, "action": {"type": "redirect", "target": "m"}}]})),
                "over": {"providers": [], "require": {"region": "eu"},
                    "fallback": {"enabled": true, "to": ["m"]}},
                "hedged": self.pool(&json!({"hedge": {"after_ms": 1, "max_extra": 1.0}})),
                "lonely": {"url": self.us.base(), "name": "us", "require": {"region": "eu"}}}})
    }
}

async fn ask(router: &Router, key: &str, alias: &str, requires: Option<&str>) -> Response {
    let call = Call::chat(&chat(alias)).key(key);
    let call = match requires {
        Some(requires) => call.header("x-onwards-require", requires),
        None => call,
    };
    call.send(router.addr()).await
}

#[tokio::test]
async fn only_providers_that_are_as_required_are_asked() {
    let world = World::new(Reply::chat("eu")).await;
    let router = Router::start(&world.file()).await;
    for (key, alias, requires) in [
        ("sk-ann", "m", None),
        ("sk-bob", "m", None),
        ("sk-eve", "bound", None),
        ("sk-eve", "led", None),
        ("sk-eve", "over", None),
        ("sk-ann", "hedged", None),
        ("sk-eve", "m", Some("region=eu")),
        ("sk-ann", "m", Some(" region = eu ")),
    ] {
        let answer = ask(&router, key, alias, requires).await;
        assert_ok(&answer);
        assert_eq!(answer.header("x-onwards-provider"), Some("eu"), "{key} {alias}");
    }
    let passed_over = ask(&router, "sk-ann", "m", None).await;
    assert_eq!(passed_over.header("x-onwards-attempts"), Some("us=policy,eu=200"));
    assert_eq!(world.us.hits(), 0);
    let free = ask(&router, "sk-eve", "m", None).await;
    assert_eq!(free.header("x-onwards-provider"), Some("us"));
    assert!(world.eu.requests().iter().all(|seen| seen.header("x-onwards-require").is_none()));
}

/// A provider that is excluded is no last resort either.
#[tokio::test]
async fn failures_and_rests_lead_to_no_provider_that_is_excluded() {
    let world = World::new(Reply::new(500)).await;
    let mut file = world.file();
    file["targets"]["m"]["cooldown"] = json!({"failures": 1});
    let router = Router::start(&file).await;
    for _ in 0..8 {
        let answer = ask(&router, "sk-ann", "m", None).await;
        assert_error(&answer, 503, "all_providers_failed");
    }
    assert!(world.eu.hits() > 0);
    assert_eq!(world.us.hits(), 0);
}

#[tokio::test]
async fn where_no_provider_is_as_required_the_label_is_named() {
    let world = World::new(Reply::chat("eu")).await;
    let router = Router::start(&world.file()).await;
    for (key, alias, requires, label) in [
        ("sk-eve", "lonely", None, "region"),
        ("sk-eve", "m", Some("tier=silver"), "tier"),
        // A client may narrow what its key requires, and not widen it.
        ("sk-ann", "m", Some("region=us"), "region"),
        ("sk-ann", "m", Some("tier=gold"), "region"),
        ("sk-eve", "m", Some("region=eu,owner=me"), "owner"),
    ] {
        let answer = ask(&router, key, alias, requires).await;
        assert_error(&answer, 403, "policy");
        assert!(answer.text().contains(&format!("`{label}`")), "{}", answer.text());
    }
    let two = Call::chat(&chat("m"))
        .key("sk-eve")
        .header("x-onwards-require", "region=eu")
        .header("x-onwards-require", "region=us");
    assert_error(&two.send(router.addr()).await, 403, "policy");
    for unreadable in ["", "region", "region=", "=eu", "region=eu,", "region=eu,tier"] {
        let answer = ask(&router, "sk-eve", "m", Some(unreadable)).await;
        assert_error(&answer, 400, "invalid_header");
    }
    let anthropic = Call::post("/v1/messages")
        .json(&json!({"model": "lonely", "max_tokens": 9,
            "messages": [{"role": "user", "content": "q"}]}))
        .key("sk-eve");
    let answer = anthropic.send(router.addr()).await;
    assert_eq!((answer.status, answer.json()["type"].as_str()), (403, Some("error")));
    assert_eq!((world.us.hits(), world.eu.hits()), (0, 0));
    let embed = router.post("/v1/embeddings", "sk-ann", &json!({"model": "m", "input": "a"})).await;
    assert_eq!((embed.status, world.us.hits(), world.eu.hits()), (200, 0, 1));
    assert_ok(&router.post(CHAT, "sk-ann", &chat("m")).await);
}

#[test]
fn what_is_excluded_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let text = json!({
        "auth": {"key_definitions": {"ann": {"key": "sk-ann", "require": {"region": "eu"}}}},
        "targets": {
            "m": {"strategy": "priority", "keys": ["ann"], "providers": [
                {"url": "mock:", "name": "us"},
                {"url": "mock:", "name": "eu", "labels": {"region": "eu"}}]},
            "n": {"url": "mock:", "name": "us", "keys": ["ann"]}}});
    std::fs::write(&file, text.to_string()).unwrap();
    let told = |alias| {
        let output = run_cli(["explain", file.to_str().unwrap(), alias, "--key", "ann"]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(
        told("m")
            .contains("us (tier 1, weight 1): its label `region` does not have the required value")
    );
    assert!(told("m").contains("eu (tier 1, weight 1): ready"), "{}", told("m"));
    assert!(told("n").contains("n would be refused: No provider"), "{}", told("n"));
}
