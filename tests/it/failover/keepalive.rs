//! Comments to a client that waits for its stream, where the pool asks for them.
//!
//! Never: a comment goes to a client that wants no stream, or a failure after the head is silent.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::router::SeriesExt;
use crate::support::upstream::chunk_event;
use crate::support::{
    Call, End, Fault, Place, Reply, Router, Script, Upstream, assert_error, assert_ok,
    assert_stream_error, chat, chat_stream, eventually, ms, pair, secs,
};

/// The alias `m` at one provider, with comments every second.
fn warm(upstream: &Upstream) -> Value {
    json!({"targets": {"m": {"url": upstream.base(), "name": "up", "keepalive_secs": 1,
        "concurrency_limit": {"max_concurrent_requests": 1}}}})
}

/// This reply after so long a silence.
fn late(reply: Reply, after: u64) -> Reply {
    reply.fault(Place::Start, Fault::Pause(ms(after)))
}

const COMMENT: &str = ": keep-alive";

#[tokio::test]
async fn comments_come_while_the_client_waits_and_then_the_events() {
    let upstream = Upstream::start(late(Reply::chat_stream(&["a", "b"]), 2600)).await;
    let router = Router::start(&warm(&upstream)).await;
    let start = Instant::now();
    let call = Call::chat(&chat_stream("m")).header("accept-encoding", "gzip");
    let mut events = call.stream(router.addr()).await;
    assert!((ms(950)..ms(1800)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(events.head.status, 200);
    assert_eq!(events.head.header("content-type"), Some("text/event-stream"));
    assert!(events.head.header("x-request-id").is_some());
    assert!(events.head.header("x-onwards-provider").is_none(), "nobody knows yet");
    let (seen, end) = events.all().await;
    let texts: Vec<_> = seen.iter().map(|event| format!("{}\n\n", event.text)).collect();
    let comment = format!("{COMMENT}\n\n");
    let done = "data: [DONE]\n\n".to_owned();
    let expected = [comment.clone(), comment, chunk_event("a"), chunk_event("b"), done];
    assert_eq!((texts.as_slice(), end), (expected.as_slice(), End::Complete));
    assert_eq!(upstream.last().header("accept-encoding"), None, "no head could say so");
}

#[tokio::test]
async fn a_fault_of_the_router_is_told_in_an_event_too() {
    let router = Router::start(&json!({"targets": {"m": {
        "url": "mock:?panic=true&delay_ms=1300", "keepalive_secs": 1}}}))
    .await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert_eq!(events.head.status, 200);
    let (seen, end) = events.all().await;
    assert_eq!((seen[0].text.as_str(), seen.len(), end), (COMMENT, 2, End::Complete));
    assert_stream_error(&seen[1]);
    assert!(seen[1].text.contains("internal_error"), "{}", seen[1].text);
    assert_eq!(router.metric("onwards_panics_total", &[]).await, Some(1.0));
    let ended = [("alias", "m"), ("status", "500")];
    assert_eq!(router.metric("onwards_requests_total", &ended).await, Some(1.0));
}

#[tokio::test]
async fn who_need_not_wait_or_wants_no_stream_hears_no_comment() {
    let script = Script::always(late(Reply::chat("whole"), 1300))
        .first([Reply::chat_stream(&["quick"]), Reply::error(400, "no")]);
    let upstream = Upstream::start(script).await;
    let router = Router::start(&warm(&upstream)).await;
    let quick = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_ok(&quick);
    assert_eq!(quick.body, Reply::chat_stream(&["quick"]).payload());
    assert_eq!(Call::chat(&chat_stream("m")).send(router.addr()).await.status, 400);
    let whole = Call::chat(&chat("m")).send(router.addr()).await;
    assert_ok(&whole);
    assert_eq!(whole.said(), "whole");
}

/// Bedrock's frames know none, and Google's own libraries read one as JSON.
#[tokio::test]
async fn where_a_comment_would_do_harm_there_is_none() {
    let upstream = Upstream::start(late(Reply::chat_stream(&["hi"]), 1300)).await;
    let router = Router::start(&warm(&upstream)).await;
    let body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    let answer = Call::post("/model/m/converse-stream").json(&body).send(router.addr()).await;
    assert_eq!(answer.header("content-type"), Some("application/vnd.amazon.eventstream"));
    assert!(!answer.text().contains(COMMENT) && answer.text().contains("messageStart"));
    assert_eq!(answer.header("x-amzn-requestid"), answer.header("x-request-id"));

    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let path = "/v1beta/models/m:streamGenerateContent?alt=sse";
    let answer = Call::post(path).json(&body).send(router.addr()).await;
    assert_eq!(answer.header("x-onwards-provider"), Some("up"), "the head has waited");
    assert!(!answer.text().contains(COMMENT), "{}", answer.text());
    assert!(answer.text().starts_with("data: {\"candidates\""), "{}", answer.text());
}

#[tokio::test]
async fn another_provider_takes_over_behind_the_comments() {
    let first = Upstream::start(late(Reply::error(500, "broken"), 1300)).await;
    let second = Upstream::start(Reply::chat_stream(&["well"])).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["keepalive_secs"] = json!(1);
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    let whole = String::from_utf8(Reply::chat_stream(&["well"]).payload()).unwrap();
    assert_eq!(answer.text(), format!("{COMMENT}\n\n{whole}"));
}

#[tokio::test]
async fn a_failure_after_the_head_is_an_error_event() {
    let failures = [
        ("upstream_unreachable", late(Reply::raw("").then_close(), 1300)),
        ("upstream_malformed", late(Reply::chat("no stream"), 1300)),
    ];
    for (code, failure) in failures {
        let upstream = Upstream::start(failure).await;
        let router = Router::start(&warm(&upstream)).await;
        let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
        assert_eq!(events.head.status, 200);
        let (seen, end) = events.all().await;
        assert_eq!((seen.len(), end), (2, End::Complete), "{code}: {seen:?}");
        assert_eq!(seen[0].text, COMMENT);
        assert_stream_error(&seen[1]);
        assert!(seen[1].text.contains(code), "{code}: {}", seen[1].text);
        // What is recorded is what the client saw, and why.
        let metrics = router.metrics().await;
        let of = |name, label, value| metrics.series(name, &[("alias", "m"), (label, value)]);
        assert_eq!(of("onwards_requests_total", "status", "200"), Some(1.0), "{metrics}");
        assert_eq!(of("onwards_requests_total", "status", "502"), None);
        assert_eq!(of("onwards_broken_answers_total", "reason", code), Some(1.0));
        let begun = metrics.series("onwards_time_to_first_byte_seconds_sum", &[]).unwrap();
        assert!(begun >= 0.95, "the head went out after a second: {begun}");
    }
}

#[tokio::test]
async fn a_providers_refusal_after_the_head_is_told_in_the_clients_protocol() {
    let upstream = Upstream::start(late(Reply::error(400, "the prompt is odd"), 1300)).await;
    let mut targets = warm(&upstream);
    targets["targets"]["c"] = json!({"url": upstream.base(), "name": "up", "keepalive_secs": 1,
        "protocol": "anthropic"});
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_eq!(answer.status, 200);
    let event = answer.text().replacen(": keep-alive\n\ndata: ", "", 1);
    let error: Value = serde_json::from_str(event.trim()).unwrap();
    assert_eq!(error["error"]["message"], "the prompt is odd");

    let mut body = chat_stream("c");
    body["max_tokens"] = json!(10);
    let answer = Call::post("/v1/messages").json(&body).send(router.addr()).await;
    assert_eq!(answer.status, 200);
    let begin = ": keep-alive\n\nevent: error\ndata: {\"type\":\"error\"";
    assert!(answer.text().starts_with(begin), "{}", answer.text());
    assert!(answer.text().contains("the prompt is odd"), "{}", answer.text());
}

/// Libraries that take any clean end for a good one.
#[tokio::test]
async fn a_failure_after_the_head_breaks_the_transfer_where_no_event_is_raised() {
    let chat = chat_stream("m");
    let responses = json!({"model": "m", "input": "hi", "stream": true});
    let calls =
        [("/v2/chat", chat, "message-end"), ("/v1/responses", responses, "response.failed")];
    let failures = [
        late(Reply::raw("").then_close(), 1300),
        late(Reply::new(200).header("content-type", "text/html").body("<html>"), 1300),
        late(Reply::error(400, "the prompt is odd"), 1300),
    ];
    for (path, body, last) in calls {
        for failure in &failures {
            let upstream = Upstream::start(failure.clone()).await;
            let router = Router::start(&warm(&upstream)).await;
            let mut events = Call::post(path).json(&body).stream(router.addr()).await;
            assert_eq!(events.head.status, 200);
            let (seen, end) = events.all().await;
            let said = &seen.last().unwrap().text;
            assert!(said.contains(last), "{path}: {said}");
            assert!(matches!(end, End::Truncated | End::Reset), "{path}: {end:?} after {said}");
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_frees_everything() {
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);
    let upstream = Upstream::start(Script::always(Reply::chat("hi")).first([silent])).await;
    let router = Router::start(&warm(&upstream)).await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert_eq!(events.next().await.unwrap().text, COMMENT);
    assert_error(&router.chat("m").await, 429, "concurrency_limit_exceeded");
    events.abort();
    assert!(upstream.wait_disconnect(secs(1)).await.is_some(), "the provider is let go");
    assert!(eventually(secs(1), async || router.chat("m").await.status == 200).await);
}

#[tokio::test]
async fn an_error_whose_body_hangs_is_told_within_a_second() {
    for form in ["application/json", "text/plain"] {
        let slow = Upstream::start(late(Reply::error(503, "full"), 1300)).await;
        let hanging = Reply::new(500)
            .header("content-type", form)
            .chunked()
            .body(r#"{"error":{"message":"#)
            .fault(Place::LastPiece, Fault::Stall);
        let hanging = Upstream::start(hanging).await;
        let mut targets = pair(&slow, &hanging);
        targets["targets"]["m"]["keepalive_secs"] = json!(1);
        targets["targets"]["m"]["strategy"] = json!("priority");
        targets["targets"]["m"]["fallback"] = json!({"enabled": true, "on_status": [503]});
        let router = Router::start(&targets).await;
        let start = Instant::now();
        let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
        let (seen, _) = events.all().await;
        assert!(start.elapsed() < ms(1300 + 1600), "{form}: {:?}", start.elapsed());
        let told = seen.last().unwrap().data().to_owned();
        assert!(told.contains("answered with status 500"), "{form}: {told}");
        assert_eq!((slow.hits(), hanging.hits()), (1, 1));
    }
}
