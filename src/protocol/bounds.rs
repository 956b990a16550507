//! Upper limits on the number of items in a request or answer: more than any vendor accepts or
//! sends, so that the work for a body does not depend on its length alone. `--max-body` limits
//! bytes.

use std::{fmt, marker::PhantomData};

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

use super::misfit::ReadError;

/// The most items of one list, and parts of a request or answer. Anthropic's limit on messages is
/// the highest of all vendors.
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

/// Answers that are asked for at once, and that come. OpenAI takes the most.
pub(crate) const CHOICES: usize = 128;
/// The most inputs of one embeddings request: eight times OpenAI's limit, the highest of all.
pub(crate) const INPUTS: usize = 16_384;
/// Forms of one vector that are asked for. Cohere knows the most.
pub(crate) const FORMS: usize = 16;

/// Too many of something.
pub(crate) fn too_many(field: &str, most: usize) -> ReadError {
    ReadError::new(field, format!("must not have more than {most} items"))
}

/// A list in an answer that is read no further than its most.
#[derive(Debug)]
pub(crate) struct Few<T, const MOST: usize>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each<T, const MOST: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Each<T, MOST> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                let mut items = Vec::with_capacity(1);
                while let Some(item) = list.next_element()? {
                    if items.len() == MOST {
                        return Err(A::Error::invalid_length(MOST + 1, &self));
                    }
                    items.push(item);
                }
                Ok(items)
            }
        }

        from.deserialize_seq(Each::<T, MOST>(PhantomData)).map(Self)
    }
}

impl<T, const MOST: usize> IntoIterator for Few<T, MOST> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// An answer calls more tools than [`CALLS`].
pub(crate) const TOO_MANY_CALLS: &str =
    "the provider's answer has more tool calls than any model's";
/// An answer has more parts than [`PARTS`].
pub(crate) const TOO_MANY_PARTS: &str = "the provider's answer has more parts than any model's";
