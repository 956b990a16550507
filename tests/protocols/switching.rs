//! Agents whose model changes its vendor at every turn: three turns of tools, two calls in each, for
//! clients of every protocol. What is written for any vendor at any turn keeps to that vendor's rules.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Target, Written};
use onwards::protocol::conversation::{
    Content, Delivery, Finish, Lossy, Part, Reply, Signature, ToolCall,
};

use super::corpus::{cases, client};
use super::rules::broken;

/// Models with rules of their own.
const MODELS: [(Protocol, &str); 16] = [
    (Protocol::OpenAi, "gpt-4o"),
    (Protocol::OpenAi, "gpt-5.4"),
    (Protocol::OpenAi, "gpt-5.6"),
    (Protocol::OpenAi, "mistral-large-latest"),
    (Protocol::OpenAi, "devstral-small-latest"),
    (Protocol::OpenAiResponses, "gpt-5.6"),
    (Protocol::Anthropic, "claude-sonnet-4-5"),
    (Protocol::Anthropic, "claude-opus-4-6"),
    (Protocol::Anthropic, "claude-opus-5"),
    (Protocol::Gemini, "gemini-2.5-pro"),
    (Protocol::Gemini, "gemini-3.6-flash"),
    (Protocol::Bedrock, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    (Protocol::Bedrock, "us.anthropic.claude-opus-4-6-v1"),
    (Protocol::Bedrock, "us.meta.llama4-maverick-17b-instruct-v1:0"),
    (Protocol::Bedrock, "amazon.nova-pro-v1:0"),
    (Protocol::Cohere, "command-a-03-2025"),
];

#[test]
fn vendors_that_change_at_every_turn_accept_what_is_written() {
    let mut checked = 0;
    for &from in Protocol::ALL {
        for start in 0..Protocol::ALL.len() {
            let mut history = History::new(from);
            for turn in 0..3 {
                let vendor = Protocol::ALL[(start + turn) % Protocol::ALL.len()];
                history.answered(&reply(vendor, turn));
                checked += history.check(&format!("{from} after {vendor}, turn {turn}"));
            }
        }
    }
    assert_eq!(checked, 36 * 3 * MODELS.len());
}

/// The corpus holds what agents were seen to send.
#[test]
fn requests_of_the_corpus_keep_to_each_vendors_rules() {
    let mut checked = 0;
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(conversation) = case.conversation() else { continue };
            for (vendor, model) in MODELS {
                // Refused by every vendor, and by its own.
                let cut = ["unanswered"].iter().any(|name| case.name.contains(name));
                let written = vendor.codec().write_request(&conversation, &target(model)).unwrap();
                let body = serde_json::from_slice(&written.body).unwrap();
                let broken = broken(vendor, model, &body);
                let place = format!("{from}/{} at {vendor} {model}", case.name);
                assert!(cut || broken.is_empty(), "{place}: {broken:?} {body:#}");
                checked += 1;
            }
        }
    }
    assert!(checked > 500, "only {checked}");
}

fn target(model: &str) -> Target<'_> {
    Target { model, lossy: Lossy::Warn, seed: "seed", ..Target::default() }
}

