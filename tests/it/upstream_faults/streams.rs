//! Streams that break: after their first event it is told, before it another provider answers: B12, B14.
//!
//! Never: a broken stream ends in `[DONE]`, and no half of an event is passed on.

use serde_json::{Value, json};

use crate::support::upstream::chunk_event;
use crate::support::{
    Call, End, Fault, Place, Reply, Router, Upstream, assert_envelope, assert_error, assert_ok,
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

/// Where the end of the body is told as it should be, too: what is left of the event would spoil the error.
#[tokio::test]
async fn b12_a_part_of_an_event_does_not_spoil_the_error_behind_it() {
    let inside = chunk_event("b");
    let body = format!("{}{}", chunk_event("a"), &inside[..inside.len() / 2]);
    let reply = Reply::new(200).header("content-type", "text/event-stream").chunked().body(body);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    assert_broken_after(&router, &["a"]).await;
}

/// Google tells an error in the midst of its streams outside of events, over several lines. It is judged by its
/// own code, passed on and translated, and before the first content another provider takes over.
#[tokio::test]
async fn b12_an_error_outside_of_events_is_the_providers_word() {
    let error = json!({"error": {"code": 429, "message": "no more of this", "status": "RESOURCE_EXHAUSTED"}});
    let text = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}}]});
    let events = |body: String| {
        Reply::new(200).header("content-type", "text/event-stream").chunked().body(body)
    };
    let late = Upstream::start(events(format!("data: {text}\n\n{error:#}\n"))).await;
    let early = Upstream::start(events(format!(": hi\n\n{error:#}\n"))).await;
    let end = json!({"candidates": [{"content": {"parts": [{"text": "other"}]}, "finishReason": "STOP"}]});
    let backup = Upstream::start(events(format!("data: {end}\n\n"))).await;
    let at = |upstream: &Upstream| json!({"url": upstream.base(), "protocol": "gemini"});
    let router = Router::start(&json!({"targets": {"late": at(&late), "early": at(&early),
        "both": {"strategy": "priority", "fallback": {"enabled": true},
            "providers": [at(&early), at(&backup)]}}}))
    .await;
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "q"}]}]});
    let gemini = |alias: &str| {
        Call::post(&format!("/v1beta/models/{alias}:streamGenerateContent?alt=sse")).json(&contents)
    };
    let chat = |alias: &str| {
        let messages = json!([{"role": "user", "content": "q"}]);
        Call::chat(&json!({"model": alias, "stream": true, "messages": messages}))
    };
    for call in [gemini("late"), chat("late")] {
        let answer = call.send(router.addr()).await;
        let text = answer.text();
        assert!(text.contains("Hi") && text.contains("no more of this"), "{text}");
        assert!(!text.contains("broke off"), "{text}");
    }
    for call in [gemini("both"), chat("both")] {
        let answer = call.send(router.addr()).await;
        assert!(answer.status == 200 && answer.text().contains("other"), "{}", answer.text());
    }
    let answer = chat("early").send(router.addr()).await;
    assert_eq!(answer.status, 429, "{}", answer.text());
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

/// What a client has had of its provider's stream stays one: an error that began a response of its
/// own is a mistake to the libraries that follow along.
#[tokio::test]
async fn b12_a_broken_stream_of_responses_goes_on_as_the_one_it_was() {
    let event = |name: &str, data: Value| format!("event: {name}\ndata: {data}\n\n");
    let response = json!({"id": "resp_up", "status": "in_progress", "output": []});
    let begun =
        |name| event(name, json!({"type": name, "sequence_number": 0, "response": response}));
    let text = json!({"type": "response.output_text.delta", "sequence_number": 2, "delta": "a",
        "item_id": "msg_1", "output_index": 0, "content_index": 0});
    let pieces = [
        begun("response.created"),
        begun("response.in_progress"),
        event("response.output_text.delta", text),
    ];
    let cut = Reply::sse(pieces.clone());
    let stalls = cut.clone().fault(Place::LastPiece, Fault::Stall);
    for (code, reply) in [("upstream_unreachable", cut), ("upstream_timeout", stalls)] {
        let upstream = Upstream::start(reply).await;
        let mut targets = open(&upstream);
        targets["targets"]["m"]["timeouts"] = json!({"idle_ms": 300});
        let router = Router::start(&targets).await;
        let body = json!({"model": "m", "input": "hi", "stream": true});
        let call = Call::post("/v1/responses").json(&body);
        let (mut seen, end) = call.stream(router.addr()).await.all().await;
        assert!(matches!(end, End::Truncated | End::Reset), "{end:?}");
        let last = seen.pop().unwrap();
        let texts: Vec<String> = seen.iter().map(|event| format!("{}\n\n", event.text)).collect();
        assert_eq!(texts, pieces, "what was delivered is kept");
        assert!(last.text.starts_with("event: error\n"), "{}", last.text);
        let said: Value = serde_json::from_str(last.data()).unwrap();
        assert_eq!((&said["type"], &said["code"]), (&json!("error"), &json!(code)));
        assert!(said["message"].is_string() && said["sequence_number"].is_u64(), "{said}");
        // OpenAI's own libraries raise what stands here.
        assert_eq!(said["error"]["code"], code);
        assert_eq!(said["error"]["message"], said["message"]);
    }
}

