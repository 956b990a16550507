//! Pools of one alias by what a request is for (`pools`).
//!
//! Never: a request is served by the pool of another class, or a client asks for such a pool by its name.

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::{
    Call, Fault, Place, Reply, Response, Router, Upstream, assert_ok, chat, eventually, provider,
    run_cli, secs,
};

const COMPLETIONS: &str = "/v1/completions";

fn completion(alias: &str) -> Value {
    json!({"model": alias, "prompt": "Once upon a time"})
}

fn reply(text: &str) -> Reply {
    Reply::json(
        200,
        &json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "x",
            "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": "stop"}]}),
    )
}

/// The alias `m`: `chat` for all requests but those to complete a text, which `text` has.
fn pools(chat: &Upstream, text: &Upstream) -> Value {
    json!({"targets": {"m": {"pools": {
        "default": {"providers": [provider("chat", chat)]},
        "completions": [provider("text", text)],
    }}}})
}

async fn complete(router: &Router, alias: &str) -> Response {
    router.post(COMPLETIONS, "", &completion(alias)).await
}

#[tokio::test]
async fn the_path_of_a_request_tells_its_pool() {
    let (talk, text) =
        (Upstream::start(Reply::chat("hi")).await, Upstream::start(reply("x")).await);
    let router = Router::start(&pools(&talk, &text)).await;
    for path in [CHAT, "/v1/chat//completions", "/chat/completions", "/v1/responses?x=/completions"]
    {
        let answer = router.post(path, "", &chat("m")).await;
        assert_eq!(answer.attempts(), "chat=200", "{path}");
    }
    for path in [COMPLETIONS, "/v1//completions", "/completions?x=/chat/completions"] {
        let answer = router.post(path, "", &completion("m")).await;
        assert_eq!(answer.attempts(), "text=200", "{path}");
    }
    let seen = text.last().json();
    assert_eq!(seen["model"], "m", "the alias is the model that is asked for: {seen}");
    let deployment = Call::post("/openai/deployments/m/completions").json(&completion("m"));
    assert_eq!(deployment.send(router.addr()).await.attempts(), "text=200");
}

