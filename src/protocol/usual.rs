//! What most providers write, whatever they write beside it: OpenAI's form of an error, of the list of
//! models and of embeddings. OpenAI's own two protocols use it as it is.

pub(in crate::protocol) mod embedding;
pub(in crate::protocol) mod error;
pub(in crate::protocol) mod models;
