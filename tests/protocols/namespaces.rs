//! Tools in a namespace, as Codex offers those of MCP servers: every vendor is offered them, and a
//! call comes back with its namespace, whole and streamed, on this turn and as history on the next.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Reading, Target, Written};
use onwards::protocol::conversation::{
    Content, Delivery, Event, Finish, Lossy, Part, Reply, ToolCall,
};

use super::corpus::client;

#[test]
fn tools_of_a_namespace_are_offered_and_called() {
    for &vendor in Protocol::ALL.iter().filter(|vendor| **vendor != Protocol::OpenAiResponses) {
        let written = written(vendor, &request());
        let text = String::from_utf8(written.body).unwrap();
        assert!(text.contains("Finds documents"), "{vendor}: {text}");
        assert!(!written.dropped.iter().any(|name| name == "tools.namespace"), "{vendor}");
        let sent = sent_name(&text);
        for call in [whole(&written.reading, &sent), streamed(&written.reading, &sent)] {
            let (name, namespace) = (&call["name"], &call["namespace"]);
            assert_eq!((name, namespace), (&json!("search"), &json!("mcp__docs__")), "{vendor}");

            let mut next = request();
            let items = next["input"].as_array_mut().unwrap();
            items.push(call);
            items.push(json!({"type": "function_call_output", "call_id": "c", "output": "found"}));
            let text = String::from_utf8(self::written(vendor, &next).body).unwrap();
            assert_eq!(
                text.matches(&format!("\"{sent}\"")).count(),
                1 + calls(vendor),
                "{vendor}: {text}"
            );
        }
    }
}

#[test]
fn what_is_beside_the_tools_is_named() {
    let written = written(Protocol::OpenAi, &request());
    assert_eq!(written.dropped, ["tools.namespace.description"]);
}

/// A tool of no namespace has none when it is called.
#[test]
fn functions_are_called_as_before() {
    let call = whole(&Reading::default(), "shell");
    assert_eq!((&call["name"], call.get("namespace")), (&json!("shell"), None));
}

/// How often a vendor names the tool that was called, beside offering it: Gemini again in the result.
fn calls(vendor: Protocol) -> usize {
    if vendor == Protocol::Gemini { 2 } else { 1 }
}

/// The name that the tool has at the vendor.
fn sent_name(body: &str) -> String {
    let name = body.split('"').find(|text| text.starts_with("search"));
    name.unwrap_or_else(|| panic!("not offered: {body}")).to_owned()
}

/// The call, as the client gets it from an answer that is there at once.
fn whole(reading: &Reading, sent: &str) -> Value {
    let name = reading.tool_name(sent.to_owned());
    let call = ToolCall { id: "c".into(), name, arguments: r#"{"q":"x"}"#.into() };
    let parts = vec![Part::new(Content::ToolCall(call))];
    let reply = Reply { parts, finish: Finish::ToolCalls, ..Reply::default() };
    let codec = Protocol::OpenAiResponses.codec();
    let answer = codec.write_response(&reply, &client(Delivery::Whole));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["output"][0].clone()
}

/// The same, streamed.
fn streamed(reading: &Reading, sent: &str) -> Value {
    let mut writer = Protocol::OpenAiResponses.codec().stream_writer(&client(Delivery::Events));
    let mut out = Vec::new();
    for event in [
        Event::Start { id: None, model: None },
        Event::ToolCallStart {
            index: 0,
            id: "c".into(),
            name: reading.tool_name(sent.to_owned()),
            signature: None,
        },
        Event::ToolCallDelta { index: 0, json: r#"{"q":"x"}"#.into() },
        Event::PartEnd,
        Event::Finish { reason: Finish::ToolCalls, stop_sequence: None },
        Event::Done,
    ] {
        writer.write(event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let of = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    assert_eq!(of("response.output_item.added")["item"]["namespace"], "mcp__docs__");
    assert_eq!(of("response.function_call_arguments.done")["name"], "search");
    let done = of("response.output_item.done")["item"].clone();
    assert_eq!(of("response.completed")["response"]["output"][0], done);
    done
}

fn written(vendor: Protocol, request: &Value) -> Written {
    let body = serde_json::to_vec(request).unwrap();
    let codec = Protocol::OpenAiResponses.codec();
    let conversation = codec.read_request(&body, &Head::default()).unwrap();
    let target = Target { model: "model-1", lossy: Lossy::Warn, seed: "seed", ..Target::default() };
    vendor.codec().write_request(&conversation, &target).unwrap()
}

fn request() -> Value {
    json!({
        "model": "alias",
        "input": [{"role": "user", "content": "q"}],
        "tools": [{"type": "namespace", "name": "mcp__docs__", "description": "Documents", "tools": [
            {"type": "function", "name": "search", "description": "Finds documents", "strict": false,
             "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}},
        ]}],
    })
}
