//! A choice of some of the tools, as OpenAI's `allowed_tools` is one: other protocols choose one or all.
//!
//! It never leaves a tool out of the request: prompt caches hold the whole list.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::{Conversation, ToolChoice};

impl Conversation {
    /// The nearest choice to the call of some of the tools; where that is another one, what was written is named
    /// as lost.
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
