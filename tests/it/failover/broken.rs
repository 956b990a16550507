//! Streams that were accepted and turned out to be none: their provider's health hears of it: B15.
//!
//! Never: a provider that breaks every stream in its middle stays in the first place.

use serde_json::{Value, json};

use crate::support::upstream::chunk_event;
use crate::support::{
    Call, Fault, Place, Reply, Response, Router, Upstream, assert_ok, chat_stream, eventually, ms,
    pair, secs,
};

/// A stream that says something and then, instead of its end, this error.
fn turns_bad(error: &Value) -> Reply {
    Reply::sse([chunk_event("a"), format!("data: {error}\n\n")])
}

/// [`pair`] where the first rests after two failures, with `first` as its every answer.
async fn resting_after_two(first: Reply) -> (Router, [Upstream; 2]) {
    let first = Upstream::start(first).await;
    let second = Upstream::start(Reply::chat_stream(&["well"])).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["cooldown"] = json!({"failures": 2, "duration_secs": 60});
    (Router::start(&targets).await, [first, second])
}

async fn messages(router: &Router) -> Response {
    let mut body = chat_stream("m");
    body["max_tokens"] = json!(10);
    Call::post("/v1/messages").json(&body).send(router.addr()).await
}

#[tokio::test]
async fn b15_an_error_event_in_the_middle_is_a_failure() {
    let error = json!({"error": {"message": "overloaded", "type": "server_error", "code": 503}});
    let (router, _upstreams) = resting_after_two(turns_bad(&error)).await;
    for _ in 0..2 {
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_ok(&answer);
        assert_eq!(answer.text(), format!("{}data: {error}\n\n", chunk_event("a")), "told once");
    }
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_eq!(answer.attempts(), "first=cooling,second=200");
    let line = "after 2 answers with 503";
    assert!(eventually(secs(2), async || router.stderr_text().contains(line)).await);
    let broken = [("alias", "m"), ("reason", "server_error")];
    assert_eq!(router.metric("onwards_broken_answers_total", &broken).await, Some(2.0));
}

#[tokio::test]
async fn b15_a_rate_limit_in_the_middle_rests_the_credential_at_once() {
    let error = json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}});
    let (router, _upstreams) = resting_after_two(turns_bad(&error)).await;
    assert_ok(&Call::chat(&chat_stream("m")).send(router.addr()).await);
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_eq!(answer.attempts(), "first=cooling,second=200");
}

#[tokio::test]
async fn b15_what_the_client_brought_about_counts_against_nobody() {
    let filtered = json!({"error": {"message": "no", "code": "content_filter"}});
    let (router, _upstreams) = resting_after_two(turns_bad(&filtered)).await;
    for _ in 0..4 {
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_eq!(answer.attempts(), "first=200");
    }
}

#[tokio::test]
async fn b15_a_translated_stream_that_breaks_is_a_failure() {
    let error = json!({"error": {"message": "overloaded", "type": "server_error", "code": 503}});
    let cut = Reply::chat_stream(&["a", "b"]).paced(ms(30)).fault(Place::Piece(1), Fault::Reset);
    for broken in [turns_bad(&error), cut] {
        let (router, _upstreams) = resting_after_two(broken).await;
        for _ in 0..2 {
            let answer = messages(&router).await;
            assert_ok(&answer);
            assert_eq!(answer.attempts(), "first=200");
            assert!(answer.text().contains("event: error"), "{}", answer.text());
        }
        assert_eq!(messages(&router).await.attempts(), "first=cooling,second=200");
    }
}

#[tokio::test]
async fn b15_a_translated_stream_that_ends_well_wipes_the_slate() {
    let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let whole = [chunk_event("a"), format!("data: {finish}\n\n"), "data: [DONE]\n\n".to_owned()];
    let cut = Reply::chat_stream(&["a", "b"]).paced(ms(30)).fault(Place::Piece(1), Fault::Reset);
    let script = [cut.clone(), Reply::sse(whole), cut, Reply::chat_stream(&["x"])];
    let first = Upstream::start(script).await;
    let second = Upstream::start(Reply::chat_stream(&["well"])).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["cooldown"] = json!({"failures": 2, "duration_secs": 60});
    let router = Router::start(&targets).await;
    for _ in 0..4 {
        assert_eq!(messages(&router).await.attempts(), "first=200");
    }
}

#[tokio::test]
async fn b15_a_providers_own_code_is_heeded_in_a_translated_stream() {
    let spent = json!({"error": {"message": "pay", "code": 1113}});
    let openings = [turns_bad(&spent), Reply::sse([format!("data: {spent}\n\n")])];
    for (opening, trail) in openings.into_iter().zip(["first=200", "first=502,second=200"]) {
        let first = Upstream::start(opening).await;
        let second = Upstream::start(Reply::chat_stream(&["well"])).await;
        let mut targets = pair(&first, &second);
        let pool = &mut targets["targets"]["m"];
        pool["fallback"] = json!({"enabled": true, "on_status": [], "on": ["quota"]});
        pool["cooldown"] = json!({"failures": 100, "max_duration_secs": 300});
        pool["providers"][0]["error_classes"] = json!({"1113": "quota"});
        let router = Router::start(&targets).await;
        let answer = messages(&router).await;
        assert_eq!(answer.attempts(), trail);
        assert_eq!(messages(&router).await.attempts(), "first=cooling,second=200");
        let line = "resting 300 s since its quota is spent";
        assert!(eventually(secs(2), async || router.stderr_text().contains(line)).await);
    }
}
