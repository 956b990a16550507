//! Gemini `generateContent`, of the Gemini API and Vertex AI.
//!
//! The path names the model and says whether the answer is a stream. Only one candidate is
//! supported; `candidateCount` is named as dropped.

mod request;
mod response;
mod finish;
mod stream;
mod error;
mod foreign;
mod wanted;
mod declared;
mod words;
pub(in crate::protocol) mod profile;
mod embedding;
mod part;
mod schema;
mod signature;
mod spelling;
#[cfg(test)]
mod tests;

use super::codec::{Codec, Count, SERVER_SENT_EVENTS};

/// Gemini `generateContent`.
pub(in crate::protocol) const CODEC: Codec = Codec {
    read_request: request::read,
    write_request: request::write,
    read_response: response::read,
    write_response: response::write,
    has_place_for: Some(|medium| part::PartOut::of_medium(medium).is_some()),
    stream_reader: |reading| Box::new(stream::Reader::new(reading)),
    stream_writer: |to| Box::new(stream::Writer::new(to)),
    stream_type: SERVER_SENT_EVENTS,
    read_error: error::read,
    write_error: |failure, _| error::write(failure),
    write_broken: None,
    write_in_place_of: None,
    write_models: response::write_models,
    write_model: response::write_model,
    write_count: Some(|from, target| request::write_count(from, target).map(Some)),
    count: Count::of("totalTokens"),
    embeddings: Some(&embedding::GeminiEmbeddings),
};
