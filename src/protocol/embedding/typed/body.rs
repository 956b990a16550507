//! The request body of Cohere's models, at Cohere and on Bedrock.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::protocol::codec::{ReadError, Refused, json};
use crate::protocol::conversation::{Extra, Losses};
use crate::protocol::embedding::{
    Calls, Embedding, Form, Input, Piece, Task, Truncate, unfit_input,
};
use crate::protocol::object::Object;

/// In which words a body is written.
#[derive(Clone, Copy)]
pub(in crate::protocol) struct Words<'a> {
    /// The model, if it is in the body.
    pub(in crate::protocol) model: Option<&'a str>,
    /// Whether an image is an object with its URL, or the URL.
    pub(in crate::protocol) wraps_images: bool,
    /// What cuts the beginning.
    pub(in crate::protocol) start: &'static str,
    /// What cuts the end.
    pub(in crate::protocol) end: &'static str,
}

/// Reads the fields of all bodies.
pub(in crate::protocol) fn read_fields(mut body: Object<'_>) -> Result<Embedding, ReadError> {
    let mut to = Embedding {
        inputs: read_inputs(&mut body)?,
        is_list: true,
        dimensions: body.take("output_dimension")?,
        truncate: read_truncate(&mut body)?,
        forms: read_forms(&mut body)?,
        ..Embedding::default()
    };
    to.task = read_task(&mut body)?;
    for (name, value) in body.rest() {
        to.keep_extra(name, value);
    }
    Ok(to)
}

fn read_inputs(body: &mut Object<'_>) -> Result<Vec<Input>, ReadError> {
    let texts: Vec<String> = body.take("texts")?.unwrap_or_default();
    let images: Vec<String> = body.take("images")?.unwrap_or_default();
    let image = |url| Input { parts: vec![Piece::Image(url)], title: None };
    let mut inputs: Vec<Input> = texts.into_iter().map(Input::of_text).collect();
    inputs.extend(images.into_iter().map(image));
    inputs.extend(body.each("inputs", |mut input| {
        let parts = input.each("content", read_piece)?;
        Ok(Input { parts, title: None })
    })?);
    if inputs.is_empty() {
        return Err(ReadError::new("texts", "must hold at least one text"));
    }
    Ok(inputs)
}

fn read_piece(mut piece: Object<'_>) -> Result<Piece, ReadError> {
    if let Some(text) = piece.take("text")? {
        return Ok(Piece::Text(text));
    }
    let Some(image) = piece.raw("image_url") else {
        return Err(ReadError::new("type", "must be `text` or `image_url`"));
    };
    // An object at Cohere, a text on Bedrock.
    let url = match serde_json::from_str(image.get()) {
        Ok(url) => url,
        Err(_) => Object::of(image)
            .and_then(|mut image| image.require("url"))
            .map_err(|error| error.within("image_url"))?,
    };
    Ok(Piece::Image(url))
}

fn read_truncate(body: &mut Object<'_>) -> Result<Option<Truncate>, ReadError> {
    Ok(match body.take::<String>("truncate")?.as_deref() {
        None => None,
        Some("NONE") => Some(Truncate::Never),
        Some("START" | "LEFT") => Some(Truncate::Start),
        Some("END" | "RIGHT") => Some(Truncate::End),
        Some(_) => return Err(ReadError::new("truncate", "must be `NONE`, `START` or `END`")),
    })
}

fn read_forms(body: &mut Object<'_>) -> Result<Vec<Form>, ReadError> {
    let words: Vec<String> = body.take("embedding_types")?.unwrap_or_default();
    let form = |word: &String| match word.as_str() {
        "float" => Ok(Form::Float),
        "base64" => Ok(Form::Base64),
        word => match COMPRESSED.iter().find(|name| **name == word) {
            Some(name) => Ok(Form::Compressed(name)),
            None => Err(ReadError::new("embedding_types", "names a type that is not known")),
        },
    };
    words.iter().map(form).collect()
}

