//! Streams of each protocol under rules, however their texts and their bytes are cut.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    guard::{Action, Finder, Guardrails, Rule, Set, Side},
    protocol::Protocol,
};

fn rules(action: Action) -> Guardrails {
    let rule = |set| {
        Arc::new(Rule { name: "r".into(), finder: Finder::Set(set), on: Side::Output, action })
    };
    [rule(Set::Email), rule(Set::PaymentCard)].into()
}

/// The protocols of events, each with an event that carries this piece, the last one, and where the piece is.
type Row = (Protocol, fn(&str) -> Value, fn() -> Value, &'static str);
const ROWS: [Row; 7] = [
    (
        Protocol::OpenAi,
        |text| json!({"choices": [{"delta": {"content": text}, "index": 0}]}),
        || json!({"choices": [{"delta": {}, "index": 0, "finish_reason": "stop"}]}),
        "/choices/0/delta/content",
    ),
    (
        Protocol::OpenAi,
        |text| json!({"choices": [{"index": 1, "delta": {"tool_calls": [{"index": 2, "function": {"arguments": text}}]}}]}),
        || json!({"choices": [{"index": 1, "delta": {}, "finish_reason": "tool_calls"}]}),
        "/choices/0/delta/tool_calls/0/function/arguments",
    ),
    (
        Protocol::OpenAiResponses,
        |text| json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text}),
        || json!({"type": "response.output_text.done", "content_index": 0, "output_index": 0}),
        "/delta",
    ),
    (
        Protocol::Anthropic,
        |text| json!({"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": text}}),
        || json!({"type": "content_block_stop", "index": 3}),
        "/delta/text",
    ),
    (
        Protocol::Gemini,
        |text| json!({"candidates": [{"content": {"parts": [{"text": text}]}}]}),
        || json!({"candidates": [{"finishReason": "STOP"}]}),
        "/candidates/0/content/parts/0/text",
    ),
    (
        Protocol::Gemini,
        |text| {
            json!({"candidates": [{"content": {"parts": [{"functionCall": {"partialArgs": [
            {"jsonPath": "$.to", "stringValue": text, "willContinue": true}]}}]}}]})
        },
        || json!({"candidates": [{"finishReason": "STOP"}]}),
        "/candidates/0/content/parts/0/functionCall/partialArgs/0/stringValue",
    ),
    (
        Protocol::Cohere,
        |text| json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}),
        || json!({"type": "content-end", "index": 0}),
        "/delta/message/content/text",
    ),
];

/// The text that goes on, and the number of events that have done so before the bytes ended.
fn passed(
    row: &Row,
    pieces: &[&str],
    size: usize,
    action: Action,
) -> Result<(String, usize), Stop> {
    let (_, event, last, place) = row;
    let events = pieces.iter().map(|piece| event(piece)).chain([last()]);
    let bytes: String = events.map(|event| format!("data: {event}\n\n")).collect();
    let watch = Arc::new(Watch::new(rules(action)));
    let mut guard = Events::new(watch);
    let mut out = Vec::new();
    for chunk in bytes.as_bytes().chunks(size) {
        guard.feed(Bytes::copy_from_slice(chunk), &mut out)?;
    }
    let before = out.windows(2).filter(|it| it == b"\n\n").count();
    guard.end(&mut out)?;
    let out = String::from_utf8(out).unwrap();
    let events = out.split("\n\n").filter_map(|it| it.strip_prefix("data: "));
    let events = events.map(|it| serde_json::from_str::<Value>(it).unwrap());
    let text = events.filter_map(|it| it.pointer(place)?.as_str().map(str::to_owned)).collect();
    Ok((text, before))
}

#[test]
fn text_that_ends_goes_on_before_the_stream_does() {
    for row in &ROWS {
        let (text, before) =
            passed(row, &["a", "nn@exam", "ple.com"], 1 << 20, Action::Redact).unwrap();
        assert_eq!((text.as_str(), before), ("[redacted:r]", 4), "{:?}", row.0);
    }
}

fn feed(guard: &mut Events, event: &Value, out: &mut Vec<u8>) -> Result<(), Stop> {
    guard.feed(format!("data: {event}\n\n").into(), out)
}

