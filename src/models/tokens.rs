//! Token counts without a vendor's count: rules of thumb, and estimates by the family of the
//! tokenizer.
//!
//! [`of_request`] estimates the input of a request from the bytes of its body, of which it reads at
//! most 16 KiB. A [`Census`] counts a text in chunks, and [`Tokenizer::tokens`] converts its
//! counts.

mod census;
mod families;
mod request;
mod rules;
#[cfg(test)]
mod tests;

pub(crate) use census::Census;
pub(crate) use families::Tokenizer;
pub(crate) use request::Input;
pub(crate) use rules::{BYTES_PER_TOKEN, CERTAIN_BYTES_PER_TOKEN, PER_MEDIUM};

/// An estimate of a request's input tokens, for a model of that name, from the pieces of its JSON body and
/// their `length` in bytes. In a body up to 16 KiB every value is looked at; in a longer one sixteen samples
/// are, and stand for the whole. A picture counts [`PER_MEDIUM`], whatever its bytes.
///
/// The name is the provider's name of the model where it is known, else the alias: an unknown name has the
/// tokenizer that most models resemble.
pub(crate) fn of_request<'a>(
    model: &str,
    body: impl Iterator<Item = &'a [u8]>,
    length: u64,
) -> u64 {
    Input::read(body, length).tokens(Tokenizer::of(model))
}

/// Where the families are stated.
#[cfg(test)]
pub(super) fn families_stated() -> impl Iterator<Item = super::Stated> {
    families::FAMILIES.stated()
}
