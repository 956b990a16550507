//! A provider of each protocol that answers with the tokens a case wants, whole, streamed or as vectors, and
//! keeps its own books of what it has told.
//!
//! Never: a count that the router could have computed from anything but what is told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::support::{Fault, Place, Reply, Script, Seen, Upstream, ms};

/// What a case wants of a provider: it stands in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) case: u64,
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cached: u64,
    pub(super) reasoning: u64,
    /// Words that the model says.
    pub(super) words: u64,
    /// Whether it calls two tools at once.
    pub(super) tools: u64,
    /// After how many pieces the stream breaks; 0: it does not.
    pub(super) cut: u64,
    /// Milliseconds between two pieces.
    pub(super) gap: u64,
}

/// What a provider has told of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cached: u64,
    pub(super) reasoning: u64,
}

/// The books of all providers, by case.
pub(super) type Books = Arc<Mutex<HashMap<u64, Entry>>>;

impl Wanted {
    pub(super) fn text(self) -> String {
        let Self { case, input, output, cached, reasoning, words, tools, cut, gap } = self;
        format!("[[{case} {input} {output} {cached} {reasoning} {words} {tools} {cut} {gap}]]")
    }

    fn of(seen: &Seen) -> Option<Self> {
        let body = String::from_utf8_lossy(&seen.body).into_owned();
        let (_, rest) = body.split_once("[[")?;
        let numbers = rest.split_once("]]")?.0.split(' ').map(|it| it.parse().ok());
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        let [case, input, output, cached, reasoning, words, tools, cut, gap] = numbers[..] else {
            return None;
        };
        Some(Self { case, input, output, cached, reasoning, words, tools, cut, gap })
    }
}

/// A provider that speaks this protocol.
pub(super) async fn start(protocol: &'static str, books: &Books) -> Upstream {
    let books = Arc::clone(books);
    Upstream::start(Script::by(move |seen| {
        let Some(wanted) = Wanted::of(seen) else { return Reply::error(400, "no case") };
        let is_stream = seen.target.contains("stream")
            || serde_json::from_slice::<Value>(&seen.body).is_ok_and(|body| body["stream"] == true);
        let told = Entry {
            input: wanted.input,
            output: wanted.output,
            cached: wanted.cached,
            reasoning: if says_reasoning(protocol) { wanted.reasoning } else { 0 },
        };
        if seen.target.contains("mbed") {
            let told = Entry { output: 0, cached: 0, reasoning: 0, ..told };
            books.lock().unwrap().insert(wanted.case, told);
            return Reply::json(200, &vectors(protocol, wanted));
        }
        books.lock().unwrap().insert(wanted.case, told);
        if !is_stream {
            return Reply::json(200, &whole(protocol, wanted));
        }
        let pieces = stream(protocol, wanted, seen);
        let reply = match protocol {
            "bedrock" => {
                let frames = Reply::sse(pieces.iter().map(|(kind, json)| frame(kind, json)));
                frames.in_frames()
            }
            _ => Reply::sse(pieces.iter().map(|(kind, json)| event(kind, json))),
        };
        let reply = if wanted.gap > 0 { reply.paced(ms(wanted.gap)) } else { reply };
        match usize::try_from(wanted.cut).unwrap() {
            0 => reply,
            cut => reply.fault(Place::Piece(cut.min(pieces.len() - 1)), Fault::Reset),
        }
    }))
    .await
}

/// How many pieces a stream has at least before it tells its last count.
pub(super) const LEAST_PIECES: u64 = 5;

fn says_reasoning(protocol: &str) -> bool {
    matches!(protocol, "openai" | "openai_responses" | "gemini")
}

