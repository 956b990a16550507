//! What users of gateways have reported, each as a test of one or two protocols.

use serde_json::{Value, json};

use onwards::protocol::codec::{Head, Target, Written};
use onwards::protocol::conversation::{Content, Conversation, Event, Finish, Kind, Lossy};
use onwards::protocol::{Endpoint, Protocol};

use super::corpus::{client, reading};

const CLAUDE_NEW: &str = "claude-opus-4-6";
const CLAUDE_BUDGET: &str = "claude-sonnet-4-20250514";
const CLAUDE_OLD: &str = "claude-3-5-sonnet-20241022";

#[test]
fn unreadable_requests_name_the_field() {
    for (protocol, body, said) in [
        (Protocol::OpenAi, json!({}), "`model` is missing"),
        (Protocol::OpenAi, json!({"model": "m"}), "`messages` must hold at least one message"),
        (
            Protocol::OpenAi,
            json!({"model": "m", "temperature": "hot"}),
            "`temperature` must be a number",
        ),
        (
            Protocol::OpenAi,
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]}),
            "`messages[0].content[0].text` is missing",
        ),
        (
            Protocol::OpenAi,
            json!({"model": "m", "messages": [{"role": "robot"}]}),
            "`messages[0].role` is not a role of this protocol",
        ),
        (
            Protocol::OpenAi,
            json!({"model": "m", "messages": [{"role": "user"}], "tools": [{"function": {}}]}),
            "`tools[0].function.name` is missing",
        ),
        (
            Protocol::Anthropic,
            json!({"model": "m", "messages": [{"role": "user", "content": 5}]}),
            "`messages[0].content` must be a list of objects",
        ),
        (
            Protocol::Anthropic,
            json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "tool_choice": {"type": "tool"}}),
            "`tool_choice.name` is missing",
        ),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        let error = protocol.codec().read_request(&body, &Head::default()).unwrap_err();
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn a_model_that_knows_no_schema_answers_through_a_tool() {
    let written = from_openai(
        CLAUDE_OLD,
        json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}}),
    );
    let body = body(&written);
    let tool = body["tool_choice"]["name"].as_str().unwrap().to_owned();
    assert_eq!(body["tools"][0]["name"], tool);
    assert_eq!(written.dropped, Vec::<String>::new());

    let codec = Protocol::Anthropic.codec();
    let answer = json!({"content": [{"type": "tool_use", "id": "t", "name": tool, "input": {"a": 1}}], "stop_reason": "tool_use"});
    let reply =
        codec.read_response(&serde_json::to_vec(&answer).unwrap(), &written.reading).unwrap();
    assert_eq!((reply.text().as_str(), reply.finish), (r#"{"a":1}"#, Finish::Stop));

    let stream = format!(
        "data: {}\n\ndata: {}\n\ndata: {}\n\ndata: {}\n\ndata: {}\n\ndata: {}\n\n",
        json!({"type": "message_start", "message": {}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": tool, "input": {}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{\"a\":1}"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        json!({"type": "message_stop"}),
    );
    let mut events = Vec::new();
    let mut reader = codec.stream_reader(written.reading);
    reader.feed(stream.into(), &mut events);
    assert_eq!(
        events[1..],
        [
            Event::Text(r#"{"a":1}"#.into()),
            Event::PartEnd,
            Event::Finish { reason: Finish::Stop, stop_sequence: None },
            Event::Done,
        ]
    );
}

#[test]
fn a_schema_beside_tools_is_dropped_where_it_would_silence_them() {
    let more = json!({"response_format": {"type": "json_object"}, "tools": [{"type": "function", "function": {"name": "f"}}]});
    let written = from_openai(CLAUDE_NEW, more);
    assert_eq!(written.dropped, ["response_format"]);
    assert_eq!(body(&written)["tools"].as_array().unwrap().len(), 1);
}

#[test]
fn thinking_keeps_to_the_limits() {
    for (model, more, thinking, max_tokens, dropped) in [
        (
            CLAUDE_BUDGET,
            json!({"reasoning_effort": "medium"}),
            json!({"type": "enabled", "budget_tokens": 8192}),
            32_000,
            "",
        ),
        (
            CLAUDE_BUDGET,
            json!({"reasoning_effort": "minimal", "max_tokens": 1500}),
            json!({"type": "enabled", "budget_tokens": 1024}),
            1_500,
            "",
        ),
        (
            CLAUDE_BUDGET,
            json!({"reasoning_effort": "high", "max_tokens": 4000}),
            json!({"type": "enabled", "budget_tokens": 3200}),
            4_000,
            "",
        ),
        (
            CLAUDE_BUDGET,
            json!({"reasoning_effort": "max"}),
            json!({"type": "enabled", "budget_tokens": 25_600}),
            32_000,
            "",
        ),
        (CLAUDE_OLD, json!({"reasoning_effort": "high"}), Value::Null, 8_192, "reasoning_effort"),
        (
            CLAUDE_BUDGET,
            json!({"reasoning_effort": "high", "max_tokens": 1024}),
            Value::Null,
            1_024,
            "thinking",
        ),
        (CLAUDE_OLD, json!({"reasoning_effort": "none"}), Value::Null, 8_192, ""),
        (
            CLAUDE_BUDGET,
            json!({"reasoning_effort": "low", "temperature": 0.2, "max_tokens": 9000}),
            json!({"type": "enabled", "budget_tokens": 2048}),
            9_000,
            "temperature",
        ),
        (CLAUDE_NEW, json!({"reasoning_effort": "high"}), json!({"type": "adaptive"}), 32_000, ""),
    ] {
        let written = from_openai(model, more.clone());
        let body = body(&written);
        assert_eq!(body["thinking"], thinking, "{more}");
        assert_eq!(body["max_tokens"], max_tokens, "{more}");
        assert_eq!(written.dropped.join(","), dropped, "{more}");
    }
}

/// After a failover inside a loop of tools the history holds no thinking of Anthropic's.
#[test]
fn foreign_history_is_not_thought_about() {
    let messages = json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "reasoning_content": "foreign", "tool_calls": [{"id": "call:1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call:1", "content": "r"},
    ]);
    let written =
        from_openai(CLAUDE_BUDGET, json!({"messages": messages, "reasoning_effort": "high"}));
    let body = body(&written);
    assert_eq!(body["thinking"], Value::Null);
    assert_eq!(written.dropped, ["thinking"]);
    assert_eq!(body["messages"][1]["content"].as_array().unwrap().len(), 1);
    let id = &body["messages"][1]["content"][0]["id"];
    assert_eq!((id, &body["messages"][2]["content"][0]["tool_use_id"]), (&json!("call_1"), id));
}

#[test]
fn temperature_and_top_p_exclude_each_other_for_newer_models() {
    let both = json!({"temperature": 0.5, "top_p": 0.5});
    assert_eq!(from_openai(CLAUDE_NEW, both.clone()).dropped, ["top_p"]);
    assert!(from_openai(CLAUDE_OLD, both).dropped.is_empty());
}

#[test]
fn renamed_tools_come_back_under_their_names() {
    let name = format!("mcp__{}", "x".repeat(80));
    let codec = Protocol::OpenAi.codec();
    let request = json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "q"}], "tools": [{"name": name, "input_schema": {"type": "object"}}]});
    let written = write(&read(Protocol::Anthropic, &request), Protocol::OpenAi, "gpt-4o");
    let sent = body(&written)["tools"][0]["function"]["name"].as_str().unwrap().to_owned();
    assert!(sent.len() <= 64);
    let answer = json!({"choices": [{"message": {"tool_calls": [{"id": "c", "function": {"name": sent, "arguments": ""}}]}, "finish_reason": "stop"}]});
    let reply =
        codec.read_response(&serde_json::to_vec(&answer).unwrap(), &written.reading).unwrap();
    let Content::ToolCall(call) = &reply.parts[0].content else { panic!("no call") };
    assert_eq!((call.name.as_str(), call.arguments.as_str()), (name.as_str(), "{}"));
    assert_eq!(reply.finish, Finish::ToolCalls);
}

