//! OpenAI Responses.
//!
//! Nothing is stored here: a request that refers to a stored answer cannot be translated and is
//! refused with the name of the field.

mod request;
mod response;
mod item;
mod stream;
mod error;
mod foreign;
mod wanted;
mod declared;
mod words;
pub(in crate::protocol) mod profile;
mod custom;
mod namespace;

use super::codec::{Codec, Count, SERVER_SENT_EVENTS};
use super::frames::FrameReader;
use super::usual;

/// OpenAI Responses.
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
    write_error: |failure, _| usual::error::write(failure),
    write_broken: Some(stream::write_broken),
    write_in_place_of: Some(stream::write_in_place_of),
    write_models: usual::models::write_models,
    write_model: usual::models::write_model,
    write_count: None,
    count: Count { object: Some("response.input_tokens"), ..Count::USUAL },
    embeddings: Some(&usual::embedding::UsualEmbeddings),
};
