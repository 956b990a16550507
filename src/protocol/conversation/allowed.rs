//! A tool choice among some of the tools, like OpenAI's `allowed_tools`. Other protocols choose one
//! or all.
//!
//! All tools stay in the request, since prompt caches contain the whole list.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::{Conversation, ToolChoice};

impl Conversation {
    /// The nearest tool choice; if it differs, the original is named as lost.
    pub(crate) fn allow(
        &mut self,
        must_call: bool,
        names: &[String],
        written: &RawValue,
    ) -> ToolChoice {
        if let ([name], true) = (names, must_call) {
            return ToolChoice::Tool(name.clone());
        }
        let allowed: HashSet<&str> = names.iter().map(String::as_str).collect();
        if !self.tools.iter().all(|tool| allowed.contains(tool.name.as_str())) {
            self.keep_extra("tool_choice", written);
        }
        if must_call { ToolChoice::Required } else { ToolChoice::Auto }
    }
}
