//! Proofs of calls and of reasoning on their way through clients of every protocol, back to the service
//! that made them and to no other.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Reading, Target};
use onwards::protocol::conversation::Delivery;
use onwards::protocol::service::Service;

use super::corpus::{client, read_stream_as, write_stream};

const PROOF: &str = "CiQBjz1rX+proof/==";

#[test]
fn geminis_proofs_of_calls_survive_clients_of_every_protocol() {
    for &speaks in Protocol::ALL {
        for (made_at, next, given) in [
            (Service::Google, Service::Google, true),
            (Service::Vertex, Service::Vertex, true),
            (Service::Google, Service::Vertex, false),
            (Service::Vertex, Service::Google, false),
        ] {
            let request = next_request(speaks, &answer(speaks, made_at));
            let target = to("gemini-3-pro-preview", next);
            let body = written(speaks, &request, Protocol::Gemini, &target);
            let parts = body["contents"][1]["parts"].as_array().unwrap();
            let calls: Vec<_> =
                parts.iter().filter(|part| part["functionCall"].is_object()).collect();
            // A client of Gemini's own is given the proof as it is: where it was made is not told.
            let wanted = match given || speaks == Protocol::Gemini {
                true => PROOF,
                false => "skip_thought_signature_validator",
            };
            let place = format!("{speaks} {made_at:?} {next:?}: {body}");
            assert_eq!(calls[0]["thoughtSignature"], wanted, "{place}");
            assert_eq!(calls[1].get("thoughtSignature"), None, "{place}");
            assert_eq!(parts.len(), 3, "{place}");
        }
    }
}

/// A proof is sent to no other vendor, and is not named as a loss.
#[test]
fn proofs_of_calls_reach_no_other_vendor() {
    for &speaks in Protocol::ALL {
        let request = next_request(speaks, &answer(speaks, Service::Google));
        for &provider in Protocol::ALL.iter().filter(|it| **it != Protocol::Gemini) {
            let target = to("model-1", Service::Host(7));
            let body = written(speaks, &request, provider, &target).to_string();
            assert!(
                !body.contains("CiQB") && !body.contains("onwards"),
                "{speaks} {provider}: {body}"
            );
        }
    }
}

