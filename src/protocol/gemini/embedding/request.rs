//! Embedding requests: one content, or a batch of requests with one each.
//!
//! If the purposes in a batch differ, the first one applies and the difference is named as lost.
//! Only Gemini supports several lengths in one batch.

use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::protocol::codec::{Head, ReadError, Refused, Target, json};
use crate::protocol::embedding::{Calls, Embedding, Input, Piece, Task, Truncate, unfit_input};
use crate::protocol::gemini::request::{NOT_IN_PATHS, resource};
use crate::protocol::gemini::spelling::EitherName;
use crate::protocol::object::Object;

/// Reads a request.
pub(super) fn read(body: &[u8], head: &Head<'_>) -> Result<Embedding, ReadError> {
    let mut body = Object::parse(body)?;
    let named: Option<String> = body.take("model")?;
    let named = head.model.map(str::to_owned).or(named);
    let named = named.ok_or_else(|| ReadError::new("model", "is missing"))?;
    let model = named.strip_prefix("models/").unwrap_or(&named).to_owned();
    let mut to = match body.raw("requests") {
        None => read_one(&mut body)?,
        Some(requests) => read_batch(requests)?,
    };
    for (name, value) in body.rest() {
        to.keep_extra(name, value);
    }
    Ok(Embedding { model, ..to })
}

/// A request with one content, and its other fields.
fn read_one(body: &mut Object<'_>) -> Result<Embedding, ReadError> {
    let parts = body.with("content", |mut content| content.each("parts", read_piece))?;
    let parts = parts.ok_or_else(|| ReadError::new("content", "is missing"))?;
    if parts.is_empty() {
        return Err(ReadError::new("content.parts", "must hold at least one part"));
    }
    let task = match body.take_either::<String>("taskType", "task_type")?.as_deref() {
        None | Some("TASK_TYPE_UNSPECIFIED") => None,
        Some(word) => Some(read_task(word)?),
    };
    let truncates: Option<bool> = body.take_either("autoTruncate", "auto_truncate")?;
    Ok(Embedding {
        inputs: vec![Input { parts, title: body.take("title")? }],
        dimensions: body.take_either("outputDimensionality", "output_dimensionality")?,
        truncate: truncates.map(|it| if it { Truncate::End } else { Truncate::Never }),
        task,
        ..Embedding::default()
    })
}

fn read_batch(requests: &RawValue) -> Result<Embedding, ReadError> {
    let requests: Vec<&RawValue> = serde_json::from_str(requests.get())
        .map_err(|_| ReadError::new("requests", "must be a list of objects"))?;
    let mut all: Option<Embedding> = None;
    for (index, request) in requests.into_iter().enumerate() {
        add(request, &mut all).map_err(|error| error.within(format!("requests[{index}]")))?;
    }
    all.ok_or_else(|| ReadError::new("requests", "must hold at least one request"))
}

/// Adds one request of a batch to those before it.
fn add(request: &RawValue, all: &mut Option<Embedding>) -> Result<(), ReadError> {
    let mut body = Object::of(request)?;
    body.raw("model");
    let one = read_one(&mut body)?;
    let to = match all {
        None => all.insert(Embedding { is_list: true, ..one }),
        Some(to) => {
            if to.dimensions != one.dimensions {
                return Err(ReadError::new("outputDimensionality", "differs from the first one's"));
            }
            to.tasks_differ |= to.task != one.task;
            if to.truncate != one.truncate {
                to.keep_extra("requests.autoTruncate", request);
            }
            to.inputs.extend(one.inputs);
            to
        }
    };
    for (name, value) in body.rest() {
        to.keep_extra(format!("requests.{name}"), value);
    }
    Ok(())
}

fn read_piece(mut part: Object<'_>) -> Result<Piece, ReadError> {
    if let Some(text) = part.take("text")? {
        return Ok(Piece::Text(text));
    }
    let blob = part.with_either("inlineData", "inline_data", |mut blob| {
        let media_type = blob.take_either::<String>("mimeType", "mime_type")?;
        let data: String = blob.require("data")?;
        Ok(format!("data:{};base64,{data}", media_type.as_deref().unwrap_or("image/png")))
    })?;
    blob.map(Piece::Image).ok_or_else(|| ReadError::new("text", "is missing"))
}

/// Writes the calls for a request: a batch as soon as there are two inputs.
pub(super) fn write(from: &Embedding, target: &Target<'_>) -> Result<Calls, Refused> {
    from.wants_floats_only()?;
    let mut losses = target.losses();
    losses.lose_if(from.tasks_differ, "input_type")?;
    losses.lose_if(from.truncate.is_some_and(|it| it != Truncate::End), "truncate")?;
    losses.lose_if(from.normalize == Some(false), "normalize")?;
    from.lose_extras(&[], &mut losses)?;
    let resource = resource(target.model);
    let request = |input| {
        Some(RequestOut {
            model: &resource,
            content: ContentOut::of(input)?,
            task_type: from.task.map(write_task),
            title: input.title.as_deref(),
            output_dimensionality: from.dimensions,
        })
    };
    let requests: Vec<RequestOut<'_>> =
        from.inputs.iter().map(request).collect::<Option<_>>().ok_or_else(unfit_input)?;
    let single = requests.len() == 1;
    let method = if single { "embedContent" } else { "batchEmbedContents" };
    let model = utf8_percent_encode(&resource, NOT_IN_PATHS);
    let path = format!("/v1beta/{model}:{method}");
    Calls::cut(path, &requests, MOST_INPUTS, losses, |requests| match requests {
        [only] if single => json(only),
        requests => json(&BatchOut { requests }),
    })
}

fn read_task(word: &str) -> Result<Task, ReadError> {
    let row = TASKS.iter().find(|(_, known)| *known == word);
    row.map(|(task, _)| *task).ok_or_else(|| ReadError::new("taskType", "is not known"))
}

fn write_task(task: Task) -> &'static str {
    let row = TASKS.iter().find(|(known, _)| *known == task);
    row.map_or("TASK_TYPE_UNSPECIFIED", |(_, word)| word)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestOut<'a> {
    model: &'a str,
    content: ContentOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u64>,
}

#[derive(Serialize)]
struct BatchOut<'a> {
    requests: &'a [RequestOut<'a>],
}

#[derive(Serialize)]
struct ContentOut<'a> {
    parts: Vec<PartOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum PartOut<'a> {
    Text(&'a str),
    #[serde(rename_all = "camelCase")]
    InlineData {
        mime_type: &'a str,
        data: &'a str,
    },
}

impl<'a> ContentOut<'a> {
    fn of(input: &'a Input) -> Option<Self> {
        let parts = input.parts.iter().map(|piece| match piece {
            Piece::Text(text) => Some(PartOut::Text(text)),
            Piece::Image(url) => {
                let (mime_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
                Some(PartOut::InlineData { mime_type, data })
            }
            Piece::Tokens(_) => None,
        });
        Some(Self { parts: parts.collect::<Option<_>>()? })
    }
}

const TASKS: [(Task, &str); 8] = [
    (Task::Query, "RETRIEVAL_QUERY"),
    (Task::Document, "RETRIEVAL_DOCUMENT"),
    (Task::Classification, "CLASSIFICATION"),
    (Task::Clustering, "CLUSTERING"),
    (Task::Similarity, "SEMANTIC_SIMILARITY"),
    (Task::Question, "QUESTION_ANSWERING"),
    (Task::Fact, "FACT_VERIFICATION"),
    (Task::CodeQuery, "CODE_RETRIEVAL_QUERY"),
];
/// What Gemini takes in one batch.
const MOST_INPUTS: usize = 100;