#[test]
fn event_that_says_no_more_than_a_role_does_not_wait() {
    for event in [
        json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}),
        json!({"type": "message-start", "delta": {"message": {"role": "assistant", "content": []}}}),
        json!({"type": "message_start", "message": {"role": "assistant", "content": []}}),
    ] {
        let mut guard = Events::new(Arc::new(Watch::new(rules(Action::Redact))));
        let mut out = Vec::new();
        feed(&mut guard, &event, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("data: {event}\n\n"));
    }
    // What is no role is a text.
    let mut guard = Events::new(Arc::new(Watch::new(rules(Action::Redact))));
    let mut out = Vec::new();
    for piece in ["ann@exam", "ple.com"] {
        let event = json!({"choices": [{"index": 0, "delta": {"role": piece}}]});
        feed(&mut guard, &event, &mut out).unwrap();
    }
    guard.end(&mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("[redacted:r]") && !out.contains("ple.com"), "{out}");
}

#[test]
fn sound_in_a_stream_is_not_passed() {
    let data = "UklGRiQAAABXQVZF";
    for event in [
        json!({"choices": [{"index": 0, "delta": {"audio": {"id": "a", "data": data}}}]}),
        json!({"type": "response.output_audio.delta", "output_index": 0, "delta": data}),
        json!({"candidates": [{"content": {"parts": [
            {"inlineData": {"mimeType": "audio/pcm", "data": data}}]}}]}),
    ] {
        for (action, wanted) in [(Action::Redact, Err(Stop::Unreadable)), (Action::Flag, Ok(()))] {
            let mut guard = Events::new(Arc::new(Watch::new(rules(action))));
            assert_eq!(feed(&mut guard, &event, &mut Vec::new()), wanted, "{event}");
        }
    }
    let said = json!({"choices": [{"index": 0, "delta": {"audio": {"transcript": "hi"}}}]});
    let mut guard = Events::new(Arc::new(Watch::new(rules(Action::Redact))));
    assert_eq!(feed(&mut guard, &said, &mut Vec::new()), Ok(()));
}

#[test]
fn what_is_held_goes_on_before_a_break() {
    for row in &ROWS {
        let (_, event, _, place) = row;
        let mut guard = Events::new(Arc::new(Watch::new(rules(Action::Redact))));
        let mut out = Vec::new();
        for piece in ["see 4111", " 1111"] {
            feed(&mut guard, &event(piece), &mut out).unwrap();
        }
        guard.feed("data: {\"cut".into(), &mut out).unwrap();
        assert_eq!(out, b"", "it waits");
        guard.broken(&mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let events = out.split("\n\n").filter_map(|it| it.strip_prefix("data: "));
        let events = events.map(|it| serde_json::from_str::<Value>(it).unwrap());
        let texts = events.map(|it| it.pointer(place).unwrap().as_str().unwrap().to_owned());
        assert_eq!(texts.collect::<String>(), "see 4111 1111");
        // What matches by then does not go on.
        let mut guard = Events::new(Arc::new(Watch::new(rules(Action::Deny))));
        let mut out = Vec::new();
        feed(&mut guard, &event("to ann@example.com"), &mut out).unwrap();
        assert_eq!((guard.broken(&mut out), out.len()), (Err(Stop::Denied(0)), 0));
    }
}

#[test]
fn other_text_of_the_same_answer_ends_one() {
    let watch = Arc::new(Watch::new(rules(Action::Redact)));
    let mut guard = Events::new(Arc::clone(&watch));
    let mut out = Vec::new();
    for delta in [
        json!({"reasoning_content": "about a"}),
        json!({"content": "see nn@exam"}),
        json!({"content": "ple.com"}),
        json!({"content": " !"}),
    ] {
        let event = json!({"choices": [{"index": 0, "delta": delta}]});
        guard.feed(format!("data: {event}\n\n").into(), &mut out).unwrap();
    }
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("about a") && out.contains("see [redacted:r]"), "{out}");
    assert_eq!(watch.hits().count(), 1);
}

