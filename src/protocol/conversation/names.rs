//! Tool names that fit a vendor, and the way back to the client's.
//!
//! It never renames what fits already.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Conversation, ToolChoice};
use crate::models::tools::NameRule;

/// The tools of one conversation that must be renamed for one vendor.
#[derive(Debug, Default)]
pub(crate) struct ToolNames {
    /// As sent, by the client's names.
    renamed: BTreeMap<String, String>,
}

impl ToolNames {
    /// Renames what does not keep to the rule. The new name is the same in every turn, and different
    /// for different tools.
    pub(crate) fn fit(conversation: &Conversation, rule: NameRule) -> Self {
        let offered = conversation.tools.iter().map(|tool| tool.name.as_str());
        let called = conversation.tool_calls().map(|call| call.name.as_str());
        let chosen = match &conversation.tool_choice {
            Some(ToolChoice::Tool(name)) => Some(name.as_str()),
            _ => None,
        };
        let mut renamed = BTreeMap::new();
        for name in offered.chain(called).chain(chosen) {
            if !rule.fits(name) && !renamed.contains_key(name) {
                renamed.insert(name.to_owned(), rule.renamed(name));
            }
        }
        Self { renamed }
    }

    /// The name to send.
    pub(crate) fn sent<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// For `Reading::renamed`: the client's names, by those that are sent.
    pub(crate) fn back(self) -> BTreeMap<String, String> {
        self.renamed.into_iter().map(|(old, sent)| (sent, old)).collect()
    }
}

/// An id with every character but letters, digits, `_` and `-` replaced: what vendors accept.
pub(crate) fn clean_id(id: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.chars().all(fits) {
        Cow::Borrowed(id)
    } else {
        Cow::Owned(id.chars().map(|c| if fits(c) { c } else { '_' }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tool;
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
        let fitted = ToolNames::fit(&conversation, NameRule::PLAIN);
        assert_eq!(fitted.sent("short-1"), "short-1");
        assert!(fitted.sent("dotted.name").starts_with("dotted_name_"));
        assert!(names.iter().all(|name| fitted.sent(name).len() <= 64));
        assert_ne!(fitted.sent(names[2]), fitted.sent(names[3]));
        let sent = fitted.sent("dotted.name").to_owned();
        let back = fitted.back();
        assert_eq!(back.len(), 3);
        assert_eq!(back[&sent], "dotted.name");
    }
}
