//! Answers that are held until they are whole, where a pool or a client would rather have that.
//!
//! Never: a client that was promised a whole answer is given half of one.

use serde_json::json;

use crate::support::upstream::chunk_event;
use crate::support::{
    Call, Fault, Place, Reply, Router, Upstream, assert_ok, chat, chat_stream, ms, pair,
};

/// Half a stream, and what becomes of it.
fn halves() -> Vec<Reply> {
    let error = "data: {\"error\":{\"code\":503,\"message\":\"busy\"}}\n\n";
    vec![
        Reply::chat_stream(&["a", "b", "c"]).paced(ms(20)).fault(Place::Piece(2), Fault::Reset),
        Reply::chat_stream(&["a", "b", "c"]).paced(ms(20)).fault(Place::Piece(2), Fault::Fin),
        Reply::sse([chunk_event("a"), chunk_event("b")]),
        Reply::sse([chunk_event("a"), error.to_owned()]),
        Reply::sse([chunk_event("a"), "data: {\"choices\":[\n\n".to_owned()]),
    ]
}

#[tokio::test]
async fn a_stream_that_breaks_falls_back_where_whole_ones_are_wanted() {
    for (nth, half) in halves().into_iter().enumerate() {
        for path in ["/v1/chat/completions", "/v1/messages"] {
            let first = Upstream::start(half.clone()).await;
            let finish =
                "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
            let whole = [chunk_event("whole"), finish.into(), "data: [DONE]\n\n".into()];
            let second = Upstream::start(Reply::sse(whole)).await;
            let mut targets = pair(&first, &second);
            targets["targets"]["m"]["fallback"]["commit"] = "end".into();
            let router = Router::start(&targets).await;
            let body = json!({"model": "m", "max_tokens": 9, "stream": true,
                "messages": [{"role": "user", "content": "hi"}]});
            let answer = Call::post(path).json(&body).send(router.addr()).await;
            let place = format!("{nth} {path}: {}, {}", answer.attempts(), answer.text());
            assert_eq!(answer.status, 200, "{place}");
            assert!(answer.attempts().ends_with("second=200"), "{place}");
            assert!(answer.text().contains("whole") && !answer.text().contains("\"b\""), "{place}");
        }
    }
}

#[tokio::test]
async fn a_client_says_for_its_stream_what_it_prefers() {
    let half = || Reply::sse([chunk_event("a"), chunk_event("b")]);
    for (commit, header, falls_back) in
        [("content", "end", true), ("end", "content", false), ("content", "other", false)]
    {
        let first = Upstream::start(half()).await;
        let second = Upstream::start(Reply::chat_stream(&["whole"])).await;
        let mut targets = pair(&first, &second);
        targets["targets"]["m"]["fallback"]["commit"] = commit.into();
        let router = Router::start(&targets).await;
        let call = Call::chat(&chat_stream("m")).header("x-onwards-commit", header);
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.attempts().contains("second=200"), falls_back, "{commit} {header}");
        assert_eq!(first.last().header("x-onwards-commit"), None);
    }
}

#[tokio::test]
async fn what_is_longer_than_may_be_held_goes_on_as_it_comes() {
    let long = "w".repeat(3_000);
    let first = Upstream::start(Reply::sse([chunk_event(&long), chunk_event(&long)])).await;
    let second = Upstream::start(Reply::chat_stream(&["whole"])).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["fallback"]["commit"] = "end".into();
    targets["targets"]["m"]["fallback"]["commit_max_bytes"] = 2_000.into();
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_eq!(second.hits(), 0);
    assert!(answer.text().contains(&long) && answer.text().contains("\"error\""));
}

#[tokio::test]
async fn a_long_body_that_is_cut_falls_back_too() {
    let long = json!({"choices": [{"message": {"content": "w".repeat(200_000)}}]}).to_string();
    let cut = Reply::new(200)
        .header("content-type", "application/json")
        .body(long)
        .fault(Place::BodyByte(150_000), Fault::Fin);
    let (first, second) = (Upstream::start(cut).await, Upstream::start(Reply::chat("hi")).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["fallback"]["commit"] = "end".into();
    targets["targets"]["m"]["timeouts"] = json!({"first_event_ms": 200});
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat("m")).send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(answer.said(), "hi", "{}", answer.attempts());

    let slow = Reply::chat_stream(&["a", "b", "c", "d"]).paced(ms(150));
    let (first, second) = (Upstream::start(slow).await, Upstream::start(Reply::chat("no")).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["fallback"]["commit"] = "end".into();
    targets["targets"]["m"]["timeouts"] = json!({"first_event_ms": 400});
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_eq!(answer.attempts(), "first=200", "time for the first event is not time for all");
}
