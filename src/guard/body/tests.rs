//! Bodies under rules: wherever a text stands, and however it is written.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Verdict, look};
use crate::guard::{Action, Finder, Rule, Set, Side};

fn rule(set: Set, action: Action) -> Arc<Rule> {
    Arc::new(Rule { name: "r".into(), finder: Finder::Set(set), on: Side::Input, action })
}

fn looked(body: &str, action: Action) -> Verdict {
    look(body.as_bytes(), &[rule(Set::Email, action), rule(Set::PaymentCard, action)], &[])
}

fn redacted(body: &str) -> String {
    let verdict = looked(body, Action::Redact);
    assert!(!verdict.unreadable, "{body}");
    let mut text = body.to_owned();
    for (place, with) in verdict.edits.into_iter().rev() {
        let with = String::from_utf8(with).unwrap();
        text.replace_range(place.start as usize..place.end as usize, &with);
    }
    text
}

#[test]
fn every_string_is_looked_at_and_nothing_else_changes() {
    for (body, wanted) in [
        (r#"{"a": "x a@b.com y" , "n":1.50}"#, r#"{"a": "x [redacted:r] y" , "n":1.50}"#),
        (r#"{"a@b.com":{"k":["a@b.com"]}}"#, r#"{"[redacted:r]":{"k":["[redacted:r]"]}}"#),
        (r#"{"a":"\u0061\u0040b\u002ecom\n"}"#, r#"{"a":"[redacted:r]\n"}"#),
        (r#"{"a":"é \"a@b.com\" \ud83d\ude00"}"#, r#"{"a":"é \"[redacted:r]\" \ud83d\ude00"}"#),
        (r#"{"a":4111111111111111}"#, r#"{"a":"[redacted:r]"}"#),
        (r#"{"a":4111111111111111.0}"#, r#"{"a":"[redacted:r]"}"#),
        (r#"{"a":4.111111111111111e15}"#, r#"{"a":"[redacted:r]"}"#),
        // Escaped twice, as the arguments of tools are.
        (r#"{"a":"{\"to\":\"a\\u0040b.com\"}"}"#, r#"{"a":"{\"to\":\"[redacted:r]\"}"}"#),
        (r#"{"a":"{\"b\": \"Hi\\nann@b.com\"}"}"#, r#"{"a":"{\"b\": \"Hi\\n[redacted:r]\"}"}"#),
        (
            r#"{"a":"{\"b\": \"\\u0061@b.com\\u0009ann@b.com\"}"}"#,
            r#"{"a":"{\"b\": \"[redacted:r]\\u0009[redacted:r]\"}"}"#,
        ),
        (r#"{"a":"{\"card\": 4111111111111111}"}"#, r#"{"a":"{\"card\": \"[redacted:r]\"}"}"#),
        (r#"{"a":"[4111111111111111, 5]"}"#, r#"{"a":"[\"[redacted:r]\", 5]"}"#),
        (r#"[]"#, r#"[]"#),
        (r#""a@b.com""#, r#""[redacted:r]""#),
    ] {
        let text = redacted(body);
        assert_eq!(text, wanted);
        let read = serde_json::from_str::<Value>(&text).unwrap();
        if let Some(inner) = read["a"].as_str().filter(|inner| inner.starts_with('{')) {
            serde_json::from_str::<Value>(inner).unwrap();
        }
        assert_eq!(redacted(&text), text);
        assert_eq!(looked(body, Action::Deny).hits.is_empty(), body == "[]");
        assert_eq!(looked(body, Action::Flag).edits, []);
    }
}

#[test]
fn what_stands_over_two_parts_is_found() {
    let body = r#"{"content":[{"type":"text","text":"card 4111 1111"},{"type":"image"},
        {"type":"text","text":" 1111 1111, thanks"}]}"#;
    let wanted = r#"{"content":[{"type":"text","text":"card [redacted:r]"},{"type":"image"},
        {"type":"text","text":", thanks"}]}"#;
    assert_eq!(redacted(body), wanted);
    let keys = r#"{"cont\u0065nt":[{"te\u0078t":"a@"},{"\u0074ext":"b.com"}]}"#;
    assert!(!looked(keys, Action::Deny).hits.is_empty());
    let escaped = r#"{"parts":["a\u0040","b.c","om"]}"#;
    assert_eq!(redacted(escaped), r#"{"parts":["[redacted:r]","",""]}"#);
    // Texts that are read each by itself are looked at each by itself.
    let apart = r#"{"input":["a@","b.com"],"messages":[{"content":"a@"},{"content":"b.com"}]}"#;
    assert_eq!(redacted(apart), apart);
}

#[test]
fn data_is_read_where_it_is_text_and_refused_where_it_cannot_be() {
    let base64 = |bytes: &[u8]| super::data::encoded(bytes);
    let text = base64("card 4111111111111111 ä".as_bytes());
    let body = json!({"source": {"data": text, "media_type": "text/plain"}}).to_string();
    let wanted = json!({"source": {"data": base64("card [redacted:r] ä".as_bytes()),
        "media_type": "text/plain"}});
    assert_eq!(redacted(&body), wanted.to_string());
    let url = json!({"file_data": format!("data:text/plain;base64,{text}")}).to_string();
    assert!(redacted(&url).starts_with(r#"{"file_data":"data:text/plain;base64,"#));
    assert_ne!(redacted(&url), url);
    for cut in ["\n", "\r\n", " ", "\t"] {
        for (spaced, keys) in [
            (format!("{}{cut}{}", &text[..9], &text[9..]), ["source", "media_type"]),
            (format!("{cut}{text}{cut}"), ["inlineData", "mimeType"]),
            (format!("{}A", text.trim_end_matches('=')), ["inlineData", "mimeType"]),
        ] {
            let body = json!({keys[0]: {"data": spaced, keys[1]: "text/plain"}}).to_string();
            assert_ne!(looked(&body, Action::Deny).hits, [0; 0], "{body}");
            let url = json!({"url": format!("data:text/plain;base64,{spaced}")}).to_string();
            assert_ne!(looked(&url, Action::Deny).hits, [0; 0], "{url}");
        }
    }
    for body in [
        format!(r#"{{"source":{{"d\u0061ta":"{text}","m\u0065dia_type":"text/plain"}}}}"#),
        format!(r#"{{"\u0073ource":{{"dat\u0061":"{text}"}}}}"#),
    ] {
        assert_ne!(looked(&body, Action::Deny).hits, [0; 0], "{body}");
    }
    let audio = r#"{"input\u005faudio":{"dat\u0061":"AAAA","form\u0061t":"wav"}}"#;
    assert!(looked(audio, Action::Deny).unreadable);
    let png = base64(&[b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 300]].concat());
    let noise = base64(&(0..=255).collect::<Vec<u8>>());
    let wav = base64(&[b"RIFF\x24\0\0\0WAVE".as_slice(), &[0; 300]].concat());
    for (body, is_unreadable) in [
        (json!({"data": png}), false),
        (json!({"url": format!("data:image/heic;base64,{noise}")}), false),
        (json!({"media_type": "image/avif", "data": noise}), false),
        (json!({"type": "redacted_thinking", "data": noise}), false),
        (json!({"type": "image", "source": {"type": "file", "file_id": "f"}}), false),
        (json!({"type": "image_url", "image_url": {"url": "https://a/b.png"}}), false),
        (json!({"image": {"format": "png", "source": {"bytes": png}}}), false),
        (json!({"name": "get", "input": {"file_id": "f", "format": "wav"}}), false),
        (
            json!({"properties": {"file_id": {"type": "string"}, "input_audio": {"type": "object"}}}),
            false,
        ),
        (json!({"fileData": {"mimeType": "image/png", "fileUri": "gs://a"}}), false),
        (json!({"data": "a text, of a tool"}), false),
        (
            json!({"source": {"type": "text", "media_type": "text/plain", "data": "a text, so"}}),
            false,
        ),
        (json!({"contentType": "text/html", "image": "https://a/b.html"}), false),
        (
            json!({"source": {"type": "base64", "media_type": "text/plain", "data": "a text, no"}}),
            true,
        ),
        (json!({"inlineData": {"mimeType": "text/plain", "data": "cGxl=YXNlIHdy"}}), true),
        (json!({"inlineData": {"data": "NAAxADEAMQAgADQAMQ", "mimeType": "text/plain"}}), true),
        (json!({"data": noise}), true),
        (json!({"data": wav}), true),
        (json!({"url": "data:text/plain,a%40b.com"}), true),
        (json!({"input_audio": {"data": "AAAA", "format": "wav"}}), true),
        (json!({"input_audio": {"data": "AAAA", "format": "new"}}), true),
        (json!({"inlineData": {"mimeType": "audio/mp3", "data": "AAAA"}}), true),
        (json!({"document": {"format": "pdf", "name": "n", "source": {"bytes": "AAAA"}}}), true),
        (json!({"type": "document", "source": {"type": "url", "url": "https://a/b"}}), true),
        (json!({"type": "document", "source": {"type": "file", "file_id": "f"}}), true),
        (json!({"source": {"type": "file", "file_id": "f"}, "type": "document"}), true),
        (json!({"type": "file", "file": {"file_id": "f"}}), true),
        (json!({"type": "input_file", "file_url": "https://a/b"}), true),
        (json!({"fileData": {"mimeType": "application/pdf", "fileUri": "gs://a"}}), true),
        (json!({"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://a"}}}}), true),
    ] {
        assert_eq!(looked(&body.to_string(), Action::Deny).unreadable, is_unreadable, "{body}");
    }
    for body in
        ["", "x", "{", r#"{"a":1,}"#, r#"{'a':1}"#, "{}{}", r#"{"a":/*x*/1}"#, &"[".repeat(9999)]
    {
        assert!(looked(body, Action::Deny).unreadable, "{body:.20}");
    }
}

#[test]
fn the_name_of_the_alias_is_no_text() {
    let body = r#"{"model":"a@b.com","x":"a@b.com"}"#;
    let verdict =
        look(body.as_bytes(), &[rule(Set::Email, Action::Redact)], std::slice::from_ref(&(9..18)));
    assert_eq!(verdict.edits.len(), 1);
    assert_eq!(verdict.edits[0].0, 24..31);
}

/// A string written with any of its characters escaped.
fn written(text: &str, escape: impl Fn(usize) -> bool) -> String {
    let mut units = String::new();
    for (nth, c) in text.chars().enumerate() {
        if escape(nth) || matches!(c, '"' | '\\') || c.is_control() {
            c.encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|it| units.push_str(&format!("\\u{it:04x}")));
        } else {
            units.push(c);
        }
    }
    units
}

#[test]
fn texts_that_are_given_as_tokens_are_not_read() {
    for (body, unreadable) in [
        (r#"{"input":[15339,1917]}"#, true),
        (r#"{"input":[[1,2],[3]]}"#, true),
        (r#"{"prompt":[9906]}"#, true),
        (r#"{"pr\u006fmpt":[9906]}"#, true),
        (r#"{"input":["a"],"dimensions":1024,"n":1}"#, false),
        (
            r#"{"messages":[{"content":[{"type":"tool_use","input":{"input":5,"prompt":[7]}}]}]}"#,
            false,
        ),
        (r#"{"input":[{"type":"message","content":"a","n":5}]}"#, false),
    ] {
        assert_eq!(looked(body, Action::Deny).unreadable, unreadable, "{body}");
    }
}

#[test]
fn tokens_of_which_nothing_is_said_are_read() {
    for (body, unreadable) in [
        (r#"{"choices":[{"logprobs":{"content":null,"refusal":null}}]}"#, false),
        (r#"{"choices":[{"logprobs":{"content":[],"refusal":[]}}]}"#, false),
        (r#"{"choices":[{"logprobs":null},{"logprobs":{}},{"logprobs":[]}]}"#, false),
        (r#"{"choices":[{"logprobs":{"content":[{"token":"a"}]}}]}"#, true),
        (r#"{"choices":[{"logprobs":{"tokens":["a","b"]}}]}"#, true),
        (r#"{"choices":[{"logprobs":{"content":[{}]}}]}"#, true),
        (r#"{"output":[{"content":[{"logprobs":[{"token":"a"}]}]}]}"#, true),
    ] {
        assert_eq!(looked(body, Action::Deny).unreadable, unreadable, "{body}");
    }
}

/// A text of each kind at every place of a request where a client may write one.
#[test]
fn nothing_of_the_corpus_passes_wherever_it_stands() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let corpus = [
        (Set::Secrets, "sk-proj-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8"),
        (Set::Secrets, "postgres://app:hunter22@db.example/x"),
        (Set::PaymentCard, "4111-1111-1111-1111"),
        (Set::Iban, "DE89 3704 0044 0532 0130 00"),
        (Set::Email, "ann.lee+x@mail.example.co.uk"),
        (Set::Phone, "+49 30 901820"),
        (Set::UsSsn, "536-90-4399"),
    ];
    for (set, found) in corpus {
        let text = format!("it is {found}, so");
        let data = STANDARD.encode(&text);
        let arguments = json!({"a": {"b": [text]}}).to_string();
        for body in [
            json!({"messages": [{"role": "user", "content": text}]}),
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}),
            json!({"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": arguments}}]}]}),
            json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": arguments}]}),
            json!({"content": [{"type": "tool_use", "input": {"a": [text]}}]}),
            json!({"content": [{"type": "tool_result", "content": [{"type": "text", "text": text}]}]}),
            json!({"content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png", "alt": text}}]}),
            json!({"content": [{"type": "document", "title": text, "source": {"type": "text",
                "media_type": "text/plain", "data": "d"}}]}),
            json!({"content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain",
                "data": text}}]}),
            json!({"content": [{"type": "document", "source": {"type": "base64", "media_type": "text/plain",
                "data": data}}]}),
            json!({"contents": [{"parts": [{"inlineData": {"mimeType": "text/plain", "data": data}}]}]}),
            json!({"contents": [{"parts": [{"functionResponse": {"response": {"r": text}}}]}]}),
            json!({"messages": [{"content": [{"document": {"source": {"bytes": data}}}]}]}),
            json!({"documents": [{"data": {"snippet": text}}]}),
            json!({"input": [text, "a"]}),
            json!({"tools": [{"function": {"parameters": {"properties": {"p": {"description": text}}}}}]}),
            json!({"anything": {text.clone(): null}}),
        ] {
            let body = body.to_string();
            let verdict = |action| look(body.as_bytes(), &[rule(set, action)], &[]);
            assert_eq!(verdict(Action::Deny).hits, [0], "{set:?}: {body}");
            assert!(!verdict(Action::Redact).edits.is_empty(), "{set:?}: {body}");
            assert!(!verdict(Action::Redact).unreadable, "{set:?}: {body}");
        }
    }
}

proptest! {
    #[test]
    fn no_way_to_write_a_match_lets_it_pass(
        before in "[a-z \"\\\\é😀\n]{0,12}",
        after in "[ \"\\\\,é😀\n][a-z \"\\\\é😀\n]{0,12}",
        which: u64,
        levels in 1..4_usize,
        card: bool,
    ) {
        let secret = if card { "4111 1111 1111 1111" } else { "ann@example.com" };
        let mut text = format!("{before}\t{secret}{after}");
        for level in 0..levels {
            let written = written(&text, |nth| which >> ((nth + level) % 64) & 1 == 1);
            text = format!("\"{written}\"");
        }
        let body = format!("{{\"k\": [{text}]}}");
        prop_assert!(serde_json::from_str::<Value>(&body).is_ok(), "{}", body);
        prop_assert!(!looked(&body, Action::Deny).hits.is_empty(), "{}", body);
        let after = redacted(&body);
        prop_assert!(serde_json::from_str::<Value>(&after).is_ok(), "{}", after);
        prop_assert!(looked(&after, Action::Deny).hits.is_empty(), "{} {}", body, after);
    }

    #[test]
    fn no_border_between_parts_lets_a_match_pass(cuts in prop::collection::vec(0..30_usize, 1..5)) {
        let text = "see ann@example.com, please";
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.sort_unstable();
        let mut parts = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([text.len()]) {
            parts.push(json!({"text": &text[from..cut]}));
            from = cut;
        }
        let body = json!({"content": parts}).to_string();
        prop_assert!(!looked(&body, Action::Deny).hits.is_empty(), "{}", body);
        let after: Value = serde_json::from_str(&redacted(&body)).unwrap();
        let texts: String =
            after["content"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
        prop_assert_eq!(texts, "see [redacted:r], please");
    }

    #[test]
    fn whatever_the_bytes_are_the_edits_stay_in_them(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let verdict = look(&body, &[rule(Set::Email, Action::Redact)], &[]);
        prop_assert!(verdict.edits.iter().all(|(it, _)| it.start <= it.end && it.end <= body.len() as u64));
    }
}

/// A text that is escaped once more is looked at around what that changes, and as if it were looked at whole.
#[test]
fn deep_escapes_hide_nothing_wherever_they_stand() {
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}", "a1b2c3d4".repeat(900), "Zz9-".repeat(40));
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----",
        "MIIEabcd0123456789ABCDEF\n".repeat(300)
    );
    let all = [
        (Set::Email, "ann@example.com".to_owned()),
        (Set::PaymentCard, "4111 1111 1111 1111".to_owned()),
        (Set::Iban, "DE89 3704 0044 0532 0130 00".to_owned()),
        (Set::Secrets, "sk-abcdefghijkl0123456789mnopqrstuv".to_owned()),
        (Set::Secrets, jwt),
        (Set::Secrets, key),
    ];
    let around = "let x = 1; // no secret\n".repeat(4000);
    for (set, secret) in all {
        for at in [0, 1, 2, secret.len() / 2, secret.len() - 1] {
            let (before, rest) = secret.split_at(at);
            let (one, after) = rest.split_at(1);
            let code = u32::from(one.as_bytes()[0]);
            for depth in [2, 3] {
                let mut text = format!("{around} {before}\\u{code:04x}{after} {around}");
                for _ in 1..depth {
                    text = serde_json::to_string(&text).unwrap();
                }
                let body = json!({"a": text}).to_string();
                let verdict = look(body.as_bytes(), &[rule(set, Action::Redact)], &[]);
                let shown = &secret[..20.min(secret.len())];
                assert_eq!(verdict.hits, [0], "{set:?} {shown} {at} {depth}");
                let mut left = body.clone();
                for (place, with) in verdict.edits.into_iter().rev() {
                    let with = String::from_utf8(with).unwrap();
                    left.replace_range(place.start as usize..place.end as usize, &with);
                }
                assert!(look(left.as_bytes(), &[rule(set, Action::Deny)], &[]).hits.is_empty());
                assert!(!left.contains(&secret[secret.len() / 2 + 1..]), "{set:?} {at} {depth}");
            }
        }
    }
}

/// The nanoseconds that this thread was on a processor, so that neighbours hardly count; where the system does
/// not tell them, those of the clock.
fn on_processor() -> u128 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let own = told.and_then(|told| told.split(' ').next()?.parse().ok());
    own.unwrap_or_else(|| {
        let epoch = std::time::SystemTime::UNIX_EPOCH;
        epoch.elapsed().map_or(0, |it| it.as_nanos())
    })
}

/// This crate's own code and pages, once as texts and once as arguments of tools, which are escaped twice.
#[test]
#[ignore = "measures: cargo test --release --lib guard::body::tests::each_set -- --ignored --nocapture"]
fn each_set_looks_at_200_megabytes_in_a_second() {
    const LOOKS: usize = 20;
    fn read(folder: &std::path::Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, texts);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                texts.push(text);
            }
        }
    }
    let (root, mut texts) = (std::path::Path::new(env!("CARGO_MANIFEST_DIR")), Vec::new());
    ["src", "tests", "docs"].iter().for_each(|folder| read(&root.join(folder), &mut texts));
    let arguments = texts.iter().map(|text| json!({"code": text}).to_string());
    let arguments = json!({"a": arguments.collect::<Vec<_>>()}).to_string();
    let plain = json!({ "a": texts }).to_string();
    let mut slow = Vec::new();
    for set in [Set::Secrets, Set::PaymentCard, Set::Iban, Set::Email, Set::Phone, Set::UsSsn] {
        for (what, body) in [("texts", &plain), ("arguments", &arguments)] {
            let rules = [rule(set, Action::Redact)];
            let found = look(body.as_bytes(), &rules, &[]).edits.len();
            // What the system tells is some milliseconds old: many looks are measured as one.
            let looks = || {
                let begun = on_processor();
                (0..LOOKS).for_each(|_| _ = look(body.as_bytes(), &rules, &[]));
                on_processor() - begun
            };
            let took = (0..5).map(|_| looks()).min().unwrap();
            let speed = (LOOKS * body.len()) as f64 * 1e3 / took as f64;
            eprintln!("{set:?} in {what}: {speed:.0} MB/s, {found} places");
            slow.extend((speed <= 200.0).then_some((set, what)));
        }
    }
    assert!(cfg!(debug_assertions) || slow.is_empty(), "{slow:?}");
}
