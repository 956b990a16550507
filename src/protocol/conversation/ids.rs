//! Unique IDs of tool calls.
//!
//! Some vendors restart numbering with each answer or give no ID, and others refuse a history with
//! duplicate IDs. Unique IDs are not changed.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::value::RawValue;

use super::part::Content;
use super::{Conversation, Role};

impl Conversation {
    /// The same, with an id of its own for each call; results go with their calls.
    #[must_use]
    pub fn with_distinct_calls(mut self) -> Self {
        let mut seen = HashSet::new();
        if !self.tool_calls().all(|call| !call.id.is_empty() && seen.insert(call.id.as_str())) {
            let taken = self.tool_calls().map(|call| call.id.clone()).collect();
            self.rename_calls(Renaming { taken, ..Renaming::default() });
        }
        self.leave_out_repeated_results();
        self
    }

    /// Some agents send the results of a conversation that they take up again twice; vendors refuse that.
    fn leave_out_repeated_results(&mut self) {
        let results = self.turns.iter().flat_map(|turn| &turn.parts);
        let results = results.filter(|part| matches!(part.content, Content::ToolResult(_)));
        if results.count() <= self.tool_calls().count() {
            return;
        }
        let (mut known, mut is_any_lost) = (HashMap::new(), false);
        for turn in &mut self.turns {
            turn.parts.retain(|part| {
                let Content::ToolResult(result) = &part.content else { return true };
                let said = (result.text().into_owned(), result.content.len(), result.is_error);
                match known.get(&result.call_id) {
                    None => known.insert(result.call_id.clone(), said).is_none(),
                    Some(first) => {
                        is_any_lost |= *first != said;
                        false
                    }
                }
            });
        }
        if is_any_lost {
            self.keep_extra("tool_result", RawValue::TRUE);
        }
    }

    fn rename_calls(&mut self, mut renaming: Renaming) {
        let mut last = Role::User;
        for turn in self.turns.iter_mut().filter(|turn| turn.role != Role::System) {
            if turn.role == Role::Assistant && last == Role::User {
                // Results follow directly after their calls, so a call without a result by now has
                // none.
                renaming.open.clear();
            }
            last = turn.role;
            for part in &mut turn.parts {
                match &mut part.content {
                    Content::ToolCall(call) => renaming.rename(&mut call.id),
                    Content::ToolResult(result) => renaming.follow(&mut result.call_id),
                    _ => {}
                }
            }
        }
    }
}

/// How far the renaming has come.
#[derive(Default)]
struct Renaming {
    /// Every id that is or will be a call's.
    taken: HashSet<String>,
    /// Those of the calls so far.
    seen: HashSet<String>,
    /// How many new ones were tried.
    tried: u32,
    /// The current IDs of calls without a result, by their original IDs.
    open: HashMap<String, VecDeque<String>>,
}

impl Renaming {
    fn rename(&mut self, id: &mut String) {
        let is_its_own = !id.is_empty() && self.seen.insert(id.clone());
        let new = if is_its_own { id.clone() } else { self.fresh(id) };
        let old = std::mem::replace(id, new.clone());
        self.open.entry(old).or_default().push_back(new);
    }

    /// Of several calls that shared an id, the first result is the first one's.
    fn follow(&mut self, id: &mut String) {
        if let Some(new) = self.open.get_mut(id.as_str()).and_then(VecDeque::pop_front) {
            *id = new;
        }
    }

    fn fresh(&mut self, id: &str) -> String {
        let stem = if id.is_empty() { "call" } else { id };
        loop {
            self.tried += 1;
            let new = format!("{stem}_{}", self.tried);
            if self.taken.insert(new.clone()) {
                return new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Part, ToolCall, ToolResult, Turn};
    use super::*;

    /// The ids of a history: `f` calls, `=f` is a result, `|` stands between turns.
    fn distinct(history: &str) -> String {
        let part = |said: &str| {
            Part::new(match said.strip_prefix('=') {
                Some(id) => Content::ToolResult(ToolResult {
                    call_id: id.trim_matches('"').to_owned(),
                    name: None,
                    content: vec![],
                    is_error: false,
                }),
                None => Content::ToolCall(ToolCall {
                    id: said.trim_matches('"').to_owned(),
                    name: "f".to_owned(),
                    arguments: "{}".to_owned(),
                }),
            })
        };
        let turns = history.split(" | ").map(|turn| {
            let role = if turn.starts_with('=') { Role::User } else { Role::Assistant };
            Turn::new(role, turn.split(' ').map(part).collect())
        });
        let read = Conversation { turns: turns.collect(), ..Conversation::default() };
        let shown = |turn: &Turn| {
            let ids = turn.parts.iter().map(|part| match &part.content {
                Content::ToolCall(call) => call.id.clone(),
                Content::ToolResult(result) => format!("={}", result.call_id),
                _ => String::new(),
            });
            ids.collect::<Vec<_>>().join(" ")
        };
        let turns = read.with_distinct_calls().turns;
        turns.iter().map(shown).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn calls_that_share_an_id_are_told_apart() {
        for (history, told) in [
            ("a b | =b =a | c | =c", "a b | =b =a | c | =c"),
            ("a | =a | a | =a", "a | =a | a_1 | =a_1"),
            ("a a b | =a =b =a", "a a_1 b | =a =b =a_1"),
            ("a a_1 | =a_1 =a | a | =a", "a a_1 | =a_1 =a | a_2 | =a_2"),
            (r#""" "" | ="" ="""#, "call_1 call_2 | =call_1 =call_2"),
            // The first call has no result: the one there is belongs to the second.
            ("a | =b | a | =a", "a | =b | a_1 | =a_1"),
            // An agent that took its conversation up again sends each result twice.
            ("a b | =a =b =a =b | c | =c =c", "a b | =a =b | c | =c"),
            ("a a | =a =a =a", "a a_1 | =a =a_1"),
        ] {
            assert_eq!(distinct(history), told, "{history}");
        }
    }
}