#[test]
fn tokens_are_counted_without_what_concerns_the_answer() {
    let endpoint = Endpoint::find("/v1/messages/count_tokens", None).unwrap();
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "four"}], "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    let head = Head { delivery: endpoint.delivery, ..Head::default() };
    let codec = Protocol::Anthropic.codec();
    let conversation = codec.read_request(&serde_json::to_vec(&request).unwrap(), &head).unwrap();
    let written = codec.write_count(&conversation, &target(CLAUDE_NEW)).unwrap().unwrap();
    assert_eq!(written.path_and_query, "/v1/messages/count_tokens");
    let mut fields: Vec<String> = body(&written).as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["messages", "model", "tools"]);
    assert_eq!(codec.read_count(&codec.write_counted(17)), Ok(17));
    assert!(Protocol::OpenAi.codec().write_count(&conversation, &target("m")).unwrap().is_none());
}

/// Most vendors refuse a request without a turn.
#[test]
fn instructions_alone_are_what_the_user_says() {
    let system = json!([{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}]);
    let conversation = read(Protocol::OpenAi, &json!({"model": "m", "messages": system}));
    let blocks = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
    let parts = json!([{"text": "a"}, {"text": "b"}]);
    for (to, turns, said) in [
        (Protocol::Anthropic, "messages", json!({"role": "user", "content": blocks})),
        (Protocol::Bedrock, "messages", json!({"role": "user", "content": parts})),
        (Protocol::Cohere, "messages", json!({"role": "user", "content": blocks})),
        (Protocol::Gemini, "contents", json!({"role": "user", "parts": parts})),
        (
            Protocol::OpenAiResponses,
            "input",
            json!({"type": "message", "role": "user", "content": "a\n\nb"}),
        ),
    ] {
        let body = body(&write(&conversation, to, "m"));
        assert_eq!(body[turns], json!([said]), "{to}");
        for field in ["system", "systemInstruction", "instructions"] {
            assert_eq!(body.get(field), None, "{to}");
        }
    }
}

