//! The ledger equals the provider: requests of every kind, on every pair of protocols, against providers that keep
//! their own books. What the log says of tokens is what they told, to the token, or is marked as an estimate
//! that is no less.
//!
//! Never: a case is drawn by chance that cannot be drawn again.

mod mocks;

use std::{collections::HashMap, sync::Arc};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use self::mocks::{Books, Wanted};
use crate::support::{Call, Router, Upstream, eventually, secs};

const PROTOCOLS: [&str; 6] =
    ["openai", "openai_responses", "anthropic", "gemini", "bedrock", "cohere"];

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Whole,
    Streamed,
    /// The provider breaks off.
    Cut,
    /// The client leaves.
    Gone,
    /// The first provider fails.
    FailedOver,
    /// The first provider hangs.
    Hedged,
    Vectors,
    Tools,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    fate: Fate,
    client: &'static str,
    provider: &'static str,
    wanted: Wanted,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledger_equals_the_books_of_the_providers() {
    let asked = std::env::var("ONWARDS_LEDGER_REQUESTS").ok();
    let count = asked.map_or(1_000, |count| count.parse().expect("a number of requests"));
    run(count, 19 + count).await;
}

fn draw(case: u64, random: &mut StdRng) -> Case {
    let fate = match random.random_range(0..100) {
        0..25 => Fate::Whole,
        25..50 => Fate::Streamed,
        50..62 => Fate::Cut,
        62..70 => Fate::Gone,
        70..80 => Fate::FailedOver,
        80..85 => Fate::Hedged,
        85..92 => Fate::Vectors,
        _ => Fate::Tools,
    };
    let some = |random: &mut StdRng, all: &[&'static str]| *all.choose(random).unwrap();
    let (client, provider) = match fate {
        Fate::Vectors => ("openai", some(random, &["openai", "cohere"])),
        // One provider speaks both of OpenAI's protocols.
        _ => match (some(random, &PROTOCOLS), some(random, &PROTOCOLS)) {
            ("openai_responses", "openai") => ("openai_responses", "anthropic"),
            pair => pair,
        },
    };
    let input = random.random_range(10..200_000);
    let output = random.random_range(10..30_000);
    let words = random.random_range(5..60);
    let wanted = Wanted {
        case,
        input,
        output,
        cached: if random.random_ratio(1, 3) { random.random_range(0..input) } else { 0 },
        reasoning: if random.random_ratio(1, 3) { random.random_range(0..output) } else { 0 },
        words,
        tools: u64::from(fate == Fate::Tools),
        cut: match fate {
            Fate::Cut => random.random_range(mocks::LEAST_PIECES..words + 8),
            _ => 0,
        },
        gap: if fate == Fate::Gone { 20 } else { 0 },
    };
    Case { fate, client, provider, wanted }
}

impl Case {
    fn alias(&self) -> String {
        let kind = match self.fate {
            Fate::FailedOver => "-failing",
            Fate::Hedged => "-hedged",
            _ => "",
        };
        format!("{}{kind}", self.provider)
    }

    fn streams(&self) -> bool {
        match self.fate {
            Fate::Streamed | Fate::Cut | Fate::Gone => true,
            Fate::FailedOver | Fate::Hedged => self.wanted.case.is_multiple_of(2),
            Fate::Whole | Fate::Vectors | Fate::Tools => false,
        }
    }

    fn call(&self) -> Call {
        let (alias, stream) = (self.alias(), self.streams());
        let text = format!("Tell me of the river. {}", self.wanted.text());
        let messages = json!([{"role": "user", "content": text}]);
        let (path, body) = match self.client {
            _ if self.fate == Fate::Vectors => {
                ("/v1/embeddings".to_owned(), json!({"model": alias, "input": text}))
            }
            "openai" => (
                "/v1/chat/completions".to_owned(),
                json!({"model": alias, "messages": messages, "stream": stream}),
            ),
            "openai_responses" => (
                "/v1/responses".to_owned(),
                json!({"model": alias, "input": text, "stream": stream}),
            ),
            "anthropic" => (
                "/v1/messages".to_owned(),
                json!({"model": alias, "max_tokens": 99, "messages": messages, "stream": stream}),
            ),
            "gemini" => {
                let method =
                    if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
                let contents = json!([{"role": "user", "parts": [{"text": text}]}]);
                (format!("/v1beta/models/{alias}:{method}"), json!({"contents": contents}))
            }
            "bedrock" => {
                let method = if stream { "converse-stream" } else { "converse" };
                let messages = json!([{"role": "user", "content": [{"text": text}]}]);
                (format!("/model/{alias}/{method}"), json!({"messages": messages}))
            }
            _ => (
                "/v2/chat".to_owned(),
                json!({"model": alias, "messages": messages, "stream": stream}),
            ),
        };
        Call::post(&path).json(&body).header("x-request-id", &format!("case-{}", self.wanted.case))
    }

    async fn ask(&self, router: &Router) {
        let call = self.call();
        if self.fate == Fate::Gone {
            let mut conn = call.open(router.addr()).await;
            let status = conn.status_line().await;
            assert_eq!(status, 200, "{self:?}");
            tokio::time::sleep(std::time::Duration::from_millis(70)).await;
            conn.abort();
            return;
        }
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 200, "{self:?}: {}", answer.text());
    }

    /// What the line says of the tokens, held to the books.
    fn check(&self, line: &Value, books: &Books) -> Result<(), String> {
        let told = *books.lock().unwrap().get(&self.wanted.case).ok_or("not in the books")?;
        let number = |kind: &str| line["usage"][kind].as_u64().unwrap_or_default();
        let counted =
            [number("input"), number("output"), number("cache_read"), number("reasoning")];
        let booked = [told.input, told.output, told.cached, told.reasoning];
        let estimated = line["estimated"] == true;
        let may_be_estimated = matches!(self.fate, Fate::Cut | Fate::Gone);
        if !estimated && counted != booked {
            return Err(format!("counted {counted:?} where {booked:?} was told"));
        }
        if estimated && !may_be_estimated {
            return Err(format!("estimated {counted:?} where {booked:?} was told"));
        }
        if estimated && (counted[0] == 0 || counted[0] > told.input.max(60)) {
            return Err(format!("estimated {counted:?} of a short prompt"));
        }
        if estimated && counted[1] > told.output.max(self.wanted.words * 2) {
            return Err(format!("estimated {counted:?} of {} words", self.wanted.words));
        }
        Ok(())
    }
}

