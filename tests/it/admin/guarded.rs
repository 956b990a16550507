//! The administration opens for the admin key alone, and is not there without one.

use serde_json::json;

use super::{KEY, administered, call, get};
use crate::support::{Call, Launch, Router, eventually, run_cli_with, secs};

const ROUTES: [(&str, &str); 4] = [
    ("GET", "/admin/config"),
    ("PUT", "/admin/targets/m"),
    ("POST", "/admin/reload"),
    ("GET", "/admin/nothing"),
];

#[tokio::test]
async fn without_an_admin_key_there_is_no_administration() {
    let router = Router::start(&json!({"targets": {"m": {"url": "mock:"}}})).await;
    for (method, path) in ROUTES {
        let absent = call(method, path).body("{}").send(router.metrics_addr()).await;
        assert_eq!(absent.status, 404, "{method} {path}");
    }
    assert_eq!(Call::get("/admin/config").key(KEY).send(router.addr()).await.status, 404);
}

#[tokio::test]
async fn a_wrong_key_is_401_in_json_and_is_never_logged() {
    let router = administered(&json!({"targets": {"m": {"url": "mock:"}}})).await;
    for (method, path) in ROUTES {
        let wrong = "wrong-admin-key-0001";
        for (name, value) in [
            ("authorization", format!("Bearer {wrong}")),
            ("authorization", format!("Bearer {KEY}x")),
            ("authorization", format!("Basic {KEY}")),
            ("x-api-key", KEY.to_owned()),
            ("x-nothing", String::new()),
        ] {
            let refused = Call::new(method, path).header(name, &value).body("{}");
            let refused = refused.send(router.metrics_addr()).await;
            assert_eq!(refused.status, 401, "{method} {path} {name}");
            assert!(refused.code().ends_with("_api_key"), "{}", refused.text());
            assert!(refused.header("www-authenticate").is_some());
        }
    }
    assert_eq!(get(&router, "/admin/config").await.status, 200);
    assert!(!router.log_text().contains("wrong-admin-key") && !router.log_text().contains(KEY));
}

#[tokio::test]
async fn the_key_may_come_from_a_file() {
    let targets = json!({"targets": {"m": {"url": "mock:"}}});
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let launch = Launch::new(&targets).args(["--admin-key-file", file.to_str().unwrap()]);
    let router = launch.start().await;
    assert_eq!(get(&router, "/admin/config").await.status, 200);
    std::fs::write(&file, "\n").unwrap();
    let targets = router.file().to_str().unwrap().to_owned();
    let arguments = ["-f", &targets, "--admin-key-file", file.to_str().unwrap()];
    let output = run_cli_with(arguments, &[]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("the key is empty"));
}

#[tokio::test]
async fn a_page_of_a_stranger_administers_nothing() {
    let router = administered(&json!({"targets": {"m": {"url": "mock:"}}})).await;
    let put = || call("PUT", "/admin/targets/x").body(r#"{"url": "mock:"}"#);
    let foreign = put().header("origin", "http://evil.example").send(router.metrics_addr()).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (403, "forbidden"));
    let rebound = put().header("host", "evil.example:9090").send(router.metrics_addr()).await;
    assert_eq!(rebound.status, 421);
    let own = format!("http://{}", router.metrics_addr());
    assert_eq!(put().header("origin", &own).send(router.metrics_addr()).await.status, 201);
    let policy = get(&router, "/admin/config").await;
    assert_eq!(policy.header("cache-control"), Some("no-store"));
    assert!(policy.header("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn a_slow_or_broken_body_holds_nothing_up() {
    let router = administered(&json!({"targets": {"m": {"url": "mock:"}}})).await;
    let slow = call("PUT", "/admin/targets/x").header("content-length", "100").body("{");
    let _open = slow.open(router.metrics_addr()).await;
    let served = eventually(secs(10), async || {
        call("PUT", "/admin/targets/y")
            .body(r#"{"url": "mock:"}"#)
            .send(router.metrics_addr())
            .await
            .status
            < 300
    });
    assert!(served.await);
}

#[tokio::test]
async fn no_change_carries_a_stored_credential_elsewhere_or_loses_it() {
    let router = administered(&json!({
        "auth": {"global_keys": ["alpha"], "key_definitions": {"alpha": {"key": "sk-client-alpha"}}},
        "targets": {"m": {"url": "http://127.0.0.1:9/v1", "onwards_key": "sk-provider-0001"}}}))
    .await;
    let before = std::fs::read_to_string(router.file()).unwrap();
    for (method, path, body) in [
        ("PATCH", "/admin/targets/m", json!({"url": "http://127.0.0.2:9/v1"})),
        ("PATCH", "/admin/targets/m", json!({"proxy": "http://127.0.0.2:9"})),
        ("PATCH", "/admin/providers/m/127.0.0.1", json!({"url": "http://127.0.0.2:9/v1"})),
        ("POST", "/key/generate", json!({"key": "***", "key_alias": "new"})),
        ("DELETE", "/admin/keys/alpha", json!({})),
        ("POST", "/key/delete", json!({"key_aliases": ["alpha"]})),
    ] {
        let refused = call(method, path).json(&body).send(router.metrics_addr()).await;
        assert!(matches!(refused.status, 400 | 409), "{method} {path}: {}", refused.text());
        assert!(!refused.text().contains("sk-provider"), "{}", refused.text());
    }
    assert_eq!(std::fs::read_to_string(router.file()).unwrap(), before);
    // Who writes the credential knows it.
    let both = json!({"url": "http://127.0.0.2:9/v1", "onwards_key": "sk-provider-0001"});
    let moved = call("PATCH", "/admin/targets/m").json(&both).send(router.metrics_addr()).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
}

#[tokio::test]
async fn an_alias_that_needs_no_key_any_more_is_named() {
    let router = administered(&json!({
        "auth": {"key_definitions": {"leaked": {"key": "sk-client-leaked", "models": ["n"]}}},
        "targets": {"n": {"url": "mock:"}}}))
    .await;
    let removed = call("DELETE", "/admin/keys/leaked").send(router.metrics_addr()).await;
    assert_eq!((removed.status, &removed.json()["opened"]), (200, &json!(["n"])));
}
