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

use http::HeaderMap;

use super::codec::{
    Client, Codec, Head, Model, ReadError, Reading, Refused, StreamReader, StreamWriter, Target,
    Written, WrittenError,
};
use super::conversation::{Conversation, Failure, Reply};
use super::embedding::Embeddings;
use super::frames::FrameReader;

/// Cohere v2 chat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cohere;

impl Codec for Cohere {
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

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        Some(&embedding::CohereEmbeddings)
    }
}