async fn run(count: u64, seed: u64) {
    let books = Books::default();
    let mut random = StdRng::seed_from_u64(seed);
    let cases: Vec<Case> = (0..count).map(|case| draw(case, &mut random)).collect();
    let (failing, hanging) = (Upstream::start(failing()).await, Upstream::black_hole());
    let mut targets = json!({});
    let mut upstreams = Vec::new();
    for protocol in PROTOCOLS {
        let upstream = mocks::start(protocol, &books).await;
        let price = json!({"input": 1, "output": 2});
        let provider = json!({"name": "well", "url": upstream.base(), "protocol": protocol,
            "onwards_key": "k", "price": price});
        let beside = |url: String, protocol: &str| {
            json!({"name": "ill", "url": url,
            "protocol": protocol, "onwards_key": "k", "price": price})
        };
        targets[protocol] = json!({"providers": [provider]});
        targets[format!("{protocol}-failing")] = json!({"strategy": "priority",
            "fallback": {"enabled": true},
            "providers": [beside(failing.base(), "anthropic"), provider]});
        targets[format!("{protocol}-hedged")] = json!({"strategy": "priority",
            "fallback": {"enabled": true}, "timeouts": {"connect_ms": 300}, "hedge": {"after_ms": 20, "max_extra": 1.0},
            "providers": [beside(hanging.base(), protocol), provider]});
        upstreams.push(upstream);
    }
    let router = Arc::new(Router::start(&json!({"targets": targets})).await);
    let (cases, next) = (Arc::new(cases), Arc::new(std::sync::atomic::AtomicUsize::new(0)));
    let workers = (0..8).map(|_| {
        let (cases, next, router) = (Arc::clone(&cases), Arc::clone(&next), Arc::clone(&router));
        tokio::spawn(async move {
            while let Some(case) =
                cases.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            {
                case.ask(&router).await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let all = async || router.stdout_text().lines().count() >= cases.len();
    assert!(eventually(secs(30), all).await, "{} lines", router.stdout_text().lines().count());
    let text = router.stdout_text();
    let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(lines.len(), cases.len(), "one line for each request");
    let lines: HashMap<&str, &Value> =
        lines.iter().map(|line| (line["id"].as_str().unwrap(), line)).collect();
    let mut wrong = Vec::new();
    let mut sums = [0_u64; 2];
    for case in &*cases {
        let line = lines[&*format!("case-{}", case.wanted.case)];
        if let Err(why) = case.check(line, &books) {
            wrong.push(format!("{why}: {case:?} {line}"));
        }
        sums[0] += line["usage"]["input"].as_u64().unwrap_or_default();
        for attempt in line["attempts"].as_array().into_iter().flatten() {
            sums[1] += attempt["usage"]["input"].as_u64().unwrap_or_default();
        }
    }
    let few: Vec<_> = wrong.iter().take(8).collect();
    assert!(wrong.is_empty(), "{} of {}: {few:#?}", wrong.len(), cases.len());
    let failed = cases.iter().filter(|case| case.fate == Fate::FailedOver && case.streams());
    assert_eq!(sums[1], failed.count() as u64 * FAILED_INPUT, "attempts that failed after tokens");
    let scraped = router.metric("onwards_tokens_total", &[("kind", "input")]).await;
    assert_eq!(scraped, Some((sums[0] + sums[1]) as f64), "the metrics are the sum of the lines");
}

/// A provider that tells its tokens, and then an error; whole answers it refuses.
fn failing() -> crate::support::Script {
    crate::support::Script::by(|seen| {
        if seen.json()["stream"] != true {
            return crate::support::Reply::error(503, "overloaded");
        }
        let start = json!({"type": "message_start", "message": {"id": "m", "type": "message",
            "role": "assistant", "model": "up", "content": [], "stop_reason": null,
            "usage": {"input_tokens": FAILED_INPUT, "output_tokens": 1}}});
        let error = json!({"type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"}});
        crate::support::Reply::sse([
            format!("event: message_start\ndata: {start}\n\n"),
            format!("event: error\ndata: {error}\n\n"),
        ])
    })
}

/// The input that a failing provider tells.
const FAILED_INPUT: u64 = 77;
