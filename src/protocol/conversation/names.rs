//! Fits names of tools and IDs of calls to a vendor's rules, and maps them back. Valid names are
//! not changed.

use std::collections::{BTreeMap, HashSet};

use super::part::Content;
use super::{Conversation, ToolChoice};
use crate::models::tools::{IdRule, NameRule};

/// The tools and calls of one conversation that must be renamed for one vendor.
#[derive(Debug, Default)]
pub(crate) struct ToolNames {
    /// As sent, by the client's names.
    renamed: BTreeMap<String, String>,
    /// Ids of calls as sent, by the client's ids.
    ids: BTreeMap<String, String>,
}

impl ToolNames {
    /// Renames what violates the rule. The new name is the same in every turn and unique for each
    /// tool.
    pub(crate) fn fit(conversation: &Conversation, rule: NameRule, id_rule: IdRule) -> Self {
        let mut names = Self::default();
        let has_custom = conversation.tools.iter().any(|tool| tool.name.starts_with(CUSTOM));
        let own = conversation.tools.iter().filter(|_| has_custom).map(|tool| tool.name.as_str());
        let own: HashSet<&str> = own.collect();
        for tool in &conversation.tools {
            names.name(&tool.name, rule, &own);
        }
        let mut odd_ids = false;
        for part in conversation.turns.iter().flat_map(|turn| &turn.parts) {
            match &part.content {
                Content::ToolCall(call) => {
                    names.name(&call.name, rule, &own);
                    odd_ids |= !id_rule.fits(&call.id);
                }
                Content::ToolResult(result) => odd_ids |= !id_rule.fits(&result.call_id),
                _ => {}
            }
        }
        if let Some(ToolChoice::Tool(name)) = &conversation.tool_choice {
            names.name(name, rule, &own);
        }
        if odd_ids {
            names.rename_ids(conversation, id_rule);
        }
        names
    }

    fn name(&mut self, name: &str, rule: NameRule, own: &HashSet<&str>) {
        if rule.fits(name) || self.renamed.contains_key(name) {
            return;
        }
        // A custom tool keeps its name, unless that is a function's.
        let plain = name.strip_prefix(CUSTOM);
        let plain = plain.filter(|plain| rule.fits(plain) && !own.contains(plain));
        let sent = plain.map_or_else(|| rule.renamed(name), str::to_owned);
        self.renamed.insert(name.to_owned(), sent);
    }

    /// Renames ids alike in calls and results, and no two to one.
    fn rename_ids(&mut self, conversation: &Conversation, rule: IdRule) {
        let parts = conversation.turns.iter().flat_map(|turn| &turn.parts);
        let ids = parts.filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call.id.as_str()),
            Content::ToolResult(result) => Some(result.call_id.as_str()),
            _ => None,
        });
        let ids: Vec<&str> = ids.collect();
        let mut taken: HashSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        for id in ids.into_iter().filter(|id| !rule.fits(id)) {
            if !self.ids.contains_key(id) {
                let clean = rule.cleaned(id).filter(|clean| !taken.contains(clean));
                let new = clean.unwrap_or_else(|| rule.renamed(id));
                taken.insert(new.clone());
                self.ids.insert(id.to_owned(), new);
            }
        }
    }

    /// The name to send.
    pub(crate) fn sent<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// The id to send.
    pub(crate) fn id<'a>(&'a self, id: &'a str) -> &'a str {
        self.ids.get(id).map_or(id, String::as_str)
    }

    /// For `Reading`: the client's names and ids, by those that are sent.
    pub(crate) fn back(self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let turned = |names: BTreeMap<String, String>| {
            names.into_iter().map(|(old, sent)| (sent, old)).collect()
        };
        (turned(self.renamed), turned(self.ids))
    }
}

/// The prefix of a custom tool's name, whose input is free text. A function's name cannot have it,
/// since OpenAI's names contain no colon.
pub(crate) const CUSTOM: &str = "custom:";

#[cfg(test)]
mod tests {
    use super::super::{Part, Role, Tool, ToolCall, ToolResult, Turn};
    use super::*;

    #[test]
    fn long_and_strange_names_fit_and_lead_back() {
        let names = ["short-1", "dotted.name", &"x".repeat(70), &format!("{}y", "x".repeat(70))];
        let tool = |name: &&str| Tool {
            name: (*name).into(),
            description: None,
            schema: None,
            strict: None,
            cache: None,
        };
        let conversation =
            Conversation { tools: names.iter().map(tool).collect(), ..Conversation::default() };
        let fitted = ToolNames::fit(&conversation, NameRule::PLAIN, IdRule::PLAIN);
        assert_eq!(fitted.sent("short-1"), "short-1");
        assert!(fitted.sent("dotted.name").starts_with("dotted_name_"));
        assert!(names.iter().all(|name| fitted.sent(name).len() <= 64));
        assert_ne!(fitted.sent(names[2]), fitted.sent(names[3]));
        let sent = fitted.sent("dotted.name").to_owned();
        let (back, _) = fitted.back();
        assert_eq!(back.len(), 3);
        assert_eq!(back[&sent], "dotted.name");
    }

    #[test]
    fn ids_are_renamed_alike_in_calls_and_results() {
        let call = |id: &str| {
            let (id, name, arguments) = (id.to_owned(), "f".to_owned(), "{}".to_owned());
            Part::new(Content::ToolCall(ToolCall { id, name, arguments }))
        };
        let result = |id: &str| {
            let (name, content, is_error) = (None, Vec::new(), false);
            Part::new(Content::ToolResult(ToolResult {
                call_id: id.into(),
                name,
                content,
                is_error,
            }))
        };
        let long = ["x".repeat(90), format!("{}y", "x".repeat(89))];
        let ids = ["a_b", "a:b", "a.c", &long[0], &long[1]];
        let conversation = Conversation {
            turns: vec![
                Turn::new(Role::Assistant, ids.iter().map(|id| call(id)).collect()),
                Turn::new(Role::User, ids.iter().map(|id| result(id)).collect()),
            ],
            ..Conversation::default()
        };
        let nine = IdRule { shortest: 9, longest: 9, also: Some(&[]) };
        for rule in [IdRule::PLAIN.up_to(64), IdRule::ANY.up_to(40), nine] {
            let names = ToolNames::fit(&conversation, NameRule::PLAIN, rule);
            let sent: HashSet<String> = ids.iter().map(|id| names.id(id).to_owned()).collect();
            assert_eq!(sent.len(), ids.len(), "{sent:?}");
            assert!(sent.iter().all(|id| rule.fits(id)), "{sent:?}");
            let kept = ids.iter().filter(|id| names.id(id) == **id).count();
            let (_, back) = names.back();
            assert_eq!(back.len() + kept, ids.len());
            assert!(back.values().all(|id| ids.contains(&id.as_str())));
        }
        let names = ToolNames::fit(&conversation, NameRule::PLAIN, IdRule::PLAIN);
        // What only has other characters keeps its form, unless that is another call's.
        assert_eq!((names.id("a.c"), names.id("a_b")), ("a_c", "a_b"));
    }
}
