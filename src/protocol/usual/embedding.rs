//! `POST /v1/embeddings`, as OpenAI and most other vendors have it.
//!
//! | here | in the embedding |
//! |---|---|
//! | `input`: a text, texts, tokens, lists of tokens | `inputs` |
//! | `encoding_format: base64` | `Form::Base64`; providers are never asked for it |
//! | `input_type`, which some of the many have | `task` |
//!
//! An answer holds a vector for each input under its number; the order of an answer that has
//! numbers is theirs.

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error;
use crate::protocol::codec::{Client, Head, ReadError, Refused, Target, json};
use crate::protocol::conversation::Failure;
use crate::protocol::embedding::{
    Answered, Calls, Embedded, Embedding, Embeddings, Form, Input, Piece, Task, Truncate, Vector,
    malformed, unfit_input,
};
use crate::protocol::object::Object;
use crate::protocol::told::At;

/// Embeddings in OpenAI's form.
#[derive(Debug, Clone, Copy)]
pub(in crate::protocol) struct UsualEmbeddings;

impl Embeddings for UsualEmbeddings {
    fn read_request(&self, body: &[u8], head: &Head<'_>) -> Result<Embedding, ReadError> {
        let mut body = Object::parse(body)?;
        let mut to = Embedding {
            model: body.model(head.model)?,
            dimensions: body.take("dimensions")?,
            user: body.take("user")?,
            forms: read_format(&mut body)?,
            ..Embedding::default()
        };
        let input = body.raw("input").ok_or_else(|| ReadError::new("input", "is missing"))?;
        to.inputs = read_input(input)?;
        to.is_list = input.get().starts_with('[');
        for (name, value) in body.rest() {
            match read_task(value).filter(|_| name == "input_type") {
                Some(task) => to.task = Some(task),
                None => to.keep_extra(name, value),
            }
        }
        Ok(to)
    }

    fn write_request(&self, from: &Embedding, target: &Target<'_>) -> Result<Calls, Refused> {
        from.wants_floats_only()?;
        let mut losses = target.losses();
        from.lose_titles(&mut losses)?;
        losses.lose_if(from.truncate.is_some_and(|it| it != Truncate::Never), "truncate")?;
        losses.lose_if(from.normalize == Some(false), "normalize")?;
        from.lose_extras(&[], &mut losses)?;
        let inputs: Vec<InputOut> = from
            .inputs
            .iter()
            .map(|input| InputOut::of(input).ok_or_else(unfit_input))
            .collect::<Result<_, _>>()?;
        let write = |inputs: &[InputOut]| {
            json(&Body {
                model: target.model,
                input: match inputs {
                    [only] if !from.is_list => Inputs::One(only),
                    inputs => Inputs::Each(inputs),
                },
                dimensions: from.dimensions,
                user: from.user.as_deref(),
            })
        };
        Calls::cut("/v1/embeddings".to_owned(), &inputs, MOST_INPUTS, losses, write)
    }

    fn read_response(&self, body: &[u8], _headers: &HeaderMap) -> Result<Embedded, Failure> {
        let answer: Answer = serde_json::from_slice(body).map_err(|_| malformed())?;
        if answer.error.is_some()
            && let Some(failure) = error::read_inside(At::Success, body)
        {
            return Err(failure);
        }
        let mut items = answer.data.unwrap_or_default();
        if items.iter().all(|item| item.index.is_some()) {
            items.sort_by_key(|item| item.index);
            if items.iter().enumerate().any(|(at, item)| item.index != Some(at)) {
                return Err(Failure::malformed("the provider's embeddings are not in any order"));
            }
        }
        let vectors = items.into_iter().map(|item| item.embedding).collect();
        let tokens = answer.usage.and_then(|usage| usage.prompt_tokens.or(usage.total_tokens));
        Ok(Embedded { tokens, ..Embedded::of(Form::Float, vectors) })
    }

    fn write_response(
        &self,
        answer: &Embedded,
        asked: &Embedding,
        to: &Client<'_>,
    ) -> Result<Answered, Failure> {
        let data = match asked.forms.contains(&Form::Base64) {
            false => answer.floats()?.iter().map(VectorOut::Numbers).collect(),
            true => answer.encoded()?.into_iter().map(VectorOut::Encoded).collect::<Vec<_>>(),
        };
        let item = |(index, embedding)| ItemOut { object: "embedding", index, embedding };
        let tokens = answer.tokens_of(asked);
        let body = json(&AnswerOut {
            object: "list",
            data: data.into_iter().enumerate().map(item).collect(),
            model: to.model,
            usage: UsageOut { prompt_tokens: tokens, total_tokens: tokens },
        });
        Ok(Answered { headers: Vec::new(), body })
    }
}

fn read_format(body: &mut Object<'_>) -> Result<Vec<Form>, ReadError> {
    Ok(match body.take::<String>("encoding_format")?.as_deref() {
        None => Vec::new(),
        Some("float") => vec![Form::Float],
        Some("base64") => vec![Form::Base64],
        Some(_) => return Err(ReadError::new("encoding_format", "must be `float` or `base64`")),
    })
}

/// The field for models with different vectors for questions.
fn read_task(word: &RawValue) -> Option<Task> {
    Some(match word.get().trim_matches('"') {
        "query" | "search_query" => Task::Query,
        "document" | "passage" | "search_document" => Task::Document,
        "classification" => Task::Classification,
        "clustering" => Task::Clustering,
        _ => return None,
    })
}

fn read_input(input: &RawValue) -> Result<Vec<Input>, ReadError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum In {
        Text(String),
        Texts(Vec<String>),
        Tokens(Vec<u32>),
        EachTokens(Vec<Vec<u32>>),
    }
    let tokens = |tokens| Input { parts: vec![Piece::Tokens(tokens)], title: None };
    let inputs: Vec<Input> = match serde_json::from_str(input.get()) {
        Ok(In::Text(text)) => vec![Input::of_text(text)],
        Ok(In::Texts(texts)) => texts.into_iter().map(Input::of_text).collect(),
        Ok(In::Tokens(one)) => vec![tokens(one)],
        Ok(In::EachTokens(each)) => each.into_iter().map(tokens).collect(),
        Err(_) => {
            return Err(ReadError::new("input", "must be a text, a list of texts, or tokens"));
        }
    };
    if inputs.is_empty() {
        return Err(ReadError::new("input", "must hold at least one text"));
    }
    Ok(inputs)
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Inputs<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Inputs<'a> {
    One(&'a InputOut),
    Each(&'a [InputOut]),
}

#[derive(Serialize)]
#[serde(untagged)]
enum InputOut {
    Text(String),
    Tokens(Vec<u32>),
}

impl InputOut {
    fn of(input: &Input) -> Option<Self> {
        match input.parts.as_slice() {
            [Piece::Tokens(tokens)] => Some(Self::Tokens(tokens.clone())),
            _ => input.text().map(Self::Text),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<Item>>,
    usage: Option<Usage>,
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Vector,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

#[derive(Serialize)]
struct AnswerOut<'a> {
    object: &'static str,
    data: Vec<ItemOut<'a>>,
    model: &'a str,
    usage: UsageOut,
}

#[derive(Serialize)]
struct ItemOut<'a> {
    object: &'static str,
    index: usize,
    embedding: VectorOut<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum VectorOut<'a> {
    Numbers(&'a Vector),
    Encoded(String),
}

#[derive(Serialize)]
struct UsageOut {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// What OpenAI takes in one call.
const MOST_INPUTS: usize = 2_048;
