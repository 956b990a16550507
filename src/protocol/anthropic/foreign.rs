//! Reasoning signatures of other vendors in a request that is passed to Anthropic unchanged.
//!
//! Blocks of other types are not changed.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::conversation::Signature;
use crate::protocol::foreign::{Change, Fate, GivenBack, span};
use crate::protocol::object::Object;

/// Where clients of Anthropic send reasoning signatures back.
pub(super) const GIVEN_BACK: GivenBack =
    GivenBack { turns: "messages", items: Some("content"), item: fate, then: without_thinking };

/// Reasoning without a proof is refused like another vendor's.
fn fate(block: &mut Object<'_>) -> Fate {
    let kind: Option<String> = block.take("type").ok().flatten();
    let mut proof = |name: &str| block.take::<String>(name).ok().flatten().unwrap_or_default();
    let goes = match kind.as_deref() {
        Some("thinking") => {
            let proof = proof("signature");
            proof.is_empty() || Signature::is_marked(&proof)
        }
        Some("redacted_thinking") => Signature::is_marked(&proof("data")),
        _ => false,
    };
    if goes { Fate::Goes } else { Fate::Stays }
}

/// With a thinking budget, a tool loop must start with thinking by Anthropic. Without it, thinking
/// is turned off for the model, and its removal of old thinking too.
fn without_thinking(body: &mut Object<'_>, turns: &[String]) -> Vec<Change> {
    let thinking = body.raw("thinking").filter(|it| kind_of(it).as_deref() == Some("enabled"));
    let Some(thinking) = thinking.filter(|_| lacks_thoughts(turns)) else { return Vec::new() };
    let with = r#"{"type":"disabled"}"#.to_owned();
    let mut changes = vec![Change { of: span(thinking), with, lost: Some("thinking") }];
    let edits = body.raw("context_management").and_then(|it| Object::of(it).ok()?.raw("edits"));
    let all = edits.and_then(|edits| serde_json::from_str::<Vec<&RawValue>>(edits.get()).ok());
    if let (Some(edits), Some(all)) = (edits, all) {
        let forgets =
            |edit: &&RawValue| kind_of(edit).is_some_and(|kind| kind.starts_with("clear_thinking"));
        if all.iter().any(forgets) {
            let kept: Vec<_> = all.into_iter().filter(|edit| !forgets(edit)).collect();
            let kept: Vec<_> = kept.into_iter().map(RawValue::get).collect();
            let with = format!("[{}]", kept.join(","));
            changes.push(Change { of: span(edits), with, lost: Some("context_management") });
        }
    }
    changes
}

fn lacks_thoughts(turns: &[String]) -> bool {
    let [.., called, results] = turns else { return false };
    let kinds = |turn: &str| -> Vec<String> {
        let turn: Option<Turn> = serde_json::from_str(turn).ok();
        turn.into_iter().flat_map(|turn| turn.content).map(|block| block.r#type).collect()
    };
    let (called, results) = (kinds(called), kinds(results));
    results.iter().any(|kind| kind == "tool_result")
        && called.iter().any(|kind| kind == "tool_use")
        && !called.first().is_some_and(|kind| kind.ends_with("thinking"))
}

fn kind_of(value: &RawValue) -> Option<String> {
    serde_json::from_str::<Typed>(value.get()).ok().map(|typed| typed.r#type)
}

#[derive(Deserialize)]
struct Turn {
    #[serde(default)]
    content: Vec<Typed>,
}

#[derive(Deserialize)]
struct Typed {
    r#type: String,
}
