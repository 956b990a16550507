//! More inputs than a provider takes at once: one attempt of several calls, in the inputs' order,
//! all of them or none.

use serde_json::{Value, json};

use super::{alias, named, one, pool};
use crate::support::{
    Call, Fault, Place, Reply, Router, Script, Seen, Upstream, eventually, ms, secs,
};

const TITAN: &str = "amazon.titan-embed-text-v2:0";

/// A Titan that answers with the input's number, the later the smaller it is.
fn titan() -> Script {
    Script::by(|seen| {
        let number = number_in(seen);
        let body = json!({"embedding": [number, 0.5], "inputTextTokenCount": 2});
        Reply::json(200, &body).paced(ms(10 * 20_u64.saturating_sub(number)))
    })
}

fn number_in(seen: &Seen) -> u64 {
    seen.json()["inputText"].as_str().unwrap().parse().unwrap()
}

fn asking(inputs: usize) -> Call {
    let inputs: Vec<String> = (0..inputs).map(|number| number.to_string()).collect();
    Call::post("/v1/embeddings").json(&json!({"model": "m", "input": inputs}))
}

fn firsts(body: &Value) -> Vec<u64> {
    let data = body["data"].as_array().unwrap();
    let indices: Vec<_> = data.iter().map(|item| item["index"].as_u64().unwrap()).collect();
    assert!(indices.iter().copied().eq(0..data.len() as u64), "{indices:?}");
    data.iter().map(|item| item["embedding"][0].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn one_input_a_call_and_the_order_is_the_inputs() {
    let upstream = Upstream::start(titan()).await;
    let mut target = one("bedrock", TITAN, &upstream);
    // It is one request, however many calls it needs.
    target["rate_limit"] = json!({"requests_per_second": 0.001, "burst_size": 1});
    target["concurrency_limit"] = json!({"max_concurrent_requests": 1});
    let router = Router::start(&alias(&target)).await;
    let answer = asking(20).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(firsts(&answer.json()), (0..20).collect::<Vec<_>>());
    assert_eq!(answer.json()["usage"], json!({"prompt_tokens": 40, "total_tokens": 40}));
    assert_eq!(upstream.hits(), 20);
    assert!(upstream.connections() <= 8, "{} at once", upstream.connections());
    assert!(answer.attempts().ends_with("=200"), "{}", answer.attempts());
}

#[tokio::test]
async fn cohere_takes_96_texts_a_call() {
    let upstream = Upstream::start(Script::by(|seen| {
        let texts = seen.json()["texts"].as_array().unwrap().clone();
        let numbers = texts.iter().map(|text| text.as_str().unwrap().parse::<u64>().unwrap());
        let floats: Vec<_> = numbers.map(|number| json!([number])).collect();
        Reply::json(
            200,
            &json!({"id": "x", "embeddings": {"float": floats},
            "meta": {"billed_units": {"input_tokens": texts.len()}}}),
        )
    }))
    .await;
    let router = Router::start(&alias(&one("cohere", "embed-v4.0", &upstream))).await;
    let answer = asking(200).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(firsts(&answer.json()), (0..200).collect::<Vec<_>>());
    assert_eq!(answer.json()["usage"]["prompt_tokens"], 200);
    let mut sizes: Vec<_> = upstream
        .requests()
        .iter()
        .map(|seen| seen.json()["texts"].as_array().unwrap().len())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [8, 96, 96]);
}

/// Half of an answer is none: the next provider gets the whole request.
#[tokio::test]
async fn a_call_that_fails_fails_the_attempt() {
    let first = Upstream::start(Script::by(|seen| match number_in(seen) {
        3 => Reply::json(429, &json!({"message": "Too many requests"})),
        number => Reply::json(200, &json!({"embedding": [number], "inputTextTokenCount": 1})),
    }))
    .await;
    let second = Upstream::start(titan()).await;
    let router = Router::start(&pool(&[
        named("first", &one("bedrock", TITAN, &first)),
        named("second", &one("bedrock", TITAN, &second)),
    ]))
    .await;
    let answer = asking(6).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.attempts(), "first=429,second=200");
    assert_eq!(firsts(&answer.json()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(second.hits(), 6);
}

/// A batch that would be a burst of its own goes to who takes it whole, or is refused.
#[tokio::test]
async fn a_batch_of_too_many_calls_is_refused() {
    let upstream = Upstream::start(titan()).await;
    let openai = Upstream::start(Script::by(|seen| {
        let inputs = seen.json()["input"].as_array().unwrap().len();
        let data: Vec<_> = (0..inputs).map(|n| json!({"index": n, "embedding": [n]})).collect();
        Reply::json(200, &json!({"data": data}))
    }))
    .await;
    let alone = Router::start(&alias(&one("bedrock", TITAN, &upstream))).await;
    let refused = asking(257).send(alone.addr()).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(refused.json()["error"]["param"], "input", "{}", refused.text());
    let router = Router::start(&pool(&[
        named("titan", &one("bedrock", TITAN, &upstream)),
        named("openai", &one("openai", "e", &openai)),
    ]))
    .await;
    let answer = asking(257).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.attempts(), "titan=protocol,openai=200");
    assert_eq!((upstream.hits(), openai.hits()), (0, 1));
}

/// On Bedrock the model decides the body: a client of Titan's gets an answer of Cohere's, as Titan
/// would have said it.
#[tokio::test]
async fn a_model_of_another_family_gets_its_own_body() {
    let upstream = Upstream::start(
        Reply::json(
            200,
            &json!({"id": "x", "response_type": "embeddings_by_type", "texts": ["a"],
                "embeddings": {"float": [[0.25]]}}),
        )
        .header("x-amzn-bedrock-input-token-count", "9"),
    )
    .await;
    let router =
        Router::start(&alias(&one("bedrock", "cohere.embed-multilingual-v3", &upstream))).await;
    let asked = Call::post("/model/m/invoke").json(&json!({"inputText": "a"}));
    let answer = asked.send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({"embedding": [0.25], "inputTextTokenCount": 9}));
    assert_eq!(upstream.last().json()["texts"], json!(["a"]));
}

