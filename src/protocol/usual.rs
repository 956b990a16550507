//! OpenAI's form of errors, of the list of models and of embeddings, which most providers use
//! whatever else they have.

pub(in crate::protocol) mod embedding;
pub(in crate::protocol) mod error;
pub(in crate::protocol) mod models;
