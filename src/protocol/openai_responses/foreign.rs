//! What another vendor reasoned, in a request that passes to OpenAI as it came.
//!
//! It never touches an item of another type.

use super::item::{OURS, SEALED};
use crate::protocol::conversation::Signature;
use crate::protocol::foreign::{Fate, GivenBack, nothing_else};
use crate::protocol::object::Object;

/// Where OpenAI's clients give reasoning back.
pub(super) const GIVEN_BACK: GivenBack =
    GivenBack { turns: "input", items: None, item: fate, then: nothing_else };

/// Reasoning that bears an id of the router's and no proof was another model's: OpenAI would look for it
/// among what it has stored.
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
