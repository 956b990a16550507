//! How much the model is to think, within what its generation and the request allow.
//!
//! It never asks for thinking that Anthropic would refuse: a budget is at least 1 024 tokens and
//! less than `max_tokens`, and inside a loop of tools the model's last turn must begin with
//! thinking that Anthropic signed.

use crate::protocol::Protocol;
use crate::protocol::anthropic::model::Generation;
use crate::protocol::conversation::{
    Content, Conversation, Effort, Losses, Merged, Part, Role, Thinking,
};
use crate::protocol::wire::Refused;

use super::form::{OutputConfig, ThinkingOut};

/// What is written of thinking, and the limit of tokens that goes with it.
pub(super) struct Plan {
    pub(super) thinking: Option<ThinkingOut>,
    pub(super) effort: Option<&'static str>,
    pub(super) max_tokens: u64,
}

impl Plan {
    /// Whether the model will think: it then takes neither a forced tool nor most of sampling.
    pub(super) fn thinks(&self) -> bool {
        matches!(self.thinking, Some(ThinkingOut::Enabled { .. } | ThinkingOut::Adaptive))
    }

    /// Makes the plan.
    pub(super) fn of(
        from: &Conversation,
        turns: &[Merged<'_>],
        model: Generation,
        losses: &mut Losses,
    ) -> Result<Self, Refused> {
        let max_tokens = from.max_tokens.unwrap_or_else(|| model.default_max_tokens());
        let quiet = Self { thinking: None, effort: None, max_tokens };
        match from.thinking {
            None | Some(Thinking::Effort(Effort::None)) => Ok(quiet),
            Some(Thinking::Off) => Ok(Self { thinking: Some(ThinkingOut::Disabled), ..quiet }),
            Some(asked) if model.thinks_adaptively() => Ok(Self {
                thinking: Some(ThinkingOut::Adaptive),
                effort: asked.effort().map(effort_word),
                ..quiet
            }),
            Some(asked) => {
                let budget = asked.budget().unwrap_or_else(|| Effort::Medium.budget());
                if lacks_signed_thinking(turns) {
                    losses.lose("thinking")?;
                    return Ok(quiet);
                }
                match within_limit(budget.max(LEAST_BUDGET), from.max_tokens, max_tokens) {
                    Some((budget_tokens, max_tokens)) => {
                        let thinking = Some(ThinkingOut::Enabled { budget_tokens });
                        Ok(Self { thinking, effort: None, max_tokens })
                    }
                    None => losses.lose("thinking").map(|()| quiet),
                }
            }
        }
    }
}

impl OutputConfig<'_> {
    /// Whether there is nothing to say.
    pub(super) fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none()
    }
}

/// A budget below the client's limit, four fifths of it at most so that an answer fits too; without
/// a limit of the client's, the budget goes on top of the default.
fn within_limit(budget: u64, asked: Option<u64>, max_tokens: u64) -> Option<(u64, u64)> {
    match asked {
        None => Some((budget, max_tokens.saturating_add(budget))),
        Some(limit) if limit <= LEAST_BUDGET => None,
        Some(limit) if budget < limit => Some((budget, limit)),
        Some(limit) => Some(((limit / 5 * 4).max(LEAST_BUDGET), limit)),
    }
}

/// Whether the model waits for tools in a turn that does not begin with thinking of Anthropic's,
/// as after a failover from another vendor. Such a request is refused when thinking is enabled.
fn lacks_signed_thinking(turns: &[Merged<'_>]) -> bool {
    let [.., called, results] = turns else { return false };
    let has = |turn: &Merged<'_>, is: fn(&Part) -> bool| turn.parts.iter().any(|part| is(part));
    called.role == Role::Assistant
        && has(results, |part| matches!(part.content, Content::ToolResult(_)))
        && !has(called, |part| part.signature_of(Protocol::Anthropic).is_some())
}

/// Anthropic's own words for the efforts; it has none below `low`.
fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        effort => effort.name(),
    }
}

const LEAST_BUDGET: u64 = 1_024;
