//! Tokens: what a provider tells is what the record holds, whichever protocol the client speaks.
//!
//! Never: a pair of protocols, whole or streamed, on which they get lost; tokens that are hidden in what a
//! model says are counted.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{
    Call, Launch, Reply, Response, Router, Script, Upstream, assert_ok, chat, chat_stream,
    eventually, open, secs,
};

/// A protocol: how its clients ask, and the tokens that its sample answers tell, whole and streamed.
struct Spoken {
    name: &'static str,
    stream_file: &'static str,
    media_type: &'static str,
    whole: [u64; 2],
    streamed: [u64; 2],
}

const SPOKEN: [Spoken; 6] = [
    spoken("openai", [19, 10], [9, 12]),
    spoken("openai_responses", [19, 10], [19, 10]),
    spoken("anthropic", [12, 6], [25, 15]),
    // Thoughts are output.
    spoken("gemini", [4, 33], [4, 33]),
    Spoken {
        stream_file: "stream.bin",
        media_type: "application/vnd.amazon.eventstream",
        ..spoken("bedrock", [19, 10], [19, 10])
    },
    spoken("cohere", [71, 9], [71, 9]),
];

const fn spoken(name: &'static str, whole: [u64; 2], streamed: [u64; 2]) -> Spoken {
    let (stream_file, media_type) = ("stream.sse", "text/event-stream");
    Spoken { name, stream_file, media_type, whole, streamed }
}

impl Spoken {
    fn sample(&self, file: &str) -> Vec<u8> {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        std::fs::read(golden.join(self.name).join("plain").join(file)).unwrap()
    }

    fn whole(&self) -> Reply {
        let body = self.sample("response.json");
        Reply::new(200).header("content-type", "application/json").body(body)
    }

    fn streamed(&self) -> Reply {
        let body = self.sample(self.stream_file);
        Reply::new(200).header("content-type", self.media_type).chunked().body(body)
    }

    /// A question of its client.
    async fn asks(&self, router: &Router, alias: &str, stream: bool) -> Response {
        let messages = json!([{"role": "user", "content": "hi"}]);
        let (path, mut body) = match self.name {
            "openai" => ("/v1/chat/completions".to_owned(), json!({"messages": messages})),
            "openai_responses" => ("/v1/responses".to_owned(), json!({"input": "hi"})),
            "anthropic" => {
                ("/v1/messages".to_owned(), json!({"max_tokens": 9, "messages": messages}))
            }
            "gemini" => {
                let method =
                    if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
                let contents = json!([{"role": "user", "parts": [{"text": "hi"}]}]);
                let path = format!("/v1beta/models/{alias}:{method}");
                return Call::post(&path)
                    .json(&json!({"contents": contents}))
                    .send(router.addr())
                    .await;
            }
            "bedrock" => {
                let method = if stream { "converse-stream" } else { "converse" };
                let messages = json!([{"role": "user", "content": [{"text": "hi"}]}]);
                let path = format!("/model/{alias}/{method}");
                return Call::post(&path)
                    .json(&json!({"messages": messages}))
                    .send(router.addr())
                    .await;
            }
            _ => ("/v2/chat".to_owned(), json!({"messages": messages})),
        };
        body["model"] = json!(alias);
        body["stream"] = json!(stream);
        Call::post(&path).json(&body).send(router.addr()).await
    }
}

