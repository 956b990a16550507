//! `POST /v2/embed`. Its body is `embedding::typed`.
//!
//! | here | in the embedding |
//! |---|---|
//! | `texts`, `images`, `inputs` | `inputs` |
//! | `input_type` | `task`; documents if absent |
//! | `embedding_types` | `forms`; base64 is made here of floats |
//! | `max_tokens`, `priority` | `extras` |

use http::HeaderMap;

use crate::models::cohere;
use crate::protocol::codec::{Client, Head, ReadError, Refused, Target};
use crate::protocol::conversation::Failure;
use crate::protocol::embedding::typed::{
    Meta, Words, read_answer, read_fields, write_answer, write_calls,
};
use crate::protocol::embedding::{Answered, Calls, Embedded, Embedding, Embeddings};
use crate::protocol::object::Object;

/// Cohere's v2 embeddings.
#[derive(Debug, Clone, Copy)]
pub(super) struct CohereEmbeddings;

impl Embeddings for CohereEmbeddings {
    fn read_request(&self, body: &[u8], _head: &Head<'_>) -> Result<Embedding, ReadError> {
        let mut body = Object::parse(body)?;
        let model = body.require("model")?;
        Ok(Embedding { model, ..read_fields(body)? })
    }

    fn write_request(&self, from: &Embedding, target: &Target<'_>) -> Result<Calls, Refused> {
        // Only its old models have a fixed vector length.
        let takes_dimensions = cohere::DIMENSIONS.of(cohere::model(target.known_as()));
        if !takes_dimensions && from.dimensions.is_some() {
            return Err(Refused { field: "dimensions".to_owned() });
        }
        let words =
            Words { model: Some(target.model), wraps_images: true, start: "START", end: "END" };
        write_calls("/v2/embed".to_owned(), from, words, OWN_EXTRAS, target.losses())
    }

    fn read_response(&self, body: &[u8], _headers: &HeaderMap) -> Result<Embedded, Failure> {
        read_answer(body)
    }

    fn write_response(
        &self,
        answer: &Embedded,
        asked: &Embedding,
        to: &Client<'_>,
    ) -> Result<Answered, Failure> {
        let meta = Meta::of(answer.tokens_of(asked));
        let id = answer.id.as_deref().unwrap_or(to.id);
        let body = write_answer(answer, asked, id, Some(meta))?;
        Ok(Answered { headers: Vec::new(), body })
    }
}

/// Extra fields that only this protocol has; it gets them back when a client of its on Bedrock
/// comes here.
const OWN_EXTRAS: &[&str] = &["max_tokens"];
