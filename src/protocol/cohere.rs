//! Cohere v2 chat.
//!
//! What only Cohere has (grounding documents, citations, safety modes) has no neutral form: it is
//! named as dropped in requests and omitted from answers.

mod request;
mod response;
mod finish;
mod stream;
mod error;
mod wanted;
mod declared;
pub(in crate::protocol) mod profile;
pub(in crate::protocol) mod embedding;
#[cfg(test)]
mod tests;

use super::codec::{Codec, Count, SERVER_SENT_EVENTS};
use super::frames::FrameReader;

/// Cohere v2 chat.
pub(in crate::protocol) const CODEC: Codec = Codec {
    read_request: request::read,
    write_request: request::write,
    read_response: response::read,
    write_response: response::write,
    has_place_for: None,
    stream_reader: |reading| Box::new(FrameReader::new(stream::State::new(reading))),
    stream_writer: |to| Box::new(stream::Writer::new(to)),
    stream_type: SERVER_SENT_EVENTS,
    read_error: error::read,
    write_error: error::write,
    write_broken: None,
    write_in_place_of: None,
    write_models: response::write_models,
    write_model: response::write_model,
    write_count: None,
    count: Count::USUAL,
    embeddings: Some(&embedding::CohereEmbeddings),
};