#[test]
fn streams_give_proofs_of_calls_as_answers_do() {
    let chunk = json!({"candidates": [{"content": {"parts": [{"text": "a"}, {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": PROOF}, {"functionCall": {"name": "g", "args": {}}}]}, "finishReason": "STOP"}]});
    let bytes = format!("data: {chunk}\n\n");
    let reading = Reading { service: Service::Vertex, ..super::corpus::reading() };
    let events = read_stream_as(Protocol::Gemini, reading, bytes.as_bytes());
    for (speaks, mark) in [
        (
            Protocol::OpenAi,
            format!(r#"{{"google":{{"thought_signature":"{PROOF}"}},"onwards":"vertex"}}"#),
        ),
        (
            Protocol::Cohere,
            format!(r#"{{"google":{{"thought_signature":"{PROOF}"}},"onwards":"vertex"}}"#),
        ),
        (
            Protocol::Anthropic,
            format!(
                r#"{{"type":"redacted_thinking","data":"onwards#gemini@vertex+call#{PROOF}"}}"#
            ),
        ),
        (
            Protocol::OpenAiResponses,
            format!(r#""encrypted_content":"sealed#onwards#gemini@vertex+call#{PROOF}""#),
        ),
        (Protocol::Bedrock, r#""redactedContent":"b253YXJkcy"#.to_owned()),
        (Protocol::Gemini, format!(r#""thoughtSignature":"{PROOF}""#)),
    ] {
        let stream = write_stream(speaks, &events);
        let text = String::from_utf8_lossy(&stream);
        assert!(text.contains(&mark), "{speaks}: {text}");
    }
    let read = read_stream_as(
        Protocol::OpenAi,
        super::corpus::reading(),
        &write_stream(Protocol::OpenAi, &events),
    );
    assert_eq!(format!("{read:?}").matches(PROOF).count(), 1, "{read:?}");
}

/// Providers of OpenAI's protocol that prove their reasoning and their calls get both back as they gave
/// them, at the same host.
#[test]
fn proofs_of_openai_like_providers_come_back() {
    let details = json!([
        {"type": "reasoning.text", "text": "I see", "signature": "S", "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "D", "id": "call_1", "index": 1},
    ]);
    let extra = json!({"google": {"thought_signature": PROOF}});
    let message = json!({"role": "assistant", "content": "a", "reasoning": "I see",
        "reasoning_details": details, "tool_calls": [
        {"id": "call_1", "type": "function", "extra_content": extra, "function": {"name": "f", "arguments": "{}"}},
    ]});
    let whole = json!({"id": "1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]});
    let host = Service::Host(0xabcd);
    let reading = Reading { service: host, ..super::corpus::reading() };
    let reply =
        Protocol::OpenAi.codec().read_response(whole.to_string().as_bytes(), &reading).unwrap();
    for speaks in
        [Protocol::Anthropic, Protocol::OpenAiResponses, Protocol::Bedrock, Protocol::Gemini]
    {
        let answer = speaks.codec().write_response(&reply, &client(Delivery::Whole));
        let request = next_request(speaks, &serde_json::from_slice(&answer).unwrap());
        let body = written(speaks, &request, Protocol::OpenAi, &to("google/gemini-3-pro", host));
        let said = &body["messages"][1];
        assert_eq!(said["reasoning_details"], details, "{speaks}: {body}");
        assert_eq!(said["tool_calls"][0]["extra_content"], extra, "{speaks}: {body}");
        let elsewhere = to("gpt-5", Service::Host(1));
        let other = written(speaks, &request, Protocol::OpenAi, &elsewhere).to_string();
        assert!(!other.contains("reasoning_details"), "{speaks}: {other}");
        assert!(!other.contains("extra_content"), "{speaks}: {other}");
    }
    let stream = [
        json!({"reasoning": "I ", "reasoning_details": [{"type": "reasoning.text", "text": "I ", "format": "anthropic-claude-v1", "index": 0}]}),
        json!({"reasoning": "see", "reasoning_details": [{"type": "reasoning.text", "text": "see", "index": 0}]}),
        json!({"reasoning_details": [{"type": "reasoning.text", "signature": "S", "index": 0}]}),
        json!({"content": "a"}),
        json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": "D", "id": "call_1", "index": 1}]}),
        json!({"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra}]}),
    ];
    let chunk =
        |delta: &Value| format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}));
    let mut bytes: String = stream.iter().map(chunk).collect();
    bytes.push_str("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n");
    let events = read_stream_as(Protocol::OpenAi, reading, bytes.as_bytes());
    let said = format!("{events:?}");
    assert_eq!(said.matches("Redacted").count(), 2, "{said}");
    let text = String::from_utf8(write_stream(Protocol::Anthropic, &events)).unwrap();
    let place = |mark: &str| text.find(mark).unwrap_or_else(|| panic!("{mark} in {text}"));
    assert!(place("onwards#openai@h0000abcd#") < place("text_delta"), "{text}");
    assert!(place("reasoning.encrypted") < place("tool_use"), "{text}");
}

/// What a client of that protocol is answered by Gemini: a text and two calls, the first one proven.
fn answer(speaks: Protocol, made_at: Service) -> Value {
    let parts = json!([
        {"text": "Looking."},
        {"functionCall": {"name": "look", "args": {"at": 1}}, "thoughtSignature": PROOF},
        {"functionCall": {"name": "look", "args": {"at": 2}}},
    ]);
    let body = json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]});
    let reading = Reading { service: made_at, ..super::corpus::reading() };
    let reply =
        Protocol::Gemini.codec().read_response(body.to_string().as_bytes(), &reading).unwrap();
    let answer = speaks.codec().write_response(&reply, &client(Delivery::Whole));
    serde_json::from_slice(&answer).unwrap()
}

/// The next request of a client that sends all it was given back, with a result for each call.
fn next_request(speaks: Protocol, answer: &Value) -> Value {
    let text = answer.to_string();
    let ids: Vec<&str> =
        text.split("\"call_").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let mut ids: Vec<String> = ids.into_iter().map(|id| format!("call_{id}")).collect();
    ids.dedup();
    match speaks.name() {
        "openai" | "cohere" => {
            let message = if speaks == Protocol::OpenAi {
                &answer["choices"][0]["message"]
            } else {
                &answer["message"]
            };
            let mut messages = vec![json!({"role": "user", "content": "q"}), message.clone()];
            messages.extend(
                ids.iter().map(|id| json!({"role": "tool", "tool_call_id": id, "content": "r"})),
            );
            json!({"model": "alias", "messages": messages})
        }
        "openai_responses" => {
            let mut input = vec![json!({"role": "user", "content": "q"})];
            input.extend(answer["output"].as_array().unwrap().iter().cloned());
            input.extend(
                ids.iter().map(
                    |id| json!({"type": "function_call_output", "call_id": id, "output": "r"}),
                ),
            );
            json!({"model": "alias", "input": input, "store": false})
        }
        "anthropic" => {
            let results: Vec<_> = ids
                .iter()
                .map(|id| json!({"type": "tool_result", "tool_use_id": id, "content": "r"}))
                .collect();
            json!({"model": "alias", "max_tokens": 99, "messages": [
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": answer["content"]},
                {"role": "user", "content": results},
            ]})
        }
        "bedrock" => {
            let results: Vec<_> = ids
                .iter()
                .map(|id| json!({"toolResult": {"toolUseId": id, "content": [{"text": "r"}]}}))
                .collect();
            json!({"messages": [
                {"role": "user", "content": [{"text": "q"}]},
                answer["output"]["message"],
                {"role": "user", "content": results},
            ]})
        }
        _ => {
            let results: Vec<_> = ids.iter().map(|id| json!({"functionResponse": {"id": id, "name": "look", "response": {"output": "r"}}})).collect();
            json!({"contents": [
                {"role": "user", "parts": [{"text": "q"}]},
                answer["candidates"][0]["content"],
                {"role": "user", "parts": results},
            ]})
        }
    }
}

fn to(model: &'static str, service: Service) -> Target<'static> {
    Target { model, seed: "seed", service, ..Target::default() }
}

/// The request as that provider gets it; nothing of it is lost.
fn written(speaks: Protocol, request: &Value, provider: Protocol, target: &Target<'_>) -> Value {
    let head = Head { model: Some("alias"), delivery: None };
    let read = speaks.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
    let written = provider.codec().write_request(&read, target).unwrap();
    assert_eq!(written.dropped, Vec::<String>::new(), "{speaks} {provider}");
    serde_json::from_slice(&written.body).unwrap()
}
