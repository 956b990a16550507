//! Signatures of other vendors in a request that is passed to the client's own vendor unchanged.
//! The vendor refuses them, so the parts that carry them are removed; all other bytes stay.
//!
//! Each protocol's folder describes its parts.

use std::ops::Range;

use serde_json::value::RawValue;

use super::Protocol;
use super::object::Object;

/// Where a protocol's clients send signatures back.
#[derive(Debug)]
pub(crate) struct GivenBack {
    /// The field of the turns.
    pub(crate) turns: &'static str,
    /// The field of a turn's items; `None`: a turn is an item itself.
    pub(crate) items: Option<&'static str>,
    /// What happens to an item, from its fields.
    pub(crate) item: fn(&mut Object<'_>) -> Fate,
    /// Further changes, from the body and its cleaned turns.
    pub(crate) then: fn(&mut Object<'_>, &[String]) -> Vec<Change>,
}

/// What becomes of an item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is the vendor's own, or no proof.
    Stays,
    /// It is taken out.
    Goes,
    /// One member is taken out of it.
    Without(&'static str),
    /// A member gets this value.
    With(&'static str, &'static str),
}

/// Another value of one of the body's fields.
#[derive(Debug)]
pub(crate) struct Change {
    /// The place of the field's value in the body.
    pub(crate) of: Range<usize>,
    /// What takes its place.
    pub(crate) with: String,
    /// What the client loses by it.
    pub(crate) lost: Option<&'static str>,
}

/// The edits of a body, in ascending order; empty without foreign signatures.
pub(crate) fn changes(protocol: Protocol, body: &[u8]) -> Vec<Change> {
    let Some(given_back) = &protocol.profile().given_back else { return Vec::new() };
    let Ok(mut object) = Object::parse(body) else { return Vec::new() };
    let Some(turns) = object.raw(given_back.turns) else { return Vec::new() };
    let Some((cleaned, any)) = given_back.clean(turns) else { return Vec::new() };
    let mut changes = (given_back.then)(&mut object, &cleaned);
    changes.iter_mut().for_each(|change| change.of = within(body, change.of.clone()));
    if any {
        let with = format!("[{}]", cleaned.join(","));
        changes.push(Change { of: within(body, span(turns)), with, lost: None });
    }
    changes.sort_unstable_by_key(|change| change.of.start);
    changes
}

impl GivenBack {
    /// The turns without foreign proofs, and whether there was one.
    fn clean(&self, turns: &RawValue) -> Option<(Vec<String>, bool)> {
        let all: Vec<&RawValue> = serde_json::from_str(turns.get()).ok()?;
        let mut any = false;
        let mut cleaned = Vec::with_capacity(all.len());
        for turn in all {
            let one = match self.items {
                None => self.clean_item(turn),
                Some(field) => self.clean_turn(field, turn),
            };
            any |= one.is_some();
            match one {
                None => cleaned.push(turn.get().to_owned()),
                Some(Some(rest)) => cleaned.push(rest),
                Some(None) => {}
            }
        }
        Some((cleaned, any))
    }

    /// A turn without foreign signatures: `None` if it has none, `Some(None)` if nothing else is
    /// left.
    fn clean_turn(&self, field: &str, turn: &RawValue) -> Option<Option<String>> {
        let items = Object::of(turn).ok()?.raw(field)?;
        let all: Vec<&RawValue> = serde_json::from_str(items.get()).ok()?;
        let (mut any, mut kept) = (false, Vec::with_capacity(all.len()));
        for item in all {
            match self.clean_item(item) {
                None => kept.push(item.get().to_owned()),
                Some(rest) => {
                    any = true;
                    kept.extend(rest);
                }
            }
        }
        if !any {
            return None;
        }
        if kept.is_empty() {
            return Some(None);
        }
        let at = within(turn.get().as_bytes(), span(items));
        let (before, after) = (turn.get().get(..at.start)?, turn.get().get(at.end..)?);
        Some(Some(format!("{before}[{}]{after}", kept.join(","))))
    }

    /// The same of an item.
    fn clean_item(&self, item: &RawValue) -> Option<Option<String>> {
        let mut fields = Object::of(item).ok()?;
        let (name, with) = match (self.item)(&mut fields) {
            Fate::Stays => return None,
            Fate::Goes => return Some(None),
            Fate::Without(name) => (name, None),
            Fate::With(name, value) => (name, Some(value)),
        };
        let members = Object::of(item).ok()?.rest().filter_map(|(key, value)| {
            let value = if key == name { with? } else { value.get() };
            Some(format!("{}:{value}", serde_json::Value::from(&*key)))
        });
        Some(Some(format!("{{{}}}", members.collect::<Vec<_>>().join(","))))
    }
}

/// Whether the model is Google's, which needs the signatures of its calls from every service.
pub(crate) fn is_googles_model(name: &str) -> bool {
    name.contains("gemini-")
}

/// Nothing else changes.
pub(crate) fn nothing_else(_: &mut Object<'_>, _: &[String]) -> Vec<Change> {
    Vec::new()
}

/// Where a value lies in memory; [`changes`] makes a place in the body of it.
pub(crate) fn span(value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr() as usize;
    start..start + value.get().len()
}

fn within(body: &[u8], span: Range<usize>) -> Range<usize> {
    let start = body.as_ptr() as usize;
    span.start.saturating_sub(start)..span.end.saturating_sub(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(protocol: Protocol, body: &str) -> String {
        let mut cleaned = body.to_owned();
        for Change { of, with, .. } in changes(protocol, body.as_bytes()).into_iter().rev() {
            cleaned.replace_range(of, &with);
        }
        cleaned
    }

    #[test]
    fn only_the_part_with_a_foreign_proof_goes() {
        let foreign = "onwards#gemini@google#S";
        for (protocol, body, wanted) in [
            (
                Protocol::Anthropic,
                r#"{"tools" : [{"type":"web_search_20250305","name":"web_search"}], "messages":[{"role":"user","content":"q"},{"role": "assistant","content":[{"type":"thinking","thinking":"t","signature":"FOREIGN"}, {"type":"text", "text":"a"},{"type":"redacted_thinking","data":"FOREIGN"},{"type":"thinking","thinking":"o","signature":"EqQB"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":""}]}, {"role":"user","content":"q"}],"x":1.0}"#,
                r#"{"tools" : [{"type":"web_search_20250305","name":"web_search"}], "messages":[{"role":"user","content":"q"},{"role": "assistant","content":[{"type":"text", "text":"a"},{"type":"thinking","thinking":"o","signature":"EqQB"}]},{"role":"user","content":"q"}],"x":1.0}"#,
            ),
            (
                Protocol::OpenAiResponses,
                r#"{"input":[{"role":"user","content":"q"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"FOREIGN"},{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gAAA"},{"type":"reasoning","id":"rs_onwards_1","summary":[]},{"type":"web_search_call","id":"ws_1"}]}"#,
                r#"{"input":[{"role":"user","content":"q"},{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gAAA"},{"type":"web_search_call","id":"ws_1"}]}"#,
            ),
            (
                Protocol::OpenAi,
                r#"{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{ }"},"extra_content":{"google":{"thought_signature":"S"}}}]}],"logprobs":true}"#,
                r#"{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{ }"}}]}],"logprobs":true}"#,
            ),
        ] {
            let body = body.replace("FOREIGN", foreign);
            assert_eq!(cleaned(protocol, &body), wanted);
            assert_eq!(cleaned(protocol, wanted), wanted);
        }
    }

    /// A model is not told to think in a loop of tools that began without its thoughts.
    #[test]
    fn thinking_ends_where_its_own_thoughts_are_missing() {
        let body = |proof: &str, thinking: &str| {
            format!(
                r#"{{"thinking":{{"type":"{thinking}","budget_tokens":2048}},"context_management":{{"edits":[{{"type":"clear_thinking_20251015"}},{{"type":"clear_tool_uses_20250919"}}]}},"messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":[{{"type":"thinking","thinking":"t","signature":"{proof}"}},{{"type":"tool_use","id":"1","name":"f","input":{{}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"1"}}]}}]}}"#
            )
        };
        // Another vendor has answered without a proof.
        let silent = body("EqQB", "enabled")
            .replace(r#"{"type":"thinking","thinking":"t","signature":"EqQB"},"#, "");
        assert!(cleaned(Protocol::Anthropic, &silent).contains("disabled"));
        let own = body("EqQB", "enabled");
        assert_eq!(cleaned(Protocol::Anthropic, &own), own);
        let changed = cleaned(Protocol::Anthropic, &body("onwards#gemini#S", "enabled"));
        assert!(changed.starts_with(r#"{"thinking":{"type":"disabled"},"context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]},"#), "{changed}");
        let adaptive = cleaned(Protocol::Anthropic, &body("onwards#gemini#S", "adaptive"));
        assert!(adaptive.contains(r#""type":"adaptive""#), "{adaptive}");
        let lost = changes(Protocol::Anthropic, body("onwards#gemini#S", "enabled").as_bytes());
        let lost: Vec<_> = lost.into_iter().filter_map(|change| change.lost).collect();
        assert_eq!(lost, ["thinking", "context_management"]);
    }
}
