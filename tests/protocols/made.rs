//! Conversations, answers and JSON that the properties are held to.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use onwards::protocol::conversation::{
    Content, Conversation, Delivery, Finish, Media, MediaKind, Part, Reply, Role, Sampling, Tool,
    ToolCall, ToolResult, Turn, Usage,
};

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äß€😀\"\\\\\n{}]{1,20}".prop_filter("blank", |text| !text.trim().is_empty())
}

fn arguments() -> impl Strategy<Value = String> {
    (text(), any::<i32>()).prop_map(|(text, number)| {
        serde_json::json!({ "text": text, "list": [number, null, true] }).to_string()
    })
}

/// JSON of any form, made of the words and values that the protocols know.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(WORDS).prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((word.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{2,12}"
}

fn tools() -> impl Strategy<Value = Vec<Tool>> {
    let tool = (name(), option::of(text())).prop_map(|(name, description)| Tool {
        name,
        description,
        schema: serde_json::value::to_raw_value(&serde_json::json!({
            "type": "object",
            "properties": { "text": { "type": "string" } },
            "required": ["text"],
        }))
        .ok(),
        strict: None,
        cache: None,
    });
    vec(tool, 1..4)
}

/// A conversation of what every protocol can carry: questions, each with an answer or with
/// calls and their results.
pub(crate) fn conversations() -> impl Strategy<Value = Conversation> {
    let call = (arguments(), text(), any::<bool>());
    let exchange = (text(), any::<bool>(), option::of(text()), vec(call, 0..3));
    // A limit below 16 is one that Responses does not take.
    let limits = (option::of(0..=8_u32), option::of(16..5_000_u64), any::<bool>());
    (option::of(text()), vec(exchange, 1..4), tools(), vec(name(), 0..3), limits).prop_map(
        |(system, exchanges, tools, stop, (eighths, max_tokens, stream))| {
            let mut turns = Vec::new();
            for (number, (question, shows, answer, calls)) in exchanges.into_iter().enumerate() {
                let mut asked = vec![Part::text(question)];
                asked.extend(shows.then(picture));
                turns.push(Turn::new(Role::User, asked));
                // Some vendors take no white space at the end of all.
                let answer = answer.map(|text| text.trim_end().to_owned());
                let mut said: Vec<Part> = answer.into_iter().map(Part::text).collect();
                let mut results = Vec::new();
                for (index, (arguments, result, failed)) in calls.into_iter().enumerate() {
                    let id = format!("call_{number}_{index}");
                    let name = tools[index % tools.len()].name.clone();
                    results.push(Part::new(Content::ToolResult(ToolResult {
                        call_id: id.clone(),
                        name: Some(name.clone()),
                        content: vec![Part::text(result)],
                        is_error: failed,
                    })));
                    said.push(Part::new(Content::ToolCall(ToolCall { id, name, arguments })));
                }
                for (role, parts) in [(Role::Assistant, said), (Role::User, results)] {
                    if !parts.is_empty() {
                        turns.push(Turn::new(role, parts));
                    }
                }
            }
            Conversation {
                model: "alias".into(),
                system: system.into_iter().map(Part::text).collect(),
                turns,
                tools,
                sampling: Sampling {
                    temperature: eighths.map(|eighths| f64::from(eighths) / 8.0),
                    ..Sampling::default()
                },
                max_tokens,
                stop,
                delivery: if stream { Delivery::Events } else { Delivery::Whole },
                ..Conversation::default()
            }
        },
    )
}

fn picture() -> Part {
    let url = "data:image/png;base64,iVBORw0KGgo=".to_owned();
    Part::new(Content::Media(Media::from_url(MediaKind::Image, url)))
}

pub(crate) fn replies() -> impl Strategy<Value = Reply> {
    (option::of(text()), vec((name(), arguments()), 0..3), 1..900_u64, 1..900_u64).prop_map(
        |(said, calls, input, output)| {
            let mut parts: Vec<Part> = said.into_iter().map(Part::text).collect();
            for (index, (name, arguments)) in calls.into_iter().enumerate() {
                let id = format!("call_{index}");
                parts.push(Part::new(Content::ToolCall(ToolCall { id, name, arguments })));
            }
            let mut reply = Reply { parts, ..Reply::default() };
            reply.finish = Finish::Stop.with_calls(reply.calls_tools());
            reply.usage = Usage { input, output, ..Usage::default() };
            reply
        },
    )
}

const WORDS: &[&str] = &[
    "model",
    "messages",
    "role",
    "user",
    "assistant",
    "system",
    "tool",
    "content",
    "type",
    "text",
    "image_url",
    "url",
    "data:image/png;base64,AAAA",
    "tool_calls",
    "id",
    "function",
    "name",
    "arguments",
    "tools",
    "parameters",
    "tool_choice",
    "auto",
    "required",
    "max_tokens",
    "stop",
    "stream",
    "contents",
    "parts",
    "functionCall",
    "args",
    "functionResponse",
    "response",
    "generationConfig",
    "thinkingConfig",
    "toolUse",
    "toolResult",
    "toolUseId",
    "input",
    "output",
    "message",
    "function_call",
    "call_id",
    "reasoning",
    "summary",
    "effort",
    "high",
    "choices",
    "delta",
    "finish_reason",
    "index",
    "usage",
    "candidates",
    "candidate",
    "finishReason",
    "content_block_start",
    "content_block",
    "content_block_delta",
    "message_start",
    "message_stop",
    "tool_use",
    "tool_result",
    "thinking",
    "signature",
    "response.completed",
    "item",
    "error",
    "code",
    "status",
    "details",
    "message-start",
    "message-end",
    "document",
    "source",
    "data",
    "media_type",
    "response_format",
    "json_schema",
    "schema",
    "top_p",
    "temperature",
];
