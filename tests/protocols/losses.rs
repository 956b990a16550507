//! What cannot be carried is named or refused, never lost in silence; hints are nobody's loss.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Target};
use onwards::protocol::conversation::Lossy;

use super::corpus::target;

/// A field that another protocol has no word for may be turned on by an empty object.
#[test]
fn what_an_empty_object_turns_on_is_lost_as_one_that_is_not_empty() {
    for options in [json!({}), json!({"search_context_size": "low"})] {
        let more = json!({"web_search_options": options});
        assert_lost(Protocol::OpenAi, &more, "web_search_options");
    }
    assert_kept(Protocol::OpenAi, &json!({"logit_bias": {}, "functions": []}));
}

/// A form of the answer that nobody here knows; free text is no form.
#[test]
fn an_unknown_form_of_the_answer_is_lost_by_its_name() {
    let unknown = json!({"type": "grammar", "grammar": "g"});
    let xml = json!({"generationConfig": {"responseMimeType": "application/xml"}});
    for (from, more) in [
        (Protocol::OpenAi, json!({"response_format": unknown})),
        (Protocol::OpenAiResponses, json!({"text": {"format": unknown}})),
        (Protocol::Anthropic, json!({"output_config": {"format": unknown}})),
        (Protocol::Anthropic, json!({"output_format": unknown})),
        (Protocol::Cohere, json!({"response_format": unknown})),
        (Protocol::Bedrock, json!({"outputConfig": {"textFormat": {"type": "grammar"}}})),
        (Protocol::Gemini, xml),
    ] {
        assert_lost(from, &more, "response_format");
    }
    let free = json!({"type": "text"});
    let plain = json!({"generationConfig": {"responseMimeType": "text/plain"}});
    for (from, more) in [
        (Protocol::OpenAi, json!({"response_format": free})),
        (Protocol::OpenAiResponses, json!({"text": {"format": free}})),
        (Protocol::Cohere, json!({"response_format": free})),
        (Protocol::Gemini, plain),
    ] {
        assert_kept(from, &more);
    }
}

/// What a tool, or a piece of a content, says in a field that nobody here knows.
#[test]
fn an_unknown_field_is_lost_by_its_name_wherever_it_stands() {
    let said = |content: Value| json!([{"role": "user", "content": content}]);
    let chat_tool = json!([{"type": "function", "function": {"name": "f"}, "new": 1}]);
    let function = json!([{"type": "function", "function": {"name": "f", "new": 1}}]);
    let text = json!([{"type": "text", "text": "q", "new": 1}]);
    let spec = json!({"toolSpec": {"name": "f", "inputSchema": {"json": {}}, "new": 1}});
    let input = json!([{"type": "input_text", "text": "q", "new": 1}]);
    for (from, more, field) in [
        (Protocol::OpenAi, json!({"tools": chat_tool}), "tools.new"),
        (Protocol::OpenAi, json!({"tools": function}), "tools.function.new"),
        (Protocol::OpenAi, json!({"messages": said(text.clone())}), "messages.content.new"),
        (Protocol::Cohere, json!({"tools": chat_tool}), "tools.new"),
        (Protocol::Cohere, json!({"messages": said(text.clone())}), "messages.content.new"),
        (Protocol::Anthropic, json!({"messages": said(text)}), "messages.content.new"),
        (Protocol::OpenAiResponses, json!({"input": said(input)}), "input.content.new"),
        (Protocol::Bedrock, json!({"toolConfig": {"tools": [spec]}}), "tools.toolSpec.new"),
        (Protocol::Bedrock, json!({"toolConfig": {"new": 1}}), "toolConfig.new"),
    ] {
        assert_lost(from, &more, field);
    }
    let cited =
        json!([{"type": "output_text", "text": "a", "annotations": [{"type": "url_citation"}]}]);
    let earlier =
        json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": cited}]);
    assert_kept(Protocol::OpenAiResponses, &json!({"input": earlier}));
}

