//! Words of vendors: event names, headers, keys of bodies, paths, hosts and codes that may stand only
//! where a protocol or a model is described.
//!
//! Only what is quoted is looked at: a variable may be named as it likes.

use super::{File, sources};

/// Where they belong.
const AT_HOME: [&str; 2] = ["protocol/", "models/"];

/// What is looked for inside quoted text.
const VENDORS: &[&[&str]] = &[EVENTS, HEADERS, KEYS, PATHS, HOSTS, CODES];
const EVENTS: &[&str] = &[
    "[DONE]",
    "message_start",
    "message_stop",
    "message-end",
    "messageStop",
    "content_block",
    "content-delta",
    "contentBlock",
    "response.completed",
    "response.failed",
    "response.incomplete",
    "response.output",
    "finish_reason",
    "finishReason",
    "blockReason",
];
const HEADERS: &[&str] =
    &["anthropic-", "openai-", "x-goog-", "x-amz", "x-ms-", "apim-", "api-key", "x-ratelimit-"];
const KEYS: &[&str] = &[
    "__type",
    "anthropic_version",
    "candidates",
    "choices",
    "inputSchema",
    "innererror",
    "max_completion_tokens",
    "quotaId",
    "retryDelay",
    "tool_calls",
    "tool_choice",
    "toolConfig",
    "usageMetadata",
];
const PATHS: &[&str] = &[
    ":countTokens",
    "count_tokens",
    "generateContent",
    "rawPredict",
    "streamRawPredict",
    "/operations/",
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/v1beta",
    "/v2/chat",
];
const HOSTS: &[&str] = &[
    "169.254.",
    "amazonaws",
    "anthropic.com",
    "azure.com",
    "cohere.com",
    "google.internal",
    "googleapis",
    "openai.com",
];
const CODES: &[&str] = &[
    "AWS4-",
    "Exception",
    "RESOURCE_EXHAUSTED",
    "insufficient_quota",
    "invalid_api_key",
    "overloaded_error",
    "rate_limit_exceeded",
];

/// What stands elsewhere: (file, words, why). A word that has left its file is struck off.
const ELSEWHERE: &[(&str, &[&str], &str)] = &[
    ("admin/api/denied.rs", &["invalid_api_key"], "the same code as on the clients' port"),
    ("admin/api/key.rs", &["api-key"], "where the administration of APISIX has its key"),
    (
        "serve/medium.rs",
        &["x-goog-", "x-amz", "api-key"],
        "where clients put tokens goes to the profiles",
    ),
    ("serve/signature.rs", &["x-amz"], "the signature's own words"),
    ("cli/serve.rs", &["/v1/chat/completions"], "the example that is shown at the start"),
    (
        "cli/top/draw/over.rs",
        &["finish_reason"],
        "the log's own key, which operators know from OpenAI",
    ),
    (
        "report/access_log/json.rs",
        &["finish_reason"],
        "the log's own key, which operators know from OpenAI",
    ),
    ("report/spans/built.rs", &["finish_reason"], "OpenTelemetry's own name"),
    ("config/raw.rs", &["googleapis"], "the schema's default for Google's scope"),
    ("refusal.rs", &["invalid_api_key"], "the router's own code, which clients know from OpenAI"),
    (
        "serve/pacing.rs",
        &["x-ratelimit-"],
        "the router's own headers, which clients know from OpenAI",
    ),
    (
        "refusal/spent.rs",
        &["insufficient_quota", "rate_limit_exceeded"],
        "the router's own codes, which clients know from OpenAI",
    ),
    (
        "serve/token.rs",
        &["x-goog-", "x-amz", "api-key"],
        "where clients put tokens goes to the profiles",
    ),
    ("sigv4/verify.rs", &["x-amz", "AWS4-"], "the signature's own words"),
    ("table/compile/aws.rs", &["169.254.", "amazonaws"], "AWS's endpoints, no protocol's"),
    (
        "table/compile/gcp.rs",
        &["google.internal", "googleapis"],
        "Google's endpoints, no protocol's",
    ),
    (
        "upstream/headers/listed.rs",
        &["anthropic-", "openai-", "x-goog-", "x-amz", "api-key"],
        "one table that is looked up once a header",
    ),
    (
        "upstream/mock.rs",
        &["[DONE]", "finish_reason", "choices"],
        "the mock speaks OpenAI's protocol",
    ),
];

/// The texts between quotes in code.
fn quoted(code: &str) -> Vec<&str> {
    let (bytes, mut at, mut texts) = (code.as_bytes(), 0, Vec::new());
    while at < bytes.len() {
        let before = at.checked_sub(1).map(|it| bytes[it]);
        let is_word = before.is_some_and(|it| it.is_ascii_alphanumeric() || it == b'_');
        at = match bytes[at] {
            b'r' if !is_word => match raw_text(&code[at..]) {
                Some((text, length)) => {
                    texts.push(text);
                    at + length
                }
                None => at + 1,
            },
            // A quote as a character; other characters and lifetimes end by themselves.
            b'\'' if code[at..].starts_with("'\"'") => at + 3,
            b'\'' if code[at..].starts_with("'\\") => at + 3,
            b'"' => {
                let start = at + 1;
                let mut end = start;
                while bytes[end] != b'"' {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                texts.push(&code[start..end]);
                end + 1
            }
            _ => at + 1,
        };
    }
    texts
}

/// The text of `r"…"` or `r#"…"#` and how long it is with its marks.
fn raw_text(code: &str) -> Option<(&str, usize)> {
    let hashes = code[1..].bytes().take_while(|byte| *byte == b'#').count();
    let inside = code[1 + hashes..].strip_prefix('"')?;
    let end = inside.find(&format!("\"{}", "#".repeat(hashes)))?;
    Some((&inside[..end], 1 + hashes + 1 + end + 1 + hashes))
}

/// The words of vendors that a file quotes.
fn spoken(file: &File) -> Vec<&'static str> {
    let code = file.code();
    let texts = quoted(&code);
    let words = VENDORS.iter().flat_map(|words| words.iter().copied());
    words.filter(|word| texts.iter().any(|text| text.contains(word))).collect()
}

#[test]
fn words_of_vendors_stand_where_their_protocol_does() {
    let strangers = sources().into_iter().filter(|it| !it.is_test() && !it.is_one_of(&AT_HOME));
    for file in strangers {
        let excused = ELSEWHERE.iter().filter(|(name, ..)| *name == file.name);
        let excused: Vec<&str> = excused.flat_map(|(_, words, _)| words.iter().copied()).collect();
        let spoken = spoken(&file);
        for word in &spoken {
            let may = excused.contains(word);
            assert!(may, "{}: `{word}` is a vendor's: it belongs to a protocol", file.name);
        }
        for word in excused {
            let is_there = spoken.contains(&word);
            assert!(is_there, "{}: `{word}` has left: strike it off `ELSEWHERE`", file.name);
        }
    }
    for (name, ..) in ELSEWHERE {
        let is_there = sources().iter().any(|file| file.name == *name);
        assert!(is_there, "{name} is gone: strike it off `ELSEWHERE`");
    }
}

#[test]
fn quoted_text_is_read_as_it_is_written() {
    let code = r####"let a = "x\"y"; f('"', b'\'', &'a str, r#"raw "q""#, r"z", "");"####;
    assert_eq!(quoted(code), [r#"x\"y"#, r#"raw "q""#, "z", ""]);
}
