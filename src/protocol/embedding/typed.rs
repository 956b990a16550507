//! Embeddings by type: the body of Cohere's models, at Cohere and on Bedrock.

mod body;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(in crate::protocol) use body::{Words, read_fields, write_calls};

use super::{Embedded, Embedding, Form, Vector, malformed};
use crate::protocol::codec::json;
use crate::protocol::conversation::Failure;
use crate::protocol::told::{At, by_status};

/// Reads an answer, by type or as the list of floats that was all there was at first.
pub(in crate::protocol) fn read_answer(body: &[u8]) -> Result<Embedded, Failure> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| malformed())?;
    let Some(embeddings) = answer.embeddings else {
        let read = |said: String| by_status::read_inside(At::Success, body, &said);
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

/// Cohere's further fields of an answer.
#[derive(Serialize)]
pub(in crate::protocol) struct Meta {
    api_version: Version,
    billed_units: BilledOut,
}

impl Meta {
    pub(in crate::protocol) fn of(input_tokens: u64) -> Self {
        let (api_version, billed_units) = (Version { version: "2" }, BilledOut { input_tokens });
        Self { api_version, billed_units }
    }
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

#[derive(Serialize)]
struct BilledOut {
    input_tokens: u64,
}
