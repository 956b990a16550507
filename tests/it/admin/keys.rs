//! Keys of callers, made, changed, rotated, blocked and removed while requests use them.

use serde_json::{Value, json};

use super::{administered, audit, call, file, get, send};
use crate::support::{Reply, Router, Upstream, assert_ok, chat};

const CHAT: &str = "/v1/chat/completions";

async fn lab() -> (Upstream, Router) {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({
        "auth": {"key_definitions": {"old": {"key": "an-old-secret-token", "labels": {"a": "b"}}}},
        "targets": {"m": {"url": upstream.base(), "keys": ["old"]}},
    });
    let router = administered(&targets).await;
    (upstream, router)
}

async fn status(router: &Router, key: &str) -> u16 {
    router.post(CHAT, key, &chat("m")).await.status
}

#[tokio::test]
async fn a_key_that_is_made_is_shown_once_and_stands_as_its_hash() {
    let (_upstream, router) = lab().await;
    let made = send(&router, "PUT", "/admin/keys/alice", &json!({"models": ["m"]})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let key = made.json()["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("sk-") && key.len() > 40, "{key}");
    assert_eq!(status(&router, &key).await, 200);
    let written: Value = serde_json::from_str(&file(&router)).unwrap();
    let definition = &written["auth"]["key_definitions"]["alice"];
    assert!(definition["hash"].as_str().unwrap().starts_with("sha256:"), "{definition}");
    assert!(!file(&router).contains(&key) && !router.log_text().contains(&key));

    // Written again without a word of the key, it stays.
    let again = json!({"models": ["m"], "labels": {"team": "blue"}});
    let again = send(&router, "PUT", "/admin/keys/alice", &again).await;
    assert_eq!((again.status, again.json().get("key")), (200, None), "{}", again.text());
    assert_eq!(status(&router, &key).await, 200);

    let told = get(&router, "/admin/keys/alice").await;
    assert_eq!(told.json()["definition"]["hash"], "***", "{}", told.text());
    assert_eq!(told.json()["in_flight"], 0);
    let all = get(&router, "/admin/keys").await;
    assert_eq!(all.json()["keys"].as_array().unwrap().len(), 2);
    assert!(!all.text().contains("an-old-secret-token"), "{}", all.text());

    let shown = send(&router, "PUT", "/admin/keys/bob?dry_run=true", &json!({})).await;
    assert_eq!((shown.status, shown.json().get("key")), (200, None), "{}", shown.text());
}

#[tokio::test]
async fn a_key_is_rotated_blocked_unblocked_and_removed_at_once() {
    let (_upstream, router) = lab().await;
    assert_eq!(status(&router, "an-old-secret-token").await, 200);
    let post = async |verb: &str| {
        call("POST", &format!("/admin/keys/old/{verb}")).send(router.metrics_addr()).await
    };
    let rotated = post("rotate").await;
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    let key = rotated.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(
        (status(&router, "an-old-secret-token").await, status(&router, &key).await),
        (401, 200)
    );
    assert_eq!(post("block").await.status, 200);
    let blocked = router.post(CHAT, &key, &chat("m")).await;
    assert_eq!((blocked.status, blocked.code().as_str()), (401, "key_disabled"));
    assert_eq!(post("unblock").await.status, 200);
    assert_ok(&router.post(CHAT, &key, &chat("m")).await);

    let limit = json!({"rate_limit": {"requests_per_second": 0.001, "burst_size": 1}});
    assert_eq!(send(&router, "PATCH", "/admin/keys/old", &limit).await.status, 200);
    assert_eq!((status(&router, &key).await, status(&router, &key).await), (200, 429));

    // Its name alone would be a token of the alias.
    let in_use = call("DELETE", "/admin/keys/old").send(router.metrics_addr()).await;
    assert_eq!((in_use.status, in_use.code().as_str()), (409, "in_use"), "{}", in_use.text());
    assert!(in_use.text().contains(r#"targets[\"m\"].keys"#), "{}", in_use.text());
    let other = json!({"keys": ["another-secret-token"]});
    assert_eq!(send(&router, "PATCH", "/admin/targets/m", &other).await.status, 200);
    let gone = call("DELETE", "/admin/keys/old").send(router.metrics_addr()).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(status(&router, &key).await, 401);
    for (method, path) in
        [("DELETE", ""), ("POST", "/rotate"), ("POST", "/block"), ("PATCH", ""), ("GET", "")]
    {
        let absent = call(method, &format!("/admin/keys/old{path}")).body("{}");
        assert_eq!(absent.send(router.metrics_addr()).await.status, 404, "{method} {path}");
    }
    assert_eq!(audit(&router, 6).await.len(), 6);
    assert!(!router.log_text().contains(&key));
}
