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

use http::HeaderMap;

use super::codec::{
    Client, Codec, Head, Model, ReadError, Reading, Refused, StreamReader, StreamWriter, Target,
    Written, WrittenError,
};
use super::conversation::{Conversation, Failure, Reply};
use super::embedding::Embeddings;
use super::frames::FrameReader;

/// Anthropic Messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anthropic;

impl Codec for Anthropic {
    fn read_request(&self, body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError> {
        request::read(body, head)
    }

    fn write_request(&self, from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
        request::write(from, target)
    }

    fn read_response(&self, body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
        response::read(body, reading)
    }

    fn write_response(&self, reply: &Reply, to: &Client<'_>) -> Vec<u8> {
        response::write(reply, to)
    }

    fn stream_reader(&self, reading: Reading) -> Box<dyn StreamReader> {
        Box::new(FrameReader::new(stream::State::new(reading)))
    }

    fn stream_writer(&self, to: &Client<'_>) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::new(to))
    }

    fn read_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        error::read(status, headers, body)
    }

    fn write_error(&self, failure: &Failure, request_id: &str) -> WrittenError {
        error::write(failure, request_id)
    }

    fn write_models(&self, models: &[Model<'_>]) -> Vec<u8> {
        response::write_models(models)
    }

    fn write_model(&self, model: &Model<'_>) -> Vec<u8> {
        response::write_model(model)
    }

    fn write_count(
        &self,
        from: &Conversation,
        target: &Target<'_>,
    ) -> Result<Option<Written>, Refused> {
        request::write_count(from, target).map(Some)
    }

    fn read_count(&self, body: &[u8]) -> Result<u64, Failure> {
        response::read_count(body)
    }

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        None
    }
}