#[tokio::test]
async fn the_pool_of_a_class_is_no_alias_and_is_shown_under_its_own() {
    let (talk, text) =
        (Upstream::start(Reply::chat("hi")).await, Upstream::start(reply("x")).await);
    let router = Router::start(&pools(&talk, &text)).await;
    assert_eq!(router.models().await, ["m"]);
    let answer = complete(&router, "m/completions").await;
    assert_eq!((answer.status, &*answer.code()), (404, "model_not_found"));
    assert_ok(&complete(&router, "m").await);
    assert_ok(&router.chat("m").await);

    let counted = async || {
        let of = async |alias: &str| {
            router.metric("onwards_requests_total", &[("alias", alias), ("status", "200")]).await
        };
        (of("m").await, of("m/completions").await) == (Some(1.0), Some(1.0))
    };
    assert!(eventually(secs(10), counted).await, "{}", router.metrics().await);
    let status = Call::get("/status").send(router.metrics_addr()).await.json();
    let aliases: Vec<&str> = status["aliases"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["alias"].as_str())
        .collect();
    assert!(aliases.contains(&"m") && aliases.contains(&"m/completions"), "{aliases:?}");

    let provider = |told: &Value, nth: usize| {
        let pool = &told["pools"][nth];
        (pool["alias"].clone(), pool["candidates"][0]["provider"].clone())
    };
    let told = router.explain("m").await.json();
    assert_eq!(provider(&told, 0), (json!("m"), json!("chat")));
    assert_eq!(provider(&told, 1), (json!("m/completions"), json!("text")));
    let told = router.explain("m&path=/v1/completions").await.json();
    assert_eq!(provider(&told, 0), (json!("m/completions"), json!("text")));
    assert_eq!(told["pools"].as_array().unwrap().len(), 1);
    let told = router.explain("m&path=/v1/chat/completions").await.json();
    assert_eq!(provider(&told, 0), (json!("m"), json!("chat")));
    let output = run_cli(["check", router.file().to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("1 alias, no problems") && said.contains("m/completions → text"),
        "{said}"
    );
}

#[tokio::test]
async fn limits_beside_the_pools_hold_for_both_and_those_inside_for_one() {
    let (talk, text) =
        (Upstream::start(Reply::chat("hi")).await, Upstream::start(reply("x")).await);
    let slow = json!({"requests_per_second": 0.001, "burst_size": 2});
    let mut beside = pools(&talk, &text);
    beside["targets"]["m"]["rate_limit"] = slow.clone();
    let router = Router::start(&beside).await;
    assert_ok(&router.chat("m").await);
    assert_ok(&complete(&router, "m").await);
    for answer in [router.chat("m").await, complete(&router, "m").await] {
        assert_eq!((answer.status, &*answer.code()), (429, "rate_limit"));
    }
    let level = [("limit", "pool"), ("name", "m")];
    assert!(router.metric("onwards_limiter_level", &level).await.is_some());
    let level = [("limit", "pool"), ("name", "m/completions")];
    assert_eq!(router.metric("onwards_limiter_level", &level).await, None, "it is shown once");

    let mut inside = pools(&talk, &text);
    inside["targets"]["m"]["pools"]["completions"] =
        json!({"providers": [provider("text", &text)], "rate_limit": slow});
    let router = Router::start(&inside).await;
    for _ in 0..2 {
        assert_ok(&complete(&router, "m").await);
    }
    assert_eq!(complete(&router, "m").await.status, 429);
    for _ in 0..4 {
        assert_ok(&router.chat("m").await);
    }
}

#[tokio::test]
async fn keys_and_rules_of_the_alias_hold_for_both_pools() {
    let (talk, text) =
        (Upstream::start(Reply::chat("hi")).await, Upstream::start(reply("x")).await);
    let mut file = pools(&talk, &text);
    file["auth"] = json!({"key_definitions": {
        "ann": {"key": "sk-ann-000000", "labels": {"team": "a"}},
        "bob": {"key": "sk-bob-000000", "labels": {"team": "b"}},
        "out": {"key": "sk-out-000000"}}});
    let target = &mut file["targets"]["m"];
    target["keys"] = json!(["ann", "bob"]);
    target["routing_rules"] = json!([
        {"match_labels": {"team": "b"}, "action": {"type": "redirect", "target": "other"}}]);
    file["targets"]["other"] = json!({"pools": {
        "default": {"url": talk.base(), "name": "other-chat"},
        "completions": {"url": text.base(), "name": "other-text"}}, "keys": ["out"]});
    let router = Router::start(&file).await;
    let ask = async |key: &str| router.post(COMPLETIONS, key, &completion("m")).await;
    assert_eq!(ask("sk-ann-000000").await.attempts(), "text=200");
    assert_eq!(
        ask("sk-bob-000000").await.attempts(),
        "other-text=200",
        "the redirect keeps the class"
    );
    let answer = router.post(CHAT, "sk-bob-000000", &chat("m")).await;
    assert_eq!(answer.attempts(), "other-chat=200");
    assert_eq!(ask("sk-out-000000").await.status, 403);
    assert_eq!(ask("").await.status, 401);
}

#[tokio::test]
async fn each_pool_falls_back_by_its_own_rules_and_others_take_over_in_their_class() {
    let down = Upstream::start(Reply::error(500, "down")).await;
    let (talk, text) =
        (Upstream::start(Reply::chat("hi")).await, Upstream::start(reply("x")).await);
    let mut file = pools(&down, &down);
    let target = &mut file["targets"]["m"];
    target["fallback"] = json!({"enabled": true, "to": ["next"]});
    file["targets"]["next"] = json!({"pools": {
        "default": {"url": talk.base(), "name": "next-chat"},
        "completions": {"url": down.base(), "name": "next-text",
            "fallback": {"enabled": true, "to": ["last"]}}}});
    file["targets"]["last"] = json!({"url": text.base(), "name": "last"});
    // One without pools of its own, before them.
    file["targets"]["before"] = json!({"url": down.base(), "name": "before",
        "fallback": {"enabled": true, "to": ["m"]}});
    let router = Router::start(&file).await;
    assert_eq!(router.chat("m").await.attempts(), "chat=500,next-chat=200");
    let answer = complete(&router, "m").await;
    assert_eq!(answer.attempts(), "text=500,next-text=500,last=200");
    assert_eq!(router.chat("before").await.attempts(), "before=500,chat=500,next-chat=200");
    let answer = complete(&router, "before").await;
    assert_eq!(answer.attempts(), "before=500,text=500,next-text=500,last=200");
    let told = router.explain("m&path=/v1/completions").await.json();
    let pools: Vec<&str> =
        told["pools"].as_array().unwrap().iter().filter_map(|it| it["alias"].as_str()).collect();
    assert_eq!(pools, ["m/completions", "next/completions", "last"]);
}

#[tokio::test]
async fn what_a_policy_requires_and_strict_mode_hold_in_both_pools() {
    let (talk, text) =
        (Upstream::start(Reply::chat("hi")).await, Upstream::start(reply("x")).await);
    let mut file = pools(&talk, &text);
    file["strict_mode"] = true.into();
    file["targets"]["m"]["require"] = json!({"region": "eu"});
    file["targets"]["m"]["pools"]["default"]["providers"][0]["labels"] = json!({"region": "eu"});
    let router = Router::start(&file).await;
    assert_ok(&router.chat("m").await);
    let answer = complete(&router, "m").await;
    assert_eq!((answer.status, &*answer.code()), (403, "policy"));
    file["targets"]["m"]["pools"]["completions"][0]["labels"] = json!({"region": "eu"});
    file["targets"]["n"] = json!({"url": talk.base()});
    router.write_targets(&file).await;
    assert!(router.serves(&["m", "n"], secs(10)).await);
    let answer = complete(&router, "m").await;
    assert_ok(&answer);
    assert_eq!(answer.json()["model"], "m", "strict mode shows the alias");
    let wrong = router.post(COMPLETIONS, "", &json!({"model": "m", "prompt": {"a": 1}})).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn the_state_of_both_pools_survives_a_reload_and_a_new_spelling() {
    let (talk, text) =
        (Upstream::start(Reply::chat("hi")).await, Upstream::start(reply("x")).await);
    let slow = json!({"requests_per_second": 0.001, "burst_size": 1});
    let mut file = pools(&talk, &text);
    for pool in ["default", "completions"] {
        let upstream = if pool == "default" { &talk } else { &text };
        file["targets"]["m"]["pools"][pool] =
            json!({"providers": [provider("one", upstream)], "rate_limit": slow});
    }
    let router = Router::start(&file).await;
    assert_ok(&router.chat("m").await);
    assert_ok(&complete(&router, "m").await);
    file["targets"]["n"] = json!({"url": talk.base()});
    router.write_targets(&file).await;
    assert!(router.serves(&["m", "n"], secs(10)).await);
    assert_eq!(router.chat("m").await.status, 429);
    assert_eq!(complete(&router, "m").await.status, 429);
    // Without `pools`, the alias is the same.
    let plain = json!({"targets": {"m": file["targets"]["m"]["pools"]["default"], "o": {"url": talk.base()}}});
    router.write_targets(&plain).await;
    assert!(router.serves(&["m", "o"], secs(10)).await);
    assert_eq!(router.chat("m").await.status, 429);
}

#[tokio::test]
async fn a_hedge_stays_in_the_pool_of_its_class() {
    let slow = reply("slow").fault(Place::Start, Fault::Stall);
    let (slow, quick) = (Upstream::start(slow).await, Upstream::start(reply("quick")).await);
    let talk = Upstream::start(Reply::chat("hi")).await;
    let mut file = pools(&talk, &quick);
    file["targets"]["m"]["pools"]["completions"] = json!({
        "strategy": "priority",
        "hedge": {"after_ms": 50, "max_extra": 1.0},
        "providers": [provider("slow", &slow), provider("quick", &quick)]});
    let router = Router::start(&file).await;
    let answer = complete(&router, "m").await;
    assert_eq!(answer.attempts(), "slow=hedged,quick=200");
    assert_eq!(talk.hits(), 0);
}

#[test]
fn what_a_pool_of_a_class_may_not_say_is_a_problem_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let one = json!({"url": "mock:"});
    let pools = |completions: Value| json!({"default": one, "completions": completions});
    let with = |more: Value| {
        let mut pool = json!({"url": "mock:"});
        pool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        pool
    };
    let limit = json!({"max_concurrent_requests": 1});
    let circle = json!({"fallback": {"enabled": true, "to": ["a"]}});
    for (targets, expected) in [
        (
            json!({"a": {"pools": {"completions": one}}}),
            r#"targets["a"].pools: `default` is missing"#,
        ),
        (
            json!({"a": {"pools": pools(with(json!({"keys": ["sk-0123456789ab"]})))}}),
            r#"targets["a"].pools.completions.keys: `keys` belongs to the whole alias"#,
        ),
        (
            json!({"a": {"pools": pools(with(json!({"require": {"region": "eu"}})))}}),
            r#"targets["a"].pools.completions.require: `require` belongs to the whole alias"#,
        ),
        (
            json!({"a": {"pools": pools(with(json!({"default": true})))}}),
            r#"targets["a"].pools.completions.default: `default` belongs to the whole alias"#,
        ),
        (
            json!({"a": {"concurrency_limit": limit, "pools": pools(with(json!({"concurrency_limit": limit})))}}),
            r#"targets["a"].pools.completions.concurrency_limit: there are limits beside `pools` already"#,
        ),
        (
            json!({"a": {"pools": pools(one.clone())}, "a/completions": one}),
            r#"targets["a"].pools.completions: this pool would have the name `a/completions` of another target"#,
        ),
        (
            json!({"a": {"pools": pools(with(circle.clone()))}}),
            r#"targets["a"].pools.completions.fallback.to[0]: a target cannot take over from itself"#,
        ),
        (
            json!({"a": {"pools": {"default": with(circle.clone())}}}),
            r#"targets["a"].pools.default.fallback.to[0]: a target cannot take over from itself"#,
        ),
        (
            json!({"a": {"pools": pools(one.clone()), "fallback": {"enabled": true, "to": ["b"]}},
                   "b": {"pools": pools(with(circle))}}),
            r#"targets["a"].fallback.to[0]: this leads back here"#,
        ),
        (
            json!({"a": {"pools": pools(one.clone()), "fallback": {"on_status": [7], "enabled": true}}}),
            r#"targets["a"].fallback.on_status"#,
        ),
        (
            json!({"a": {"pools": pools(one.clone()), "sticky": {"key": true}}}),
            r#"targets["a"].sticky: this applies only to the strategy `sticky`"#,
        ),
        (json!({"a": {"pools": pools(one.clone()), "providers": [one]}}), r#"unknown key `"#),
    ] {
        std::fs::write(&file, json!({"targets": targets}).to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected) && !output.status.success(), "{expected}: {said}");
        assert_eq!(
            said.matches("targets.json:").count() - said.matches(" --> ").count(),
            said.matches("this leads back here").count().max(1),
            "{expected}: {said}"
        );
    }
}
