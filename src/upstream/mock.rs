//! A `mock:` provider: answers in the OpenAI format inside the process, so that the router can be
//! tried without an account.

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
    failed::Failed,
    inbound::Inbound,
    request::Call,
    source::Source,
    usage,
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
) -> Result<Answer, Failed> {
    let model = &*provider.model_for(inbound.asked_name());
    let (path, stream) = match call {
        Some(call) => (&*call.path, call.stream),
        None => (&*inbound.path, inbound.stream),
    };
    match provider.timeouts.response {
        Some(limit) if limit < script.delay => {
            sleep(limit).await;
            return Err(Failed::silent());
        }
        _ => sleep(script.delay).await,
    }
    #[expect(clippy::panic, reason = "a drill: it shows that a panic costs one request only")]
    if script.panics {
        panic!("the mock provider panics as scripted");
    }
    if let Some((status, rate)) = script.failure
        && rand::rng().random_bool(rate)
    {
        return Ok(failure(status));
    }
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/embeddings") {
        let body = call.map_or_else(|| inbound.body.to_bytes(), |call| call.body.clone());
        return Ok(whole(StatusCode::OK, &embeddings(model, inputs(&body))));
    }
    if !path.ends_with("/completions") {
        return Ok(unplayed());
    }
    let legacy = !path.ends_with("/chat/completions");
    let style = Style { model, legacy };
    if stream {
        let body = call.map_or_else(|| inbound.body.to_bytes(), |call| call.body.clone());
        let asks = asks_for_usage(&body) || usage::to_ask(inbound, provider).is_some();
        let events = style.events(script.tokens, asks);
        let events = MockBody::new(events, script.gap);
        let events = events.silent_for(provider.timeouts.idle);
        return Ok(reply(StatusCode::OK, "text/event-stream", events));
    }
    Ok(whole(StatusCode::OK, &style.completion(script.tokens)))
}

/// A body whose chunks come one by one.
pub(crate) struct MockBody {
    pieces: std::vec::IntoIter<Bytes>,
    gap: Duration,
    wait: Option<Pin<Box<Sleep>>>,
    /// The longest gap that is awaited; beyond it, the provider counts as silent.
    patience: Duration,
}

impl MockBody {
    fn new(pieces: Vec<Bytes>, gap: Duration) -> Self {
        Self { pieces: pieces.into_iter(), gap, wait: None, patience: Duration::MAX }
    }

    fn silent_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

impl Source for MockBody {
    /// The next chunk, after the gap.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(cx));
            if self.gap > self.patience && !self.is_end() {
                self.pieces = Vec::new().into_iter();
                return Poll::Ready(Some(Err(Brief::SILENT)));
            }
        }
        let paced = !self.gap.is_zero();
        self.wait = paced.then(|| Box::pin(sleep(self.gap.min(self.patience))));
        Poll::Ready(self.pieces.next().map(Ok))
    }

    fn is_end(&self) -> bool {
        self.pieces.as_slice().is_empty()
    }

    fn remaining(&self) -> Option<u64> {
        Some(self.pieces.as_slice().iter().map(|piece| piece.len() as u64).sum())
    }
}

/// The form of the answer: chat, or legacy completion.
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
            "usage": usage_of(tokens),
        })
    }

    fn events(&self, tokens: u32, with_usage: bool) -> Vec<Bytes> {
        let deltas = words(tokens).map(|word| self.chunk(&word, serde_json::Value::Null));
        let first = (!self.legacy)
            .then(|| self.chunk_of(json!({"role": "assistant", "content": ""}), json!(null)));
        let last = self.chunk("", json!("stop"));
        let mut usage = self.chunk_of(json!({}), json!(null));
        usage["choices"] = json!([]);
        usage["usage"] = usage_of(tokens);
        if self.legacy {
            usage["object"] = "text_completion".into();
        }
        let events =
            first.into_iter().chain(deltas).chain([last]).chain(with_usage.then_some(usage));
        let events = events.map(|chunk| format!("data: {chunk}\n\n"));
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

/// Whether a stream is to report its usage at its end.
fn asks_for_usage(body: &[u8]) -> bool {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    body["stream_options"]["include_usage"] == true
}

/// How many embeddings a body asks for: one for each text or list of tokens.
fn inputs(body: &[u8]) -> usize {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    match body["input"].as_array() {
        Some(each) if !each.iter().any(serde_json::Value::is_number) => each.len(),
        _ => 1,
    }
}

fn usage_of(tokens: u32) -> serde_json::Value {
    json!({"prompt_tokens": 8, "completion_tokens": tokens, "total_tokens": 8 + tokens})
}

/// An endpoint that this provider does not have.
fn unplayed() -> Answer {
    let message = "The mock provider plays chat completions, completions and embeddings alone.";
    let error = json!({"message": message, "type": "invalid_request_error", "param": null,
        "code": "not_found"});
    whole(StatusCode::NOT_FOUND, &json!({"error": error}))
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
        tells_usage: false,
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
