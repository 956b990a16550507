//! Requests checked: what is wrong, where, and what passes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CHAT, declared_at, value, well_formed};
use crate::protocol::strict::check::check;

fn checked(path: &str, body: &Value, refuses: bool) -> Result<(), (String, &'static str)> {
    let wrong = check(body.to_string().as_bytes(), declared_at(path).request, refuses);
    wrong.map_err(|wrong| (wrong.param, wrong.code))
}

#[test]
fn a_request_is_refused_where_it_is_wrong() {
    let turn = json!([{"role": "user", "content": "hi"}]);
    let part = |part: Value| {
        let user = |content: Value| json!({"role": "user", "content": content});
        json!({"model": "m", "messages": [user(json!("a")), user(json!("b")), user(json!("c")), user(json!([part]))]})
    };
    for (path, body, param, code) in [
        (CHAT, json!({"model": "m"}), "messages", "missing_required_parameter"),
        (CHAT, json!({"model": "m", "messages": []}), "messages", "invalid_value"),
        (CHAT, json!({"model": "m", "messages": "hi"}), "messages", "invalid_type"),
        (CHAT, json!({"model": "m", "messages": null}), "messages", "missing_required_parameter"),
        (
            CHAT,
            json!({"messages": [{"role": "who", "content": "x"}]}),
            "messages[0].role",
            "invalid_value",
        ),
        (
            CHAT,
            json!({"messages": [{"content": "x"}]}),
            "messages[0].role",
            "missing_required_parameter",
        ),
        (
            CHAT,
            json!({"messages": [{"role": "user"}]}),
            "messages[0].content",
            "missing_required_parameter",
        ),
        (
            CHAT,
            json!({"messages": [{"role": "user", "content": 5}]}),
            "messages[0].content",
            "invalid_type",
        ),
        (CHAT, part(json!({"type": "odd"})), "messages[3].content[0].type", "invalid_value"),
        (CHAT, part(json!({"type": 5})), "messages[3].content[0].type", "invalid_type"),
        (
            CHAT,
            part(json!({"type": "text"})),
            "messages[3].content[0].text",
            "missing_required_parameter",
        ),
        (
            CHAT,
            part(json!({"type": "image_url", "image_url": {"url": 1}})),
            "messages[3].content[0].image_url.url",
            "invalid_type",
        ),
        (CHAT, json!({"messages": turn, "temperature": 2.1}), "temperature", "invalid_value"),
        (CHAT, json!({"messages": turn, "temperature": "hot"}), "temperature", "invalid_type"),
        (CHAT, json!({"messages": turn, "max_tokens": 1.5}), "max_tokens", "invalid_value"),
        (CHAT, json!({"messages": turn, "max_tokens": 0}), "max_tokens", "invalid_value"),
        (CHAT, json!({"messages": turn, "stream": "yes"}), "stream", "invalid_type"),
        (
            CHAT,
            json!({"messages": turn, "logit_bias": {"5": 101}}),
            "logit_bias.5",
            "invalid_value",
        ),
        (
            CHAT,
            json!({"messages": turn, "reasoning_effort": "huge"}),
            "reasoning_effort",
            "invalid_value",
        ),
        (
            CHAT,
            json!({"messages": turn, "tools": [{"function": {"name": "f"}}]}),
            "tools[0].type",
            "missing_required_parameter",
        ),
        (
            CHAT,
            json!({"messages": turn, "response_format": {"type": "json_schema"}}),
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        ("/v1/completions", json!({"model": "m"}), "prompt", "missing_required_parameter"),
        ("/v1/embeddings", json!({"model": "m", "input": []}), "input", "invalid_value"),
        (
            "/v1/embeddings",
            json!({"input": "x", "encoding_format": "hex"}),
            "encoding_format",
            "invalid_value",
        ),
        (
            "/v1/responses",
            json!({"input": [{"role": "user", "content": [{"type": "odd"}]}]}),
            "input[0].content[0].type",
            "invalid_value",
        ),
        ("/v1/messages", json!({"messages": turn}), "max_tokens", "missing_required_parameter"),
        (
            "/v1/messages",
            json!({"messages": turn, "max_tokens": 9, "temperature": 1.5}),
            "temperature",
            "invalid_value",
        ),
        (
            "/v1/messages",
            json!({"messages": [{"role": "user", "content": [{}]}], "max_tokens": 9}),
            "messages[0].content[0].type",
            "missing_required_parameter",
        ),
        (
            "/v1/messages/count_tokens",
            json!({"model": "m"}),
            "messages",
            "missing_required_parameter",
        ),
        (
            "/v1beta/models/m:generateContent",
            json!({"contents": [{"parts": [{"text": 1}]}]}),
            "contents[0].parts[0].text",
            "invalid_type",
        ),
        (
            "/v1beta/models/m:generateContent",
            json!({"contents": [{}], "generationConfig": {"topP": 2}}),
            "generationConfig.topP",
            "invalid_value",
        ),
        (
            "/model/m/converse",
            json!({"messages": [{"role": "user"}]}),
            "messages[0].content",
            "missing_required_parameter",
        ),
        (
            "/v2/chat",
            json!({"messages": [{"role": "tool", "content": "x"}]}),
            "messages[0].tool_call_id",
            "missing_required_parameter",
        ),
    ] {
        assert_eq!(checked(path, &body, false), Err((param.to_owned(), code)), "{path} {body}");
    }
}

#[test]
fn unknown_fields_of_requests_pass_unless_they_are_refused() {
    let body = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}]}], "top_k": 5});
    assert_eq!(checked(CHAT, &body, false), Ok(()));
    let wrong = checked(CHAT, &body, true).unwrap_err();
    assert_eq!(wrong, ("messages[0].content[0].cache_control".to_owned(), "unknown_parameter"));
    let known = json!({"messages": [{"role": "user", "content": "x"}], "temperature": null, "seed": -5, "max_tokens": 5.0});
    assert_eq!(checked(CHAT, &known, true), Ok(()));
}

