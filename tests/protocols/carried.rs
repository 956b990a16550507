//! What only one vendor has, as others can be told of it: late instructions, compacted conversations, search
//! results, the vendor's own search; and what streams say in odd ways.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Client, Head, Target};
use onwards::protocol::conversation::{Delivery, Event, Finish};

use super::corpus::{client, read_stream_as, reading, write_stream};

#[test]
fn late_instructions_stay_in_their_place() {
    let request = json!({"model": "alias", "messages": [
        {"role": "system", "content": "first"},
        {"role": "user", "content": "q"},
        {"role": "developer", "content": "late"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "q2"},
    ]});
    let marked = "<system-reminder>\nlate\n</system-reminder>";
    let (claude, _) = written(Protocol::OpenAi, &request, Protocol::Anthropic, "claude-opus-4-8");
    assert_eq!(claude["messages"][1]["role"], "system", "{claude}");
    assert_eq!(claude["messages"][1]["content"][0]["text"], "late");
    assert_eq!(claude["system"][0]["text"], "first");
    for (provider, model, place) in [
        (Protocol::Anthropic, "claude-sonnet-4-5", "/messages/0/content/1/text"),
        (Protocol::Gemini, "gemini-2.5-pro", "/contents/0/parts/1/text"),
        (
            Protocol::Bedrock,
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "/messages/0/content/1/text",
        ),
    ] {
        let (body, dropped) = written(Protocol::OpenAi, &request, provider, model);
        assert_eq!(body.pointer(place), Some(&json!(marked)), "{provider}: {body}");
        assert_eq!(dropped, Vec::<String>::new());
    }
    let (responses, _) = written(Protocol::OpenAi, &request, Protocol::OpenAiResponses, "gpt-5");
    assert_eq!(responses["input"][1]["role"], "developer", "{responses}");
}

#[test]
fn who_pays_anthropic_is_told_to_anthropic_alone() {
    let request = json!({"model": "alias", "max_tokens": 99, "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=abc;"},
        {"type": "text", "text": "You are an agent."},
    ], "messages": [{"role": "user", "content": "q"}]});
    for &provider in Protocol::ALL.iter().filter(|it| **it != Protocol::Anthropic) {
        let (body, dropped) = written(Protocol::Anthropic, &request, provider, "model-1");
        assert!(!body.to_string().contains("billing"), "{provider}: {body}");
        assert!(body.to_string().contains("You are an agent."), "{provider}: {body}");
        assert_eq!(dropped, Vec::<String>::new(), "{provider}");
    }
}

#[test]
fn compacted_conversations_are_carried_or_refused_in_words() {
    let request = json!({"model": "alias", "max_tokens": 99, "messages": [
        {"role": "user", "content": "old"},
        {"role": "assistant", "content": [{"type": "compaction", "content": "They want tea."}, {"type": "text", "text": "Sure."}]},
        {"role": "user", "content": "new"},
    ]});
    let (body, dropped) = written(Protocol::Anthropic, &request, Protocol::OpenAi, "gpt-4.1");
    let text = body.to_string();
    assert!(!text.contains("old") && text.contains("They want tea."), "{text}");
    assert_eq!(body["messages"][0]["role"], "user", "{text}");
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "Sure."}));
    assert_eq!(dropped, Vec::<String>::new());

    let read = |item: Value| {
        let input = json!([item, {"role": "user", "content": "new"}]);
        let body = json!({"model": "alias", "input": input}).to_string();
        Protocol::OpenAiResponses.codec().read_request(body.as_bytes(), &Head::default())
    };
    for item in [
        json!({"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"}),
        json!({"type": "compaction_summary", "encrypted_content": "gAAA"}),
        json!({"type": "compaction_trigger"}),
    ] {
        let said = read(item.clone()).unwrap_err().to_string();
        assert!(said.contains("compact") && said.contains("new conversation"), "{item}: {said}");
    }
    let readable = json!({"type": "compaction", "encrypted_content": "gAAA", "summary": [{"type": "summary_text", "text": "They want tea."}]});
    let read = read(readable).unwrap();
    assert!(format!("{:?}", read.turns[0]).contains("They want tea."));
    assert!(read.extras.is_empty(), "{:?}", read.extras);
}

#[test]
fn texts_of_blocks_that_only_anthropic_has_are_carried() {
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let request = json!({"model": "alias", "max_tokens": 99, "messages": [{"role": "user", "content": [
        {"type": "search_result", "source": "https://a", "title": "T", "content": text("found"), "citations": {"enabled": true}},
        {"type": "document", "title": "D", "source": {"type": "content", "content": text("pieces")}},
    ]}, {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "find", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": [
        {"type": "tool_reference", "tool_name": "get_weather"},
        {"type": "search_result", "source": "s", "title": "U", "content": text("inside")},
    ]}]}]});
    for &provider in Protocol::ALL.iter().filter(|it| **it != Protocol::Anthropic) {
        let (body, dropped) = written(Protocol::Anthropic, &request, provider, "model-1");
        for said in ["found", "https://a", "pieces", "get_weather", "inside"] {
            assert!(body.to_string().contains(said), "{provider} {said}: {body}");
        }
        assert_eq!(dropped, Vec::<String>::new(), "{provider}");
    }
}

