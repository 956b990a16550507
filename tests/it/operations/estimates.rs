//! Estimates: a provider that tells nothing of its tokens, an answer that does not come to its end.
//!
//! Never: an estimate that is not marked as one.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Call, Fault, Place, Reply, Router, Script, Upstream, eventually, open, secs};

fn sample(name: &str) -> (String, f64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tokens");
    let counts = std::fs::read_to_string(folder.join("counts.json")).unwrap();
    let counts: Value = serde_json::from_str(&counts).unwrap();
    let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
    (text, counts[name]["o200k"].as_f64().unwrap())
}

/// Says a text, whole or in events of a few letters, and nothing of its tokens.
fn says(text: String, breaks: bool) -> Script {
    Script::by(move |seen| {
        let chunk = |delta: Value, finish: Value| {
            let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
            format!("data: {}\n\n", json!({"id": "c", "choices": [choice]}))
        };
        if seen.json()["stream"] != true {
            let message = json!({"role": "assistant", "content": text});
            let choice = json!({"index": 0, "finish_reason": "stop", "message": message});
            return Reply::json(200, &json!({"id": "c", "choices": [choice]}));
        }
        let letters: Vec<char> = text.chars().collect();
        let words = letters.chunks(7).map(String::from_iter);
        let mut events: Vec<String> =
            words.map(|word| chunk(json!({"content": word}), Value::Null)).collect();
        events.push(chunk(json!({}), json!("stop")));
        events.push("data: [DONE]\n\n".to_owned());
        let last = events.len() - 2;
        let reply = Reply::sse(events);
        if breaks { reply.fault(Place::Piece(last), Fault::Fin) } else { reply }
    })
}

/// A question of a client of this protocol.
fn question(client: &str, text: &str, stream: bool) -> Call {
    let messages = json!([{"role": "user", "content": text}]);
    let parts = json!([{"role": "user", "parts": [{"text": text}]}]);
    let blocks = json!([{"role": "user", "content": [{"text": text}]}]);
    let (path, body) = match client {
        "openai" => ("/v1/chat/completions", json!({"messages": messages})),
        "openai_responses" => ("/v1/responses", json!({"input": text})),
        "anthropic" => ("/v1/messages", json!({"messages": messages, "max_tokens": 4_000})),
        "gemini" if stream => {
            ("/v1beta/models/m:streamGenerateContent?alt=sse", json!({"contents": parts}))
        }
        "gemini" => ("/v1beta/models/m:generateContent", json!({"contents": parts})),
        "bedrock" if stream => ("/model/m/converse-stream", json!({"messages": blocks})),
        "bedrock" => ("/model/m/converse", json!({"messages": blocks})),
        _ => ("/v2/chat", json!({"messages": messages})),
    };
    let mut body = body;
    if !matches!(client, "gemini" | "bedrock") {
        body["model"] = json!("m");
        body["stream"] = json!(stream);
    }
    Call::post(path).json(&body)
}

async fn line_of(router: &Router, call: Call) -> Value {
    let id = format!("est-{:x}", rand::random::<u64>());
    let _ = call.header("x-request-id", &id).try_send(router.addr()).await;
    let line = || {
        let text = router.stdout_text();
        let mut lines = text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
        lines.find(|line| line["id"] == *id)
    };
    assert!(eventually(secs(10), async || line().is_some()).await, "{id}");
    line().unwrap()
}

fn assert_near(line: &Value, kind: &str, counted: f64, most: f64) {
    let told = line["usage"][kind].as_f64().unwrap_or_default();
    assert!((told / counted - 1.0).abs() <= most, "{kind}: {told} for {counted}: {line}");
}

#[tokio::test]
async fn tokens_that_no_provider_tells_are_estimated_for_clients_of_every_protocol() {
    for (asked, said, most) in [
        ("english_letter", "english_answer", 0.15),
        ("english_story", "english_technical", 0.15),
        ("code_python", "code_rust", 0.25),
        ("cjk_chinese", "cjk_japanese", 0.25),
    ] {
        let ((question_text, input), (answer, output)) = (sample(asked), sample(said));
        let upstream = Upstream::start(says(answer, false)).await;
        let mut file = open(&upstream);
        file["targets"]["m"]["onwards_model"] = json!("gpt-4o");
        file["targets"]["m"]["protocol"] = json!("openai");
        file["targets"]["m"]["open_responses"] = json!({"adapter": true});
        let router = Router::start(&file).await;
        for client in ["openai", "openai_responses", "anthropic", "gemini", "bedrock", "cohere"] {
            for stream in [false, true] {
                let line = line_of(&router, question(client, &question_text, stream)).await;
                assert_eq!(line["estimated"], true, "{client} {stream}: {line}");
                assert_near(&line, "input", input + 4.0, most);
                assert_near(&line, "output", output, most);
            }
        }
    }
}

#[tokio::test]
async fn stream_that_breaks_off_is_estimated_by_what_has_passed() {
    let (text, output) = sample("english_technical");
    let upstream = Upstream::start(says(text, true)).await;
    let mut file = open(&upstream);
    file["prices"] = json!({"gpt-4o": {"input": 1, "output": 1}});
    file["targets"]["m"]["onwards_model"] = json!("gpt-4o");
    let router = Router::start(&file).await;
    for client in ["openai", "anthropic", "bedrock"] {
        let line = line_of(&router, question(client, "hi", true)).await;
        assert_eq!((&line["estimated"], &line["end"]), (&json!(true), &json!("broken")), "{line}");
        assert_near(&line, "output", output, 0.15);
        assert!(line["cost"].as_f64().unwrap() > output * 0.8e-6, "{line}");
    }
}
