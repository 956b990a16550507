//! Plays a `mock:` provider: answers in the OpenAI format without leaving the process, so that the
//! router can be tried without any account.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rand::Rng;
use serde_json::json;
use tokio::time::{Sleep, sleep};

use super::{
    answer::{Answer, AnswerBody},
    inbound::Inbound,
    request::Call,
    source::Source,
};
use crate::{
    failure::Brief,
    table::{Provider, mock::Script},
};

/// Waits as scripted and answers, or fails as scripted.
pub(crate) async fn answer(
    script: &Script,
    provider: &Provider,
    inbound: &Inbound,
    call: Option<&Call>,
) -> Answer {
    let model = &*provider.model;
    let (path, stream) = match call {
        Some(call) => (&*call.path, call.stream),
        None => (&*inbound.path, inbound.stream),
    };
    sleep(script.delay).await;
    #[expect(clippy::panic, reason = "a drill: it shows that a panic costs one request only")]
    if script.panics {
        panic!("the mock provider panics as scripted");
    }
    if let Some((status, rate)) = script.failure
        && rand::rng().random_bool(rate)
    {
        return failure(status);
    }
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/embeddings") {
        let body = call.map_or_else(|| inbound.body.to_bytes(), |call| call.body.clone());
        return whole(StatusCode::OK, &embeddings(model, inputs(&body)));
    }
    let legacy = path.ends_with("/completions") && !path.ends_with("/chat/completions");
    let style = Style { model, legacy };
    if stream {
        let events = MockBody::new(style.events(script.tokens), script.gap);
        return reply(StatusCode::OK, "text/event-stream", events);
    }
    whole(StatusCode::OK, &style.completion(script.tokens))
}

/// A body whose pieces come one by one.
pub(crate) struct MockBody {
    pieces: std::vec::IntoIter<Bytes>,
    gap: Duration,
    wait: Option<Pin<Box<Sleep>>>,
}

impl MockBody {
    fn new(pieces: Vec<Bytes>, gap: Duration) -> Self {
        Self { pieces: pieces.into_iter(), gap, wait: None }
    }
}

impl Source for MockBody {
    /// The next piece, after the gap.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(cx));
        }
        let paced = !self.gap.is_zero();
        self.wait = paced.then(|| Box::pin(sleep(self.gap)));
        Poll::Ready(self.pieces.next().map(Ok))
    }

    fn is_end(&self) -> bool {
        self.pieces.as_slice().is_empty()
    }

    fn remaining(&self) -> Option<u64> {
        Some(self.pieces.as_slice().iter().map(|piece| piece.len() as u64).sum())
    }
}

/// How the answer is dressed: as chat, or as a legacy completion.
struct Style<'a> {
    model: &'a str,
    legacy: bool,
}

impl Style<'_> {
    fn completion(&self, tokens: u32) -> serde_json::Value {
        let text = words(tokens).collect::<String>();
        let choice = if self.legacy {
            json!({"index": 0, "text": text, "finish_reason": "stop", "logprobs": null})
        } else {
            json!({"index": 0, "message": {"role": "assistant", "content": text},
                   "finish_reason": "stop", "logprobs": null})
        };
        json!({
            "id": ID, "object": if self.legacy { "text_completion" } else { "chat.completion" },
            "created": CREATED, "model": self.model, "choices": [choice],
            "usage": {"prompt_tokens": 8, "completion_tokens": tokens, "total_tokens": 8 + tokens},
        })
    }

    fn events(&self, tokens: u32) -> Vec<Bytes> {
        let deltas = words(tokens).map(|word| self.chunk(&word, serde_json::Value::Null));
        let first = (!self.legacy)
            .then(|| self.chunk_of(json!({"role": "assistant", "content": ""}), json!(null)));
        let last = self.chunk("", json!("stop"));
        let events =
            first.into_iter().chain(deltas).chain([last]).map(|chunk| format!("data: {chunk}\n\n"));
        events.chain(["data: [DONE]\n\n".into()]).map(Bytes::from).collect()
    }

    fn chunk(&self, word: &str, finish: serde_json::Value) -> serde_json::Value {
        if self.legacy {
            let choice =
                json!({"index": 0, "text": word, "finish_reason": finish, "logprobs": null});
            return json!({"id": ID, "object": "text_completion", "created": CREATED,
                          "model": self.model, "choices": [choice]});
        }
        let delta = if finish.is_null() { json!({"content": word}) } else { json!({}) };
        self.chunk_of(delta, finish)
    }

    fn chunk_of(&self, delta: serde_json::Value, finish: serde_json::Value) -> serde_json::Value {
        json!({"id": ID, "object": "chat.completion.chunk", "created": CREATED, "model": self.model,
               "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    }
}

fn embeddings(model: &str, inputs: usize) -> serde_json::Value {
    let vector: Vec<f32> = (0..8).map(|n| n as f32 / 8.0).collect();
    let item = |index| json!({"object": "embedding", "index": index, "embedding": vector});
    let data: Vec<_> = (0..inputs).map(item).collect();
    json!({"object": "list", "model": model, "data": data,
           "usage": {"prompt_tokens": 8 * inputs, "total_tokens": 8 * inputs}})
}

/// How many vectors a body asks for: one for each text or list of tokens.
fn inputs(body: &[u8]) -> usize {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    match body["input"].as_array() {
        Some(each) if !each.iter().any(serde_json::Value::is_number) => each.len(),
        _ => 1,
    }
}

fn failure(status: StatusCode) -> Answer {
    let kind =
        if status == StatusCode::TOO_MANY_REQUESTS { "rate_limit_error" } else { "server_error" };
    let message = format!("The mock provider answers {} as scripted.", status.as_u16());
    let mut answer = whole(
        status,
        &json!({"error": {"message": message, "type": kind, "param": null, "code": null}}),
    );
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

fn whole(status: StatusCode, body: &serde_json::Value) -> Answer {
    reply(
        status,
        "application/json",
        MockBody::new(vec![Bytes::from(body.to_string())], Duration::ZERO),
    )
}

fn reply(status: StatusCode, media_type: &'static str, body: MockBody) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Answer {
        status,
        headers,
        dropped: None,
        body: AnswerBody::from_source(Box::new(body)),
        observer: None,
    }
}

fn words(count: u32) -> impl Iterator<Item = String> {
    WORDS
        .iter()
        .cycle()
        .take(count as usize)
        .enumerate()
        .map(|(nth, word)| if nth == 0 { (*word).to_owned() } else { format!(" {word}") })
}

const WORDS: [&str; 12] = [
    "This", "answer", "was", "made", "by", "the", "router", "itself;", "no", "provider", "was",
    "asked.",
];
const ID: &str = "chatcmpl-mock";
const CREATED: u32 = 1_700_000_000;