fn usage(protocol: &str, wanted: Wanted) -> Value {
    let Wanted { input, output, cached, reasoning, .. } = wanted;
    match protocol {
        "openai" => json!({"prompt_tokens": input, "completion_tokens": output,
            "total_tokens": input + output, "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning}}),
        "openai_responses" => json!({"input_tokens": input, "output_tokens": output,
            "total_tokens": input + output, "input_tokens_details": {"cached_tokens": cached},
            "output_tokens_details": {"reasoning_tokens": reasoning}}),
        "anthropic" => json!({"input_tokens": input - cached, "output_tokens": output,
            "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}),
        "gemini" => json!({"promptTokenCount": input, "candidatesTokenCount": output - reasoning,
            "thoughtsTokenCount": reasoning, "cachedContentTokenCount": cached,
            "totalTokenCount": input + output}),
        "bedrock" => json!({"inputTokens": input - cached, "outputTokens": output,
            "cacheReadInputTokens": cached, "totalTokens": input + output}),
        _ => json!({"billed_units": {"input_tokens": 1, "output_tokens": 1},
            "tokens": {"input_tokens": input, "output_tokens": output}, "cached_tokens": cached}),
    }
}

fn said(wanted: Wanted) -> Vec<String> {
    let words = ["the ", "river ", "turns ", "slowly ", "under ", "old ", "bridges "];
    (0..wanted.words as usize).map(|at| words[at % words.len()].to_owned()).collect()
}

/// Two calls of one tool.
fn calls(protocol: &str) -> Value {
    let call = |nth: u8| {
        let (id, city) = (format!("call_{nth}"), json!({"city": format!("usage {nth}")}));
        match protocol {
            "openai" | "cohere" => json!({"index": nth, "id": id, "type": "function",
                "function": {"name": "weather", "arguments": city.to_string()}}),
            "openai_responses" => json!({"type": "function_call", "id": format!("fc_{nth}"),
                "call_id": id, "name": "weather", "arguments": city.to_string(),
                "status": "completed"}),
            "anthropic" => json!({"type": "tool_use", "id": id, "name": "weather", "input": city}),
            "gemini" => json!({"functionCall": {"name": "weather", "args": city}}),
            _ => json!({"toolUse": {"toolUseId": id, "name": "weather", "input": city}}),
        }
    };
    json!([call(0), call(1)])
}

fn whole(protocol: &str, wanted: Wanted) -> Value {
    let (text, usage) = (said(wanted).concat(), usage(protocol, wanted));
    let calls = if wanted.tools > 0 { calls(protocol) } else { json!([]) };
    let with = |part: Value| {
        let mut parts = vec![part];
        parts.extend(calls.as_array().unwrap().iter().cloned());
        json!(parts)
    };
    match protocol {
        "openai" => {
            let mut message = json!({"role": "assistant", "content": text});
            if wanted.tools > 0 {
                message["tool_calls"] = calls;
            }
            let finish = if wanted.tools > 0 { "tool_calls" } else { "stop" };
            json!({"id": "c", "object": "chat.completion", "created": 1, "model": "up",
                "choices": [{"index": 0, "finish_reason": finish, "message": message}],
                "usage": usage})
        }
        "openai_responses" => json!({"id": "r", "object": "response", "status": "completed",
            "model": "up", "output": with(json!({"type": "message", "id": "m", "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": text, "annotations": []}]})),
            "usage": usage}),
        "anthropic" => json!({"id": "m", "type": "message", "role": "assistant", "model": "up",
            "content": with(json!({"type": "text", "text": text})), "usage": usage,
            "stop_reason": if wanted.tools > 0 { "tool_use" } else { "end_turn" }}),
        "gemini" => json!({"candidates": [{"index": 0, "finishReason": "STOP",
            "content": {"role": "model", "parts": with(json!({"text": text}))}}],
            "usageMetadata": usage}),
        "bedrock" => json!({"output": {"message": {"role": "assistant",
                "content": with(json!({"text": text}))}},
            "stopReason": if wanted.tools > 0 { "tool_use" } else { "end_turn" },
            "usage": usage, "metrics": {"latencyMs": 1}}),
        _ => {
            let mut message =
                json!({"role": "assistant", "content": [{"type": "text", "text": text}]});
            if wanted.tools > 0 {
                message["tool_calls"] = calls;
            }
            json!({"id": "c", "message": message, "usage": usage,
                "finish_reason": if wanted.tools > 0 { "TOOL_CALL" } else { "COMPLETE" }})
        }
    }
}

type Pieces = Vec<(&'static str, Value)>;

fn stream(protocol: &str, wanted: Wanted, seen: &Seen) -> Pieces {
    let usage = usage(protocol, wanted);
    let words = said(wanted);
    let mut all: Pieces = Vec::new();
    match protocol {
        "openai" => {
            let chunk = |delta: Value, finish: Value| {
                json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "up",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
            };
            all.push(("", chunk(json!({"role": "assistant", "content": ""}), Value::Null)));
            all.extend(words.iter().map(|it| ("", chunk(json!({"content": it}), Value::Null))));
            all.push(("", chunk(json!({}), json!("stop"))));
            if seen.json()["stream_options"]["include_usage"] == true {
                all.push((
                    "",
                    json!({"id": "c", "object": "chat.completion.chunk", "created": 1,
                    "model": "up", "choices": [], "usage": usage}),
                ));
            }
            all.push(("[DONE]", Value::Null));
        }
        "openai_responses" => {
            let response = |status: &str| {
                json!({"id": "r", "object": "response", "status": status,
                "model": "up", "output": [], "usage": null})
            };
            let message = json!({"type": "message", "id": "m", "role": "assistant",
                "status": "in_progress", "content": []});
            let of = |kind: &'static str, mut rest: Value| {
                rest["type"] = json!(kind);
                (kind, rest)
            };
            let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
            let at = json!({"item_id": "m", "output_index": 0, "content_index": 0});
            let with = |key: &str, value: Value| {
                let mut at = at.clone();
                at[key] = value;
                at
            };
            all.push(of("response.created", json!({"response": response("in_progress")})));
            all.push(of("response.output_item.added", json!({"output_index": 0, "item": message})));
            all.push(of("response.content_part.added", with("part", part(""))));
            for word in &words {
                all.push(of("response.output_text.delta", with("delta", json!(word))));
            }
            let text = words.concat();
            all.push(of("response.output_text.done", with("text", json!(text))));
            all.push(of("response.content_part.done", with("part", part(&text))));
            let done = json!({"type": "message", "id": "m", "role": "assistant",
                "status": "completed", "content": [part(&text)]});
            all.push(of("response.output_item.done", json!({"output_index": 0, "item": done})));
            let mut completed = response("completed");
            completed["usage"] = usage;
            completed["output"] = json!([done]);
            all.push(of("response.completed", json!({"response": completed})));
        }
        "anthropic" => {
            let mut first = usage.clone();
            first["output_tokens"] = json!(1);
            let message = json!({"id": "m", "type": "message", "role": "assistant", "model": "up",
                "content": [], "stop_reason": null, "usage": first});
            let of = |kind: &'static str, mut rest: Value| {
                rest["type"] = json!(kind);
                (kind, rest)
            };
            all.push(of("message_start", json!({"message": message})));
            all.push(of(
                "content_block_start",
                json!({"index": 0, "content_block": {"type": "text", "text": ""}}),
            ));
            for word in &words {
                let delta = json!({"type": "text_delta", "text": word});
                all.push(of("content_block_delta", json!({"index": 0, "delta": delta})));
            }
            all.push(of("content_block_stop", json!({"index": 0})));
            all.push(of(
                "message_delta",
                json!({"delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": wanted.output}}),
            ));
            all.push(of("message_stop", json!({})));
        }
        "gemini" => {
            for word in &words {
                all.push((
                    "",
                    json!({"candidates": [{"index": 0,
                    "content": {"role": "model", "parts": [{"text": word}]}}]}),
                ));
            }
            all.push((
                "",
                json!({"candidates": [{"index": 0, "finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": "."}]}}],
                "usageMetadata": usage}),
            ));
        }
        "bedrock" => {
            all.push(("messageStart", json!({"role": "assistant"})));
            for word in &words {
                all.push((
                    "contentBlockDelta",
                    json!({"contentBlockIndex": 0, "delta": {"text": word}}),
                ));
            }
            all.push(("contentBlockStop", json!({"contentBlockIndex": 0})));
            all.push(("messageStop", json!({"stopReason": "end_turn"})));
            all.push(("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}})));
        }
        _ => {
            let content =
                |text: &str| json!({"message": {"content": {"type": "text", "text": text}}});
            let of = |kind: &'static str, mut rest: Value| {
                rest["type"] = json!(kind);
                (kind, rest)
            };
            all.push(of(
                "message-start",
                json!({"id": "c", "delta": {"message": {"role": "assistant"}}}),
            ));
            all.push(of("content-start", json!({"index": 0, "delta": content("")})));
            for word in &words {
                all.push(of("content-delta", json!({"index": 0, "delta": content(word)})));
            }
            all.push(of("content-end", json!({"index": 0})));
            all.push(of(
                "message-end",
                json!({"delta": {"finish_reason": "COMPLETE", "usage": usage}}),
            ));
        }
    }
    all
}

