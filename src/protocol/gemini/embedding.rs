//! `:embedContent` and `:batchEmbedContents`.
//!
//! | here | in the embedding |
//! |---|---|
//! | `content`; the `requests` of a batch | `inputs` |
//! | `taskType`, `outputDimensionality` | `task`, `dimensions`: one for the whole batch |
//! | `autoTruncate`, which Vertex AI has | `truncate` |
//!
//! Bodies repeat the model's name that stands in the path. Where the answer says nothing of
//! tokens, their number is estimated.

mod request;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::request::resource;
use crate::protocol::codec::{Client, Head, ReadError, Refused, Target, json};
use crate::protocol::conversation::Failure;
use crate::protocol::embedding::{
    Answered, Calls, Embedded, Embedding, Embeddings, Form, Vector, malformed,
};
use crate::protocol::told::At;

/// Gemini's embeddings.
#[derive(Debug, Clone, Copy)]
pub(super) struct GeminiEmbeddings;

impl Embeddings for GeminiEmbeddings {
    fn read_request(&self, body: &[u8], head: &Head<'_>) -> Result<Embedding, ReadError> {
        request::read(body, head)
    }

    fn write_request(&self, from: &Embedding, target: &Target<'_>) -> Result<Calls, Refused> {
        request::write(from, target)
    }

    fn read_response(&self, body: &[u8], _headers: &HeaderMap) -> Result<Embedded, Failure> {
        let answer: Answer = serde_json::from_slice(body).map_err(|_| malformed())?;
        if answer.error.is_some()
            && let Some(failure) = super::error::read_inside(At::Success, body)
        {
            return Err(failure);
        }
        let embeddings =
            answer.embedding.into_iter().chain(answer.embeddings.into_iter().flatten());
        let vectors = embeddings.map(|embedding| embedding.values).collect();
        let tokens = answer.usage_metadata.and_then(|usage| usage.prompt_token_count);
        Ok(Embedded { tokens, ..Embedded::of(Form::Float, vectors) })
    }

    fn write_response(
        &self,
        answer: &Embedded,
        asked: &Embedding,
        _to: &Client<'_>,
    ) -> Result<Answered, Failure> {
        let mut values = answer.floats()?.iter().map(|values| ValuesOut { values });
        let usage_metadata = UsageOut { prompt_token_count: answer.tokens_of(asked) };
        let body = match asked.is_list {
            true => json(&BatchOut { embeddings: values.collect(), usage_metadata }),
            false => {
                let embedding = values.next().ok_or_else(malformed)?;
                json(&OneOut { embedding, usage_metadata })
            }
        };
        Ok(Answered { headers: Vec::new(), body })
    }

    fn renamed(&self, body: &[u8], model: &str) -> Option<Vec<u8>> {
        renamed(body, &resource(model))
    }
}

/// The body with every `model` replaced; `None` if nothing changes.
fn renamed(body: &[u8], resource: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    let named: Named<'_> = serde_json::from_str(text).ok()?;
    let wanted = json(&resource);
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut from = 0;
    let requests = named.requests.iter().flatten().filter_map(|request| request.model);
    let mut names: Vec<&RawValue> = named.model.into_iter().chain(requests).collect();
    names.sort_by_key(|name| name.get().as_ptr());
    for name in names.iter().filter(|name| name.get().as_bytes() != wanted) {
        // A raw value is a slice of the body itself.
        let at = name.get().as_ptr().addr() - text.as_ptr().addr();
        out.extend_from_slice(&body[from..at]);
        out.extend_from_slice(&wanted);
        from = at + name.get().len();
    }
    out.extend_from_slice(&body[from..]);
    (from > 0).then_some(out)
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    requests: Option<Vec<NamedRequest<'a>>>,
}

#[derive(Deserialize)]
struct NamedRequest<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    embedding: Option<Values>,
    embeddings: Option<Vec<Values>>,
    usage_metadata: Option<Usage>,
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Values {
    values: Vector,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneOut<'a> {
    embedding: ValuesOut<'a>,
    usage_metadata: UsageOut,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchOut<'a> {
    embeddings: Vec<ValuesOut<'a>>,
    usage_metadata: UsageOut,
}

#[derive(Serialize)]
struct ValuesOut<'a> {
    values: &'a Vector,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageOut {
    prompt_token_count: u64,
}
