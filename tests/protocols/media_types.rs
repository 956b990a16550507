//! Pictures and documents of every type at every vendor: what the vendor does not read is left out and
//! named, a text is always carried as one.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Target};
use onwards::protocol::conversation::Lossy;

/// Of each vendor a model, and the types of pictures that its documents name.
const VENDORS: [(Protocol, &str, &[&str]); 8] = [
    (Protocol::OpenAi, "gpt-4o", &["png", "jpeg", "webp", "gif"]),
    (Protocol::OpenAi, "qwen3-vl", &["png", "jpeg", "webp", "gif", "heic", "bmp", "svg+xml"]),
    (Protocol::OpenAiResponses, "gpt-5.6", &["png", "jpeg", "webp", "gif"]),
    (Protocol::Anthropic, "claude-sonnet-4-5", &["png", "jpeg", "webp", "gif"]),
    (Protocol::Gemini, "gemini-2.5-pro", &["png", "jpeg", "webp", "heic", "bmp"]),
    (Protocol::Gemini, "gemini-3.5-flash", &["png", "jpeg", "webp", "heic", "bmp"]),
    (Protocol::Bedrock, "amazon.nova-pro-v1:0", &["png", "jpeg", "webp", "gif"]),
    (Protocol::Cohere, "command-a-vision-07-2025", &["png", "jpeg", "webp", "gif"]),
];

#[test]
fn pictures_that_a_vendor_does_not_look_at_are_named() {
    for (to, model, known) in VENDORS {
        for kind in ["png", "jpeg", "webp", "gif", "heic", "bmp", "svg+xml"] {
            let (media_type, is_known) = (format!("image/{kind}"), known.contains(&kind));
            for in_a_result in [false, true] {
                let request = shown(&media_type, in_a_result);
                let (body, dropped) = written(Protocol::Anthropic, &request, to, model);
                let place = format!("{media_type} at {to} {model}, {in_a_result}: {body}");
                assert_eq!(body.contains("QUJD"), is_known, "{place}");
                let lost = if is_known { vec![] } else { vec!["image".to_owned()] };
                assert_eq!(dropped, lost, "{place}");
            }
        }
    }
}

#[test]
fn documents_that_are_texts_are_read_everywhere_and_others_where_they_can_be() {
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    for (to, model, _) in VENDORS {
        let reads_word = matches!(to, Protocol::OpenAiResponses | Protocol::Bedrock);
        let reads_pdf = to != Protocol::Cohere;
        for (media_type, is_read) in [
            ("text/plain", true),
            ("text/csv", true),
            ("application/json", true),
            ("application/problem+json", true),
            ("application/pdf", reads_pdf),
            (word, reads_word),
            ("application/octet-stream", to == Protocol::OpenAiResponses),
        ] {
            let file =
                json!({"filename": "a.x", "file_data": format!("data:{media_type};base64,QUJD")});
            let said = json!([{"type": "text", "text": "q"}, {"type": "file", "file": file}]);
            let request = json!({"model": "m", "messages": [{"role": "user", "content": said}]});
            let (body, dropped) = written(Protocol::OpenAi, &request, to, model);
            let place = format!("{media_type} at {to} {model}: {body}");
            assert_eq!(body.contains("QUJD") || body.contains("ABC"), is_read, "{place}");
            let lost = if is_read { vec![] } else { vec!["document".to_owned()] };
            assert_eq!(dropped, lost, "{place}");
        }
    }
}

/// A picture that the user shows, or a tool.
fn shown(media_type: &str, in_a_result: bool) -> Value {
    let source = json!({"type": "base64", "media_type": media_type, "data": "QUJD"});
    let image = json!({"type": "image", "source": source});
    let messages = match in_a_result {
        false => json!([{"role": "user", "content": [{"type": "text", "text": "q"}, image]}]),
        true => json!([
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a",
                "content": [{"type": "text", "text": "r"}, image]}]},
        ]),
    };
    json!({"model": "m", "max_tokens": 99, "messages": messages,
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]})
}

fn written(
    from: Protocol,
    request: &Value,
    to: Protocol,
    model: &'static str,
) -> (String, Vec<String>) {
    let head = Head { model: Some("m"), ..Head::default() };
    let read = from.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
    let target = Target { model, lossy: Lossy::Warn, seed: "s", ..Target::default() };
    let written = to.codec().write_request(&read, &target).unwrap();
    (String::from_utf8(written.body).unwrap(), written.dropped)
}