fn vectors(protocol: &str, wanted: Wanted) -> Value {
    let vector = json!([0.5, 0.25]);
    match protocol {
        "openai" => json!({"object": "list", "model": "up",
            "data": [{"object": "embedding", "index": 0, "embedding": vector}],
            "usage": {"prompt_tokens": wanted.input, "total_tokens": wanted.input}}),
        _ => json!({"id": "e", "embeddings": {"float": [vector]}, "texts": ["x"],
            "response_type": "embeddings_by_type",
            "meta": {"api_version": {"version": "2"},
                "billed_units": {"input_tokens": wanted.input}}}),
    }
}

fn event(kind: &str, json: &Value) -> Vec<u8> {
    match kind {
        "[DONE]" => "data: [DONE]\n\n".into(),
        "" => format!("data: {json}\n\n").into(),
        kind => format!("event: {kind}\ndata: {json}\n\n").into(),
    }
}

/// One of AWS's frames.
fn frame(kind: &str, json: &Value) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in
        [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")]
    {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let payload = json.to_string();
    let length = (16 + headers.len() + payload.len()) as u32;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&checksum(&bytes).to_be_bytes());
    bytes.extend_from_slice(&headers);
    bytes.extend_from_slice(payload.as_bytes());
    bytes.extend_from_slice(&checksum(&bytes).to_be_bytes());
    bytes
}

/// CRC-32, as IEEE 802.3 has it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