/// An answer as that vendor gives it: with proofs where it has some, and ids of its kind.
fn reply(vendor: Protocol, turn: usize) -> Reply {
    let id = |at: usize| match vendor {
        Protocol::OpenAi => format!("call_{turn}{at}abcdefghijklmnopqrstuv"),
        Protocol::OpenAiResponses => format!("call_{turn}{at}{}", "x".repeat(80)),
        Protocol::Anthropic => format!("toolu_01{turn}{at}ABCDEFGHIJKLMNOPQRS"),
        // Made where the vendor gives none.
        Protocol::Gemini => format!("call_seed_{at}"),
        Protocol::Bedrock => format!("tooluse_{turn}{at}-ABCDEFGHIJKLMNOP"),
        Protocol::Cohere => format!("get_weather.{turn}:{at}"),
    };
    // OpenAI's items of reasoning have an id beside it.
    let id_of_item = if vendor == Protocol::OpenAiResponses { "rs_1:" } else { "" };
    let proof = Some(Signature::new(vendor, format!("{id_of_item}cHJvb2Y=")));
    let signs =
        matches!(vendor, Protocol::Anthropic | Protocol::Gemini | Protocol::OpenAiResponses);
    let mut parts = Vec::new();
    if signs {
        let thought = Part::new(Content::Reasoning("I must look.".to_owned()));
        parts.push(thought.signed(proof.clone()));
    }
    parts.push(Part::text("I look. "));
    for at in 0..2 {
        let (name, arguments) = ("get_weather".to_owned(), format!(r#"{{"city":"c{at}"}}"#));
        let call = Part::new(Content::ToolCall(ToolCall { id: id(at), name, arguments }));
        let is_signed = vendor == Protocol::Gemini && at == 0;
        parts.push(call.signed(proof.clone().filter(|_| is_signed)));
    }
    Reply { parts, finish: Finish::ToolCalls, ..Reply::default() }
}

/// What a client of a protocol keeps of a conversation, and sends each time.
struct History {
    protocol: Protocol,
    request: Value,
}

impl History {
    fn new(protocol: Protocol) -> Self {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let (name, text) = ("get_weather", "Weather?");
        let function = json!({"name": name, "description": "d", "parameters": schema});
        let chat = json!({"model": "alias", "messages": [{"role": "user", "content": text}],
            "tools": [{"type": "function", "function": function}]});
        let request = match protocol {
            Protocol::OpenAi | Protocol::Cohere => chat,
            Protocol::OpenAiResponses => json!({"model": "alias",
                "input": [{"role": "user", "content": text}],
                "tools": [{"type": "function", "name": name, "parameters": schema}]}),
            Protocol::Anthropic => json!({"model": "alias", "max_tokens": 900,
                "metadata": {"user_id": format!("user_{}_session", "a".repeat(80))},
                "messages": [{"role": "user", "content": text}],
                "tools": [{"name": name, "input_schema": {"type": "object"}}]}),
            Protocol::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": text}]}],
                "tools": [{"functionDeclarations": [{"name": name, "parametersJsonSchema": schema}]}]}),
            Protocol::Bedrock => {
                json!({"messages": [{"role": "user", "content": [{"text": text}]}],
                "toolConfig": {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": schema}}}]}})
            }
        };
        Self { protocol, request }
    }

    /// The client is given an answer, calls the tools, and says something beside their results.
    fn answered(&mut self, reply: &Reply) {
        let body = self.protocol.codec().write_response(reply, &client(Delivery::Whole));
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let place = match self.protocol {
            Protocol::OpenAiResponses => "input",
            Protocol::Gemini => "contents",
            _ => "messages",
        };
        let said = next(self.protocol, &answer);
        self.request[place].as_array_mut().unwrap().extend(said);
    }

    fn check(&self, place: &str) -> usize {
        let body = serde_json::to_vec(&self.request).unwrap();
        let head = Head { model: Some("alias"), ..Head::default() };
        let read = self.protocol.codec().read_request(&body, &head).unwrap();
        let conversation = read.with_distinct_calls();
        for (vendor, model) in MODELS {
            let written = vendor.codec().write_request(&conversation, &target(model)).unwrap();
            assert_eq!(written.dropped, Vec::<String>::new(), "{place} at {model}");
            keep(vendor, model, place, &written);
            let body = serde_json::from_slice(&written.body).unwrap();
            let broken = broken(vendor, model, &body);
            assert!(broken.is_empty(), "{place} at {vendor} {model}: {broken:?} {body:#}");
            let text = body.to_string();
            for said in ["18 degrees of c0", "18 degrees of c1", "So what?", "I look."] {
                assert!(text.contains(said), "{place} at {model}: {said}");
            }
        }
        MODELS.len()
    }
}

/// Appends a request to the file that `ONWARDS_WRITTEN` names, for `tests/sdk/written.py`, which holds it against the types
/// of the vendor's own SDK.
fn keep(vendor: Protocol, model: &str, place: &str, written: &Written) {
    let Some(file) = std::env::var_os("ONWARDS_WRITTEN") else { return };
    let body: Value = serde_json::from_slice(&written.body).unwrap();
    let headers: BTreeMap<_, _> = written.headers.iter().cloned().collect();
    let line = json!({"vendor": vendor.to_string(), "model": model, "place": place,
        "path": written.path_and_query, "headers": headers, "body": body});
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    writeln!(file, "{line}").unwrap();
}

/// What a client adds to its history: the answer, the results of its calls, and a word of the user's.
fn next(protocol: Protocol, answer: &Value) -> Vec<Value> {
    let result = |at: usize| format!("18 degrees of c{at}");
    let so = "So what?";
    let all = |items: &Value| items.as_array().unwrap().clone();
    match protocol {
        Protocol::OpenAi | Protocol::Cohere => {
            let message = match protocol {
                Protocol::OpenAi => &answer["choices"][0]["message"],
                _ => &answer["message"],
            };
            let results = all(&message["tool_calls"]).into_iter().enumerate().map(|(at, call)| {
                json!({"role": "tool", "tool_call_id": call["id"], "content": result(at)})
            });
            let said = json!({"role": "user", "content": so});
            [message.clone()].into_iter().chain(results).chain([said]).collect()
        }
        Protocol::OpenAiResponses => {
            let items = all(&answer["output"]);
            let calls = items.iter().filter(|item| item["type"] == "function_call");
            let results = calls.enumerate().map(|(at, call)| {
                json!({"type": "function_call_output", "call_id": call["call_id"], "output": result(at)})
            });
            let results: Vec<Value> = results.collect();
            let said = json!({"role": "user", "content": so});
            items.into_iter().chain(results).chain([said]).collect()
        }
        Protocol::Anthropic => {
            let blocks = all(&answer["content"]);
            let calls = blocks.iter().filter(|block| block["type"] == "tool_use");
            let results = calls.enumerate().map(|(at, call)| {
                json!({"type": "tool_result", "tool_use_id": call["id"], "content": result(at)})
            });
            let content: Vec<Value> =
                results.chain([json!({"type": "text", "text": so})]).collect();
            vec![
                json!({"role": "assistant", "content": blocks}),
                json!({"role": "user", "content": content}),
            ]
        }
        Protocol::Gemini => {
            let content = &answer["candidates"][0]["content"];
            let calls = all(&content["parts"]);
            let calls = calls.iter().filter_map(|part| part.get("functionCall"));
            let results = calls.enumerate().map(|(at, call)| {
                json!({"functionResponse": {"id": call["id"], "name": call["name"],
                    "response": {"output": result(at)}}})
            });
            let parts: Vec<Value> = results.chain([json!({"text": so})]).collect();
            vec![content.clone(), json!({"role": "user", "parts": parts})]
        }
        Protocol::Bedrock => {
            let message = &answer["output"]["message"];
            let blocks = all(&message["content"]);
            let calls = blocks.iter().filter_map(|block| block.get("toolUse"));
            let results = calls.enumerate().map(|(at, call)| {
                json!({"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": result(at)}]}})
            });
            let content: Vec<Value> = results.chain([json!({"text": so})]).collect();
            vec![message.clone(), json!({"role": "user", "content": content})]
        }
    }
}