/// `mock:` gives as many vectors as it is asked for, to clients of any protocol.
#[tokio::test]
async fn the_mock_provider_answers_batches() {
    let router = Router::start(&alias(&json!({"url": "mock:"}))).await;
    let answer = asking(3).send(router.addr()).await;
    assert_eq!(answer.json()["data"].as_array().map(Vec::len), Some(3), "{}", answer.text());
    let texts = json!({"model": "m", "texts": ["a", "b"], "input_type": "search_query"});
    let answer = Call::post("/v2/embed").json(&texts).send(router.addr()).await;
    let floats = &answer.json()["embeddings"]["float"];
    assert_eq!(floats.as_array().map(Vec::len), Some(2), "{}", answer.text());
}

#[tokio::test]
async fn calls_that_were_answered_before_one_failed_are_charged() {
    let upstream = Upstream::start(Script::by(|seen| match number_in(seen) {
        // Later than the first, whose tokens are told by then.
        2 => Reply::json(400, &json!({"message": "no"})).fault(Place::Start, Fault::Pause(ms(300))),
        _ => Reply::json(200, &json!({"embedding": [0.5], "inputTextTokenCount": 900})),
    }))
    .await;
    let mut target = one("bedrock", TITAN, &upstream);
    target["price"] = json!({"input": 1, "output": 10});
    let router = Router::start(&alias(&target)).await;
    let answer = asking(3).send(router.addr()).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let charged = async || {
        let labels = [("alias", "m"), ("kind", "input")];
        router.metric("onwards_tokens_total", &labels).await == Some(1800.0)
    };
    assert!(eventually(secs(10), charged).await, "{}", router.metrics().await);
}
