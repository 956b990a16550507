//! Reasoning signatures of other vendors in a request that is passed to Bedrock unchanged.
//!
//! Blocks of other types are not changed.

use super::proof;
use crate::protocol::Protocol;
use crate::protocol::foreign::{Fate, GivenBack, nothing_else};
use crate::protocol::object::Object;

/// Where clients of Bedrock send reasoning signatures back.
pub(super) const GIVEN_BACK: GivenBack =
    GivenBack { turns: "messages", items: Some("content"), item: fate, then: nothing_else };

fn fate(block: &mut Object<'_>) -> Fate {
    let proof = block.with("reasoningContent", |mut reasoning| {
        if let Some(seal) = reasoning.take::<String>("redactedContent")? {
            return Ok(proof::read_seal(&seal));
        }
        let proof = reasoning.with("reasoningText", |mut text| text.take::<String>("signature"))?;
        Ok(proof.flatten().and_then(|proof| proof::read(&proof)))
    });
    let is_foreign = |vendor| vendor != Protocol::Anthropic;
    match proof.ok().flatten().flatten() {
        Some(proof) if is_foreign(proof.vendor) => Fate::Goes,
        _ => Fate::Stays,
    }
}