#[test]
fn match_that_another_text_comes_between_is_waited_for() {
    let say = |key: &str, piece: &str| json!({"choices": [{"index": 0, "delta": {key: piece}}]});
    let run = |between: &str, action: Action| {
        let mut guard = Events::new(Arc::new(Watch::new(rules(action))));
        let mut out = Vec::new();
        for event in [
            say("content", "it is 4111 1111"),
            say("reasoning_content", between),
            say("content", " 1111 1111, so"),
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        ] {
            feed(&mut guard, &event, &mut out)?;
        }
        guard.end(&mut out).map(|()| String::from_utf8(out).unwrap())
    };
    let out = run("well", Action::Redact).unwrap();
    assert!(out.contains("it is [redacted:r]") && out.contains("well"), "{out}");
    assert!(!out.contains("4111 1111") && !out.contains("1111 1111, so"), "{out}");
    assert_eq!(run("well", Action::Deny), Err(Stop::Denied(1)));
    // It is waited for so long, and the other one is not held for ever.
    let out = run(&"so ".repeat(100), Action::Redact).unwrap();
    assert!(out.contains("it is 4111 1111") && !out.contains("1111 1111, so"), "{out}");
    // A word is nothing to wait for.
    let mut guard = Events::new(Arc::new(Watch::new(rules(Action::Redact))));
    let mut out = Vec::new();
    feed(&mut guard, &say("reasoning_content", "in 2024 I"), &mut out).unwrap();
    feed(&mut guard, &say("content", "Yes. "), &mut out).unwrap();
    assert_eq!(out.windows(6).filter(|it| it == b"data: ").count(), 2);
}

#[test]
fn what_a_stream_adds_at_a_place_of_its_own_is_one_text_too() {
    let row: Row = (
        Protocol::OpenAi,
        |text| json!({"choices": [{"index": 0, "delta": {"new": [{"words": text}]}}]}),
        || json!({"choices": [{"index": 0, "finish_reason": "stop"}]}),
        "/choices/0/delta/new/0/words",
    );
    let passed = passed(&row, &["a ann@exam", "ple.com b"], 9, Action::Redact).unwrap();
    assert_eq!(passed.0, "a [redacted:r] b");
}

