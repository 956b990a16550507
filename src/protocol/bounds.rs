//! How many there may be of what a request or an answer is made of: more than any vendor takes or
//! gives, so that the work for one body is bounded by more than its length.
//!
//! It never bounds bytes: `--max-body` does.

use super::misfit::ReadError;

/// Items of one list, and parts of a whole request or answer. Anthropic takes the most messages of
/// all vendors, and takes so many.
pub(crate) const PARTS: usize = 100_000;
/// Tools of a request. Anthropic's search among tools knows the largest catalogue.
pub(crate) const TOOLS: usize = 10_000;
/// Texts that end an answer. Anthropic takes the most.
pub(crate) const STOPS: usize = 8_191;
/// Fields of one object that a protocol defines. The largest has less than a hundred.
pub(crate) const FIELDS: usize = 1_024;
/// Names of fields that are dropped: whatever a client sends, `x-onwards-dropped` shows fewer.
pub(crate) const DROPPED: usize = 1_024;
/// Calls of tools in one answer: more than fit in the longest answer of any model.
pub(crate) const CALLS: usize = 16_384;

/// Too many of something.
pub(crate) fn too_many(field: &str, most: usize) -> ReadError {
    ReadError::new(field, format!("must not have more than {most} items"))
}

/// An answer calls more tools than [`CALLS`].
pub(crate) const TOO_MANY_CALLS: &str =
    "the provider's answer has more tool calls than any model's";
/// An answer has more parts than [`PARTS`].
pub(crate) const TOO_MANY_PARTS: &str = "the provider's answer has more parts than any model's";
