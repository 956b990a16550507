//! How fast bytes are looked at: request bodies, event streams, paths, answers in strict mode.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onwards::body::{self, Scanner};
use onwards::path::{self, BasePath};
use onwards::protocol::strict::trial::Trial;
use onwards::sse::{Boundary, Parser};

/// A chat request of about this size whose text sits in messages of `each` bytes.
fn chat(size: usize, each: usize) -> Vec<u8> {
    let sentence = "The quick brown fox jumps over the lazy dog, and then asks what a gateway is. ";
    let text: String = sentence.chars().cycle().take(each).collect();
    let message = format!(r#"{{"role":"user","content":"{text}"}}"#);
    let messages = vec![message.as_str(); (size / (message.len() + 1)).max(1)];
    let messages = messages.join(",");
    format!(
        r#"{{"model":"gpt-4o-mini","messages":[{messages}],"temperature":0.7,"max_tokens":1024,"stream":true}}"#
    )
    .into_bytes()
}

fn numbers(size: usize) -> Vec<u8> {
    let row = "[0.12345678,-0.5,12,1024,-3.25,0.000123],";
    let rows = row.repeat(size / row.len());
    format!(r#"{{"model":"embed","input":[{}]}}"#, rows.trim_end_matches(',')).into_bytes()
}

fn chinese(size: usize) -> Vec<u8> {
    let text = "模型网关把应用和供应商连接起来。".repeat(size / 48);
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#).into_bytes()
}

fn escapes(size: usize) -> Vec<u8> {
    let text = r#"fn main() {\n    println!(\"hello\");\n}\n"#.repeat(size / 40);
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#).into_bytes()
}

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    const MEGABYTE: usize = 1 << 20;
    vec![
        ("chat 1 KB", chat(1000, 400)),
        ("chat 64 KB", chat(64 << 10, 2000)),
        ("1 MB long strings", chat(MEGABYTE, 100_000)),
        ("1 MB small messages", chat(MEGABYTE, 60)),
        ("1 MB escapes", escapes(MEGABYTE)),
        ("1 MB chinese", chinese(MEGABYTE)),
        ("1 MB numbers", numbers(MEGABYTE)),
    ]
}

fn scan(pieces: &[&[u8]]) {
    let mut scanner = Scanner::new();
    pieces.iter().for_each(|piece| scanner.feed(black_box(piece)));
    let _ = black_box(scanner.finish());
}

fn body_scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("body");
    for (name, body) in bodies() {
        group.throughput(Throughput::Bytes(body.len() as u64));
        let pieces: Vec<_> = body.chunks(64 << 10).collect();
        group.bench_function(name, |bencher| bencher.iter(|| scan(&pieces)));
    }
    let name = "gpt-4o-mini-2024-07-18";
    group.throughput(Throughput::Elements(1));
    group.bench_function("json_string", |bencher| {
        bencher.iter(|| body::json_string(black_box(name)))
    });
    group.finish();
}

fn stream() -> Vec<Bytes> {
    let event = r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}"#;
    vec![Bytes::from(format!("{event}\n\n")); 200]
}

fn sse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sse");
    let pieces = stream();
    group.throughput(Throughput::Bytes(pieces.iter().map(|piece| piece.len() as u64).sum()));
    group.bench_function("parser", |bencher| {
        bencher.iter(|| {
            let mut parser = Parser::new();
            for piece in &pieces {
                parser.push(piece.clone());
                while let Ok(Some(event)) = parser.next_event() {
                    black_box(event);
                }
            }
        });
    });
    group.bench_function("boundary", |bencher| {
        bencher.iter(|| {
            let mut boundary = Boundary::new();
            pieces.iter().for_each(|piece| {
                black_box(boundary.feed(black_box(piece)));
            });
        });
    });
    group.finish();
}

fn paths(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("path");
    let Ok(base) = BasePath::new("/openai/v1?api-version=2024-06-01") else { return };
    let client = "/v1/chat/completions";
    group.bench_function("check", |bencher| bencher.iter(|| path::check(black_box(client))));
    group.bench_function("join", |bencher| bencher.iter(|| path::join(&base, black_box(client))));
    group.finish();
}

/// Answers of which nothing is cut, in the order of fields that vendors write.
fn answers() -> Vec<(&'static str, String)> {
    let answer = |message: &str| {
        format!(
            r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant",{message}}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}}}"#
        )
    };
    let calls = |arguments: &str| {
        let call = |nth: usize| {
            format!(
                r#"{{"id":"call_{nth:024}","type":"function","function":{{"name":"get_weather","arguments":"{arguments}"}}}}"#
            )
        };
        let calls: Vec<String> = (0..8000).map(call).collect();
        answer(&format!(r#""content":null,"tool_calls":[{}]"#, calls.join(",")))
    };
    let text = "The quick brown fox jumps over the lazy dog. ";
    vec![
        ("1 KB", answer(&format!(r#""content":"{}""#, text.repeat(15)))),
        ("1 MB of text", answer(&format!(r#""content":"{}""#, text.repeat(22_000)))),
        ("8 000 calls without arguments", calls("{}")),
        ("8 000 calls", calls(r#"{\"city\":\"Paris\",\"unit\":\"celsius\",\"days\":3}"#)),
    ]
}

fn cleaning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("clean");
    let Some(trial) = Trial::at("/v1/chat/completions") else { return };
    for (name, answer) in answers() {
        let answer = Bytes::from(answer);
        group.throughput(Throughput::Bytes(answer.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| trial.clean(black_box(&answer), "m"));
        });
    }
    group.finish();
}

criterion_group!(benches, body_scan, sse, paths, cleaning);
criterion_main!(benches);