/// The second length is so near that an error event, cut to fit, would fill it up.
#[tokio::test]
async fn b12_a_length_that_lies_does_not_hide_the_cut() {
    use crate::support::upstream::Framing;
    let whole = chunk_event("a") + &chunk_event("b");
    for claimed in [100_000, whole.len() + 10] {
        let reply = Reply::new(200)
            .header("content-type", "text/event-stream")
            .body(whole.clone())
            .framing(Framing::Claims(claimed))
            .then_close();
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&open(&upstream)).await;
        assert_broken_after(&router, &["a", "b"]).await;
    }
}

#[tokio::test]
async fn b12_a_length_that_is_true_does_not_hide_the_missing_end() {
    let events = chunk_event("a") + &chunk_event("b");
    let reply = Reply::new(200).header("content-type", "text/event-stream").body(events);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    assert_broken_after(&router, &["a", "b"]).await;
}

/// Nothing is missing after the last event, so the client is told of no failure and the provider
/// does not rest for one.
#[tokio::test]
async fn b12_a_stream_that_breaks_after_its_last_event_has_said_all() {
    let named = |name: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\"}}\n\n");
    let responses = [named("response.output_text.delta"), named("response.completed")];
    let messages = [named("content_block_delta"), named("message_stop")];
    let cases = [
        ("/v1/chat/completions", "openai", Reply::chat_stream(&["a", "b"])),
        ("/v1/responses", "openai_responses", Reply::sse(responses)),
        ("/v1/messages", "anthropic", Reply::sse(messages)),
    ];
    for (path, protocol, whole) in cases {
        for fault in [Fault::Fin, Fault::Reset, Fault::Stall] {
            let broken = whole.clone().paced(ms(20)).fault(Place::LastPiece, fault);
            let upstream = Upstream::start(broken).await;
            let mut targets = open(&upstream);
            targets["targets"]["m"]["protocol"] = json!(protocol);
            targets["targets"]["m"]["timeouts"] = json!({"idle_ms": 200});
            let router = Router::start(&targets).await;
            let answer = Call::post(path).json(&chat_stream("m")).send(router.addr()).await;
            assert_eq!((answer.status, answer.end), (200, End::Complete), "{path}, {fault:?}");
            assert_eq!(answer.text().as_bytes(), whole.payload(), "{path}, {fault:?}");
            assert!(!router.metrics().await.contains("onwards_broken_answers_total{"));
        }
    }
}

#[tokio::test]
async fn b12_a_stream_that_dies_before_its_first_event_is_502() {
    for place in [Place::Head, Place::BodyByte(10)] {
        let reply = Reply::chat_stream(&["a", "b"]).fault(place, Fault::Fin);
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_error(&answer, 502, "upstream_unreachable");
    }
}

