//! `POST /model/{id}/invoke` for embeddings. The body depends on the model: Amazon's Titan takes
//! one input in a call, Cohere's models take Cohere's body.
//!
//! Only embeddings are read here; a provider on Bedrock receives every other invocation unchanged.

mod titan;

use http::HeaderMap;

use super::request::path;
use crate::models::bedrock::{self, Vectors};
use crate::protocol::codec::{Client, Head, ReadError, Refused, Target};
use crate::protocol::conversation::Failure;
use crate::protocol::embedding::typed::{
    Words, read_answer, read_fields, write_answer, write_calls,
};
use crate::protocol::embedding::{
    Answered, Calls, Embedded, Embedding, Embeddings, Form, malformed,
};
use crate::protocol::object::Object;

/// Embeddings on Bedrock.
#[derive(Debug, Clone, Copy)]
pub(super) struct BedrockEmbeddings;

impl Embeddings for BedrockEmbeddings {
    fn read_request(&self, body: &[u8], head: &Head<'_>) -> Result<Embedding, ReadError> {
        let object = Object::parse(body)?;
        let read = match Dialect::of_body(body) {
            Some(Dialect::Titan) => titan::read(object)?,
            Some(Dialect::Cohere) => read_fields(object)?,
            None => return Err(ReadError::new("", NO_EMBEDDING)),
        };
        let model = head.model.ok_or_else(|| ReadError::new("model", "is missing"))?;
        Ok(Embedding { model: model.to_owned(), ..read })
    }

    fn write_request(&self, from: &Embedding, target: &Target<'_>) -> Result<Calls, Refused> {
        let path = path(target.model, "invoke");
        match bedrock::VECTORS.of(bedrock::model(target.known_as())) {
            Vectors::Cohere { third } => write_cohere(path, from, third, target),
            // A name that does not tell the model, such as an application inference profile.
            Vectors::Unknown => Err(Refused { field: "model".to_owned() }),
            vectors => titan::write(path, from, vectors, target),
        }
    }

    fn read_response(&self, body: &[u8], headers: &HeaderMap) -> Result<Embedded, Failure> {
        let answer = titan::read_answer(body).or_else(|_| read_answer(body))?;
        let counted = headers.get(TOKENS).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Embedded { tokens: answer.tokens.or(counted), ..answer })
    }

    fn write_response(
        &self,
        answer: &Embedded,
        asked: &Embedding,
        to: &Client<'_>,
    ) -> Result<Answered, Failure> {
        let tokens = answer.tokens_of(asked);
        let id = answer.id.as_deref().unwrap_or(to.id);
        let body = match (asked.is_list, asked.forms.is_empty()) {
            (false, _) => titan::write_answer(answer, asked, tokens)?,
            (true, false) => write_answer(answer, asked, id, None)?,
            (true, true) => write_floats(answer, asked, id)?,
        };
        Ok(Answered { headers: vec![(TOKENS, tokens.to_string())], body })
    }

    fn wants_another(&self, body: &[u8], model: &str) -> bool {
        let wanted = Dialect::of_model(model);
        wanted.is_some() && Dialect::of_body(body).is_some_and(|spoken| Some(spoken) != wanted)
    }
}

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Titan,
    Cohere,
}

impl Dialect {
    fn of_model(model: &str) -> Option<Self> {
        match bedrock::VECTORS.of(bedrock::model(model)) {
            Vectors::Unknown => None,
            Vectors::Cohere { .. } => Some(Self::Cohere),
            Vectors::TitanFirst | Vectors::Titan | Vectors::TitanImage => Some(Self::Titan),
        }
    }

    fn of_body(body: &[u8]) -> Option<Self> {
        let mut object = Object::parse(body).ok()?;
        let mut has = |names: &[&str]| names.iter().any(|name| object.raw(name).is_some());
        if has(&["inputText", "inputImage"]) {
            Some(Self::Titan)
        } else if has(&["texts", "images", "inputs"]) {
            Some(Self::Cohere)
        } else {
            None
        }
    }
}

fn write_cohere(
    path: String,
    from: &Embedding,
    third: bool,
    target: &Target<'_>,
) -> Result<Calls, Refused> {
    if third && from.dimensions.is_some() {
        return Err(Refused { field: "dimensions".to_owned() });
    }
    let (start, end) = if third { ("START", "END") } else { ("LEFT", "RIGHT") };
    let words = Words { model: None, wraps_images: false, start, end };
    let taken: &[&str] = if third { &[] } else { &["max_tokens"] };
    write_calls(path, from, words, taken, target.losses())
}

/// The answer for a client that names no types: a list of floats, as in the API's first version.
fn write_floats(answer: &Embedded, asked: &Embedding, id: &str) -> Result<Vec<u8>, Failure> {
    #[derive(serde::Serialize)]
    struct Floats<'a> {
        id: &'a str,
        embeddings: &'a [crate::protocol::embedding::Vector],
        response_type: &'static str,
        texts: Vec<String>,
    }
    Ok(crate::protocol::codec::json(&Floats {
        id,
        embeddings: answer.form(Form::Float).ok_or_else(malformed)?,
        response_type: "embeddings_floats",
        texts: asked.texts().unwrap_or_default(),
    }))
}

/// Where Bedrock counts the tokens of a model that does not.
const TOKENS: &str = "x-amzn-bedrock-input-token-count";
const NO_EMBEDDING: &str = "the body must hold `inputText` or `texts`: of what can be invoked, \
    only embeddings can be given to a provider of another protocol";
