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

use http::HeaderMap;

use super::codec::{
    Client, Codec, Head, Model, ReadError, Reading, Refused, StreamReader, StreamWriter, Target,
    Written, WrittenError,
};
use super::conversation::{Conversation, Failure, Reply};
use super::embedding::Embeddings;
use super::frames::FrameReader;
use super::usual;

/// OpenAI Chat Completions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenAi;

impl Codec for OpenAi {
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
        usual::error::read(status, headers, body)
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
