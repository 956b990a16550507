//! Where texts, numbers and objects end that are passed in strides, and what is an error in them.

use bytes::Bytes;
use serde_json::Value;

use super::{CHAT, Cleaned, Malformed, clean, cleaned, declared_at, known};
use crate::protocol::strict::check::check;

#[test]
fn a_text_and_a_number_end_where_json_says() {
    let answer = |text: &str, number: &str| {
        format!(
            r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":[{number}]}}],"model":"alias","usage":{{"prompt_tokens":1}},"x":"{text}"}}"#
        )
    };
    let is_taken = |text: &str, number: &str| {
        let written = answer(text, number);
        let is_json = serde_json::from_str::<Value>(&written).is_ok();
        let is_taken = cleaned("/v1/embeddings", &written).is_ok();
        assert_eq!(is_taken, is_json, "{written}");
        is_taken
    };
    let parts = [
        "a",
        "é",
        "模型",
        r"\n",
        r#"\""#,
        r"\u00e9",
        r"\u00e9\u00e8",
        r"\",
        "plain words and more of them",
        r"\q",
        r"\u00g0",
        "\u{1}",
        "\n",
        r"\",
    ];
    for first in parts {
        for second in parts {
            for length in [0, 1, 6, 7, 8, 9, 23, 24, 25, 31, 32, 33, 127, 128, 129, 300] {
                let plain = "x".repeat(length);
                is_taken(&format!("{plain}{first}{second}{plain}"), "1");
                is_taken(&format!("{}{plain}{second}", first.repeat(12)), "1");
            }
        }
    }
    let heads = ["", "-", "0", "-0", "7", "12", "01", "+1", ".5", "x"];
    let tails =
        ["", ".", ".5", ".12345678", ".1234567890123456", ".12345678901234567890", ".5x", ".5.5"];
    let powers = [
        "",
        "e",
        "e5",
        "E+5",
        "e-12",
        "e+",
        "e5.",
        "e 5",
        ",",
        ",-0.25",
        ",null",
        ",null,2.5",
        ",[1]",
    ];
    let mut taken = 0;
    for (head, tail) in heads.iter().flat_map(|head| tails.iter().map(move |tail| (head, tail))) {
        for power in powers {
            let number = format!("{head}{tail}{power}");
            // A list in the place of a number is JSON, but no embedding.
            if power == ",[1]" {
                assert_eq!(cleaned("/v1/embeddings", &answer("", &number)), Err(Malformed));
            } else {
                taken += usize::from(is_taken("", &number));
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

#[test]
fn an_error_in_the_place_of_an_answer_is_found_without_a_look_at_others() {
    let rows = [
        (CHAT, r#"{"error":{"message":"no"}}"#, false),
        (CHAT, r#"{"err\u006fr":{"message":"no"},"id":"x"}"#, false),
        (CHAT, r#"{"error":{"message":"no"},"choices":[]}"#, true),
        (CHAT, r#"{"error":null,"choices":[]}"#, true),
        ("/v1beta/models/m:generateContent", r#"{"error":{"code":500},"usageMetadata":{}}"#, false),
        ("/v1beta/models/m:generateContent", r#"{"error":{"code":500},"candidates":[]}"#, true),
    ];
    for (path, text, is_answer) in rows {
        let cleaned = clean(&Bytes::from(text), declared_at(path).answer, &known());
        let kept = matches!(&cleaned, Ok(Cleaned::Kept(..)));
        assert_eq!(kept, is_answer, "{text}: {cleaned:?}");
    }
}

#[test]
fn of_two_tags_the_last_counts_wherever_they_stand() {
    let roles = [
        (r#""role":"user","content":"x""#, None),
        (r#""content":"x","role":"user""#, None),
        (r#""role":"tool","content":"x""#, Some("messages[0].tool_call_id")),
        (r#""role":"user","content":"x","role":"tool""#, Some("messages[0].tool_call_id")),
        (r#""role":"user","content":"x","role":"who""#, Some("messages[0].role")),
        (r#""role":"user","content":"x","role":5"#, Some("messages[0].role")),
        (r#""r\u006fle":"user","content":"x""#, None),
        (r#""role":"tool","tool_call_id":"c","content":"x","role":"user""#, None),
    ];
    for (message, wanted) in roles {
        let body = format!(r#"{{"messages":[{{{message}}}],"model":"m"}}"#);
        let wrong = check(body.as_bytes(), declared_at(CHAT).request, false).err();
        assert_eq!(wrong.map(|wrong| wrong.param).as_deref(), wanted, "{message}");
    }
}

fn message(content: &str) -> String {
    format!(
        r#"{{"id":"m","type":"message","role":"assistant","model":"alias","content":[{content}]}}"#
    )
}

fn item(item: &str) -> String {
    format!(r#"{{"id":"r","object":"response","created_at":1,"model":"alias","output":[{item}]}}"#)
}

fn part(part: &str) -> String {
    format!(r#"{{"candidates":[{{"content":{{"parts":[{part}],"role":"model"}},"index":0}}]}}"#)
}

fn chat(message: &str, finish: &str) -> String {
    let message = format!(r#"{{"role":"assistant",{message}}}"#);
    let choice = format!(r#"{{"index":0,"message":{message},"finish_reason":"{finish}"}}"#);
    format!(
        r#"{{"id":"c","object":"chat.completion","created":1,"model":"alias","choices":[{choice}]}}"#
    )
}

/// What a client needs stays; its text is of a list or of a form, or it is content.
#[test]
fn what_vendors_tools_say_stays() {
    let web = "web_fetch_tool_result";
    let kept = [
        ("/v1/messages", message(&format!(r#"{{"type":"{web}","tool_use_id":"t","content":{{"type":"{web}_error","error_code":"url_not_accessible"}}}}"#))),
        ("/v1/messages", message(r#"{"type":"bash_code_execution_tool_result","tool_use_id":"t","content":{"type":"bash_code_execution_tool_result_error","error_code":"execution_time_exceeded"}}"#)),
        ("/v1/messages", message(r#"{"type":"advisor_tool_result","tool_use_id":"t","content":{"type":"advisor_tool_result_error","error_code":"model_not_found"}}"#)),
        ("/v1/messages", r#"{"id":"m","type":"message","role":"assistant","model":"alias","content":[],"container":{"id":"c","expires_at":"2026-11-30T15:00:00Z","skills":[{"type":"anthropic","skill_id":"pptx","version":"latest"},{"type":"custom","skill_id":"skill_01AbC","version":"1759178010641129"}]},"usage":{"input_tokens":1,"output_tokens":2,"speed":"fast","iterations":[{"type":"message","input_tokens":1,"output_tokens":2}]}}"#.to_owned()),
        ("/v1beta/models/m:generateContent", part(r#"{"functionCall":{"name":"f","partialArgs":[{"jsonPath":"$.a","stringValue":"b","willContinue":true}],"willContinue":true}}"#)),
        ("/v1beta/models/m:generateContent", part(r#"{"inlineData":{"mimeType":"audio/l16;rate=24000","data":"QUJD"}}"#)),
        (CHAT, chat(r#""content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"QUJD"}}}]"#, "tool_calls")),
        (CHAT, chat(r#""content":"a""#, "error")),
        (CHAT, chat(r#""content":"a""#, "insufficient_system_resource")),
        ("/v1/responses", item(r#"{"type":"mcp_call","id":"i","name":"n","arguments":"{}","server_label":"s","error":null,"output":"o"}"#)),
        ("/v1/responses", item(r#"{"type":"mcp_call","id":"i","name":"n","arguments":"{}","error":{"type":"http_error","code":500}}"#)),
        ("/v1/responses", item(r#"{"type":"image_generation_call","id":"i","result":"QUJD","size":"1280x720"}"#)),
        ("/v1/responses", item(r#"{"type":"tool_search_call","execution":"server","call_id":null,"arguments":{"paths":["a"]}}"#)),
        ("/v1/responses", item(r#"{"id":"i","arguments":{"paths":["a"]},"type":"tool_search_call"}"#)),
    ];
    for (path, text) in kept {
        assert_eq!(cleaned(path, &text).as_deref(), Ok(&*text));
    }
}

#[test]
fn no_word_of_a_providers_own_stays_in_what_its_tools_say() {
    for (path, text) in [
        (
            "/v1/messages",
            message(
                r#"{"type":"web_search_tool_result","tool_use_id":"t","content":{"type":"web_search_tool_result_error","error_code":"zebra"}}"#,
            ),
        ),
        (
            "/v1/messages",
            message(
                r#"{"type":"text","text":"a"}],"container":{"id":"c","expires_at":"zebra","skills":[{"type":"zebra","skill_id":"zebra","version":"zebra"}]},"usage":{"speed":"zebra","iterations":[{"type":"zebra","model":"zebra"}]},"x":[0"#,
            ),
        ),
        (
            "/v1beta/models/m:generateContent",
            part(r#"{"inlineData":{"mimeType":"audio/l16;zebra=1","data":"QUJD"}}"#),
        ),
        (
            "/v1beta/models/m:generateContent",
            part(
                r#"{"functionCall":{"name":"f","partialArgs":[{"nullValue":"zebra","zebra":1}]}}"#,
            ),
        ),
        (
            CHAT,
            chat(r#""content":null,"extra_content":{"google":{"zebra":1},"zebra":{}}"#, "zebra"),
        ),
        ("/v1/responses", item(r#"{"type":"mcp_call","id":"i","error":"zebra"}"#)),
        (
            "/v1/responses",
            item(
                r#"{"type":"mcp_call","id":"i","error":{"type":"zebra","code":"zebra","message":"zebra","content":["zebra"]}}"#,
            ),
        ),
        ("/v1/responses", item(r#"{"type":"image_generation_call","id":"i","size":"zebra"}"#)),
        ("/v1/responses", item(r#"{"type":"image_generation_call","id":"i","size":"\u007aebra"}"#)),
    ] {
        let text = cleaned(path, &text).unwrap();
        assert!(!text.contains("ebra"), "{text}");
    }
    let call = r#"{"id":"i","type":"function_call","arguments":{"a":1}}"#;
    let text = cleaned("/v1/responses", &item(call)).unwrap();
    assert!(text.contains(r#""arguments":"{\"a\":1}""#), "{text}");
}
