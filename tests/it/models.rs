//! The models that a caller may use, as clients of each protocol ask for them and read them.

use serde_json::json;

use crate::support::{Call, Reply, Router, Upstream};

#[tokio::test]
async fn models_are_listed_in_the_form_of_whoever_asks() {
    let router = Router::start(&json!({
        "auth": {"global_keys": ["sk-a"]}, "targets": {"m": {"url": "mock:"}}}))
    .await;
    let anthropic = Call::get("/v1/models").header("anthropic-version", "2023-06-01");
    let listed = anthropic.header("x-api-key", "sk-a").send(router.addr()).await;
    assert_eq!(listed.json()["data"][0]["type"], "model", "{}", listed.text());
    let listed = Call::get("/v1beta/models?key=sk-a").send(router.addr()).await;
    assert_eq!(listed.json()["models"][0]["name"], "models/m", "{}", listed.text());
    let listed = Call::get("/v1/models").header("x-goog-api-key", "sk-a").send(router.addr()).await;
    assert_eq!(listed.json()["models"][0]["name"], "models/m", "{}", listed.text());
    let listed = Call::get("/v1beta/models").send(router.addr()).await;
    assert_eq!(listed.json()["models"], json!([]), "{}", listed.text());
    let listed = Call::get("/v1/models").key("sk-a").send(router.addr()).await;
    assert_eq!(listed.json()["data"][0]["object"], "model", "{}", listed.text());
}

#[tokio::test]
async fn one_model_is_shown_in_the_form_of_whoever_asks() {
    let router = Router::start(&json!({"targets": {"m": {"url": "mock:"}}})).await;
    let addr = router.addr();
    let anthropic =
        |path: &str| Call::get(path).header("anthropic-version", "2023-06-01").header(ID, "mine");
    let shown = anthropic("/v1/models/m").send(addr).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(shown.json()["type"], "model", "{}", shown.text());
    assert_eq!(shown.json()["display_name"], "m", "{}", shown.text());
    let refused = anthropic("/v1/models/none").send(addr).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    assert_eq!(refused.json()["error"]["type"], "not_found_error", "{}", refused.text());
    assert_eq!(refused.json()["request_id"], "mine", "{}", refused.text());
    assert_eq!(refused.header(ID), Some("mine"));
    let gemini = |path: &str| Call::get(path).header("x-goog-api-key", "sk-a");
    let shown = gemini("/v1/models/m").send(addr).await;
    assert_eq!(shown.json()["name"], "models/m", "{}", shown.text());
    let refused = gemini("/v1/models/none").send(addr).await;
    assert_eq!(refused.json()["error"]["status"], "NOT_FOUND", "{}", refused.text());
    let refused = Call::get("/v1beta/models/none").send(addr).await;
    assert_eq!(refused.json()["error"]["status"], "NOT_FOUND", "{}", refused.text());
    let shown = Call::get("/v1/models/m").send(addr).await;
    assert_eq!(shown.json()["object"], "model", "{}", shown.text());
}

#[tokio::test]
async fn gemini_shows_one_model_where_its_clients_look() {
    let upstream = Upstream::start(Reply::new(200).body("{}")).await;
    let router = Router::start(&json!({"auth": {"global_keys": ["sk-a"]},
        "targets": {"org/m:8b": {"url": upstream.base(), "protocol": "gemini"}}}))
    .await;
    for path in ["/v1beta/models/org/m:8b?key=sk-a", "/v1beta/models/org%2Fm%3A8b?key=sk-a"] {
        let shown = Call::get(path).send(router.addr()).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
        assert_eq!(shown.json()["name"], "models/org/m:8b", "{}", shown.text());
    }
    let refused = Call::get("/v1beta/models/org/m:8b").send(router.addr()).await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    // What a model is doing is known to its provider alone.
    let doing = "/v1beta/models/org/m:8b/operations/1";
    let call = Call::get(doing).header("model-override", "org/m:8b").key("sk-a");
    assert_eq!(call.send(router.addr()).await.status, 200);
    assert_eq!(upstream.last().target, doing);
}

const ID: &str = "x-request-id";