fn read_task(body: &mut Object<'_>) -> Result<Option<Task>, ReadError> {
    Ok(match body.take::<String>("input_type")?.as_deref() {
        // Images have no purpose field.
        None | Some("image") => None,
        Some("search_query") => Some(Task::Query),
        Some("search_document") => Some(Task::Document),
        Some("classification") => Some(Task::Classification),
        Some("clustering") => Some(Task::Clustering),
        Some(_) => return Err(ReadError::new("input_type", "is not known")),
    })
}

/// Writes the calls for a request.
pub(in crate::protocol) fn write_calls(
    path: String,
    from: &Embedding,
    words: Words<'_>,
    taken: &[&str],
    mut losses: Losses,
) -> Result<Calls, Refused> {
    let foreign =
        |form: &Form| matches!(form, Form::Compressed(name) if !COMPRESSED.contains(name));
    if from.forms.iter().any(foreign) {
        from.wants_floats_only()?;
    }
    losses.lose_if(from.tasks_differ, "input_type")?;
    from.lose_titles(&mut losses)?;
    losses.lose_if(from.normalize == Some(false), "normalize")?;
    from.lose_extras(taken, &mut losses)?;
    let extra = |name: &str| from.extras.iter().find(|extra: &&Extra| extra.name == name);
    let max_tokens = extra("max_tokens").filter(|_| taken.contains(&"max_tokens"));
    let body = Body {
        model: words.model,
        texts: None,
        inputs: None,
        input_type: write_task(from.task),
        embedding_types: write_forms(&from.forms),
        output_dimension: from.dimensions,
        truncate: from.truncate.map(|truncate| match truncate {
            Truncate::Never => "NONE",
            Truncate::Start => words.start,
            Truncate::End => words.end,
        }),
        max_tokens: max_tokens.map(|extra| &*extra.value),
    };
    if let Ok(texts) = from.texts() {
        return Calls::cut(path, &texts, MOST_INPUTS, losses, |texts| {
            json(&Body { texts: Some(texts), ..body.clone() })
        });
    }
    let input = |input| InputOut::of(input, words).ok_or_else(unfit_input);
    let inputs = from.inputs.iter().map(input).collect::<Result<Vec<_>, _>>()?;
    Calls::cut(path, &inputs, MOST_INPUTS, losses, |inputs| {
        json(&Body { inputs: Some(inputs), ..body.clone() })
    })
}

/// The nearest purpose, which is required. Most inputs are documents for an index.
fn write_task(task: Option<Task>) -> &'static str {
    match task {
        None | Some(Task::Document) => "search_document",
        Some(Task::Query | Task::Question | Task::Fact | Task::CodeQuery) => "search_query",
        Some(Task::Classification) => "classification",
        Some(Task::Clustering | Task::Similarity) => "clustering",
    }
}

/// Base64 is made of floats, so it is not asked for.
fn write_forms(forms: &[Form]) -> Vec<&'static str> {
    let floats = |form: &Form| !matches!(form, Form::Compressed(_));
    let mut words = Vec::new();
    if forms.is_empty() || forms.iter().any(floats) {
        words.push("float");
    }
    words.extend(forms.iter().filter_map(|form| match form {
        Form::Compressed(name) => Some(*name),
        Form::Float | Form::Base64 => None,
    }));
    words
}

#[derive(Clone, Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<&'a [InputOut<'a>]>,
    input_type: &'static str,
    embedding_types: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct InputOut<'a> {
    content: Vec<PieceOut<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PieceOut<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Image<'a> },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Image<'a> {
    Object { url: &'a str },
    Bare(&'a str),
}

impl<'a> InputOut<'a> {
    fn of(input: &'a Input, words: Words<'_>) -> Option<Self> {
        let pieces = input.parts.iter().map(|piece| match piece {
            Piece::Text(text) => Some(PieceOut::Text { text }),
            Piece::Image(url) => Some(PieceOut::ImageUrl {
                image_url: if words.wraps_images {
                    Image::Object { url }
                } else {
                    Image::Bare(url)
                },
            }),
            Piece::Tokens(_) => None,
        });
        Some(Self { content: pieces.collect::<Option<_>>()? })
    }
}

/// Formats that only Cohere's models have.
const COMPRESSED: [&str; 4] = ["int8", "uint8", "binary", "ubinary"];
/// What Cohere takes in one call.
const MOST_INPUTS: usize = 96;
