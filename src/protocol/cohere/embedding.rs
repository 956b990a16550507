//! `POST /v2/embed`. Cohere's models on Bedrock take and give nearly the same, so its body is
//! read and written here for both.
//!
//! | here | in the embedding |
//! |---|---|
//! | `texts`, `images`, `inputs` | `inputs` |
//! | `input_type` | `task`; who says none embeds documents |
//! | `embedding_types` | `forms`; base64 is made here of floats |
//! | `max_tokens`, `priority` | `extras` |

mod body;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(in crate::protocol) use body::{Words, read_fields, write_calls};

use super::error;
use crate::protocol::codec::{Client, Head, ReadError, Refused, Target, json};
use crate::protocol::conversation::Failure;
use crate::protocol::embedding::{
    Answered, Calls, Embedded, Embedding, Embeddings, Form, Vector, malformed,
};
use crate::protocol::object::Object;
use crate::protocol::told::At;

/// Cohere's v2 embeddings.
#[derive(Debug, Clone, Copy)]
pub(super) struct CohereEmbeddings;

impl Embeddings for CohereEmbeddings {
    fn read_request(&self, body: &[u8], _head: &Head<'_>) -> Result<Embedding, ReadError> {
        let mut body = Object::parse(body)?;
        let model = body.require("model")?;
        Ok(Embedding { model, ..read_fields(body)? })
    }

    fn write_request(&self, from: &Embedding, target: &Target<'_>) -> Result<Calls, Refused> {
        // Only its old models give vectors of one length.
        let old = ["-v2.0", "-v3.0"].iter().any(|end| target.model.ends_with(end));
        if old && from.dimensions.is_some() {
            return Err(Refused { field: "dimensions".to_owned() });
        }
        let words =
            Words { model: Some(target.model), wraps_images: true, start: "START", end: "END" };
        write_calls("/v2/embed".to_owned(), from, words, OWN_EXTRAS, target.losses())
    }

    fn read_response(&self, body: &[u8], _headers: &HeaderMap) -> Result<Embedded, Failure> {
        read_answer(body)
    }

    fn write_response(
        &self,
        answer: &Embedded,
        asked: &Embedding,
        to: &Client<'_>,
    ) -> Result<Answered, Failure> {
        let input_tokens = answer.tokens_of(asked);
        let meta = Meta {
            api_version: Version { version: "2" },
            billed_units: BilledOut { input_tokens },
        };
        let id = answer.id.as_deref().unwrap_or(to.id);
        let body = write_answer(answer, asked, id, Some(meta))?;
        Ok(Answered { headers: Vec::new(), body })
    }
}

/// Reads an answer, by type or as the list of floats that was all there was at first.
pub(in crate::protocol) fn read_answer(body: &[u8]) -> Result<Embedded, Failure> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| malformed())?;
    let Some(embeddings) = answer.embeddings else {
        let read = |said: String| error::read_inside(At::Success, body, &said);
        return Err(answer.message.map_or_else(malformed, read));
    };
    let vectors = if embeddings.get().starts_with('[') {
        vec![(Form::Float, serde_json::from_str(embeddings.get()).map_err(|_| malformed())?)]
    } else {
        let by_type: ByType = serde_json::from_str(embeddings.get()).map_err(|_| malformed())?;
        by_type.into_vectors()
    };
    let billed = answer.meta.and_then(|meta| meta.billed_units);
    let tokens = billed.and_then(|billed| {
        let images = billed.image_tokens.unwrap_or_default();
        // They come as `5` and as `5.0`.
        billed.input_tokens.map(|tokens| (tokens + images) as u64)
    });
    Ok(Embedded { id: answer.id, vectors, tokens })
}

/// Writes an answer in each of the forms that the client asked for.
pub(in crate::protocol) fn write_answer(
    answer: &Embedded,
    asked: &Embedding,
    id: &str,
    meta: Option<Meta>,
) -> Result<Vec<u8>, Failure> {
    let mut embeddings = ByTypeOut::default();
    for form in asked.forms_or(Form::Float) {
        match form {
            Form::Float => embeddings.float = Some(answer.floats()?),
            Form::Base64 => embeddings.base64 = Some(answer.encoded()?),
            Form::Compressed(name) => {
                let vectors = Some(answer.form(form).ok_or_else(malformed)?);
                match name {
                    "int8" => embeddings.int8 = vectors,
                    "uint8" => embeddings.uint8 = vectors,
                    "binary" => embeddings.binary = vectors,
                    _ => embeddings.ubinary = vectors,
                }
            }
        }
    }
    Ok(json(&AnswerOut {
        id,
        embeddings,
        texts: asked.texts().unwrap_or_default(),
        meta,
        response_type: "embeddings_by_type",
    }))
}

#[derive(Deserialize)]
struct Answer<'a> {
    id: Option<String>,
    #[serde(borrow)]
    embeddings: Option<&'a RawValue>,
    message: Option<String>,
    meta: Option<MetaIn>,
}

#[derive(Deserialize)]
struct MetaIn {
    billed_units: Option<BilledIn>,
}

#[derive(Deserialize)]
struct BilledIn {
    input_tokens: Option<f64>,
    image_tokens: Option<f64>,
}

#[derive(Deserialize)]
struct ByType {
    float: Option<Vec<Vector>>,
    base64: Option<Vec<Vector>>,
    int8: Option<Vec<Vector>>,
    uint8: Option<Vec<Vector>>,
    binary: Option<Vec<Vector>>,
    ubinary: Option<Vec<Vector>>,
}

impl ByType {
    fn into_vectors(self) -> Vec<(Form, Vec<Vector>)> {
        let forms = [
            (Form::Float, self.float.or(self.base64)),
            (Form::Compressed("int8"), self.int8),
            (Form::Compressed("uint8"), self.uint8),
            (Form::Compressed("binary"), self.binary),
            (Form::Compressed("ubinary"), self.ubinary),
        ];
        forms.into_iter().filter_map(|(form, vectors)| Some((form, vectors?))).collect()
    }
}

#[derive(Serialize)]
struct AnswerOut<'a> {
    id: &'a str,
    embeddings: ByTypeOut<'a>,
    texts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
    response_type: &'static str,
}

#[derive(Default, Serialize)]
struct ByTypeOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    float: Option<&'a [Vector]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    int8: Option<&'a [Vector]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uint8: Option<&'a [Vector]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary: Option<&'a [Vector]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ubinary: Option<&'a [Vector]>,
}

/// What Cohere says of an answer beside it.
#[derive(Serialize)]
pub(in crate::protocol) struct Meta {
    api_version: Version,
    billed_units: BilledOut,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

#[derive(Serialize)]
struct BilledOut {
    input_tokens: u64,
}

/// Extra fields that only this protocol has; it gets them back when a client of its on Bedrock
/// comes here.
const OWN_EXTRAS: &[&str] = &["max_tokens"];
