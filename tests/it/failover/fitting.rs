//! Providers without words for what is asked.
//!
//! Never: one that was not asked counts as asked.

use serde_json::{Value, json};

use crate::support::{
    Call, Reply, Response, Router, Upstream, assert_error, assert_ok, chat, pool, provider,
};

/// The alias `m`: `one` speaks Anthropic's protocol and may lose nothing, `two` speaks OpenAI's.
async fn strict_pair(change: impl FnOnce(&mut Value)) -> (Router, [Upstream; 2]) {
    let message = json!({"id": "1", "type": "message", "role": "assistant", "model": "c",
        "content": [{"type": "text", "text": "one"}], "stop_reason": "end_turn"});
    let upstreams = [
        Upstream::start(Reply::json(200, &message)).await,
        Upstream::start(Reply::chat("two")).await,
    ];
    let mut one = provider("one", &upstreams[0]);
    one["protocol"] = "anthropic".into();
    one["rate_limit"] = json!({"requests_per_second": 0.001, "burst_size": 1});
    one["concurrency_limit"] = json!({"max_concurrent_requests": 1});
    let mut targets = pool(&[one, provider("two", &upstreams[1])]);
    targets["targets"]["m"]["lossy"] = "refuse".into();
    change(&mut targets["targets"]["m"]);
    (Router::start(&targets).await, upstreams)
}

async fn two_choices(router: &Router) -> Response {
    let mut body = chat("m");
    body["n"] = 2.into();
    Call::chat(&body).send(router.addr()).await
}

#[tokio::test]
async fn who_has_no_words_for_it_is_passed_over_and_loses_nothing() {
    for most in [json!(null), json!(1)] {
        let (router, [one, two]) = strict_pair(|pool| {
            if !most.is_null() {
                pool["fallback"]["max_attempts"] = most.clone();
            }
        })
        .await;
        for _ in 0..3 {
            let answer = two_choices(&router).await;
            assert_ok(&answer);
            assert_eq!(answer.attempts(), "one=protocol,two=200");
        }
        assert_eq!((one.hits(), two.hits()), (0, 3));
        let answer = router.chat("m").await;
        assert_eq!((answer.attempts(), one.hits()), ("one=200", 1), "nothing was spent");
    }
}

#[tokio::test]
async fn when_nobody_has_words_for_it_the_answer_names_the_field() {
    let alone = |pool: &mut Value| pool["providers"].as_array_mut().unwrap().truncate(1);
    let (router, [one, _two]) = strict_pair(alone).await;
    let answer = two_choices(&router).await;
    assert_error(&answer, 400, "unsupported_parameter");
    assert_eq!(answer.json()["error"]["param"], "n");
    assert_eq!(answer.attempts(), "one=protocol");
    let unreadable = json!({"model": "m", "messages": [{"role": "user", "content": 7}]});
    let answer = Call::chat(&unreadable).send(router.addr()).await;
    assert_error(&answer, 400, "unsupported_parameter");
    assert_eq!(answer.json()["error"]["param"], "messages[0].content");
    assert_eq!(one.hits(), 0);
}

#[tokio::test]
async fn without_fallback_the_first_ones_word_is_the_answer() {
    let (router, [one, two]) =
        strict_pair(|pool| pool["fallback"] = json!({"enabled": false})).await;
    assert_error(&two_choices(&router).await, 400, "unsupported_parameter");
    assert_eq!((one.hits(), two.hits()), (0, 0));
}

/// Who speaks the client's protocol takes it as it came, and can judge it.
#[tokio::test]
async fn what_cannot_be_read_goes_to_who_need_not_read_it() {
    let (router, [one, two]) = strict_pair(|_| {}).await;
    let unreadable = json!({"model": "m", "messages": [{"role": "user", "content": 7}]});
    let answer = Call::chat(&unreadable).send(router.addr()).await;
    assert_eq!(answer.attempts(), "one=protocol,two=200");
    assert_eq!((one.hits(), two.hits()), (0, 1));
}

#[tokio::test]
async fn what_the_adapter_cannot_carry_is_named() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut adapted = provider("one", &upstream);
    adapted["open_responses"] = json!({"adapter": true});
    let router = Router::start(&pool(&[adapted])).await;
    let call = Call::post("/v1/responses")
        .json(&json!({"model": "m", "input": "hello", "previous_response_id": "resp_1"}));
    let answer = call.send(router.addr()).await;
    assert_error(&answer, 400, "unsupported_parameter");
    assert_eq!(answer.json()["error"]["param"], "previous_response_id");
    assert_eq!(upstream.hits(), 0);
}
