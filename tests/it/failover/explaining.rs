//! `/explain` and `onwards explain`: who would be asked, in words.
//!
//! Never: a provider is asked by it.

use serde_json::json;

use crate::support::{
    Call, Fault, Place, Reply, Router, Upstream, chat, eventually, pool, provider, run_cli,
    run_cli_with, secs,
};

#[tokio::test]
async fn every_candidate_is_told_with_its_state() {
    let broken = Upstream::start(Reply::error(500, "broken")).await;
    let full = Upstream::start(Reply::chat("late").fault(Place::Start, Fault::Stall)).await;
    let well = Upstream::start(Reply::chat("well")).await;
    let mut capped = provider("full", &full);
    capped["concurrency_limit"] = json!({"max_concurrent_requests": 1});
    let mut small = provider("small", &well);
    small["context_window"] = json!(1_000);
    let mut targets = pool(&[provider("broken", &broken), capped, small, provider("well", &well)]);
    targets["targets"]["m"]["cooldown"] = json!({"failures": 1});
    targets["targets"]["m"]["fallback"]["to"] = json!(["next"]);
    targets["targets"]["next"] = json!({"url": well.base(), "name": "last"});
    let router = Router::start(&targets).await;
    let call = crate::support::Call::chat(&chat("m"));
    let held = call.open(router.addr()).await;
    assert!(full.wait_hits(1, secs(5)).await, "the capped one is busy");

    let before = (broken.hits(), full.hits(), well.hits());
    let told = router.explain("m&tokens=2000").await;
    assert_eq!(told.status, 200);
    let candidates = &told.json()["pools"][0]["candidates"];
    let state = |at: usize| candidates[at]["state"].as_str().unwrap_or_default().to_owned();
    assert!(state(0).starts_with("resting 60 s after a 500, "), "{}", state(0));
    assert_eq!(state(1), "at its cap of 1");
    assert_eq!(state(2), "context too small for 2000 tokens");
    assert_eq!(state(3), "ready");
    assert_eq!(candidates[3]["available"], true);
    assert_eq!(told.json()["pools"][1]["candidates"][0]["provider"], "last");
    assert!(!told.text().contains("sk-"), "{}", told.text());
    assert_eq!((broken.hits(), full.hits(), well.hits()), before, "nobody was asked");
    assert_eq!(router.explain("missing").await.status, 404);
    drop(held);
    let free = async || {
        let told = router.explain("m").await.json();
        told["pools"][0]["candidates"][1]["state"] == "ready"
    };
    assert!(eventually(secs(5), free).await);
}

#[tokio::test]
async fn who_asks_for_no_alias_is_told_how_to_ask() {
    let well = Upstream::start(Reply::chat("well")).await;
    let router = Router::start(&pool(&[provider("well", &well)])).await;
    for query in ["", "?", "?alia=m", "?model=m&tokens=many"] {
        let call = Call::get(&format!("/explain{query}"));
        let told = call.send(router.metrics_addr()).await;
        assert_eq!(told.status, 400, "{query}: {}", told.text());
        assert!(told.text().starts_with("use /explain?model=ALIAS"), "{}", told.text());
    }
    let told = Call::get("/explain?alias=m").send(router.metrics_addr()).await;
    assert_eq!((told.status, &told.json()["model"]), (200, &json!("m")));
}

/// A pool that takes over, but sends this caller back, is passed over by requests, too.
#[test]
fn a_pool_that_leads_back_is_not_told_twice() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let back = json!([{"match_labels": {}, "action": {"type": "redirect", "target": "m"}}]);
    let text = json!({"targets": {
        "m": {"url": "mock:", "name": "one", "fallback": {"enabled": true, "to": ["next"]}},
        "next": {"url": "mock:", "routing_rules": back},
    }});
    std::fs::write(&file, text.to_string()).unwrap();
    let output = run_cli(["explain", file.to_str().unwrap(), "m"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told, "m (weighted_random): ready\n  1. one (tier 1, weight 1): ready\n");
}

#[test]
fn the_command_line_tells_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let text = json!({
        "auth": {"key_definitions": {"ann": {"key": "sk-ann"}, "bob": {"key": "sk-bob"}}},
        "targets": {"m": {"keys": ["ann"], "strategy": "priority", "providers": [
            {"url": "mock:", "name": "one"}, {"url": "mock:", "name": "two", "weight": 0}]}},
    });
    std::fs::write(&file, text.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let output = run_cli(["explain", file, "m", "--key", "ann"]);
    assert!(output.status.success());
    let expected = "m (priority): ready\n  1. one (tier 1, weight 1): ready\n  \
        2. two (tier 1, weight 0): ready, only if no other provider is left\n";
    assert_eq!(said(&output), expected);
    let output = run_cli(["explain", file, "m", "--key", "bob"]);
    let refused = "m would be refused: ";
    assert!(said(&output).starts_with(refused), "{}", said(&output));
    assert!(said(&output).contains("(`keys` of `m` do not admit `bob`)"), "{}", said(&output));
    let output = run_cli(["explain", file, "m"]);
    assert_eq!(said(&output), format!("m is closed: told for the key `ann`\n{expected}"));
    assert_eq!(run_cli(["explain", file, "nothing"]).status.code(), Some(1));
}