#[test]
fn a_vendors_own_search_becomes_anothers() {
    let anthropic = json!({"model": "alias", "max_tokens": 99, "messages": [{"role": "user", "content": "q"}],
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8, "allowed_domains": ["a.example"]}]});
    let (body, dropped) =
        written(Protocol::Anthropic, &anthropic, Protocol::OpenAiResponses, "gpt-5");
    assert_eq!(
        body["tools"],
        json!([{"type": "web_search", "filters": {"allowed_domains": ["a.example"]}}])
    );
    assert_eq!(dropped, ["tools.web_search_20250305.max_uses"]);
    let (body, dropped) =
        written(Protocol::Anthropic, &anthropic, Protocol::Gemini, "gemini-3-pro");
    assert_eq!(body["tools"], json!([{"googleSearch": {}}]));
    assert_eq!(dropped.len(), 2, "{dropped:?}");
    for provider in [Protocol::OpenAi, Protocol::Bedrock, Protocol::Cohere] {
        let (_, dropped) = written(Protocol::Anthropic, &anthropic, provider, "model-1");
        assert_eq!(dropped, ["tools.web_search_20250305"], "{provider}");
    }
    let codex = json!({"model": "alias", "input": "q", "tools": [{"type": "web_search", "external_web_access": true}]});
    let (body, dropped) =
        written(Protocol::OpenAiResponses, &codex, Protocol::Anthropic, "claude-sonnet-4-5");
    assert_eq!(body["tools"], json!([{"type": "web_search_20250305", "name": "web_search"}]));
    assert_eq!(dropped, Vec::<String>::new());
}

#[test]
fn custom_tools_keep_their_names() {
    let custom = json!({"type": "custom", "name": "apply_patch"});
    let function = json!({"type": "function", "name": "apply_patch", "parameters": {}});
    for (tools, sent) in
        [(json!([custom]), vec!["apply_patch"]), (json!([custom, function]), vec![])]
    {
        let request = json!({"model": "alias", "input": "q", "tools": tools});
        for (provider, place) in
            [(Protocol::Anthropic, "/tools/0/name"), (Protocol::OpenAi, "/tools/0/function/name")]
        {
            let (body, _) = written(Protocol::OpenAiResponses, &request, provider, "model-1");
            let name = body.pointer(place).unwrap().as_str().unwrap();
            assert_eq!(name == "apply_patch", !sent.is_empty(), "{provider}: {name}");
        }
    }
}

#[test]
fn characters_that_are_cut_in_two_are_joined() {
    let deltas = [r#"a\ud83d"#, r#"\ude00b"#];
    let wrap = |protocol: Protocol, text: &str| match protocol {
        Protocol::OpenAi => {
            format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#)
        }
        Protocol::Gemini => {
            format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#)
        }
        _ => format!(
            r#"{{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"{text}"}}"#
        ),
    };
    for protocol in [Protocol::OpenAi, Protocol::Gemini, Protocol::OpenAiResponses] {
        let stream: String =
            deltas.iter().map(|text| format!("data: {}\n\n", wrap(protocol, text))).collect();
        let events = read_stream_as(protocol, reading(), stream.as_bytes());
        let text: String = events
            .iter()
            .filter_map(|event| match event {
                Event::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(text, "a😀b", "{protocol}: {events:?}");
    }
}

#[test]
fn an_answer_that_comes_only_at_the_end_of_a_responses_stream_is_given() {
    let output = json!([
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "t"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "answer"}]},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{\"a\":1}"},
    ]);
    let response = json!({"id": "resp_1", "model": "m", "status": "completed", "output": output});
    let created = json!({"type": "response.created", "response": {"id": "resp_1"}});
    let completed = json!({"type": "response.completed", "response": response});
    let stream = format!("data: {created}\n\ndata: {completed}\n\n");
    let events = read_stream_as(Protocol::OpenAiResponses, reading(), stream.as_bytes());
    let said = format!("{events:?}");
    for mark in [r#"Reasoning("t")"#, r#"Text("answer")"#, "ToolCallStart", "ToolCalls", "Done"] {
        assert_eq!(said.matches(mark).count(), 1, "{mark}: {said}");
    }
}

#[test]
fn stop_sequences_that_a_server_names_are_told() {
    for (field, stop) in [
        (r#""stop_reason":"END""#, Some("END")),
        (r#""matched_stop":"END""#, Some("END")),
        (r#""stop_reason":151645"#, None),
        (r#""stop_reason":"end_turn""#, None),
        (r#""stop_reason":null"#, None),
    ] {
        let choice = format!(r#""index":0,"finish_reason":"stop",{field}"#);
        let whole = format!(r#"{{"choices":[{{"message":{{"content":"a"}},{choice}}}]}}"#);
        let reply = Protocol::OpenAi.codec().read_response(whole.as_bytes(), &reading()).unwrap();
        assert_eq!(reply.stop_sequence.as_deref(), stop, "{field}");
        assert_eq!(reply.finish == Finish::StopSequence, stop.is_some(), "{field}");
        let stream =
            format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\"}},{choice}}}]}}\n\n");
        let events = read_stream_as(Protocol::OpenAi, reading(), stream.as_bytes());
        let text = String::from_utf8(write_stream(Protocol::Anthropic, &events)).unwrap();
        assert_eq!(
            text.contains(r#""stop_reason":"stop_sequence","stop_sequence":"END""#),
            stop.is_some(),
            "{text}"
        );
    }
}

#[test]
fn streams_of_anthropics_begin_with_an_estimate() {
    let to = Client { prompt_tokens: 1234, ..client(Delivery::Events) };
    let mut writer = Protocol::Anthropic.codec().stream_writer(&to);
    let mut out = Vec::new();
    for event in [Event::Start { id: None, model: None }, Event::Text("a".into())] {
        writer.write(event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(r#""input_tokens":1234"#), "{text}");
}

fn written(
    speaks: Protocol,
    request: &Value,
    provider: Protocol,
    model: &'static str,
) -> (Value, Vec<String>) {
    let head = Head { model: Some("alias"), delivery: None };
    let read = speaks.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
    let target = Target { model, seed: "seed", ..Target::default() };
    let written = provider.codec().write_request(&read, &target).unwrap();
    (serde_json::from_slice(&written.body).unwrap(), written.dropped)
}
