//! What Anthropic refuses, and how a request avoids it.

use serde_json::{Value, json};

use crate::protocol::Protocol;
use crate::protocol::codec::{Head, Target, Written};
use crate::protocol::conversation::Lossy;

/// A request of another protocol as Anthropic gets it, and what was lost.
fn written(protocol: Protocol, request: &Value) -> (Value, Vec<String>) {
    let Written { body, dropped, .. } = write(protocol, request, Lossy::Warn).unwrap();
    (serde_json::from_slice(&body).unwrap(), dropped)
}

/// The same, or the name of the field that must not be lost.
fn write(protocol: Protocol, request: &Value, lossy: Lossy) -> Result<Written, String> {
    let head = Head { model: Some("m"), ..Head::default() };
    let read = protocol.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
    let target = Target { model: "claude-sonnet-4-5", lossy, seed: "s", ..Target::default() };
    let written = Protocol::Anthropic.codec().write_request(&read, &target);
    written.map_err(|refused| refused.field)
}

fn openai_file(file_data: &str) -> Value {
    let file = json!({"type": "file", "file": {"filename": "a.b", "file_data": file_data}});
    json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "q"}, file]}]})
}

/// Only a PDF is taken as data; texts are taken as texts.
#[test]
fn documents_are_texts_or_pdfs() {
    let text = json!({"type": "text", "media_type": "text/plain", "data": "a,ü"});
    let pdf = json!({"type": "base64", "media_type": "application/pdf", "data": "AAAA"});
    let document = json!({"format": "txt", "name": "n", "source": {"bytes": "YSzDvA=="}});
    let bedrock =
        json!({"messages": [{"role": "user", "content": [{"text": "q"}, {"document": document}]}]});
    let inline =
        json!({"inlineData": {"mimeType": "text/plain; charset=utf-8", "data": "YSzDvA=="}});
    let gemini = json!({"contents": [{"parts": [{"text": "q"}, inline]}]});
    for (protocol, request, source) in [
        (Protocol::Bedrock, bedrock, Some(text.clone())),
        (Protocol::Gemini, gemini, Some(text.clone())),
        (Protocol::OpenAi, openai_file("data:text/csv;base64,YSzDvA=="), Some(text)),
        (Protocol::OpenAi, openai_file("data:application/pdf;base64,AAAA"), Some(pdf)),
        (Protocol::OpenAi, openai_file("data:text/plain;base64,/w=="), None),
        (Protocol::OpenAi, openai_file("data:application/msword;base64,AAAA"), None),
    ] {
        let (body, dropped) = written(protocol, &request);
        let content = &body["messages"][0]["content"];
        assert_eq!(content[1].get("source"), source.as_ref(), "{request}");
        let strict = write(protocol, &request, Lossy::Refuse);
        if source.is_some() {
            assert_eq!((dropped.len(), strict.is_ok()), (0, true), "{request}");
        } else {
            assert_eq!(dropped, ["document"], "{request}");
            assert_eq!(strict.unwrap_err(), "document");
        }
    }
}

/// A name that many use is not the registered one.
#[test]
fn pictures_are_called_by_their_registered_types() {
    let url = json!({"url": "data:image/jpg;base64,AAAA"});
    let request = json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}]});
    let (body, _) = written(Protocol::OpenAi, &request);
    assert_eq!(body["messages"][0]["content"][0]["source"]["media_type"], "image/jpeg");
}

/// An error must say something; what did not fail need not.
#[test]
fn an_empty_error_says_that_it_is_one() {
    let result = |content: Value, is_error| {
        let block = json!({"type": "tool_result", "tool_use_id": "t", "content": content, "is_error": is_error});
        let call = json!({"type": "tool_use", "id": "t", "name": "f", "input": {}});
        json!({"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": "q"}, {"role": "assistant", "content": [call]},
            {"role": "user", "content": [block]}]})
    };
    let says_error = json!([{"type": "text", "text": "Error"}]);
    for (content, is_error, sent) in [
        (json!([]), true, says_error.clone()),
        (json!(" "), true, says_error),
        (json!("no"), true, json!([{"type": "text", "text": "no"}])),
        (json!([]), false, Value::Null),
    ] {
        let (body, _) = written(Protocol::Anthropic, &result(content, is_error));
        assert_eq!(body["messages"][2]["content"][0]["content"], sent);
    }
}

/// Without the vendor's store the next request would be half of a conversation.
#[test]
fn a_thread_is_refused() {
    let request = |thread: Value| {
        json!({"model": "m", "max_tokens": 9, "thread": thread,
            "messages": [{"role": "user", "content": "q"}]})
        .to_string()
    };
    let read =
        |body: String| Protocol::Anthropic.codec().read_request(body.as_bytes(), &Head::default());
    let refused = read(request(json!({"type": "create"}))).unwrap_err();
    assert_eq!(refused.field, "thread");
    assert!(read(request(Value::Null)).is_ok());
}
