//! Reasoning signatures of other vendors in a request that is passed to OpenAI unchanged.
//!
//! Items of other types are not changed.

use super::item::{OURS, SEALED};
use crate::protocol::conversation::Signature;
use crate::protocol::foreign::{Fate, GivenBack, nothing_else};
use crate::protocol::object::Object;

/// Where clients of OpenAI send reasoning signatures back.
pub(super) const GIVEN_BACK: GivenBack =
    GivenBack { turns: "input", items: None, item: fate, then: nothing_else };

/// Reasoning with an ID of the router, signed by another model: OpenAI would search its storage for
/// it.
fn fate(item: &mut Object<'_>) -> Fate {
    let mut text = |name: &str| item.take::<String>(name).ok().flatten().unwrap_or_default();
    if text("type") != "reasoning" {
        return Fate::Stays;
    }
    let (id, proof) = (text("id"), text("encrypted_content"));
    let is_foreign = match proof.as_str() {
        "" => id.starts_with(OURS),
        proof => Signature::is_marked(proof) || proof.starts_with(SEALED),
    };
    if is_foreign { Fate::Goes } else { Fate::Stays }
}
