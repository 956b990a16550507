//! What is told in the client's own form: errors, the id of the request, and what a provider could
//! not be told.

use serde_json::json;

use super::{PROTOCOLS, call, golden, targets};
use crate::support::{Call, Reply, Router, Upstream};

#[tokio::test]
async fn every_client_reads_errors_in_its_own_form() {
    for provider in PROTOCOLS {
        let reply = Reply::new(429)
            .header("content-type", "application/json")
            .header("retry-after", "7")
            .body(r#"{"message":"slow down","error":{"message":"slow down","type":"rate_limit_error","code":429}}"#);
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&targets(provider, &upstream)).await;
        for client in PROTOCOLS {
            let answer = call(client, false).send(router.addr()).await;
            let place = format!("{client} at {provider}: {}", answer.text());
            assert_eq!(answer.status, 429, "{place}");
            assert_eq!(answer.header("retry-after"), Some("7"), "{place}");
            assert!(answer.text().contains("slow down"), "{place}");
        }
    }
}

/// What a client reports and what the router logs is one id, in the header and in the body.
#[tokio::test]
async fn an_errors_body_names_the_request_as_its_header_does() {
    let upstream = Upstream::start(Reply::error(429, "slow down")).await;
    let router = Router::start(&targets("gemini", &upstream)).await;
    for (client, field) in [("anthropic", "request_id"), ("cohere", "id")] {
        let own = call(client, false).header("x-request-id", "mine-1").send(router.addr()).await;
        let ours = call(client, false).send(router.addr()).await;
        for answer in [own, ours] {
            assert_eq!(answer.status, 429, "{client}: {}", answer.text());
            let id = answer.header("x-request-id").map(str::to_owned);
            assert!(id.as_ref().is_some_and(|id| !id.is_empty()), "{client}");
            assert_eq!(answer.json()[field].as_str().map(str::to_owned), id, "{client}");
        }
    }
}

/// Whatever a client calls its fields: a name that fits no header hides no other one.
#[tokio::test]
async fn every_dropped_field_is_named() {
    let body = golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("anthropic", &upstream)).await;
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "q"}],
        "a\nb": 1, "c,d%": 1, "\u{e9}\u{7f}": 1, "seed": 1});
    let answer = Call::post("/v1/chat/completions").json(&request).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let dropped = answer.header("x-onwards-dropped").unwrap_or_default();
    let mut names: Vec<&str> = dropped.split(',').collect();
    names.sort_unstable();
    assert_eq!(names, ["%C3%A9%7F", "a%0Ab", "c%2Cd%25", "seed"]);

    let fields = (0..1_000).map(|number| (format!("field_{number}"), json!(1)));
    let mut request = request;
    request.as_object_mut().unwrap().extend(fields);
    let answer = Call::post("/v1/chat/completions").json(&request).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let dropped = answer.header("x-onwards-dropped").unwrap_or_default();
    assert!(dropped.len() < 4096 && dropped.ends_with("..."), "{} bytes", dropped.len());
}
