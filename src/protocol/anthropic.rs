//! Anthropic Messages.
//!
//! The `anthropic-beta` header belongs to the caller: it is kept for Anthropic and removed for
//! others.

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

use super::codec::{Codec, Count, SERVER_SENT_EVENTS};
use super::frames::FrameReader;

/// Anthropic Messages.
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
    write_count: Some(|from, target| request::write_count(from, target).map(Some)),
    count: Count::USUAL,
    embeddings: None,
};
