//! Bedrock Converse and ConverseStream.
//!
//! The path names the model and says whether the answer is a stream. A stream is a sequence of
//! binary frames (see `frames`), with errors as frames after a 200. Requests are signed by `sigv4`,
//! over the bytes that are sent.

mod request;
mod response;
mod finish;
mod stream;
mod error;
mod foreign;
mod wanted;
mod declared;
mod trace;
mod clean;
mod guarded;
pub(in crate::protocol) mod profile;
mod embedding;
mod frames;
mod proof;

use super::codec::{Codec, Count};

/// Bedrock Converse.
pub(in crate::protocol) const CODEC: Codec = Codec {
    read_request: request::read,
    write_request: request::write,
    read_response: response::read,
    write_response: |reply, _| response::write(reply),
    has_place_for: Some(|medium| request::image(medium).is_some()),
    stream_reader: |reading| Box::new(stream::Reader::new(reading)),
    stream_writer: |_| Box::new(stream::Writer::default()),
    stream_type: "application/vnd.amazon.eventstream",
    read_error: error::read,
    write_error: |failure, _| error::write(failure),
    write_broken: None,
    write_in_place_of: None,
    write_models: response::write_models,
    write_model: response::write_model,
    write_count: Some(request::write_count),
    count: Count::of("inputTokens"),
    embeddings: Some(&embedding::BedrockEmbeddings),
};