#[test]
fn values_of_vendors_newest_libraries_pass() {
    let turn = json!([{"role": "user", "content": "hi"}]);
    let thinks = json!({"model": "m", "max_tokens": 9, "messages": turn, "thinking": {"type": "between_tools"}});
    assert_eq!(checked("/v1/messages", &thinks, false), Ok(()));
    let system = json!({"messages": [{"role": "system", "content": [{"text": "s"}]}, {"role": "user", "content": [{"text": "q"}]}]});
    assert_eq!(checked("/model/m/converse", &system, false), Ok(()));
}

/// Every request of the corpus was taken by its vendor.
#[test]
fn requests_of_the_corpus_pass() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, path, embeds) in [
        ("openai", CHAT, "/v1/embeddings"),
        ("openai_responses", "/v1/responses", ""),
        ("anthropic", "/v1/messages", ""),
        ("gemini", "/v1beta/models/m:generateContent", ""),
        ("bedrock", "/model/m/converse", "/model/m/invoke"),
        ("cohere", "/v2/chat", "/v2/embed"),
    ] {
        let mut seen = 0;
        for case in std::fs::read_dir(folder.join(name)).unwrap().flatten() {
            for (file, path) in [("request.json", path), ("embed.json", embeds)] {
                let Ok(text) = std::fs::read(case.path().join(file)) else { continue };
                if path.is_empty() {
                    continue;
                }
                let wrong = check(&text, declared_at(path).request, false);
                assert_eq!(wrong, Ok(()), "{:?}", case.path());
                seen += 1;
            }
        }
        assert!(seen > 2, "{name}: {seen}");
    }
}

proptest! {
    #[test]
    fn any_request_is_taken_or_refused(value in value()) {
        for (path, _) in well_formed() {
            let _ = check(value.to_string().as_bytes(), declared_at(path).request, true);
        }
    }

    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = check(&bytes, declared_at(CHAT).request, true);
    }
}
