//! Requests that mean another model than the one they were let in for.
//!
//! Never: who may use an alias reaches what its pool does not name.

use serde_json::json;

use crate::support::{Call, Reply, Router, Upstream, assert_ok};

/// An alias that is called as its model is, at a provider whose paths name the model.
async fn alone(protocol: &str) -> (Upstream, Router) {
    let upstream = Upstream::start(Reply::json(200, &json!({"candidates": []}))).await;
    let aws = json!({"region": "r", "access_key_id": "AKIA", "secret_access_key": "secret"});
    let mut target = json!({"url": upstream.base(), "protocol": protocol});
    if protocol == "bedrock" {
        target["aws"] = aws;
    }
    let router = Router::start(&json!({"targets": {"cheap": target}})).await;
    (upstream, router)
}

fn asking(path: &str) -> Call {
    Call::post(path).header("model-override", "cheap").json(&json!({"contents": []}))
}

#[tokio::test]
async fn the_header_takes_the_place_of_the_model_in_the_path() {
    for (protocol, path) in [
        ("gemini", "/v1beta/models/dear:generateContent"),
        ("gemini", "/v1beta/models/dear:countTokens"),
        ("gemini", "/v1beta/models/dear:batchEmbedContents"),
        ("bedrock", "/model/dear/converse"),
        ("bedrock", "/model/dear/invoke"),
    ] {
        let (upstream, router) = alone(protocol).await;
        assert_ok(&asking(path).send(router.addr()).await);
        assert_eq!(upstream.last().target, path.replace("dear", "cheap"));
    }
}
