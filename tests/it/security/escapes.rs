//! Requests that mean another model than the one they were let in for.
//!
//! Never: who may use an alias reaches what its pool does not name.

use serde_json::json;

use crate::support::{Call, Reply, Router, Upstream, assert_error, assert_ok};

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

/// A path that a lenient server takes for an endpoint is that endpoint.
#[tokio::test]
async fn the_header_takes_the_place_of_the_model_in_a_path_of_any_spelling() {
    let gemini = [
        "/v1beta/models/dear%3AgenerateContent",
        "/v1beta//models/dear:generateContent",
        "/v1beta/models/dear:generateContent/",
        "/v1beta/models/dear:generateContent;x",
        "/v1beta/models;x/dear:generateContent",
        "/v1beta/Models/dear:generateContent",
    ];
    let bedrock = ["/model/dear/converse/", "/model/dear/conv%65rse", "/model/dear%2fconverse"];
    for (protocol, paths, endpoint) in [
        ("gemini", &gemini[..], "/v1beta/models/cheap:generateContent"),
        ("bedrock", &bedrock, "/model/cheap/converse"),
    ] {
        let (upstream, router) = alone(protocol).await;
        for path in paths {
            assert_ok(&asking(path).send(router.addr()).await);
            assert_eq!(upstream.last().target, endpoint, "{path}");
        }
    }
}

#[tokio::test]
async fn a_path_of_no_endpoint_names_no_other_model() {
    for (protocol, paths) in [
        (
            "gemini",
            [
                "/v1beta/mod%65ls/dear:predict",
                "/v1alpha/tunedModels/dear:generateContent",
                "/v1beta/models/cheaper:predict",
                "/v1beta/models/cheap/models/dear:predict",
                "/V1BETA/TUNEDMODELS/dear:generateContent",
            ]
            .as_slice(),
        ),
        ("bedrock", &["/model/dear/invoke-with-response-stream", "/model/cheap:1/async"]),
    ] {
        let (upstream, router) = alone(protocol).await;
        for path in paths {
            let answer = asking(path).send(router.addr()).await;
            assert_eq!(answer.status, 400, "{path}: {:?}", upstream.requests());
            assert_error(&answer, 400, "unsupported_endpoint");
        }
        assert_eq!(upstream.hits(), 0);
    }
    // Vertex AI has its publishers' models in its paths, whatever protocol they speak.
    let upstream = Upstream::start(Reply::json(200, &json!({"content": []}))).await;
    let url = format!("{}/v1/projects/p/locations/l/publishers/anthropic", upstream.base());
    let target = json!({"url": url, "protocol": "anthropic", "onwards_key": "k"});
    let router = Router::start(&json!({"targets": {"cheap": target}})).await;
    let answer = asking("/v1/models/dear:streamRawPredict").send(router.addr()).await;
    assert_error(&answer, 400, "unsupported_endpoint");
    let (upstream, router) = alone("gemini").await;
    for path in ["/v1beta/models/cheap:predict", "/v1beta/models/cheap", "/v1beta/cachedContents"] {
        assert_ok(&asking(path).send(router.addr()).await);
        assert_eq!(upstream.last().target, path, "what names no other model is untouched");
    }
}

#[tokio::test]
async fn a_path_names_no_other_model_whatever_the_protocol() {
    for protocol in ["openai", "anthropic", "cohere"] {
        let (upstream, router) = alone(protocol).await;
        for path in [
            "/v1/models/dear/predictions",
            "/v1/models/cheap/dear/predictions",
            "/v1/Models/dear:predict",
            "/v1/mod%65ls/dear/predictions",
            "/v1//models/dear/predictions",
            "/models/dear:predict",
            "/models/cheap:70b/predictions",
            "/v2/models/dear/infer",
            "/model/dear/invoke-with-response-stream",
            "/v1/inference/dear",
            "/endpoints/dear/invocations",
            "/run/@cf/meta/dear",
            "/pipeline/feature-extraction/dear",
            "/upstream/dear/v1/chat/completions",
        ] {
            let answer = asking(path).send(router.addr()).await;
            assert_eq!(answer.status, 400, "{path}: {:?}", upstream.requests());
            assert_error(&answer, 400, "unsupported_endpoint");
        }
        assert_eq!(upstream.hits(), 0);
        for path in ["/v1/models/cheap/predictions", "/models/cheap:predict", "/v1/own"] {
            assert_ok(&asking(path).send(router.addr()).await);
            assert_eq!(upstream.last().target, path);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_no_way_past_the_header() {
    let (upstream, router) = alone("openai").await;
    let dear = r#"{"model":"dear","temperature":NaN}"#;
    for path in [
        "/v1/chat/completions",
        "/v1/chat/c%6fmpletions",
        "/v1//chat/completions",
        "/v1/chat;x/completions",
        "/v1/chat%2Fcompletions",
    ] {
        let answer = asking(path).body(dear).send(router.addr()).await;
        assert_eq!(answer.status, 400, "{path}: {:?}", upstream.requests());
        assert_error(&answer, 400, "invalid_json");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a_model_in_capitals_is_a_model() {
    let (upstream, router) = alone("openai").await;
    for body in [r#"{"model":"cheap","Model":"dear"}"#, r#"{"MODEL":"dear","mod\u0065L":"x"}"#] {
        let answer = Call::post("/v1/chat/completions").body(body).send(router.addr()).await;
        assert_error(&answer, 400, "duplicate_model");
    }
    assert_eq!(upstream.hits(), 0);
    let body = r#"{"Model":"dear"}"#;
    assert_ok(&asking("/v1/chat/completions").body(body).send(router.addr()).await);
    assert_eq!(upstream.last().json(), json!({"Model": "cheap"}));
}
