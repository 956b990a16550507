//! Amazon's Titan: one input in, one vector out.
//!
//! It has no field for more than one input.

use serde::{Deserialize, Serialize};

use crate::models::bedrock::Vectors;
use crate::protocol::codec::{ReadError, Refused, Target, json};
use crate::protocol::conversation::Failure;
use crate::protocol::embedding::{
    Calls, Embedded, Embedding, Form, Input, Piece, Truncate, Vector, malformed, unfit_input,
};
use crate::protocol::object::Object;

/// Reads a request.
pub(super) fn read(mut body: Object<'_>) -> Result<Embedding, ReadError> {
    let mut parts = Vec::new();
    parts.extend(body.take("inputText")?.map(Piece::Text));
    let image: Option<String> = body.take("inputImage")?;
    parts.extend(image.map(|data| Piece::Image(format!("data:{};base64,{data}", kind(&data)))));
    let length = body.with("embeddingConfig", |mut config| config.take("outputEmbeddingLength"))?;
    let types: Vec<String> = body.take("embeddingTypes")?.unwrap_or_default();
    let forms = types.iter().map(|word| match word.as_str() {
        "float" => Ok(Form::Float),
        "binary" => Ok(Form::Compressed(BITS)),
        _ => Err(ReadError::new("embeddingTypes", "names a type that is not known")),
    });
    let mut to = Embedding {
        inputs: vec![Input { parts, title: None }],
        dimensions: body.take("dimensions")?.or(length.flatten()),
        normalize: body.take("normalize")?,
        forms: forms.collect::<Result<_, _>>()?,
        ..Embedding::default()
    };
    for (name, value) in body.rest() {
        to.keep_extra(name, value);
    }
    Ok(to)
}

/// Writes a call for each input.
pub(super) fn write(
    path: String,
    from: &Embedding,
    model: Vectors,
    target: &Target<'_>,
) -> Result<Calls, Refused> {
    from.wants_floats_only()?;
    if model == Vectors::TitanFirst && from.dimensions.is_some() {
        return Err(Refused { field: "dimensions".to_owned() });
    }
    let mut losses = target.losses();
    from.lose_titles(&mut losses)?;
    losses.lose_if(from.truncate.is_some_and(|it| it != Truncate::Never), "truncate")?;
    losses.lose_if(from.normalize == Some(false) && model != Vectors::Titan, "normalize")?;
    from.lose_extras(&[], &mut losses)?;
    let body = |input: &Input| {
        let (text, image) = pieces(input, model).ok_or_else(unfit_input)?;
        let second = model == Vectors::Titan;
        Ok(Body {
            input_text: text,
            input_image: image,
            dimensions: from.dimensions.filter(|_| second),
            normalize: from.normalize.filter(|_| second),
            embedding_config: from
                .dimensions
                .filter(|_| model == Vectors::TitanImage)
                .map(|output_embedding_length| Config { output_embedding_length }),
        })
    };
    let bodies: Vec<Body> = from.inputs.iter().map(body).collect::<Result<_, _>>()?;
    Calls::cut(path, &bodies, 1, losses, |only| json(&only[0]))
}

/// The text and the image of an input, if it has no more than one image and the model takes it.
fn pieces(input: &Input, model: Vectors) -> Option<(Option<String>, Option<String>)> {
    let (mut texts, mut image) = (Vec::new(), None);
    for piece in &input.parts {
        match piece {
            Piece::Text(text) => texts.push(text.as_str()),
            Piece::Image(url) if model == Vectors::TitanImage && image.is_none() => {
                let (_, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
                image = Some(data.to_owned());
            }
            Piece::Image(_) | Piece::Tokens(_) => return None,
        }
    }
    Some(((!texts.is_empty()).then(|| texts.join("\n")), image))
}

/// Reads an answer.
pub(super) fn read_answer(body: &[u8]) -> Result<Embedded, Failure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| malformed())?;
    let Some(vector) = answer.embedding else {
        return Err(answer.message.map_or_else(malformed, Failure::malformed));
    };
    let tokens = answer.input_text_token_count;
    Ok(Embedded { tokens, ..Embedded::of(Form::Float, vec![vector]) })
}

/// Writes an answer.
pub(super) fn write_answer(
    answer: &Embedded,
    asked: &Embedding,
    tokens: u64,
) -> Result<Vec<u8>, Failure> {
    let embedding = answer.floats()?.first().ok_or_else(malformed)?;
    let by_type = asked.forms.contains(&Form::Float).then_some(ByType { float: embedding });
    Ok(json(&AnswerOut { embedding, embeddings_by_type: by_type, input_text_token_count: tokens }))
}

/// The media type of an image without one, from the start of its base64.
fn kind(data: &str) -> &'static str {
    if data.starts_with("/9j/") { "image/jpeg" } else { "image/png" }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    input_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalize: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding_config: Option<Config>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    output_embedding_length: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    embedding: Option<Vector>,
    input_text_token_count: Option<u64>,
    message: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerOut<'a> {
    embedding: &'a Vector,
    #[serde(skip_serializing_if = "Option::is_none")]
    embeddings_by_type: Option<ByType<'a>>,
    input_text_token_count: u64,
}

#[derive(Serialize)]
struct ByType<'a> {
    float: &'a Vector,
}

/// Titan's `binary`, a number for each bit, is not what Cohere calls `binary`.
const BITS: &str = "bits";