#[tokio::test]
async fn usage_is_the_providers_on_every_pair_whole_and_streamed() {
    let mut targets = json!({});
    let mut upstreams = Vec::new();
    for provider in &SPOKEN {
        for (kind, reply) in [("whole", provider.whole()), ("stream", provider.streamed())] {
            let upstream = Upstream::start(reply).await;
            targets[format!("{}-{kind}", provider.name)] =
                json!({"url": upstream.base(), "protocol": provider.name, "onwards_key": "k"});
            upstreams.push(upstream);
        }
    }
    let router = Router::start(&json!({"targets": targets})).await;
    let mut wanted = Vec::new();
    for provider in &SPOKEN {
        for client in &SPOKEN {
            // Passes as it came: such a provider has both of OpenAI's endpoints.
            if (client.name, provider.name) == ("openai_responses", "openai") {
                continue;
            }
            for (kind, tokens) in [("whole", provider.whole), ("stream", provider.streamed)] {
                let alias = format!("{}-{kind}", provider.name);
                let answer = client.asks(&router, &alias, kind == "stream").await;
                assert_eq!(answer.status, 200, "{} at {alias}: {}", client.name, answer.text());
                let id = answer.header("x-request-id").unwrap().to_owned();
                wanted.push((format!("{} at {alias}", client.name), id, tokens));
            }
        }
    }
    let there = async || router.stdout_text().lines().count() >= wanted.len();
    assert!(eventually(secs(10), there).await);
    let text = router.stdout_text();
    let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let mut wrong = Vec::new();
    for (pair, id, [input, output]) in wanted {
        let line = lines.iter().find(|line| line["id"] == *id).unwrap();
        if line["usage"]["input"] != input || line["usage"]["output"] != output {
            wrong.push(format!("{pair}: {} and not {input}, {output}", line["usage"]));
        }
        if line["finish_reason"] != "stop" {
            wrong.push(format!("{pair}: stopped for {}", line["finish_reason"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn tokens_are_counted_by_provider_and_by_key() {
    let upstream = Upstream::start(SPOKEN[0].whole()).await;
    let mut file = open(&upstream);
    file["auth"] = json!({"key_definitions": {"team-a": {"key": "sk-a"}}});
    file["targets"]["m"]["name"] = json!("one");
    let router = Router::start(&file).await;
    for _ in 0..3 {
        assert_ok(&router.post("/v1/chat/completions", "sk-a", &chat("m")).await);
    }
    for (name, labels, count) in [
        (
            "onwards_tokens_total",
            vec![("alias", "m"), ("provider", "one"), ("kind", "input")],
            57.0,
        ),
        (
            "onwards_tokens_total",
            vec![("alias", "m"), ("provider", "one"), ("kind", "output")],
            30.0,
        ),
        ("onwards_key_tokens_total", vec![("key", "team-a"), ("kind", "input")], 57.0),
    ] {
        let told = async || router.metric(name, &labels).await;
        assert!(
            eventually(secs(5), async || told().await == Some(count)).await,
            "{:?}",
            told().await
        );
    }
}

#[tokio::test]
async fn answer_costs_what_the_file_says() {
    let upstream = Upstream::start(SPOKEN[0].whole()).await;
    let mut file = open(&upstream);
    file["auth"] = json!({"key_definitions": {"team-a": {"key": "sk-a"}}});
    file["prices"] = json!({"files": ["public.json"], "small": {"input": 0.5, "output": 2}});
    file["targets"]["m"]["onwards_model"] = json!("openai/gpt-x-2026-01-02");
    file["targets"]["s"] = json!({"url": upstream.base(), "onwards_model": "small"});
    file["targets"]["own"] = json!({"url": upstream.base(), "onwards_model": "small",
        "price": {"request": 0.25}});
    file["targets"]["none"] = json!({"url": upstream.base(), "onwards_model": "unheard-of"});
    let launch = Launch::new(&file).file(
        "public.json",
        r#"{"gpt-x": {"litellm_provider": "x",
        "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}}"#,
    );
    let router = launch.start().await;
    for alias in ["m", "s", "own", "none"] {
        assert_ok(&router.post("/v1/chat/completions", "sk-a", &chat(alias)).await);
    }
    let four = async || router.stdout_text().lines().count() == 4;
    assert!(eventually(secs(5), four).await);
    let text = router.stdout_text();
    let costs = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let costs: Vec<Value> = costs.map(|line| line["cost"].clone()).collect();
    // 19 tokens in, 10 out.
    assert_eq!(costs, [json!(0.000_147_5), json!(0.000_029_5), json!(0.25), Value::Null]);
    let spent =
        async || router.metric("onwards_key_cost_dollars_total", &[("key", "team-a")]).await;
    assert_eq!(spent().await, Some(0.250_177));
    let unpriced = router.metric("onwards_unpriced_requests_total", &[("alias", "none")]).await;
    assert_eq!(unpriced, Some(1.0));

    // A price that changes holds from the next request on.
    let prices = r#"{"gpt-x": {"input_cost_per_token": 1e-06, "output_cost_per_token": 0}}"#;
    std::fs::write(router.dir().join("public.json"), prices).unwrap();
    let changed = async || {
        assert_ok(&router.post("/v1/chat/completions", "sk-a", &chat("m")).await);
        router.stdout_text().contains("\"cost\":0.000019,")
    };
    assert!(eventually(secs(10), changed).await, "{}", router.stdout_text());
}

/// A provider that tells a stream's tokens only to those that ask.
fn tells_if_asked() -> Script {
    Script::by(|seen| {
        let usage = json!({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7});
        let asked = seen.json()["stream_options"]["include_usage"] == true;
        let word = json!({"choices": [{"index": 0, "delta": {"content": "hi"}}]});
        let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let told = json!({"choices": [], "usage": usage});
        let mut events = vec![word, end];
        events.extend(asked.then_some(told));
        let events = events.iter().map(|event| format!("data: {event}\n\n"));
        Reply::sse(events.chain(["data: [DONE]\n\n".to_owned()]))
    })
}

#[tokio::test]
async fn provider_is_asked_for_what_the_client_does_not_ask_and_the_client_is_not_shown_it() {
    let upstream = Upstream::start(tells_if_asked()).await;
    let target = |usage: Value, price: Value| {
        let mut target = json!({"providers": [{"url": upstream.base(), "price": price}]});
        target["usage"] = usage;
        target.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        target["providers"][0].as_object_mut().unwrap().retain(|_, value| !value.is_null());
        target
    };
    let price = json!({"input": 1, "output": 1});
    let file = json!({"targets": {
        "priced": target(Value::Null, price.clone()),
        "free": target(Value::Null, Value::Null),
        "always": target(json!("always"), Value::Null),
        "never": target(json!("never"), price)}});
    let router = Router::start(&file).await;
    for (alias, own, asked, shown) in [
        ("priced", Value::Null, true, false),
        ("priced", json!({"include_usage": false, "x": 1}), true, false),
        ("priced", json!({"include_usage": true}), true, true),
        ("free", Value::Null, false, false),
        ("always", Value::Null, true, false),
        ("never", Value::Null, false, false),
    ] {
        let mut body = chat_stream(alias);
        if !own.is_null() {
            body["stream_options"] = own.clone();
        }
        let answer = router.post("/v1/chat/completions", "", &body).await;
        let text = answer.text();
        let what = format!("{alias} {own}");
        assert!(text.contains("hi") && text.ends_with("data: [DONE]\n\n"), "{what}: {text}");
        assert_eq!(text.contains("usage"), shown, "{what}: {text}");
        let seen = upstream.last().json();
        assert_eq!(seen["stream_options"]["include_usage"] == true, asked, "{what}: {seen}");
        assert!(own["x"].is_null() || seen["stream_options"]["x"] == 1, "{what}: {seen}");
        let id = answer.header("x-request-id").unwrap().to_owned();
        let line = || {
            let text = router.stdout_text();
            let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines.find(|line| line["id"] == *id)
        };
        assert!(eventually(secs(5), async || line().is_some()).await, "{what}");
        let line = line().unwrap();
        assert_eq!(
            line["usage"]["input"] == 5,
            asked || line["estimated"] == true,
            "{what}: {line}"
        );
        assert_eq!(line["estimated"] == true, !asked, "{what}: {line}");
    }
}

#[tokio::test]
async fn tokens_in_what_a_model_says_are_not_counted() {
    let upstream = Upstream::start(Script::by(|_| {
        let arguments = json!({"usage": {"input_tokens": 1_000, "output_tokens": 1_000}});
        let block = json!({"type": "tool_use", "id": "t", "name": "f", "input": arguments});
        Reply::json(
            200,
            &json!({
            "usage": {"input_tokens": 3, "output_tokens": 2}, "id": "m", "type": "message",
            "role": "assistant", "model": "x", "stop_reason": "tool_use", "content": [block]}),
        )
    }))
    .await;
    let target = json!({"url": upstream.base(), "protocol": "anthropic", "onwards_key": "k"});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    let answer = SPOKEN[2].asks(&router, "m", false).await;
    assert_eq!(answer.status, 200);
    assert!(eventually(secs(5), async || router.stdout_text().contains("usage")).await);
    let line: Value = serde_json::from_str(router.stdout_text().lines().next().unwrap()).unwrap();
    assert_eq!(line["usage"], json!({"input": 3, "output": 2}));
}