/// What a vendor does anyway, or what only watches over requests: it asks for nothing, however it is spaced.
#[test]
fn what_asks_for_nothing_is_no_loss() {
    for (from, more) in [
        (Protocol::OpenAi, json!({"service_tier": "default", "modalities": ["text"]})),
        (Protocol::OpenAiResponses, json!({"client_metadata": {"x-codex-window-id": "w"}})),
        (Protocol::Anthropic, json!({"service_tier": "standard_only", "speed": "standard"})),
        (Protocol::Anthropic, json!({"context_management": {"edits": []}})),
        (Protocol::Anthropic, json!({"diagnostics": {"previous_message_id": "msg_1"}})),
        (Protocol::Gemini, json!({"serviceTier": "standard"})),
        (
            Protocol::Gemini,
            json!({"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_UNSPECIFIED"}}),
        ),
        (Protocol::Bedrock, json!({"performanceConfig": {"latency": "standard"}})),
        (Protocol::Bedrock, json!({"serviceTier": {"type": "default"}})),
        (Protocol::Cohere, json!({"safety_mode": "CONTEXTUAL", "priority": 0})),
        (Protocol::Cohere, json!({"citation_options": {"mode": "OFF"}})),
    ] {
        assert_kept(from, &more);
    }
    assert_lost(Protocol::Anthropic, &json!({"speed": "fast"}), "speed");
    assert_lost(Protocol::Cohere, &json!({"safety_mode": "STRICT"}), "safety_mode");
    let spaced = r#"{"messages":[{"role":"user","content":[{"text":"q"}]}],"serviceTier":{ "type" : "default" }}"#;
    let head = Head { model: Some("m"), ..Head::default() };
    let read = Protocol::Bedrock.codec().read_request(spaced.as_bytes(), &head).unwrap();
    assert!(read.extras.is_empty(), "{:?}", read.extras);
}

/// Who leaves it to the model misses nothing of one that does not think.
#[test]
fn leave_to_think_is_no_loss() {
    for (adaptive, dropped) in [(true, vec![]), (false, vec!["reasoning_effort".to_owned()])] {
        let thinking = match adaptive {
            true => json!({"type": "adaptive"}),
            false => json!({"type": "enabled", "budget_tokens": 2000}),
        };
        let request = json!({"model": "m", "max_tokens": 9000, "thinking": thinking,
            "messages": [{"role": "user", "content": "q"}]});
        let codec = Protocol::Anthropic.codec();
        let read = codec.read_request(request.to_string().as_bytes(), &Head::default()).unwrap();
        for (to, model) in [
            (Protocol::OpenAi, "gpt-4o"),
            (Protocol::Gemini, "gemini-2.0-flash"),
            (Protocol::Bedrock, "amazon.nova-pro-v1:0"),
            (Protocol::Bedrock, "anthropic.claude-3-5-haiku-20241022-v1:0"),
            (Protocol::Cohere, "command-a-03-2025"),
        ] {
            let target = Target { model, lossy: Lossy::Warn, ..target(to) };
            let written = to.codec().write_request(&read, &target).unwrap();
            assert_eq!(written.dropped, dropped, "{to} {model}");
        }
    }
}

/// Caches change no answer.
#[test]
fn cache_marks_are_nobodys_loss_wherever_they_stand() {
    let mark = json!({"type": "ephemeral"});
    let block = json!([{"type": "text", "text": "q", "cache_control": mark}]);
    let messages = json!([{"role": "user", "content": block, "cache_control": mark}]);
    let tool = json!({"name": "f", "input_schema": {}, "cache_control": mark});
    let more = json!({"cache_control": mark, "system": block, "tools": [tool], "messages": [{"role": "user", "content": block}]});
    assert_kept(Protocol::Anthropic, &more);
    assert_kept(Protocol::OpenAi, &json!({"cache_control": mark, "messages": messages}));
}

/// A request of `from` with `more` in it loses that field at every other provider.
fn assert_lost(from: Protocol, more: &Value, field: &str) {
    for (to, warned, refused) in written(from, more) {
        assert_eq!(warned, [field], "{from} to {to}: {more}");
        assert_eq!(refused.as_deref(), Some(field), "{from} to {to}: {more}");
    }
}

/// The same request loses nothing anywhere.
fn assert_kept(from: Protocol, more: &Value) {
    for (to, warned, refused) in written(from, more) {
        assert_eq!((warned.len(), refused), (0, None), "{from} to {to}: {more}");
    }
}

/// For each other protocol: what is named, and what is refused where nothing may be lost.
fn written(from: Protocol, more: &Value) -> Vec<(Protocol, Vec<String>, Option<String>)> {
    let mut request = match from {
        Protocol::Gemini => json!({"contents": [{"parts": [{"text": "q"}]}]}),
        Protocol::Bedrock => json!({"messages": [{"role": "user", "content": [{"text": "q"}]}]}),
        Protocol::OpenAiResponses => json!({"model": "m", "input": "q"}),
        _ => json!({"model": "m", "messages": [{"role": "user", "content": "q"}]}),
    };
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    let head = Head { model: Some("m"), ..Head::default() };
    let read = from.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
    let others = Protocol::ALL.iter().copied().filter(|to| *to != from);
    others
        .map(|to| {
            let write = |lossy| to.codec().write_request(&read, &Target { lossy, ..target(to) });
            let refused = write(Lossy::Refuse).err().map(|refused| refused.field);
            (to, write(Lossy::Warn).unwrap().dropped, refused)
        })
        .collect()
}