/// Aliases behind literal keys, a rule that redirects, one that denies, a narrowed alias.
fn closed() -> serde_json::Value {
    let key = |token: &str, team: &str| json!({"key": token, "labels": {"team": team}});
    let redirect =
        json!({"match_labels": {"team": "a"}, "action": {"type": "redirect", "target": "large"}});
    let deny = json!({"match_labels": {"team": "b"}, "action": {"type": "deny"}});
    json!({
        "auth": {"key_definitions": {"ann": key("sk-ann-secret", "a"), "bob": key("sk-bob-secret", "b")}},
        "targets": {
            "m": {"url": "mock:", "name": "one", "keys": ["sk-literal-of-m", "ann", "bob"],
                "fallback": {"enabled": true, "to": ["other"]}, "routing_rules": [redirect, deny]},
            "other": {"url": "mock:", "name": "two", "keys": ["sk-literal-of-other"]},
            "large": {"url": "mock:", "name": "three", "endpoints": ["inference"]}}})
}

#[tokio::test]
async fn an_alias_behind_literal_keys_is_explained_and_rules_are_named() {
    let router = Router::start(&closed()).await;
    let ask = async |query: &str, token: &str| {
        let call = crate::support::Call::get(&format!("/explain?model={query}"));
        let call = if token.is_empty() { call } else { call.header("x-onwards-key", token) };
        let told = call.send(router.metrics_addr()).await;
        assert!(!told.text().contains("sk-"), "{}", told.text());
        (told.status, serde_json::from_slice::<serde_json::Value>(&told.body).unwrap_or_default())
    };
    let (_, told) = ask("m", "").await;
    assert_eq!(told["told_for"], "m is closed: told for one of its literal keys");
    assert_eq!(told["pools"][0]["candidates"][0]["provider"], "one");
    let state = told["pools"][1]["state"].as_str().unwrap();
    assert!(state.ends_with("(`keys` of `other` do not admit this key)"), "{state}");
    let (_, told) = ask("m", "sk-literal-of-m").await;
    assert_eq!((&told["told_for"], &told["refused"]), (&json!(null), &json!(null)));
    let (_, told) = ask("m", "sk-literal-of-other").await;
    let refused = told["refused"].as_str().unwrap();
    assert!(refused.ends_with("(`keys` of `m` do not admit this key)"), "{refused}");
    assert_eq!(ask("m", "sk-of-nothing").await.0, 404);

    for (query, token) in [("m&key=ann", ""), ("m", "sk-ann-secret")] {
        let (_, told) = ask(query, token).await;
        let rule = "`m` has `routing_rules[0]` (team=a), which redirects to `large`";
        assert_eq!(told["redirected"], rule);
        assert_eq!(told["pools"][0]["candidates"][0]["provider"], "three");
    }
    let (_, told) = ask("m&key=ann&path=/v1/files", "").await;
    let refused = told["refused"].as_str().unwrap();
    assert!(refused.ends_with("(`endpoints` of `large` do not permit the path)"), "{refused}");
    let (_, told) = ask("m&key=ann&path=/v1/chat/completions", "").await;
    assert_eq!(told["refused"], json!(null));
    let (_, told) = ask("m&key=bob", "").await;
    let refused = told["refused"].as_str().unwrap();
    assert!(refused.ends_with("(`m` has `routing_rules[1]` (team=b), which denies)"), "{refused}");
    assert_eq!(told["redirected"], json!(null));
}

#[test]
fn a_key_for_an_explanation_may_come_from_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    std::fs::write(&file, closed().to_string()).unwrap();
    let file = file.to_str().unwrap();
    let ask = |variable| {
        let args = ["explain", file, "other", "--key-from-env", variable];
        run_cli_with(args, &[("CALLER", "sk-literal-of-other"), ("STRANGER", "sk-x")])
    };
    let output = ask("CALLER");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(told, "other (weighted_random): ready\n  1. two (tier 1, weight 1): ready\n");
    for wrong in ["STRANGER", "NOT_SET_AT_ALL"] {
        let output = ask(wrong);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && !told.contains("sk-"), "{told}");
    }
}
