//! Instructions between turns stay in place, since a prompt cache is valid only while nothing
//! before it changes. A vendor without such instructions receives them as marked user text.
//!
//! Instructions before the first turn are not changed.

use super::Conversation;
use super::part::{Content, Part};
use super::turn::{Role, Turn};
use super::turns::Merged;

/// The instructions in the midst of the turns, in order.
#[derive(Debug, Default)]
pub struct Late(Vec<Rule>);

/// One of them.
#[derive(Debug)]
struct Rule {
    /// Its turn.
    turn: usize,
    /// As it is said.
    part: Part,
    /// Whether it is written as an instruction.
    is_system: bool,
}

impl Conversation {
    /// The late instructions for a vendor that accepts them in place or not: for Claude, after a
    /// user turn and before a model turn.
    pub fn late(&self, takes_system: bool) -> Late {
        let mut rules = Vec::new();
        let mut last = None;
        for (at, turn) in self.turns.iter().enumerate() {
            if turn.role != Role::System {
                last = last.max((!turn.says_nothing()).then_some(at));
                continue;
            }
            let Some(before) = last else { continue };
            let Some(text) = turn.text() else { continue };
            let next = self.turns[at + 1..].iter().find(|turn| !turn.says_nothing());
            let is_system = takes_system
                && self.turns[before].role == Role::User
                && next.is_none_or(|next| next.role == Role::Assistant);
            let text = if is_system { text } else { format!("{BEGIN}{text}{END}") };
            let cache = turn.parts.iter().rev().find_map(|part| part.cache.clone());
            rules.push(Rule { turn: at, part: Part::text(text).cached(cache), is_system });
        }
        Late(rules)
    }

    /// The turns with user and assistant alternating and each instruction in its place. Neighbours
    /// of one role are merged, so that all results of one turn's calls stand together at its start;
    /// blank texts and empty turns are removed. If there are only instructions, they become user
    /// text, since vendors refuse a request without a turn.
    pub fn alternating_with<'a>(&'a self, late: &'a Late) -> Vec<Merged<'a>> {
        let mut merged: Vec<Merged<'a>> = Vec::with_capacity(self.turns.len());
        let mut late = late.0.iter().peekable();
        for (at, turn) in self.turns.iter().enumerate() {
            let mut parts: Vec<&Part> = match turn.role {
                Role::System => Vec::new(),
                _ => turn.parts.iter().filter(|part| !part.is_blank()).collect(),
            };
            let mut role = turn.role;
            if let Some(rule) = late.next_if(|rule| rule.turn == at) {
                role = if rule.is_system { Role::System } else { Role::User };
                parts = vec![&rule.part];
            }
            if parts.is_empty() {
                continue;
            }
            match merged.last_mut() {
                Some(last) if last.role == role => last.parts.extend(parts),
                _ => merged.push(Merged { role, parts }),
            }
        }
        let mut rules = self.rules().peekable();
        if merged.is_empty() && rules.peek().is_some() {
            merged.push(Merged { role: Role::User, parts: rules.collect() });
        }
        for turn in merged.iter_mut().filter(|turn| turn.role == Role::User) {
            // Stable: results keep their order, and so does the rest.
            turn.parts.sort_by_key(|part| !matches!(part.content, Content::ToolResult(_)));
        }
        merged
    }
}

impl Turn {
    /// Its texts as one.
    fn text(&self) -> Option<String> {
        let texts = self.parts.iter().filter(|part| !part.is_blank()).filter_map(Part::as_text);
        let text = texts.collect::<Vec<_>>().join("\n\n");
        (!text.is_empty()).then_some(text)
    }
}

/// The tags that Claude Code puts around instructions in user text.
const BEGIN: &str = "<system-reminder>\n";
const END: &str = "\n</system-reminder>";

#[cfg(test)]
mod tests {
    use super::*;

    /// `u` the user, `a` the assistant, `s` an instruction.
    fn placed(turns: &str, takes_system: bool) -> String {
        let turn = |role: char| {
            let said = match role {
                'u' => Role::User,
                'a' => Role::Assistant,
                _ => Role::System,
            };
            Turn::new(said, vec![Part::text(role.to_string())])
        };
        let turns = turns.chars().map(turn).collect();
        let conversation = Conversation { turns, ..Conversation::default() };
        let late = conversation.late(takes_system);
        let mut shown: Vec<String> = Vec::new();
        for turn in conversation.alternating_with(&late) {
            let texts = turn.parts.iter().filter_map(|part| part.as_text());
            let texts = texts.map(|text| text.replace(BEGIN, "<").replace(END, ">"));
            let role = if turn.role == Role::System { "!" } else { "" };
            shown.push(format!("{role}{}", texts.collect::<String>()));
        }
        shown.join(" ")
    }

    #[test]
    fn instructions_stay_in_their_place() {
        for (turns, in_place, as_user) in [
            ("sua", "u a", "u a"),
            ("usa", "u !s a", "u<s> a"),
            ("uasu", "u a <s>u", "u a <s>u"),
            ("uas", "u a <s>", "u a <s>"),
            ("uaus", "u a u !s", "u a u<s>"),
            ("usua", "u<s>u a", "u<s>u a"),
            ("s", "s", "s"),
        ] {
            assert_eq!(placed(turns, true), in_place, "{turns}");
            assert_eq!(placed(turns, false), as_user, "{turns}");
        }
    }
}
