//! Reasoning signatures of other vendors in a request that is passed to Google unchanged.
//!
//! Google's own signatures are not changed.

use super::signature::{UNCHECKED_JSON, from_client};
use super::spelling::EitherName;
use crate::protocol::Protocol;
use crate::protocol::conversation::{Content, Part};
use crate::protocol::foreign::{Fate, GivenBack, nothing_else};
use crate::protocol::object::Object;

/// Where clients of Google send reasoning signatures back.
pub(super) const GIVEN_BACK: GivenBack =
    GivenBack { turns: "contents", items: Some("parts"), item: fate, then: nothing_else };

/// A call stays, with a placeholder that skips the check, since newer models refuse a call without
/// a signature.
fn fate(part: &mut Object<'_>) -> Fate {
    let name = if part.peek("thoughtSignature").is_some() { CAMEL } else { SNAKE };
    let proof: Option<String> = part.take(name).ok().flatten();
    let read = from_client(Part::new(Content::Redacted), proof.as_deref());
    if read.signature.is_none_or(|proof| proof.vendor == Protocol::Gemini) {
        return Fate::Stays;
    }
    let is_call = part.raw_either("functionCall", "function_call").is_some();
    match part.take::<bool>("thought").ok().flatten() {
        Some(true) => Fate::Goes,
        _ if is_call => Fate::With(name, UNCHECKED_JSON),
        _ => Fate::Without(name),
    }
}

const CAMEL: &str = "thoughtSignature";
const SNAKE: &str = "thought_signature";