#[test]
fn keys_are_read_however_they_are_written() {
    let watch = Arc::new(Watch::new(rules(Action::Deny)));
    let mut guard = Events::new(watch);
    let mut out = Vec::new();
    let mut feed = |delta: &str, content: &str, piece: &str| {
        let choice = format!(r#"{{"index":0,"{delta}":{{"{content}":"{piece}"}}}}"#);
        guard.feed(format!("data: {{\"choices\":[{choice}]}}\n\n").into(), &mut out)
    };
    assert_eq!(feed(r"d\u0065lta", "content", "a ann@exam"), Ok(()));
    assert_eq!(feed("delta", r"c\u006fntent", "ple.com b"), Err(Stop::Denied(0)));
}

#[test]
fn number_in_the_arguments_of_a_call_becomes_a_string() {
    let pieces = [r#"{"n": "4111111111111111", "card": 4111"#, "11111111", r#"1111, "m": [7]}"#];
    for size in [1, 9, 1 << 20] {
        let (text, _) = passed(&ROWS[1], &pieces, size, Action::Redact).unwrap();
        assert_eq!(text, r#"{"n": "[redacted:r]", "card": "[redacted:r]", "m": [7]}"#);
    }
}

#[test]
fn empty_reason_ends_no_text() {
    let row: Row = (
        Protocol::OpenAi,
        |text| json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": ""}]}),
        || json!({"choices": [{"index": 0, "finish_reason": "stop"}]}),
        "/choices/0/delta/content",
    );
    let passed = passed(&row, &["a ann@exam", "ple.com b"], 9, Action::Redact).unwrap();
    assert_eq!(passed.0, "a [redacted:r] b");
}

#[test]
fn text_that_goes_on_after_another_is_looked_at_from_its_beginning() {
    let watch = Arc::new(Watch::new(rules(Action::Deny)));
    let mut guard = Events::new(watch);
    let mut out = Vec::new();
    let mut feed = |key: &str, piece: &str| {
        let event = json!({"choices": [{"index": 0, "delta": {key: piece}}]});
        guard.feed(format!("data: {event}\n\n").into(), &mut out)
    };
    assert_eq!(feed("content", "ann@exam"), Ok(()));
    assert_eq!(feed("reasoning_content", "well"), Ok(()));
    assert_eq!(feed("content", "ple.com"), Ok(()));
    assert_eq!(feed("content", ", so"), Err(Stop::Denied(0)));
}

/// What rules look for, of every kind, each in a text that has nothing else of the kind.
const CORPUS: [(Set, &str); 12] = [
    (Set::Secrets, "sk-proj-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8"),
    (Set::Secrets, "AKIAIOSFODNN7EXAMPLE"),
    (Set::Secrets, "ghp_0123456789abcdefghijABCDEFGHIJ012345"),
    (Set::Secrets, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJl"),
    (Set::PaymentCard, "4111-1111-1111-1111"),
    (Set::PaymentCard, "378282246310005"),
    (Set::Iban, "DE89 3704 0044 0532 0130 00"),
    (Set::Iban, "GB82WEST12345698765432"),
    (Set::Email, "ann.lee+x@mail.example.co.uk"),
    (Set::Phone, "+49 30 901820"),
    (Set::Phone, "(415) 555-2671"),
    (Set::UsSsn, "536-90-4399"),
];

#[test]
fn nothing_of_the_corpus_passes_however_a_stream_is_cut() {
    let all = [Set::Secrets, Set::PaymentCard, Set::Iban, Set::Email, Set::Phone, Set::UsSsn];
    let rule = |set, action| {
        Arc::new(Rule { name: "r".into(), finder: Finder::Set(set), on: Side::Output, action })
    };
    let run = |row: &Row, pieces: &[&str], action| {
        let rules: Guardrails = all.iter().map(|set| rule(*set, action)).collect();
        let mut guard = Events::new(Arc::new(Watch::new(rules)));
        let mut out = Vec::new();
        for event in pieces.iter().map(|piece| (row.1)(piece)).chain([(row.2)()]) {
            feed(&mut guard, &event, &mut out)?;
        }
        guard.end(&mut out)?;
        let out = String::from_utf8(out).unwrap();
        let events = out.split("\n\n").filter_map(|it| it.strip_prefix("data: "));
        let events = events.map(|it| serde_json::from_str::<Value>(it).unwrap());
        Ok::<String, Stop>(
            events.filter_map(|it| Some(it.pointer(row.3)?.as_str()?.to_owned())).collect(),
        )
    };
    for (nth, (set, found)) in CORPUS.iter().enumerate() {
        let text = format!("it is {found}, so");
        let row = &ROWS[nth % ROWS.len()];
        for cut in 0..text.len() {
            let second = (cut + 5).min(text.len());
            let pieces = [&text[..cut], &text[cut..second], &text[second..]];
            let out = run(row, &pieces, Action::Redact).unwrap();
            assert_eq!(out, "it is [redacted:r], so", "{set:?} {cut} {:?}", row.0);
            assert!(run(row, &pieces, Action::Deny).is_err(), "{set:?} {cut}");
        }
        for row in &ROWS {
            let pieces: Vec<&str> = (0..text.len()).map(|at| &text[at..=at]).collect();
            assert_eq!(run(row, &pieces, Action::Redact).unwrap(), "it is [redacted:r], so");
        }
    }
}

#[test]
fn token_by_token_texts_are_not_passed() {
    let watch = Arc::new(Watch::new(rules(Action::Redact)));
    let mut guard = Events::new(watch);
    let event = json!({"choices": [{"index": 0, "delta": {"content": "a"},
        "logprobs": {"content": [{"token": "a"}]}}]});
    let mut out = Vec::new();
    let fed = guard.feed(format!("data: {event}\n\n").into(), &mut out);
    assert_eq!((fed, out.len()), (Err(Stop::Unreadable), 0));
}

proptest! {
    #[test]
    fn no_cut_of_a_stream_lets_a_match_pass(
        row in 0..ROWS.len(),
        cuts in prop::collection::vec(0..60_usize, 0..12),
        size in 1..80_usize,
    ) {
        let text = "to ann@example.com, 4111 1111 1111 1111 and 4111 1111 1111 1112";
        let wanted = "to [redacted:r], [redacted:r] and 4111 1111 1111 1112";
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts.into_iter().chain([text.len()]) {
            pieces.push(&text[from..cut]);
            from = cut;
        }
        let row = &ROWS[row];
        prop_assert_eq!(passed(row, &pieces, size, Action::Redact).unwrap().0, wanted);
        prop_assert!(passed(row, &pieces, size, Action::Deny).is_err());
        prop_assert_eq!(passed(row, &pieces, size, Action::Flag).unwrap().0, text);
    }
}
