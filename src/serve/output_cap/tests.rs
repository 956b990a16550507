//! Output limits as they are read and written.

use super::*;
use crate::{body::Pieces, models::tokens::Input};

fn written(protocol: Protocol, name: &'static str, body: &'static str) -> (String, Asked) {
    let place = &protocol.profile().output;
    let write = Write { cap: 100, name, known: place.names };
    let (asked, edits) = found(body.as_bytes(), place, Some(write)).unwrap();
    let body = Pieces::from(Bytes::from_static(body.as_bytes())).replace_each(edits);
    (String::from_utf8(body.to_bytes().to_vec()).unwrap(), asked)
}

#[test]
fn each_prompt_of_a_completion_is_counted() {
    for (body, count) in [
        (r#"{"prompt":"a"}"#, 1),
        (r#"{"prompt":["a","b","c"]}"#, 3),
        (r#"{"prompt":[1,2,3]}"#, 1),
        (r#"{"prompt":[[1,2],[3]]}"#, 2),
        (r#"{"prompt":[]}"#, 1),
        (r#"{"prompt":"a","Prompt":["a","b"]}"#, 2),
        ("[]", 1),
    ] {
        assert_eq!(prompts(body.as_bytes()), count, "{body}");
    }
}

#[test]
fn cap_is_written_where_more_is_asked_for_or_nothing_and_nowhere_else() {
    for (body, wanted, output) in [
        (r#"{"a":1}"#, r#"{"max_tokens":100,"a":1}"#, 100),
        ("{ }", r#"{"max_tokens":100 }"#, 100),
        (r#"{"max_tokens":99}"#, r#"{"max_tokens":99}"#, 99),
        (r#"{"max_tokens" : 1e3}"#, r#"{"max_tokens" : 100}"#, 100),
        (r#"{"max_tokens":null}"#, r#"{"max_tokens":100}"#, 100),
        (r#"{"max_tokens":-1}"#, r#"{"max_tokens":100}"#, 100),
        (r#"{"max_tokens":"500"}"#, r#"{"max_tokens":100}"#, 100),
        (r#"{"max\u005ftokens":500}"#, r#"{"max\u005ftokens":100}"#, 100),
        (r#"{"max_tokens":5,"MAX_Tokens":500}"#, r#"{"max_tokens":5,"MAX_Tokens":100}"#, 100),
        (r#"{"max_tokens":5,"max_tokens":500}"#, r#"{"max_tokens":5,"max_tokens":100}"#, 100),
        (
            r#"{"max_tokens":500,"max_completion_tokens":900,"m":{"max_tokens":700}}"#,
            r#"{"max_tokens":100,"max_completion_tokens":100,"m":{"max_tokens":700}}"#,
            100,
        ),
    ] {
        let (spliced, asked) = written(Protocol::OpenAi, "max_tokens", body);
        assert_eq!((spliced.as_str(), asked.output), (wanted, Some(output)), "{body}");
    }
}

#[test]
fn limit_is_read_as_it_is_where_one_is_written() {
    let place = &Protocol::OpenAi.profile().output;
    for (body, output, copies) in [
        (r#"{"a":{"max_tokens":3},"max_tokens":99,"n":2}"#, Some(99), 2),
        (r#"{"max_tokens":5,"MAX_Tokens":"4","n":999}"#, Some(5), 128),
        (r#"{"max_tokens":1e3,"max_completion_tokens":null}"#, Some(1_000), 1),
        (r#"{"max\u005ftokens":7}"#, Some(7), 1),
        (r#"{"messages":[{"content":"\"max_tokens\":1"}]}"#, None, 1),
        ("{ }", None, 1),
    ] {
        let (asked, edits) = found(body.as_bytes(), place, None).unwrap();
        assert_eq!(asked, Asked { output, copies }, "{body}");
        assert!(edits.is_empty());
        let mut seen = Seen::new(place);
        let pieces = [body.as_bytes()].into_iter();
        let see = |name: &[u8], value: &[u8]| seen.field(name, value);
        Input::read_and_see(pieces, body.len() as u64, see).unwrap();
        assert_eq!(seen.is_odd, body.contains("max\\u005f"), "{body}");
        assert!(seen.is_odd || seen.asked == Asked { output, copies }, "{body}");
    }
    assert!(found(b"[1]", place, None).is_none());
}

#[test]
fn cap_stands_in_an_object_of_its_own_where_the_protocol_has_one() {
    for (body, wanted) in [
        (r#"{"contents":[]}"#, r#"{"generationConfig":{"maxOutputTokens":100},"contents":[]}"#),
        (r#"{"generationConfig":null}"#, r#"{"generationConfig":{"maxOutputTokens":100}}"#),
        (r#"{"generationConfig":{}}"#, r#"{"generationConfig":{"maxOutputTokens":100}}"#),
        (
            r#"{"generation_config":{"max_output_tokens":"200","topK":1}}"#,
            r#"{"generation_config":{"max_output_tokens":100,"topK":1}}"#,
        ),
    ] {
        let (spliced, asked) = written(Protocol::Gemini, "maxOutputTokens", body);
        assert_eq!((spliced.as_str(), asked.output), (wanted, Some(100)), "{body}");
    }
    let (spliced, asked) = written(
        Protocol::Gemini,
        "maxOutputTokens",
        r#"{"generationConfig":{"candidateCount":4,"maxOutputTokens":7}}"#,
    );
    assert!(spliced.contains(":7}"));
    assert_eq!(asked, Asked { output: Some(7), copies: 4 });
}

#[test]
fn limit_in_other_letters_is_another_field_to_most_providers() {
    let (spliced, asked) = written(Protocol::OpenAi, "max_tokens", r#"{"MAX_TOKENS":5}"#);
    assert_eq!(spliced, r#"{"max_tokens":100,"MAX_TOKENS":5}"#);
    assert_eq!(asked.output, Some(100));
    let (spliced, _) = written(
        Protocol::Gemini,
        "maxOutputTokens",
        r#"{"GenerationConfig":{"maxOutputTokens":7}}"#,
    );
    assert!(spliced.starts_with(r#"{"generationConfig":{"maxOutputTokens":100},"#), "{spliced}");
}