/// What changes no answer is nobody's loss, also where losing is refused.
#[test]
fn hints_are_never_refused() {
    let request = json!({"model": "m", "user": "u", "prompt_cache_key": "k", "safety_identifier": "s",
        "verbosity": "medium", "n": 1,
        "tools": [{"type": "function", "function": {"name": "f", "strict": false}}],
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "auto"}}]},
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "Error: no"}]});
    let mut conversation = read(Protocol::OpenAi, &request);
    for turn in &mut conversation.turns {
        for part in &mut turn.parts {
            if let Content::ToolResult(result) = &mut part.content {
                result.is_error = true;
            }
        }
    }
    for &to in Protocol::ALL {
        let strict = Target { lossy: Lossy::Refuse, ..super::corpus::target(to) };
        let written = to.codec().write_request(&conversation, &strict);
        assert!(written.is_ok(), "{to}: {:?}", written.err());
    }
}

/// Newer Claudes refuse what older ones took.
#[test]
fn newer_claudes_are_asked_in_their_own_words() {
    for (model, more, thinking, effort, dropped) in [
        ("claude-opus-4-7", json!({"temperature": 0.5}), Value::Null, Value::Null, "temperature"),
        ("claude-opus-4-7", json!({"temperature": 1, "top_p": 1}), Value::Null, Value::Null, ""),
        (
            "claude-opus-4-8",
            json!({"reasoning_effort": "xhigh"}),
            json!({"type": "adaptive", "display": "summarized"}),
            json!("xhigh"),
            "",
        ),
        (
            "claude-opus-4-6",
            json!({"reasoning_effort": "xhigh"}),
            json!({"type": "adaptive"}),
            json!("high"),
            "",
        ),
        (
            "claude-sonnet-5",
            json!({"reasoning_effort": "none"}),
            json!({"type": "disabled"}),
            Value::Null,
            "",
        ),
        (
            "claude-opus-5-5",
            json!({"reasoning_effort": "none"}),
            Value::Null,
            json!("low"),
            "reasoning_effort",
        ),
        (
            "claude-sonnet-5",
            json!({"tools": [{"function": {"name": "f"}}], "tool_choice": "required"}),
            json!({"type": "disabled"}),
            Value::Null,
            "",
        ),
        (
            "claude-opus-5-5",
            json!({"tools": [{"function": {"name": "f"}}], "tool_choice": "required"}),
            Value::Null,
            Value::Null,
            "tool_choice",
        ),
    ] {
        let written = from_openai(model, more.clone());
        let body = body(&written);
        assert_eq!(body["thinking"], thinking, "{model} {more}");
        assert_eq!(body["output_config"]["effort"], effort, "{model} {more}");
        assert_eq!(written.dropped.join(","), dropped, "{model} {more}");
    }
}

