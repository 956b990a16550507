//! Streams that break: after their first event it is told, before it another provider answers: B12, B14.
//!
//! Never: a broken stream ends in `[DONE]`, and no half of an event is passed on.

use serde_json::json;

use crate::support::upstream::chunk_event;
use crate::support::{
    Call, End, Fault, Place, Reply, Router, Upstream, assert_envelope, assert_ok,
    assert_stream_error, chat_stream, ms, open, pair,
};

/// The stream gives these words, then one error event, then a clean end without `[DONE]`.
pub(super) async fn assert_broken_after(router: &Router, words: &[&str]) {
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert_eq!(events.head.status, 200);
    let (mut seen, end) = events.all().await;
    assert_eq!(end, End::Complete, "the transfer itself ends cleanly");
    assert!(
        events.rest().is_empty(),
        "half an event: {:?}",
        String::from_utf8_lossy(events.rest())
    );
    let last = seen.pop().expect("an error event");
    assert_stream_error(&last);
    let texts: Vec<String> = seen.iter().map(|event| format!("{}\n\n", event.text)).collect();
    let expected: Vec<String> = words.iter().map(|word| chunk_event(word)).collect();
    assert_eq!(texts, expected, "what was delivered is kept");
}

#[tokio::test]
async fn b12_reset_mid_stream_ends_in_an_error_event() {
    for fault in [Fault::Reset, Fault::Fin] {
        // A pause first, since a reset may overtake bytes that the router has not read yet.
        let reply =
            Reply::chat_stream(&["a", "b", "c"]).paced(ms(30)).fault(Place::Piece(2), fault);
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&open(&upstream)).await;
        assert_broken_after(&router, &["a", "b"]).await;
    }
}

#[tokio::test]
async fn b12_a_cut_inside_an_event_delivers_none_of_it() {
    let inside = chunk_event("a").len() + 20;
    let reply = Reply::chat_stream(&["a", "b"]).fault(Place::BodyByte(inside), Fault::Fin);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    assert_broken_after(&router, &["a"]).await;
}

#[tokio::test]
async fn b12_a_broken_stream_is_never_begun_again_elsewhere() {
    let reply = Reply::chat_stream(&["a", "b"]).paced(ms(30)).fault(Place::Piece(1), Fault::Reset);
    let first = Upstream::start(reply).await;
    let backup = Upstream::start(Reply::chat_stream(&["other"])).await;
    let router = Router::start(&pair(&first, &backup)).await;
    assert_broken_after(&router, &["a"]).await;
    assert_eq!(backup.hits(), 0);
}

#[tokio::test]
async fn b12_a_length_that_lies_does_not_hide_the_cut() {
    use crate::support::upstream::Framing;
    let events = chunk_event("a") + &chunk_event("b");
    let reply = Reply::new(200)
        .header("content-type", "text/event-stream")
        .body(events)
        .framing(Framing::Claims(100_000))
        .then_close();
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    let (seen, end) = events.all().await;
    assert_eq!(seen.len(), 3);
    assert_stream_error(&seen[2]);
    assert_eq!(end, End::Complete, "the provider's length is not promised to the client");
}

/// Streams that are no answer: nothing of them may be seen.
fn stillborn() -> Vec<(&'static str, Reply)> {
    let error = json!({"error": {"message": "overloaded", "type": "server_error", "code": 503}});
    let error = format!("data: {error}\n\n");
    let words = ["a", "b"];
    vec![
        ("an error first", Reply::sse([error.clone()])),
        (
            "an error after comments",
            Reply::sse([": ping\n\n".to_owned(), ": ping\n\n".into(), error]),
        ),
        ("no event at all", Reply::sse(Vec::<String>::new())),
        ("comments only", Reply::sse([": ping\n\n", ": ping\n\n"])),
        ("a reset before", Reply::chat_stream(&words).fault(Place::Head, Fault::Reset)),
        ("an end before", Reply::chat_stream(&words).fault(Place::Head, Fault::Fin)),
        ("a cut inside", Reply::chat_stream(&words).fault(Place::BodyByte(30), Fault::Fin)),
    ]
}

#[tokio::test]
async fn b14_a_stream_without_a_good_first_event_falls_back_unseen() {
    let whole = Reply::chat_stream(&["from", "backup"]);
    for (name, reply) in stillborn() {
        let first = Upstream::start(reply).await;
        let backup = Upstream::start(whole.clone()).await;
        let router = Router::start(&pair(&first, &backup)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_ok(&answer);
        assert!(answer.body == whole.payload(), "{name}: {}", answer.text());
        assert_eq!((first.hits(), backup.hits()), (1, 1), "{name}");
        assert_eq!(answer.header("x-onwards-provider"), Some("second"));
    }
}

#[tokio::test]
async fn b14_when_all_streams_are_stillborn_the_answer_is_an_error_status() {
    for (name, reply) in stillborn() {
        let (first, second) = (Upstream::start(reply.clone()).await, Upstream::start(reply).await);
        let router = Router::start(&pair(&first, &second)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_eq!(answer.status, 503, "{name}: {}", answer.text());
        assert_envelope(&answer, 503);
    }
}
