//! Requests checked before any provider is called.
//!
//! Never: what passes is changed by having been checked.

use serde_json::json;

use super::strict;
use crate::support::{Call, Reply, Router, Upstream, chat};
use crate::translation::{PROTOCOLS, call};

#[tokio::test]
async fn a_wrong_request_is_refused_with_its_place_and_nothing_is_spent() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = strict(&upstream);
    targets["targets"]["m"]["rate_limit"] = json!({"requests_per_second": 0.0001, "burst_size": 1});
    let router = Router::start(&targets).await;
    let turn = json!([{"role": "user", "content": [{"type": "odd"}]}]);
    for _ in 0..3 {
        let body = json!({"model": "m", "messages": turn});
        let answer = Call::chat(&body).send(router.addr()).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_value"));
        assert_eq!(error["param"], "messages[0].content[0].type", "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert_eq!(upstream.hits(), 0);
    assert_eq!(router.chat("m").await.said(), "hi", "no limit was spent");
}

#[tokio::test]
async fn what_passes_goes_on_as_the_same_bytes() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&strict(&upstream)).await;
    let body = r#"{ "x_vendor":{"a":1.0} , "model":"m","messages":[{"role":"user","content":"\u00e9","cache_control":{}}]}"#;
    let call = Call::post("/v1/chat/completions?api-version=1");
    let answer =
        call.header("content-type", "application/json").body(body).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = upstream.last();
    assert_eq!(seen.target, "/v1/chat/completions?api-version=1");
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
}

#[tokio::test]
async fn unknown_fields_are_refused_where_the_file_says_so() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = strict(&upstream);
    targets["targets"]["m"]["strict"] = json!({"unknown_fields": "refuse"});
    let router = Router::start(&targets).await;
    let mut body = chat("m");
    assert_eq!(Call::chat(&body).send(router.addr()).await.status, 200);
    body["x_vendor"] = 1.into();
    let answer = Call::chat(&body).send(router.addr()).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "unknown_parameter"));
    assert_eq!(answer.json()["error"]["param"], "x_vendor");
}

#[tokio::test]
async fn endpoints_that_no_table_declares_are_not_found() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&strict(&upstream)).await;
    for path in ["/v1/images/generations", "/v1/moderations", "/v1/unknown"] {
        let answer = Call::post(path).json(&json!({"model": "m"})).send(router.addr()).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{path}");
    }
    assert_eq!(upstream.hits(), 0);
    assert_eq!(Call::get("/v1/models").send(router.addr()).await.status, 200);
}

#[tokio::test]
async fn clients_of_every_protocol_hear_of_a_wrong_request_in_their_own() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&strict(&upstream)).await;
    for client in PROTOCOLS {
        let path = match client {
            "openai" => "/v1/chat/completions",
            "openai_responses" => "/v1/responses",
            "anthropic" => "/v1/messages",
            "gemini" => "/v1beta/models/m:generateContent",
            "bedrock" => "/model/m/converse",
            _ => "/v2/chat",
        };
        let body = json!({"model": "m", "messages": "x", "contents": 5, "input": 5});
        let answer = Call::post(path).json(&body).send(router.addr()).await;
        assert_eq!(answer.status, 400, "{client}: {}", answer.text());
        assert!(answer.text().contains("expected"), "{client}: {}", answer.text());
    }
    assert_eq!(upstream.hits(), 0);
    let answer = call("openai", false).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
