//! Providers that an operator rests, drains and wakes; and `onwards admin`, which does it from a terminal.

use serde_json::{Value, json};

use super::{KEY, administered, audit, call, file, send};
use crate::support::{
    Launch, Reply, Router, Upstream, assert_ok, eventually, pair, run_cli_with, secs,
};

async fn lab() -> ([Upstream; 2], Router) {
    let [first, second] =
        [Upstream::start(Reply::chat("one")).await, Upstream::start(Reply::chat("two")).await];
    let router = administered(&pair(&first, &second)).await;
    ([first, second], router)
}

async fn post(router: &Router, what: &str) -> Value {
    let path = format!("/admin/providers/m/{what}");
    let answer = call("POST", &path).send(router.metrics_addr()).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

async fn served(router: &Router) -> String {
    let answer = router.chat("m").await;
    assert_ok(&answer);
    answer.header("x-onwards-provider").unwrap().to_owned()
}

#[tokio::test]
async fn a_provider_that_is_drained_is_asked_no_more_until_it_is_woken() {
    let (_upstreams, router) = lab().await;
    assert_eq!(served(&router).await, "first");
    let told = post(&router, "first/drain").await;
    assert_eq!((&told["state"], &told["in_flight"]), (&json!("drained"), &json!(0)));
    assert_eq!(served(&router).await, "second");
    let explained = router.explain("m").await.text();
    assert!(explained.contains("drained by an operator"), "{explained}");
    let status = call("GET", "/status").send(router.metrics_addr()).await.text();
    assert!(status.contains("\"drained\""), "{status}");
    let metrics = call("GET", "/metrics").send(router.metrics_addr()).await.text();
    assert!(metrics.contains(r#"state="drained"} 1"#), "{metrics}");
    post(&router, "second/drain").await;
    let none = router.chat("m").await;
    assert_eq!(none.status, 503, "not even as the last resort: {}", none.text());
    assert_eq!(post(&router, "first/wake").await["state"], "ready");
    assert_eq!(served(&router).await, "first");
    // A reload keeps it.
    assert_eq!(call("POST", "/admin/reload").send(router.metrics_addr()).await.status, 200);
    let patch = json!({"response_headers": {"x-a": "b"}});
    assert_eq!(send(&router, "PATCH", "/admin/targets/m", &patch).await.status, 200);
    post(&router, "first/drain").await;
    let patch = json!({"response_headers": null});
    assert_eq!(send(&router, "PATCH", "/admin/targets/m", &patch).await.status, 200);
    assert_eq!(router.chat("m").await.status, 503);
    let lines = audit(&router, 7).await;
    assert!(lines[0].contains("drain provider `first`"), "{}", lines[0]);
}

#[tokio::test]
async fn a_provider_that_rests_is_the_last_resort_and_a_rest_may_end_by_itself() {
    let (_upstreams, router) = lab().await;
    let told = post(&router, "first/rest").await;
    assert_eq!(told["told"], "resting until an operator wakes it");
    assert_eq!(served(&router).await, "second");
    post(&router, "second/drain").await;
    assert_eq!(served(&router).await, "first", "all that is left");
    post(&router, "second/wake").await;
    assert_eq!(served(&router).await, "second");
    let told = post(&router, "first/rest?seconds=1").await;
    assert_eq!(told["told"], "resting 1 s since an operator wants it");
    assert!(eventually(secs(10), async || served(&router).await == "first").await);
    for (path, status) in [
        ("/admin/providers/m/first/rest?seconds=0", 400),
        ("/admin/providers/m/first/rest?minutes=1", 400),
        ("/admin/providers/m/third/rest", 404),
        ("/admin/providers/x/first/rest", 404),
        ("/admin/providers/m/first/kill", 405),
    ] {
        let refused = call("POST", path).send(router.metrics_addr()).await;
        assert_eq!(refused.status, status, "{path}: {}", refused.text());
    }
}

#[tokio::test]
async fn waking_ends_a_rest_that_failures_began() {
    let [first, second] =
        [Upstream::start(Reply::new(500)).await, Upstream::start(Reply::chat("two")).await];
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["cooldown"] = json!({"failures": 1, "duration_secs": 500});
    let router = administered(&targets).await;
    assert_eq!(served(&router).await, "second");
    assert!(router.explain("m").await.text().contains("resting 500 s"));
    assert_eq!(post(&router, "first/wake").await["state"], "ready");
}

#[tokio::test]
async fn one_provider_is_patched_by_its_name() {
    let (_upstreams, router) = lab().await;
    let before = file(&router);
    let patch = json!({"weight": 0, "priority": 2});
    let patched = send(&router, "PATCH", "/admin/providers/m/first", &patch).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    assert_eq!(served(&router).await, "second");
    assert!(file(&router).contains("sk-provider-first"), "its credential stays");
    let back = json!({"weight": null, "priority": null});
    assert_eq!(send(&router, "PATCH", "/admin/providers/m/first", &back).await.status, 200);
    assert_eq!(file(&router), before);
    assert_eq!(send(&router, "PATCH", "/admin/providers/m/no", &patch).await.status, 404);
}

/// There, a key that pools and providers have is the pool's.
#[tokio::test]
async fn provider_of_a_target_in_one_object_is_patched_and_its_alias_is_not() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let single = json!({"url": upstream.base(), "name": "own", "onwards_key": "sk-provider-own",
        "keys": ["sk-client-key0"], "rate_limit": {"requests_per_second": 1000}, "trusted": true});
    let router = administered(&json!({"targets": {"m": single}})).await;
    let patch = async |patch: Value| {
        let answer = send(&router, "PATCH", "/admin/providers/m/own", &patch).await;
        let written: Value = serde_json::from_str(&file(&router)).unwrap();
        (answer.status, answer.text(), written["targets"]["m"].clone())
    };
    let before = file(&router);
    // The alias stays closed and limited, whatever its provider is told.
    for other in [json!({"keys": null}), json!({"rate_limit": null, "trusted": null})] {
        assert_eq!(patch(other).await.0, 200);
        assert_eq!(file(&router), before);
    }
    for wrong in [
        json!({"keys": ["sk-other"]}),
        json!({"strategy": "priority"}),
        json!({"url": null, "onwards_key": null, "providers": [{"url": "mock:"}]}),
    ] {
        let (status, text, _) = patch(wrong.clone()).await;
        assert_eq!(status, 422, "{wrong}: {text}");
        assert_eq!(file(&router), before);
    }
    let (status, text, written) = patch(json!({"weight": 3})).await;
    assert_eq!((status, &written["weight"]), (200, &json!(3)), "{text}");
    let more = json!({"rate_limit": {"requests_per_second": 5}, "weight": null, "trusted": false});
    let (status, text, written) = patch(more).await;
    assert_eq!(status, 200, "{text}");
    let wanted = json!({"keys": ["sk-client-key0"], "rate_limit": {"requests_per_second": 1000}, "trusted": true,
        "providers": [{"url": upstream.base(), "name": "own", "onwards_key": "sk-provider-own",
            "rate_limit": {"requests_per_second": 5}, "trusted": false}]});
    assert_eq!(written, wanted);
    assert_eq!(router.chat("m").await.status, 401);
    assert_ok(
        &router.post("/v1/chat/completions", "sk-client-key0", &crate::support::chat("m")).await,
    );
}

#[tokio::test]
async fn pools_of_one_class_are_administered_too() {
    let router = administered(&json!({"targets": {
        "m": {"pools": {
            "default": [{"url": "mock:", "name": "both"}],
            "completions": {"strategy": "priority", "providers": [
                {"url": "mock:", "name": "both"}, {"url": "mock:", "name": "old"}]}}},
        "x/completions": {"url": "mock:", "name": "p"}}}))
    .await;
    let states = async || {
        let told = router.explain("m").await.json();
        let states = |at: usize| -> Vec<String> {
            let all = told["pools"][at]["candidates"].as_array().unwrap().clone();
            all.iter().map(|it| it["state"].as_str().unwrap().to_owned()).collect()
        };
        (states(0), states(1))
    };
    let is_out = |state: &String| state.contains("drained");
    post(&router, "old/drain").await;
    let (default, completions) = states().await;
    assert!(!is_out(&default[0]) && !is_out(&completions[0]) && is_out(&completions[1]));
    post(&router, "completions/both/drain").await;
    let (default, completions) = states().await;
    assert!(!is_out(&default[0]) && is_out(&completions[0]));
    // The alias alone means all of its pools.
    post(&router, "both/wake").await;
    post(&router, "both/drain").await;
    let (default, completions) = states().await;
    assert!(is_out(&default[0]) && is_out(&completions[0]));
    let patch = json!({"weight": 7});
    let patched = send(&router, "PATCH", "/admin/providers/m/old", &patch).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    let refused = send(&router, "PATCH", "/admin/providers/m/both", &patch).await;
    assert_eq!((refused.status, refused.code()), (409, "ambiguous".to_owned()));
    assert!(refused.text().contains("`m/default` and `m/completions`"), "{}", refused.text());
    let of_one = send(&router, "PATCH", "/admin/providers/m/default/both", &patch).await;
    assert_eq!(of_one.status, 200, "{}", of_one.text());
    let written: Value = serde_json::from_str(&file(&router)).unwrap();
    let pools = &written["targets"]["m"]["pools"];
    assert_eq!(pools["completions"]["providers"][1]["weight"], 7);
    assert_eq!(
        (&pools["default"][0]["weight"], &pools["completions"]["providers"][0]["weight"]),
        (&json!(7), &Value::Null)
    );
    let named = call("POST", "/admin/providers/x/completions/p/drain");
    assert_eq!(named.send(router.metrics_addr()).await.status, 200);
}

#[tokio::test]
async fn of_two_ways_to_split_a_path_neither_is_taken() {
    let router = administered(&json!({"targets": {
        "a": [{"url": "mock:", "name": "b/c"}, {"url": "mock:", "name": "x/y"}],
        "a/b": [{"url": "mock:", "name": "c"}, {"url": "mock:", "name": "z"}]}}))
    .await;
    let patch = json!({"weight": 5});
    for verb in ["rest", "drain", "wake"] {
        let refused = call("POST", &format!("/admin/providers/a/b/c/{verb}"));
        let refused = refused.send(router.metrics_addr()).await;
        assert_eq!((refused.status, refused.code()), (409, "ambiguous".to_owned()), "{verb}");
        assert!(refused.text().contains("`a%2Fb/c` and `a/b%2Fc`"), "{}", refused.text());
    }
    let refused = send(&router, "PATCH", "/admin/providers/a/b/c", &patch).await;
    assert_eq!((refused.status, refused.code()), (409, "ambiguous".to_owned()));
    for (path, alias, name) in [
        ("a%2Fb/c", "a/b", "c"),
        ("a/b%2Fc", "a", "b/c"),
        ("a/x/y", "a", "x/y"),
        ("a/b/z", "a/b", "z"),
    ] {
        let drained = call("POST", &format!("/admin/providers/{path}/drain"));
        let drained = drained.send(router.metrics_addr()).await.json();
        assert_eq!((&drained["alias"], &drained["provider"]), (&json!(alias), &json!(name)));
        let patched = send(&router, "PATCH", &format!("/admin/providers/{path}"), &patch).await;
        assert_eq!(patched.status, 200, "{path}: {}", patched.text());
    }
    let written: Value = serde_json::from_str(&file(&router)).unwrap();
    for alias in ["a", "a/b"] {
        let weights = [0, 1].map(|at| written["targets"][alias][at]["weight"].clone());
        assert_eq!(weights, [json!(5), json!(5)], "{alias}");
    }
}

/// Where several are called so, none of them is taken by itself.
#[tokio::test]
async fn providers_of_one_host_are_told_apart_by_a_number() {
    let router = administered(&json!({"targets": {"m": {"strategy": "priority", "providers": [
        {"url": "http://127.0.0.1:1", "onwards_model": "one"},
        {"url": "http://127.0.0.1:1", "onwards_model": "two", "onwards_key": ["sk-a", "sk-b"]},
        {"url": "http://127.0.0.1:2", "name": "own-2"}]}}}))
    .await;
    for verb in ["drain", "rest", "wake"] {
        let path = format!("/admin/providers/m/127.0.0.1/{verb}");
        let refused = call("POST", &path).send(router.metrics_addr()).await;
        assert_eq!((refused.status, refused.code()), (409, "ambiguous".to_owned()), "{path}");
        let text = refused.text();
        assert!(text.contains("`127.0.0.1-1`, `127.0.0.1-2`, `127.0.0.1-3`"), "{text}");
    }
    assert_eq!(post(&router, "127.0.0.1-1/drain").await["provider"], "127.0.0.1");
    assert_eq!(post(&router, "127.0.0.1-2/drain").await["provider"], "127.0.0.1-2");
    assert_eq!(post(&router, "own-2/drain").await["provider"], "own-2");
    for absent in ["127.0.0.1-4", "127.0.0.1-0", "own", "own-1", "127.0.0.1-x"] {
        let path = format!("/admin/providers/m/{absent}/drain");
        assert_eq!(call("POST", &path).send(router.metrics_addr()).await.status, 404, "{path}");
    }
    let patch = json!({"weight": 5});
    let refused = send(&router, "PATCH", "/admin/providers/m/127.0.0.1", &patch).await;
    assert_eq!((refused.status, refused.code()), (409, "ambiguous".to_owned()));
    for (name, at) in [("127.0.0.1-1", 0), ("127.0.0.1-3", 1), ("own-2", 2)] {
        let path = format!("/admin/providers/m/{name}");
        assert_eq!(send(&router, "PATCH", &path, &patch).await.status, 200, "{name}");
        let written: Value = serde_json::from_str(&file(&router)).unwrap();
        assert_eq!(written["targets"]["m"]["providers"][at]["weight"], 5, "{name}");
    }
}

#[tokio::test]
async fn the_terminal_does_the_same() {
    let (_upstreams, router) = lab().await;
    let url = format!("http://{}", router.metrics_addr());
    let admin = |arguments: &[&str], key: &str| {
        let arguments = [&["admin", "--url", &url], arguments].concat();
        let output = run_cli_with(arguments, &[("ONWARDS_ADMIN_KEY", key)]);
        let [out, err] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        (output.status.success(), out, err)
    };
    let (ok, out, _) = admin(&["targets"], KEY);
    assert!(ok && out.starts_with("m\n  first: ready"), "{out}");
    let (ok, out, _) = admin(&["drain", "m", "first"], KEY);
    assert!(ok && out.contains("m / first: drained by an operator"), "{out}");
    assert_eq!(served(&router).await, "second");
    let (ok, out, _) = admin(&["rest", "m", "first", "--seconds", "600"], KEY);
    assert!(ok && out.contains("resting 600 s"), "{out}");
    let (ok, out, _) = admin(&["wake", "m", "first"], KEY);
    assert!(ok && out.contains("ready"), "{out}");
    assert!(admin(&["reload"], KEY).1.starts_with("live"), "reload");
    assert!(admin(&["keys"], KEY).0);
    let (ok, out, _) = admin(&["--json", "targets"], KEY);
    assert!(ok && serde_json::from_str::<Value>(&out).unwrap()["targets"].is_array());
    let (ok, _, err) = admin(&["wake", "m", "nobody"], KEY);
    assert!(!ok && err.contains("no provider"), "{err}");
    let (ok, _, err) = admin(&["targets"], "a-wrong-admin-key");
    assert!(!ok && err.contains("not the admin key") && !err.contains("a-wrong"), "{err}");
    assert!(!admin(&["targets"], "").0);
    let plain = Launch::new(&json!({"targets": {}})).start().await;
    let url = format!("http://{}", plain.metrics_addr());
    let output = run_cli_with(["admin", "--url", &url, "keys"], &[("ONWARDS_ADMIN_KEY", KEY)]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("no admin key"));
}