#[test]
fn a_200_may_hold_an_error() {
    for (protocol, body, status, kind) in [
        (Protocol::OpenAi, json!({"error": {"message": "m", "code": 429}}), 429, Kind::RateLimit),
        (Protocol::OpenAi, json!({"error": {"message": "m"}}), 502, Kind::Malformed),
        (Protocol::OpenAi, json!({"choices": []}), 502, Kind::Malformed),
        (Protocol::OpenAi, json!("hello"), 502, Kind::Malformed),
        (
            Protocol::Anthropic,
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}),
            529,
            Kind::Overloaded,
        ),
        (Protocol::Anthropic, json!({"type": "message"}), 502, Kind::Malformed),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        let failure = protocol.codec().read_response(&body, &reading()).unwrap_err();
        assert_eq!((failure.status, failure.kind), (status, kind));
    }
}

/// Usage goes to those who asked for it, once, and never is a second chunk.
#[test]
fn usage_is_hidden_from_those_who_did_not_ask() {
    let usage =
        onwards::protocol::conversation::Usage { input: 1, output: 2, ..Default::default() };
    for (asked, times) in [(true, 1), (false, 0)] {
        let to =
            onwards::protocol::codec::Client { include_usage: asked, ..client(Default::default()) };
        let mut writer = Protocol::OpenAi.codec().stream_writer(&to);
        let mut out = Vec::new();
        for event in [
            Event::Start { id: None, model: None },
            Event::Usage(usage),
            Event::Text("x".into()),
            Event::Finish { reason: Finish::Stop, stop_sequence: None },
            Event::Usage(usage),
            Event::Done,
        ] {
            writer.write(event, &mut out);
        }
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.matches("prompt_tokens\"").count(), times);
        assert!(out.ends_with("data: [DONE]\n\n"));
    }
}

/// The client's request in OpenAI's form with `more` in it, for a Claude of that name.
fn from_openai(model: &str, more: Value) -> Written {
    let mut request = json!({"model": "alias", "messages": [{"role": "user", "content": "q"}]});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    write(&read(Protocol::OpenAi, &request), Protocol::Anthropic, model)
}

fn read(protocol: Protocol, request: &Value) -> Conversation {
    let body = serde_json::to_vec(request).unwrap();
    protocol.codec().read_request(&body, &Head::default()).unwrap()
}

fn write(conversation: &Conversation, protocol: Protocol, model: &str) -> Written {
    protocol.codec().write_request(conversation, &target(model)).unwrap()
}

fn target(model: &str) -> Target<'_> {
    Target { model, lossy: Lossy::Warn, seed: "seed", ..Target::default() }
}

fn body(written: &Written) -> Value {
    serde_json::from_slice(&written.body).unwrap()
}
