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
