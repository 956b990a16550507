//! The serialized events of a stream: each has a type and a number.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::protocol::codec::append_event;
use crate::protocol::conversation::Failure;
use crate::protocol::openai_responses::error;
use crate::protocol::openai_responses::item::{ItemOut, PartOut};

/// Numbers the events of one stream.
#[derive(Debug, Default)]
pub(super) struct Numbers(u64);

/// An event about the whole response.
#[derive(Serialize)]
pub(super) struct Whole<T> {
    pub(super) response: T,
}

/// An event about a whole item.
#[derive(Serialize)]
pub(super) struct ItemEvent<'a> {
    output_index: usize,
    item: &'a ItemOut<'a>,
}

/// An event about a piece of an item: which fields there are depends on its type.
#[derive(Clone, Default, Serialize)]
pub(super) struct Detail<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<PartOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<[(); 0]>,
}

/// Writes an error outside a response, since a second response would confuse the client. Earlier
/// events were not counted.
pub(crate) fn write_broken(failure: &Failure) -> Vec<u8> {
    let mut out = Vec::new();
    Numbers::default().event("error", &error::Alone::of(failure), &mut out);
    out
}

/// Writes a failed response in place of the provider's. Its ID, time and number stay; agents act on
/// the failed response and do not retry after it.
pub(crate) fn write_in_place_of(told: &[u8], failure: &Failure, model: &str) -> Vec<u8> {
    let told = serde_json::from_slice::<Told<'_>>(told).ok();
    let Some(told) = told.filter(|told| told.r#type == FAILED) else {
        return write_broken(failure);
    };
    let mut out = Vec::new();
    let response = Failed {
        id: &told.response.id,
        object: "response",
        created_at: told.response.created_at.unwrap_or_default(),
        status: "failed",
        error: error::Out::of(failure),
        incomplete_details: None,
        model,
        output: [],
    };
    let mut numbers = Numbers(told.sequence_number.unwrap_or_default());
    numbers.event(FAILED, &Whole { response }, &mut out);
    out
}

/// What is kept of a failed response.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    sequence_number: Option<u64>,
    #[serde(borrow)]
    response: ToldResponse<'a>,
}

#[derive(Deserialize)]
struct ToldResponse<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    created_at: Option<f64>,
}

#[derive(Serialize)]
struct Failed<'a> {
    id: &'a str,
    object: &'static str,
    created_at: f64,
    status: &'static str,
    error: error::Out<'a>,
    incomplete_details: Option<()>,
    model: &'a str,
    output: [(); 0],
}

const FAILED: &str = "response.failed";

#[derive(Serialize)]
struct Numbered<'a, T> {
    r#type: &'static str,
    sequence_number: u64,
    #[serde(flatten)]
    data: &'a T,
}

impl Numbers {
    /// Writes the next event: its name stands before its data and in it.
    pub(super) fn event(&mut self, name: &'static str, data: &impl Serialize, out: &mut Vec<u8>) {
        append_event(name, &Numbered { r#type: name, sequence_number: self.0, data }, out);
        self.0 += 1;
    }
}

impl<'a> ItemEvent<'a> {
    /// The item with that number.
    pub(super) fn of(output_index: usize, item: &'a ItemOut<'a>) -> Self {
        Self { output_index, item }
    }
}
