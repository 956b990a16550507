//! Answers cleaned: what goes, what stays byte for byte, and what is no answer.

mod checks;
mod grammar;
mod newest;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::clean::{Cleaned, Known, clean};
use super::declared;
use super::events::{Events, Stop, StreamCleaner};
use super::shape::{Declared, Malformed, Shape};
use crate::protocol::{Endpoint, Protocol};

fn known() -> Known {
    Known { model: Bytes::from_static(b"\"alias\""), id: 0, created: 7 }
}

fn declared_at(path: &str) -> &'static Declared {
    declared(&Endpoint::find(path, None).unwrap(), path).unwrap()
}

fn cleaned(path: &str, text: &str) -> Result<String, Malformed> {
    match clean(&Bytes::from(text.to_owned()), declared_at(path).answer, &known())? {
        Cleaned::Kept(bytes, _) => Ok(String::from_utf8(bytes.to_vec()).unwrap()),
        other => panic!("{other:?}"),
    }
}

const CHAT: &str = "/v1/chat/completions";

#[test]
fn unknown_fields_are_cut_and_all_else_stays_as_written() {
    for (dirty, wanted) in [
        (
            r#"{ "x":1, "id":"a" , "object":"chat.completion","created":1.0,"model":"m","choices":[] , "y":{"z":[1,{}]} }"#,
            r#"{ "id":"a" , "object":"chat.completion","created":1.0,"model":"alias","choices":[] }"#,
        ),
        (
            r#"{"id":"a","object":"chat.completion","created":1,"model":"alias","choices":[{"p":1,"index":0,"q":2,"message":{"role":"assistant","content":"\u00e9\n","k":"v"},"finish_reason":"stop"}]}"#,
            r#"{"id":"a","object":"chat.completion","created":1,"model":"alias","choices":[{"index":0,"message":{"role":"assistant","content":"\u00e9\n"},"finish_reason":"stop"}]}"#,
        ),
        // A key with an escape is the key that it stands for.
        (
            r#"{"\u0069d":"a","object":"chat.completion","created":1,"model":null,"choices":[]}"#,
            r#"{"\u0069d":"a","object":"chat.completion","created":1,"model":"alias","choices":[]}"#,
        ),
    ] {
        assert_eq!(cleaned(CHAT, dirty).as_deref(), Ok(wanted));
        assert_eq!(cleaned(CHAT, wanted).as_deref(), Ok(wanted), "twice is once");
    }
}

#[test]
fn what_is_left_out_is_filled_in() {
    let text = r#"{"choices":[{"message":{"content":"a","tool_calls":[{"id":"c","function":{"name":"f","arguments":null}},{"id":"d","function":{"name":"f","arguments":"null"}},{"id":"e","function":{"name":"f","arguments":{"a": 1}}}]},"finish_reason":"eos"},{"message":{"content":null},"finish_reason":"max_new_tokens"}]}"#;
    let value: Value = serde_json::from_str(&cleaned(CHAT, text).unwrap()).unwrap();
    assert_eq!(value["id"], "chatcmpl-0");
    assert_eq!((&value["object"], &value["created"]), (&json!("chat.completion"), &json!(7)));
    assert_eq!(value["model"], "alias");
    let choices = &value["choices"];
    assert_eq!((&choices[0]["index"], &choices[1]["index"]), (&json!(0), &json!(1)));
    assert_eq!(choices[0]["message"]["role"], "assistant");
    let calls = &choices[0]["message"]["tool_calls"];
    let arguments = |at: usize| calls[at]["function"]["arguments"].as_str().unwrap();
    assert_eq!([arguments(0), arguments(1), arguments(2)], ["{}", "{}", "{\"a\": 1}"]);
    assert_eq!(calls[0]["type"], "function");
    assert_eq!(
        (&choices[0]["finish_reason"], &choices[1]["finish_reason"]),
        (&json!("stop"), &json!("length"))
    );
}

