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

use http::HeaderMap;

use super::codec::{
    Client, Codec, Head, Model, ReadError, Reading, Refused, StreamReader, StreamWriter, Target,
    Written, WrittenError,
};
use super::conversation::{Conversation, Failure, Reply};
use super::embedding::Embeddings;
use super::frames::FrameReader;
use super::usual;

/// OpenAI Responses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenAiResponses;

impl Codec for OpenAiResponses {
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

    fn write_broken(&self, failure: Failure) -> Vec<u8> {
        stream::write_broken(&failure)
    }

    fn write_in_place_of(&self, told: &[u8], failure: Failure, model: &str) -> Vec<u8> {
        stream::write_in_place_of(told, &failure, model)
    }

    fn write_counted(&self, tokens: u64) -> Vec<u8> {
        response::write_counted(tokens)
    }

    fn write_error(&self, failure: &Failure, _request_id: &str) -> WrittenError {
        usual::error::write(failure)
    }

    fn write_models(&self, models: &[Model<'_>]) -> Vec<u8> {
        usual::models::write_models(models)
    }

    fn write_model(&self, model: &Model<'_>) -> Vec<u8> {
        usual::models::write_model(model)
    }

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        Some(&usual::embedding::UsualEmbeddings)
    }
}
