//! Answers that are judged by what they say, not by their status: B13.
//!
//! Never: without fallback an answer is changed by having been judged.

use serde_json::json;

use crate::support::{Reply, Router, Upstream, assert_ok, open, pair};

fn envelope(code: serde_json::Value) -> Reply {
    let error = json!({"message": "busy", "type": "rate_limit_error", "code": code});
    Reply::json(200, &json!({"error": error}))
}

#[tokio::test]
async fn b13_an_error_in_a_200_falls_back_by_its_own_code() {
    for code in [json!(429), json!(503), json!("429"), json!("overloaded"), json!(null)] {
        let first = Upstream::start(envelope(code.clone())).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let router = Router::start(&pair(&first, &backup)).await;
        let answer = router.chat("m").await;
        assert_ok(&answer);
        assert_eq!(answer.said(), "hi", "code {code}: {}", answer.text());
        assert_eq!((first.hits(), backup.hits()), (1, 1), "code {code}");
    }
}

#[tokio::test]
async fn b13_an_error_in_a_200_that_is_the_clients_fault_stays() {
    let reply = envelope(json!(400));
    let (first, backup) = (Upstream::start(reply.clone()).await, Upstream::start(reply).await);
    let router = Router::start(&pair(&first, &backup)).await;
    let answer = router.chat("m").await;
    assert_eq!(answer.json()["error"]["message"], "busy");
    assert_eq!((first.hits(), backup.hits()), (1, 0));
}

#[tokio::test]
async fn b13_without_fallback_it_passes_as_it_came() {
    let reply = envelope(json!(429));
    let upstream = Upstream::start(reply.clone()).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = router.chat("m").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, reply.payload());
}

#[tokio::test]
async fn b13_an_error_that_is_null_or_deeper_is_no_error() {
    let fine = [
        json!({"id": "r", "object": "response", "error": null, "output": []}),
        json!({"choices": [{"message": {"content": "x"}, "error": {"code": 500}}]}),
        json!({"choices": [{"message": {"content": "{\"error\":{\"code\":500}}"}}]}),
    ];
    for document in fine {
        let first = Upstream::start(Reply::json(200, &document)).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let router = Router::start(&pair(&first, &backup)).await;
        let answer = router.chat("m").await;
        assert_ok(&answer);
        assert_eq!(answer.json(), document);
        assert_eq!(backup.hits(), 0);
    }
}
