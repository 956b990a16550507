//! Estimates against what the published tokenizers say of texts that no weight was fitted to.

use std::{collections::BTreeMap, path::Path};

use serde_json::json;

use super::*;
use super::{census::tests::defined, rules::PER_TURN};

/// The texts, and the tokens of each by tokenizer.
fn samples() -> Vec<(String, String, BTreeMap<String, u64>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tokens");
    let counts = std::fs::read_to_string(folder.join("counts.json")).unwrap();
    let counts: BTreeMap<String, BTreeMap<String, u64>> = serde_json::from_str(&counts).unwrap();
    let text = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
    counts.into_iter().map(|(name, counts)| (name.clone(), text(&name), counts)).collect()
}

fn most_off(name: &str) -> f64 {
    match name.split('_').next() {
        Some("english") => 0.15,
        Some("code" | "cjk") => 0.25,
        _ => 0.35,
    }
}

fn check(name: &str, tokenizer: &Tokenizer, estimate: u64, counted: u64) {
    let off = estimate as f64 / counted as f64 - 1.0;
    let told = format!("{name} by {}: {estimate} for {counted}", tokenizer.name);
    assert!(off.abs() <= most_off(name), "{told}");
}

#[test]
fn text_is_estimated_within_its_bounds_by_every_family() {
    let samples = samples();
    assert!(samples.len() >= 15);
    for (name, text, counts) in &samples {
        for tokenizer in Tokenizer::all() {
            let mut census = Census::default();
            census.json(quoted(text).as_bytes());
            check(name, tokenizer, tokenizer.tokens(&census), counts[tokenizer.name]);
        }
    }
}

#[test]
fn text_counts_the_same_in_any_pieces_and_with_any_escapes() {
    for (name, text, _) in samples() {
        let whole = defined(&text);
        let quoted = quoted(&text);
        for size in [1, 2, 3, 7, 64, text.len()] {
            let escaped: String = quoted
                .chars()
                .map(|c| if c < '\u{80}' { c.to_string() } else { escape(c) })
                .collect();
            for json in [&quoted, &escaped] {
                let mut pieces = Census::default();
                json.as_bytes().chunks(size).for_each(|piece| pieces.json(piece));
                assert_eq!(*pieces.counts(), whole, "{name} by {size}");
            }
        }
    }
}

/// A text as JSON, without its quotes.
fn quoted(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn escape(c: char) -> String {
    let mut units = [0; 2];
    c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

#[test]
fn request_is_estimated_by_its_text_in_every_protocol() {
    for (name, text, counts) in samples() {
        let bodies = [
            json!({"model": "gpt-4o", "temperature": 0.5, "stream": true, "max_tokens": 1_000,
                "messages": [{"role": "user", "content": text}]}),
            json!({"model": "gpt-4o", "max_tokens": 99, "messages": [
                {"role": "user", "content": [{"type": "text", "text": text}]}]}),
            json!({"contents": [{"role": "user", "parts": [{"text": text}]}],
                "generationConfig": {"maxOutputTokens": 77}}),
            json!({"messages": [{"role": "user", "content": [{"text": text}]}],
                "inferenceConfig": {"maxTokens": 5}}),
            json!({"model": "gpt-4o", "input": text}),
        ];
        for body in bodies {
            let body = body.to_string();
            for size in [body.len(), 100] {
                let pieces = body.as_bytes().chunks(size);
                let tokens = of_request("gpt-4o", pieces, body.len() as u64);
                // What stands around a turn is estimated, too, and is no part of the text's own count.
                check(
                    &name,
                    Tokenizer::of("gpt-4o"),
                    tokens.saturating_sub(PER_TURN),
                    counts["o200k"],
                );
            }
        }
    }
}

#[test]
fn long_request_is_estimated_by_samples() {
    for (name, text, counts) in samples() {
        let times = 400_000 / text.len();
        let content = text.repeat(times);
        let body = json!({"messages": [{"role": "user", "content": content}]}).to_string();
        for size in [body.len(), 8_192, 999] {
            let pieces = body.as_bytes().chunks(size);
            let tokens = of_request("gpt-4o", pieces, body.len() as u64);
            check(&name, Tokenizer::of("gpt-4o"), tokens, counts["o200k"] * times as u64);
        }
    }
}

#[test]
fn pictures_count_as_pictures_and_tools_as_text() {
    let tokens = |body: &serde_json::Value| {
        let body = body.to_string();
        of_request("gpt-4o", [body.as_bytes()].into_iter(), body.len() as u64)
    };
    let asked = json!({"role": "user", "content": [{"type": "text", "text": "What is this?"}]});
    let plain = tokens(&json!({"messages": [asked]}));
    assert!((5..15).contains(&plain), "{plain}");
    for size in [300, 12_000, 4_000_000] {
        let picture = format!("data:image/png;base64,{}", "iVBORw0KGgo".repeat(size / 11));
        let part = json!({"type": "image_url", "image_url": {"url": picture}});
        let with_picture = tokens(&json!({"messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}]}));
        let least = PER_MEDIUM as u64;
        assert!((least..least * 2).contains(&with_picture), "{size}: {with_picture}");
    }
    let tools = json!([{"type": "function", "function": {"name": "get_weather",
        "description": "Get the current weather in a given city",
        "parameters": {"type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "description": "The name of the city"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}}}}}]);
    let with_tools = tokens(&json!({"messages": [asked], "tools": tools}));
    assert!((plain + 25..plain + 90).contains(&with_tools), "{with_tools}");
    assert_eq!(tokens(&json!({"model": "m", "input": [1, 22, 333]})), 3);
}

#[test]
fn models_have_the_tokenizer_of_their_vendor() {
    for (model, name) in [
        ("gpt-4o-mini", "o200k"),
        ("gpt-5", "o200k"),
        ("openai/gpt-4.1", "o200k"),
        ("gpt-4", "cl100k"),
        ("gpt-4-turbo", "cl100k"),
        ("gpt-3.5-turbo", "cl100k"),
        ("text-embedding-3-small", "cl100k"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "claude"),
        ("gemini-2.5-pro", "gemma"),
        ("meta.llama3-70b-instruct-v1:0", "llama3"),
        ("command-r-plus", "cohere"),
        ("cohere.command-r-v1:0", "cohere"),
        ("Qwen/Qwen3-32B", "qwen"),
        ("deepseek-chat", "deepseek"),
        ("mistral-large-latest", "nemo"),
        ("codestral", "nemo"),
        ("anything", "o200k"),
    ] {
        assert_eq!(Tokenizer::of(model).name, name, "{model}");
    }
}
