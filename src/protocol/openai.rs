//! OpenAI Chat Completions, of OpenAI and compatible providers.
//!
//! Only one choice is supported; `n` and `logprobs` are named as dropped.

mod request;
mod response;
mod finish;
mod details;
mod said;
mod stream;
mod wanted;
mod declared;
pub(in crate::protocol) mod profile;

use super::codec::{Codec, Count, SERVER_SENT_EVENTS};
use super::frames::FrameReader;
use super::usual;

/// OpenAI Chat Completions.
pub(in crate::protocol) const CODEC: Codec = Codec {
    read_request: request::read,
    write_request: request::write,
    read_response: response::read,
    write_response: response::write,
    has_place_for: None,
    stream_reader: |reading| Box::new(FrameReader::new(stream::State::new(reading))),
    stream_writer: |to| Box::new(stream::Writer::new(to)),
    stream_type: SERVER_SENT_EVENTS,
    read_error: usual::error::read,
    write_error: |failure, _| usual::error::write(failure),
    write_broken: None,
    write_in_place_of: None,
    write_models: usual::models::write_models,
    write_model: usual::models::write_model,
    write_count: None,
    count: Count::USUAL,
    embeddings: Some(&usual::embedding::UsualEmbeddings),
};
