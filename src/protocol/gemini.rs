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

use http::HeaderMap;

use super::codec::{
    Client, Codec, Head, Model, ReadError, Reading, Refused, StreamReader, StreamWriter, Target,
    Written, WrittenError,
};
use super::conversation::{Conversation, Failure, Media, Reply};
use super::embedding::Embeddings;

/// Gemini `generateContent`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gemini;

impl Codec for Gemini {
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

    fn has_place_for(&self, medium: &Media) -> bool {
        part::PartOut::of_medium(medium).is_some()
    }

    fn stream_reader(&self, reading: Reading) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::new(reading))
    }

    fn stream_writer(&self, to: &Client<'_>) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::new(to))
    }

    fn read_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        error::read(status, headers, body)
    }

    fn write_error(&self, failure: &Failure, _request_id: &str) -> WrittenError {
        error::write(failure)
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

    fn write_counted(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"totalTokens":{tokens}}}"#).into_bytes()
    }

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        Some(&embedding::GeminiEmbeddings)
    }
}
