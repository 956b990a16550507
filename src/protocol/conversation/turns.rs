//! The turns of a conversation, and their form for stricter vendors. Only the grouping changes, not
//! the content.

use std::collections::HashMap;

use super::Conversation;
use super::part::{Content, Part, ToolResult};
use super::tool::ToolCall;
use super::turn::{Role, Turn};

/// Neighbouring turns of one side, as one.
#[derive(Debug, Clone)]
pub struct Merged<'a> {
    /// `User` or `Assistant`; `System` only for vendors that take it there.
    pub role: Role,
    /// The content: not empty, no blank text, tool results first.
    pub parts: Vec<&'a Part>,
}

impl Conversation {
    /// The instructions before the first turn, without blank ones, for vendors that accept
    /// instructions only there; empty without a turn.
    pub fn instructions(&self) -> impl Iterator<Item = &Part> {
        let mut said = self.turns.iter().filter(|turn| turn.role != Role::System);
        let is_any_said = said.any(|turn| turn.parts.iter().any(|part| !part.is_blank()));
        self.rules().filter(move |_| is_any_said)
    }

    /// Adds a tool's result: results that follow each other are one user's turn.
    pub(crate) fn add_result(&mut self, result: ToolResult) {
        let is_result = |part: &Part| matches!(part.content, Content::ToolResult(_));
        let goes_on =
            |turn: &&mut Turn| turn.role == Role::User && turn.parts.last().is_none_or(is_result);
        let part = Part::new(Content::ToolResult(result));
        match self.turns.last_mut().filter(goes_on) {
            Some(turn) => turn.parts.push(part),
            None => self.turns.push(Turn::new(Role::User, vec![part])),
        }
    }

    /// Every tool call of the turns.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.turns.iter().flat_map(|turn| &turn.parts).filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// The tools that were called, by the calls' ids; the first call of an id counts.
    pub(crate) fn called_tools(&self) -> HashMap<&str, &str> {
        let mut called = HashMap::new();
        for call in self.tool_calls() {
            called.entry(call.id.as_str()).or_insert(call.name.as_str());
        }
        called
    }

    /// Whether the turns hold tool calls or results: some vendors then want the tools again.
    pub(crate) fn has_tool_parts(&self) -> bool {
        let mut parts = self.turns.iter().flat_map(|turn| &turn.parts);
        parts.any(|part| matches!(part.content, Content::ToolCall(_) | Content::ToolResult(_)))
    }

    /// The instructions before the first turn.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Part> {
        let is_rule = |turn: &&Turn| turn.role == Role::System || turn.says_nothing();
        let first = self.turns.iter().take_while(is_rule).filter(|turn| turn.role == Role::System);
        let parts = self.system.iter().chain(first.flat_map(|turn| &turn.parts));
        parts.filter(|part| !part.is_blank())
    }
}

/// The user's text if a vendor needs the user's turn first, and the client began with another.
pub(crate) const HELLO: &str = "Hello.";
/// The user's text if a vendor needs the user's turn last, and the client ended with another.
pub(crate) const GO_ON: &str = "Continue.";
/// The assistant's text if a vendor needs its turn after a tool result, and the user's follows.
pub(crate) const UNDERSTOOD: &str = "Understood.";

#[cfg(test)]
mod tests {
    use super::*;

    fn result(id: &str) -> Part {
        Part::new(Content::ToolResult(ToolResult {
            call_id: id.into(),
            name: None,
            content: vec![],
            is_error: false,
        }))
    }

    #[test]
    fn turns_alternate_and_results_come_first() {
        let turns = vec![
            Turn::new(Role::User, vec![Part::text("a")]),
            Turn::new(Role::System, vec![Part::text("rule")]),
            Turn::new(Role::User, vec![Part::text(" "), Part::text("b")]),
            Turn::new(Role::Assistant, vec![Part::text("\n")]),
            Turn::new(Role::Assistant, vec![Part::text("c")]),
            Turn::new(Role::User, vec![result("1")]),
            Turn::new(Role::User, vec![Part::text("d"), result("2")]),
        ];
        let conversation = Conversation {
            system: vec![Part::text("first"), Part::text("")],
            turns,
            ..Conversation::default()
        };
        let shown: Vec<(Role, Vec<String>)> = conversation
            .alternating_with(&conversation.late(false))
            .iter()
            .map(|turn| (turn.role, turn.parts.iter().map(|part| show(part)).collect()))
            .collect();
        assert_eq!(
            shown,
            [
                (
                    Role::User,
                    vec![
                        "a".to_owned(),
                        "<system-reminder>\nrule\n</system-reminder>".to_owned(),
                        "b".to_owned(),
                    ],
                ),
                (Role::Assistant, vec!["c".to_owned()]),
                (Role::User, vec!["=1".to_owned(), "=2".to_owned(), "d".to_owned()]),
            ]
        );
        let rules: Vec<_> = conversation.instructions().filter_map(Part::as_text).collect();
        assert_eq!(rules, ["first"]);
    }

    fn show(part: &Part) -> String {
        match &part.content {
            Content::ToolResult(result) => format!("={}", result.call_id),
            _ => part.as_text().unwrap_or_default().to_owned(),
        }
    }
}