/// Streams that are no answer: nothing of them may be seen.
fn stillborn() -> Vec<(&'static str, Reply)> {
    let error = json!({"error": {"message": "overloaded", "type": "server_error", "code": 503}});
    let error = format!("data: {error}\n\n");
    let begun = "event: response.created\ndata: {\"type\":\"response.created\"}\n\n";
    let failed = "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":\
        {\"error\":{\"code\":\"server_error\",\"message\":\"no\"}}}\n\n";
    let words = ["a", "b"];
    vec![
        ("an error first", Reply::sse([error.clone()])),
        (
            "an error after comments",
            Reply::sse([": ping\n\n".to_owned(), ": ping\n\n".into(), error]),
        ),
        ("a response that failed", Reply::sse([begun, failed])),
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

/// An argument of a tool may be called like the end of a stream; the stream is cut all the same.
#[tokio::test]
async fn mark_inside_a_tools_arguments_hides_no_cut() {
    let says = json!({"type": "message_stop", "error": {"type": "error", "code": 1},
        "finishReason": "STOP", "finish_reason": "stop", "a": [{"type": "response.completed"}]});
    let long = json!({"says": says, "text": "word ".repeat(40_000)});
    let cases = [
        (
            "/v1/messages",
            "anthropic",
            json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "tool_use", "id": "t", "name": "n", "input": says}}),
        ),
        (
            "/v1/messages",
            "anthropic",
            json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "tool_use", "id": "t", "name": "n", "input": long}}),
        ),
        (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "gemini",
            json!({"candidates": [
            {"content": {"parts": [{"functionCall": {"name": "n", "args": says}}]}}]}),
        ),
        (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "gemini",
            json!({"candidates": [
            {"content": {"parts": [{"functionCall": {"name": "n", "args": long}}]}}]}),
        ),
        (
            "/v1/chat/completions",
            "openai",
            json!({"choices": [{"index": 0, "finish_reason": null,
            "delta": {"content": "a", "extra": says}}]}),
        ),
        (
            "/v1/responses",
            "openai",
            json!({"type": "response.output_item.added",
            "item": {"type": "x", "input": says}}),
        ),
        (
            "/v2/chat",
            "cohere",
            json!({"type": "tool-call-start", "delta": {"message": says,
            "x": [{"type": "message-end"}]}}),
        ),
    ];
    for (path, protocol, event) in cases {
        let upstream = Upstream::start(Reply::sse([format!("data: {event}\n\n")])).await;
        let mut targets = open(&upstream);
        targets["targets"]["m"]["protocol"] = json!(protocol);
        let router = Router::start(&targets).await;
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
            "input": "hi", "max_tokens": 9, "stream": true,
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
        let mut events = Call::post(path).json(&body).stream(router.addr()).await;
        assert_eq!(events.head.status, 200, "{protocol}");
        let (seen, end) = events.all().await;
        let told = seen.last().is_some_and(|last| {
            last.text.contains("upstream_unreachable")
                || last.text.contains("\"error\"")
                    && !last.text.contains("\"says\"")
                    && !last.text.contains("message_stop")
        });
        assert!(
            told || end != End::Complete,
            "{protocol}: {end:?} {:?}",
            seen.last().map(|e| e.text.len())
        );
    }
}

/// What a last event holds may be of any length.
#[tokio::test]
async fn long_last_event_ends_a_stream_well() {
    let text = "word ".repeat(60_000);
    let cases = [
        (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "gemini",
            json!({"candidates": [
            {"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]}),
        ),
        (
            "/v1/responses",
            "openai",
            json!({"type": "response.completed",
            "response": {"output": [{"text": text}]}}),
        ),
        (
            "/v1/responses",
            "openai",
            json!({"response": {"output": [{"text": text}]},
            "type": "response.completed"}),
        ),
    ];
    for (path, protocol, event) in cases {
        let event = format!("data: {event}\n\n");
        let upstream = Upstream::start(Reply::sse([event.clone()])).await;
        let mut targets = open(&upstream);
        targets["targets"]["m"]["protocol"] = json!(protocol);
        let router = Router::start(&targets).await;
        let body = json!({"model": "m", "input": "hi", "stream": true,
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
        let (seen, end) = Call::post(path).json(&body).stream(router.addr()).await.all().await;
        assert_eq!((seen.len(), end), (1, End::Complete), "{protocol}");
        assert_eq!(seen[0].text.len() + 2, event.len());
    }
}

/// Some streams end without the last event's empty line. What it says counts all the same.
#[tokio::test]
async fn error_without_its_empty_line_is_a_failure() {
    let error = r#"data: {"error":{"message":"no","type":"server_error","code":503}}"#;
    for end in ["", "\n", "\r\n"] {
        let events = [chunk_event("a"), format!("{error}{end}")];
        let first = Upstream::start(Reply::sse(events).paced(ms(30))).await;
        let backup = Upstream::start(Reply::chat_stream(&["other"])).await;
        let mut file = pair(&first, &backup);
        file["targets"]["m"]["cooldown"] = json!({"failures": 1});
        let router = Router::start(&file).await;
        let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
        let (seen, _) = events.all().await;
        assert!(events.rest().is_empty(), "the client sees an event");
        assert!(seen.last().unwrap().text.contains("server_error"), "{end:?}");
        let mut next = Call::chat(&chat_stream("m")).stream(router.addr()).await;
        next.all().await;
        assert_eq!((first.hits(), backup.hits()), (1, 1), "{end:?}: the first one rests");
    }
    // Before any content another provider answers.
    let first = Upstream::start(Reply::sse([error.to_owned()])).await;
    let backup = Upstream::start(Reply::chat_stream(&["other"])).await;
    let router = Router::start(&pair(&first, &backup)).await;
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    assert_eq!(events.head.header("x-onwards-attempts"), Some("first=503,second=200"));
    events.all().await;
}