#[test]
fn what_is_not_of_its_protocol_is_malformed() {
    for (path, text) in [
        (CHAT, ""),
        (CHAT, "null"),
        (CHAT, "[]"),
        (CHAT, "{}"),
        (CHAT, "<html>"),
        (CHAT, r#"{"choices":null}"#),
        (CHAT, r#"{"choices":{}}"#),
        (CHAT, r#"{"choices":[{}]}"#),
        (CHAT, r#"{"choices":[{"message":"x"}]}"#),
        (CHAT, r#"{"choices":[{"message":{"content":{"a":1}}}]}"#),
        (CHAT, r#"{"choices":[],}"#),
        (CHAT, r#"{"choices":[]}x"#),
        (CHAT, r#"{"choices":[01]}"#),
        (CHAT, "{\"choices\":[],\"x\":\"\n\"}"),
        (CHAT, r#"{"choices":[],"x":"\q"}"#),
        (CHAT, r#"{"choices":[],"x":tru}"#),
        (CHAT, r#"{"choices":[],"x":[1}"#),
        ("/v1/embeddings", r#"{"object":"list"}"#),
        ("/v1/messages", r#"{"id":"x"}"#),
        ("/v1/responses/input_tokens", r#"{"x":1}"#),
        ("/v1/responses", r#"{"id":"x"}"#),
        ("/v1beta/models/m:generateContent", r#"{"x":1}"#),
        ("/model/m/converse", r#"{"output":{}}"#),
        ("/v2/chat", r#"{"id":"x"}"#),
    ] {
        assert_eq!(cleaned(path, text), Err(Malformed), "{path} {text}");
    }
}

#[test]
fn items_of_unknown_types_go_as_a_whole() {
    let text = r#"{"id":"m","type":"message","role":"assistant","model":"x","content":[{"type":"new","a":1},{"type":"text","text":"t","x":1},{"type":"other"}],"stop_reason":"eos","usage":{"input_tokens":1,"cost":3}}"#;
    let wanted = r#"{"id":"m","type":"message","role":"assistant","model":"alias","content":[{"type":"text","text":"t"}],"stop_reason":"end_turn","usage":{"input_tokens":1}}"#;
    assert_eq!(cleaned("/v1/messages", text).as_deref(), Ok(wanted));
    let error = r#"{"id":"r","output":[],"status":"failed","error":{"code":"server_error"}}"#;
    let response = declared_at("/v1/responses").answer;
    assert_eq!(clean(&error.into(), response, &known()), Ok(Cleaned::Fault));
}

/// The whole answer and the events of each protocol, as its vendor writes them.
fn well_formed() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            CHAT,
            r#"{"id":"c","object":"chat.completion","created":1,"model":"alias","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"reasoning_content":"r","tool_calls":[{"id":"x","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}],"audio":{"id":"a","data":"","expires_at":1,"transcript":"t"},"annotations":[]},"logprobs":{"content":[{"token":"a","logprob":-0.1,"bytes":[97],"top_logprobs":[]}],"refusal":null},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":null}"#,
        ),
        (
            "/v1/completions",
            r#"{"id":"c","object":"text_completion","created":1,"model":"alias","choices":[{"text":"t","index":0,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
        ),
        (
            "/v1/embeddings",
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}],"model":"alias","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
        ),
        (
            "/v1/responses",
            r#"{"id":"resp_1","object":"response","created_at":1,"status":"completed","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"alias","output":[{"id":"rs","type":"reasoning","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":"e"},{"id":"m","type":"message","status":"completed","content":[{"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":1,"title":"t","url":"u"}],"logprobs":[],"text":"x"}],"role":"assistant"},{"id":"fc","type":"function_call","status":"completed","arguments":"{\"a\":1}","call_id":"c","name":"f"}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":"low","summary":null},"store":true,"temperature":1.0,"text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":[{"type":"function","name":"f","parameters":{"x":1},"strict":true}],"top_p":1.0,"truncation":"disabled","usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens":1,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":2},"user":null,"metadata":{}}"#,
        ),
        (
            "/v1/messages",
            r#"{"id":"msg","type":"message","role":"assistant","model":"alias","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"x","citations":null},{"type":"tool_use","id":"t","name":"f","input":{"any":{"thing":1}}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard"}}"#,
        ),
        (
            "/v1beta/models/m:generateContent",
            r#"{"candidates":[{"content":{"parts":[{"text":"x","thought":true},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"s"}],"role":"model"},"finishReason":"STOP","index":0,"safetyRatings":[{"category":"HARM_CATEGORY_HARASSMENT","probability":"LOW"}]}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2,"promptTokensDetails":[{"modality":"TEXT","tokenCount":1}],"thoughtsTokenCount":1},"modelVersion":"alias","responseId":"r"}"#,
        ),
        (
            "/model/m/converse",
            r#"{"metrics":{"latencyMs":1},"output":{"message":{"content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"text":"x"},{"toolUse":{"input":{"a":1},"name":"f","toolUseId":"t"}}],"role":"assistant"}},"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#,
        ),
        (
            "/v2/chat",
            r#"{"id":"c","message":{"role":"assistant","tool_plan":"p","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}],"content":[{"type":"text","text":"x"}],"citations":[{"start":0,"end":1,"text":"x","sources":[{"type":"tool","id":"t","tool_output":{"a":1}}]}]},"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":1,"output_tokens":1},"tokens":{"input_tokens":1,"output_tokens":1}}}"#,
        ),
        (
            "/v2/embed",
            r#"{"id":"e","embeddings":{"float":[[0.1,2]],"int8":[[1]]},"texts":["t"],"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":1}},"response_type":"embeddings_by_type"}"#,
        ),
    ]
}

#[test]
fn a_well_formed_answer_is_the_same_bytes() {
    for (path, text) in well_formed() {
        assert_eq!(cleaned(path, text).as_deref(), Ok(text), "{path}");
    }
}

/// What vendors have sent, from the corpus: cleaned, it says the same to the reader of its protocol.
#[test]
fn answers_of_the_corpus_keep_what_they_say() {
    use crate::protocol::codec::Reading;
    for (protocol, name, path) in [
        (Protocol::OpenAi, "openai", CHAT),
        (Protocol::OpenAiResponses, "openai_responses", "/v1/responses"),
        (Protocol::Anthropic, "anthropic", "/v1/messages"),
        (Protocol::Gemini, "gemini", "/v1beta/models/m:generateContent"),
        (Protocol::Bedrock, "bedrock", "/model/m/converse"),
        (Protocol::Cohere, "cohere", "/v2/chat"),
    ] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let mut seen = 0;
        for case in std::fs::read_dir(folder.join(name)).unwrap().flatten() {
            let Ok(text) = std::fs::read(case.path().join("response.json")) else { continue };
            let codec = protocol.codec();
            let Ok(before) = codec.read_response(&text, &Reading::default()) else { continue };
            let clean = cleaned(path, std::str::from_utf8(&text).unwrap());
            let clean = clean.unwrap_or_else(|_| panic!("{:?} is malformed", case.path()));
            let after = codec.read_response(clean.as_bytes(), &Reading::default()).unwrap();
            let said = |parts: &[_]| format!("{parts:?}");
            assert_eq!(said(&after.parts), said(&before.parts), "{:?}", case.path());
            assert_eq!(after.usage, before.usage);
            seen += 1;
        }
        assert!(seen > 2, "{name}: {seen}");
    }
}

/// Plants a field in every object that has declared fields.
fn plant(text: &str, shape: &Shape) -> String {
    fn walk(value: &mut Value, shape: &Shape) {
        match (shape, value) {
            (Shape::Object(fields), Value::Object(map)) => {
                for field in *fields {
                    if let Some(inner) = map.get_mut(field.name) {
                        walk(inner, &field.shape);
                    }
                }
                map.insert("zz_marker".into(), json!({"MARKER": ["MARKER", {"a": "MARKER"}]}));
            }
            (Shape::List(item), Value::Array(items)) => {
                items.iter_mut().for_each(|value| walk(value, item));
            }
            (Shape::Within(shape), value) => walk(value, shape),
            (Shape::Either(shapes), value) => {
                shapes.iter().for_each(|shape| match (shape, &*value) {
                    (Shape::List(_), Value::Array(_))
                    | (Shape::Object(_) | Shape::Within(_), Value::Object(_)) => walk(value, shape),
                    _ => {}
                })
            }
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap();
    walk(&mut value, shape);
    value.to_string()
}

#[test]
fn a_marker_in_any_object_of_an_answer_is_cut() {
    for (path, text) in well_formed() {
        let shape = declared_at(path).answer;
        let planted = plant(text, shape);
        assert!(planted.matches("zz_marker").count() > 2, "{path}");
        let clean = cleaned(path, &planted).unwrap();
        let same = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(same(&clean), same(text), "{path}");
    }
}

fn streamed(path: &str, stream: &[u8], size: usize) -> (String, Result<(), Stop>) {
    let declared = declared_at(path);
    let closes = Protocol::OpenAi.profile().stream.closes;
    let mut events = Events::new(declared, closes, known(), false).unwrap();
    let mut out = Vec::new();
    let mut end = Ok(());
    for piece in stream.chunks(size) {
        end = end.and_then(|()| events.feed(Bytes::copy_from_slice(piece), &mut out));
    }
    let end = end.and_then(|()| events.end(&mut out));
    (String::from_utf8(out).unwrap(), end)
}

#[test]
fn a_stream_is_the_same_however_it_is_cut() {
    let dirty = "\u{feff}: MARKER\r\nid: MARKER\r\nretry: 1\r\nevent: MARKER\r\ndata:{\"MARKER\":1,\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\r\ndata: \"choices\":[{\"index\":0,\"delta\":{\"content\":\"é\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":null}}]},\"finish_reason\":\"MARKER\"}]}\n\n: MARKER\n\ndata:[DONE]\n\n";
    let (whole, end) = streamed(CHAT, dirty.as_bytes(), dirty.len());
    assert_eq!(end, Ok(()));
    assert!(!whole.contains("MARKER") && !whole.contains("\r"), "{whole}");
    assert!(
        whole.starts_with("data: {\"id\":\"a\"") && whole.ends_with("data: [DONE]\n\n"),
        "{whole}"
    );
    assert!(
        whole.contains("\ndata: \"choices\":[{\"index\":0,\"delta\":{\"content\":\"é\"}}]}\n\n")
    );
    assert!(whole.contains(r#""arguments":"""#) && whole.contains(r#""finish_reason":"stop""#));
    for size in 1..60 {
        assert_eq!(streamed(CHAT, dirty.as_bytes(), size), (whole.clone(), Ok(())), "{size}");
    }
}

#[test]
fn events_bear_the_names_that_their_protocol_has() {
    let stream = "event: MARKER\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\nevent: new\ndata: {\"type\":\"new\",\"a\":1}\n\nevent: x\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"new_delta\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"t\",\"x\":1}}\n\n";
    let (out, end) = streamed("/v1/messages", stream.as_bytes(), 7);
    assert_eq!(end, Ok(()));
    let names: Vec<_> = out.lines().filter(|line| line.starts_with("event")).collect();
    assert_eq!(names, ["event: message_start", "event: content_block_delta"]);
    assert!(out.contains("\"model\":\"alias\"") && out.ends_with("\"text\":\"t\"}}\n\n"), "{out}");
}

/// Many servers end the streams of every protocol as one of them does.
#[test]
fn a_close_of_another_protocol_ends_nothing_and_is_left_out() {
    let delta =
        r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"t"}}}}"#;
    let (out, end) =
        streamed("/v2/chat", format!("data: {delta}\n\ndata: [DONE]\n\n").as_bytes(), 9);
    assert_eq!(end, Ok(()));
    assert!(out.contains(delta), "{out}");
    let mut events = Events::new(declared_at("/v2/chat"), None, known(), false).unwrap();
    let mut out = Vec::new();
    assert_eq!(events.feed("data: [DONE]\n\ndata: [DONE]".into(), &mut out), Ok(()));
    assert_eq!((events.end(&mut out), out.as_slice()), (Ok(()), &b""[..]));
}

#[test]
fn errors_stop_a_stream_whatever_their_form() {
    for (path, event) in [
        (CHAT, "data: {\"error\":{\"code\":429}}\n\n"),
        (CHAT, "data: {\"choices\":[{\"delta\":{}}],\"error\":\"boom\"}\n\n"),
        (CHAT, "event: error\ndata: {\"message\":\"boom\"}\n\n"),
        (
            "/v1/messages",
            "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n",
        ),
        (
            "/v1/responses",
            "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"x\"}}}\n\n",
        ),
        (
            "/v2/chat",
            "data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"boom\"}}\n\n",
        ),
    ] {
        let (out, end) = streamed(path, event.as_bytes(), 5);
        assert!(matches!(end, Err(Stop::Told(_))) && out.is_empty(), "{path} {event} {end:?}");
    }
    let (_, end) = streamed(CHAT, b"data: <html>\n\n", 3);
    assert_eq!(end, Err(Stop::Malformed));
    let (out, end) = streamed(CHAT, b"data: {\"choices\":[", 3);
    assert_eq!((out.as_str(), end), ("", Ok(())), "half an event never goes out");
}

#[test]
fn a_long_event_is_cleaned_like_a_short_one() {
    let text = "a".repeat(8 << 20);
    let event = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}],\"MARKER\":1}}\n\n"
    );
    let (out, end) = streamed(CHAT, event.as_bytes(), 64 << 10);
    assert_eq!(end, Ok(()));
    assert!(out.contains(&text) && !out.contains("MARKER"));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            Just("choices".to_owned()),
            Just("message".to_owned()),
            Just("content".to_owned()),
            Just("type".to_owned()),
            Just("id".to_owned()),
            ".{0,6}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_cleaned_is_json_and_clean(value in value(), extra in value()) {
        let mut answer = json!({"choices": [{"message": {"content": "x"}}]});
        answer["choices"][0]["message"]["extra"] = extra;
        answer["choices"][0]["other"] = value.clone();
        let text = answer.to_string();
        let clean = cleaned(CHAT, &text).unwrap();
        let back: Value = serde_json::from_str(&clean).unwrap();
        prop_assert_eq!(&back["choices"][0]["message"]["content"], "x");
        prop_assert!(back["choices"][0].get("other").is_none());
        prop_assert_eq!(cleaned(CHAT, &clean).unwrap(), clean);
        for (path, _) in well_formed() {
            // Whatever it is, it is cleaned to JSON or refused.
            let outcome = super::clean::clean(&value.to_string().into(), declared_at(path).answer, &known());
            if let Ok(Cleaned::Kept(bytes, _)) = outcome {
                prop_assert!(serde_json::from_slice::<Value>(&bytes).is_ok());
            }
        }
    }

    #[test]
    fn any_bytes_are_cleaned_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let outcome = clean(&Bytes::from(bytes.clone()), declared_at(CHAT).answer, &known());
        if let Ok(Cleaned::Kept(..)) = outcome {
            prop_assert!(serde_json::from_slice::<Value>(&bytes).is_ok());
        }
        let _ = streamed(CHAT, &bytes, 3);
    }
}
