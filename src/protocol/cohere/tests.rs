//! What Cohere takes and gives that others do not, each as a test.

use serde_json::{Value, json};

use super::CODEC;
use crate::protocol::codec::{Client, Head, Reading, Target, Written};
use crate::protocol::conversation::{
    Conversation, Effort, Event, Failure, Kind, Lossy, Sampling, Thinking, ToolChoice,
};

#[test]
fn unreadable_requests_name_the_field() {
    let user = json!([{"role": "user", "content": "q"}]);
    for (body, said) in [
        (json!({}), "`model` is missing"),
        (json!({"model": "m"}), "`messages` must hold at least one message"),
        (
            json!({"model": "m", "messages": [{"role": "tool"}]}),
            "`messages[0].tool_call_id` is missing",
        ),
        (
            json!({"model": "m", "messages": user, "tool_choice": "AUTO"}),
            "`tool_choice` is not a choice of this protocol",
        ),
        (json!({"model": "m", "messages": user, "tools": [{}]}), "`tools[0].function` is missing"),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        assert_eq!(CODEC.read_request(&body, &Head::default()).unwrap_err().to_string(), said);
    }
}

#[test]
fn a_forced_tool_is_the_only_one() {
    let mut conversation = with_tools();
    conversation.tool_choice = Some(ToolChoice::Tool("g".into()));
    let written = write(&conversation, "command-a-03-2025");
    let sent = body(&written);
    assert!(written.dropped.is_empty());
    assert_eq!(sent["tool_choice"], "REQUIRED");
    assert_eq!(sent["tools"].as_array().unwrap().len(), 1);
    assert_eq!(sent["tools"][0]["function"]["name"], "g");
}

#[test]
fn strictness_is_for_all_tools() {
    let mut conversation = with_tools();
    conversation.tools[0].strict = Some(true);
    let written = write(&conversation, "m");
    assert_eq!(written.dropped, ["tools.strict"]);
    assert_eq!(body(&written)["strict_tools"], Value::Null);
    conversation.tools[1].strict = Some(true);
    assert_eq!(body(&write(&conversation, "m"))["strict_tools"], true);
}

#[test]
fn sampling_keeps_to_the_limits() {
    for (sampling, sent, dropped) in [
        (
            Sampling { top_p: Some(1.0), presence_penalty: Some(1.0), ..Sampling::default() },
            json!({"p": 0.99, "presence_penalty": 1.0}),
            "",
        ),
        (
            Sampling { top_p: Some(0.0), frequency_penalty: Some(1.5), ..Sampling::default() },
            json!({"p": 0.01}),
            "frequency_penalty",
        ),
        (
            Sampling { seed: Some(-1), top_k: Some(5), ..Sampling::default() },
            json!({"k": 5}),
            "seed",
        ),
    ] {
        let written =
            write(&Conversation { sampling, ..Conversation::default() }, "command-a-03-2025");
        let mut body = body(&written);
        let fields = body.as_object_mut().unwrap();
        fields.retain(|name, _| name != "model" && name != "messages");
        assert_eq!(body, sent);
        assert_eq!(written.dropped.join(","), dropped);
    }
}

#[test]
fn thinking_keeps_to_the_model() {
    let enabled = |budget: u64| json!({"type": "enabled", "token_budget": budget});
    let (old, new) = ("command-r-plus-08-2024", "command-a-reasoning-08-2025");
    for (model, thinking, sent, dropped) in [
        (new, Thinking::Effort(Effort::Medium), enabled(8_192), ""),
        (new, Thinking::Budget(500), enabled(500), ""),
        (new, Thinking::Adaptive, json!({"type": "enabled"}), ""),
        (new, Thinking::Effort(Effort::None), json!({"type": "disabled"}), ""),
        (old, Thinking::Off, Value::Null, ""),
        (old, Thinking::Adaptive, Value::Null, ""),
        (old, Thinking::Budget(500), Value::Null, "reasoning_effort"),
    ] {
        let thinking = Some(thinking);
        let written = write(&Conversation { thinking, ..Conversation::default() }, model);
        assert_eq!(body(&written)["thinking"], sent, "{model} {thinking:?}");
        assert_eq!(written.dropped.join(","), dropped, "{model} {thinking:?}");
    }
}

#[test]
fn a_200_may_hold_an_error() {
    for (body, kind, message) in [
        (json!({"id": "1", "message": "boom"}), Kind::Server, "boom"),
        (
            json!({"message": {"content": []}, "finish_reason": "ERROR"}),
            Kind::Server,
            "the provider broke the answer off",
        ),
        (
            json!({"message": {"content": []}, "finish_reason": "TIMEOUT"}),
            Kind::Timeout,
            "the provider broke the answer off",
        ),
        (json!({"id": "1"}), Kind::Malformed, "the provider's answer holds no message"),
        (json!([1]), Kind::Malformed, "the provider's answer is no chat answer"),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        let failure = CODEC.read_response(&body, &Reading::default()).unwrap_err();
        assert_eq!((failure.kind, &*failure.message), (kind, message));
    }
}

/// Contents and calls count for themselves, and a failure ends with its sentence.
#[test]
fn a_failed_stream_says_so() {
    let to = Client {
        model: "m",
        id: "i",
        created: 0,
        delivery: crate::protocol::conversation::Delivery::Events,
        include_usage: true,
        ..Client::default()
    };
    let mut writer = CODEC.stream_writer(&to);
    let mut out = Vec::new();
    for event in [
        Event::Start { id: None, model: None },
        Event::Reasoning("r".into()),
        Event::PartEnd,
        Event::Text("t".into()),
        Event::PartEnd,
        Event::ToolCallStart { index: 0, id: "c".into(), name: "f".into(), signature: None },
        Event::Failure(Failure::cut()),
        Event::Done,
    ] {
        writer.write(event, &mut out);
    }
    let out = String::from_utf8(out).unwrap();
    let told: Vec<(String, Value)> = out
        .split("\n\n")
        .filter_map(|event| event.split_once("\ndata: "))
        .map(|(_, data)| serde_json::from_str::<Value>(data).unwrap())
        .map(|data| (data["type"].as_str().unwrap().to_owned(), data["index"].clone()))
        .collect();
    let expected = [
        ("message-start", Value::Null),
        ("content-start", json!(0)),
        ("content-delta", json!(0)),
        ("content-end", json!(0)),
        ("content-start", json!(1)),
        ("content-delta", json!(1)),
        ("content-end", json!(1)),
        ("tool-call-start", json!(0)),
        ("message-end", Value::Null),
    ];
    assert_eq!(told, expected.map(|(name, index)| (name.to_owned(), index)));
    assert!(out.contains(r#""error":"the provider's stream ended before"#));
}

fn with_tools() -> Conversation {
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "q"}], "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "g"}},
    ]});
    CODEC.read_request(&serde_json::to_vec(&request).unwrap(), &Head::default()).unwrap()
}

fn write(conversation: &Conversation, model: &str) -> Written {
    let target = Target { model, lossy: Lossy::Warn, seed: "seed", ..Target::default() };
    CODEC.write_request(conversation, &target).unwrap()
}

fn body(written: &Written) -> Value {
    serde_json::from_slice(&written.body).unwrap()
}
