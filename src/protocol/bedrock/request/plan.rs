//! How much the model is to think and how its next token is drawn, within what its family takes.
//!
//! It never asks for thinking that would be refused: Anthropic's budgets are at least 1 024 tokens
//! and less than the limit, and inside a loop of tools the model's last turn must hold thinking that
//! Anthropic signed.

use super::form::{Effort as EffortOut, Inference, ModelFields, NovaReasoning, ThinkingOut};
use crate::protocol::Protocol;
use crate::protocol::bedrock::model::Family;
use crate::protocol::conversation::{
    Content, Conversation, Effort, Losses, Merged, Part, Role, Thinking,
};
use crate::protocol::wire::Refused;

/// What is written of limits, sampling and thinking.
pub(super) struct Plan<'a> {
    pub(super) inference: Inference<'a>,
    pub(super) fields: ModelFields<'a>,
}

impl<'a> Plan<'a> {
    /// Makes the plan.
    pub(super) fn of(
        from: &'a Conversation,
        turns: &[Merged<'_>],
        family: Family,
        losses: &mut Losses,
    ) -> Result<Self, Refused> {
        let inference = Inference { max_tokens: from.max_tokens, ..Inference::default() };
        let fields = ModelFields { extras: &from.extras, ..ModelFields::default() };
        let mut plan = Self { inference, fields };
        plan.think(from, turns, family, losses)?;
        plan.draw(from, family, losses)?;
        let (blank, stop): (Vec<&str>, Vec<&str>) =
            from.stop.iter().map(String::as_str).partition(|text| text.trim().is_empty());
        losses.lose_if(!blank.is_empty(), "stop")?;
        plan.inference.stop_sequences = stop;
        Ok(plan)
    }

    /// Whether Anthropic's model will think: it then takes neither a forced tool nor most of
    /// sampling.
    pub(super) fn thinks(&self) -> bool {
        matches!(self.fields.thinking, Some(ThinkingOut::Enabled { .. } | ThinkingOut::Adaptive))
    }

    fn think(
        &mut self,
        from: &Conversation,
        turns: &[Merged<'_>],
        family: Family,
        losses: &mut Losses,
    ) -> Result<(), Refused> {
        let Some(asked) = from.thinking else { return Ok(()) };
        let is_off = matches!(asked, Thinking::Off | Thinking::Effort(Effort::None));
        match family {
            Family::Claude(_) if is_off => {}
            Family::Claude(generation) if generation.thinks_adaptively() => {
                self.fields.thinking = Some(ThinkingOut::Adaptive);
                self.fields.output_config =
                    asked.effort().map(|effort| EffortOut { effort: claude_word(effort) });
            }
            Family::Claude(generation) => {
                let budget = asked.budget().unwrap_or_else(|| Effort::Medium.budget());
                let limit = from.max_tokens;
                let planned = within_limit(budget.max(LEAST_BUDGET), limit, || {
                    generation.default_max_tokens()
                });
                match planned.filter(|_| !lacks_signed_thinking(turns)) {
                    Some((budget_tokens, max_tokens)) => {
                        self.fields.thinking = Some(ThinkingOut::Enabled { budget_tokens });
                        self.inference.max_tokens = Some(max_tokens);
                    }
                    None => losses.lose("thinking")?,
                }
            }
            Family::Nova { reasons: true } => {
                let effort = asked.effort().unwrap_or(Effort::Medium);
                let max_reasoning_effort = (!is_off).then(|| plain_word(effort));
                let r#type = if is_off { "disabled" } else { "enabled" };
                self.fields.reasoning_config = Some(NovaReasoning { r#type, max_reasoning_effort });
            }
            Family::GptOss => self.fields.reasoning_effort = asked.effort().map(plain_word),
            Family::Nova { .. } | Family::Other => losses.lose_if(!is_off, "reasoning_effort")?,
        }
        Ok(())
    }

    /// Temperature is 0 to 1 here, and not free beside thinking; Anthropic's newer models want it
    /// without `top_p`.
    fn draw(
        &mut self,
        from: &Conversation,
        family: Family,
        losses: &mut Losses,
    ) -> Result<(), Refused> {
        let sampling = &from.sampling;
        losses.lose_if(sampling.seed.is_some(), "seed")?;
        losses.lose_if(sampling.presence_penalty.is_some(), "presence_penalty")?;
        losses.lose_if(sampling.frequency_penalty.is_some(), "frequency_penalty")?;
        let thinks = self.thinks();
        let range = if thinks { 1.0..=1.0 } else { 0.0..=1.0 };
        let temperature = sampling.temperature.filter(|value| range.contains(value));
        losses.lose_if(temperature != sampling.temperature, "temperature")?;
        self.inference.temperature = temperature;

        let exclusive = match family {
            Family::Claude(generation) => generation.takes_one_of_temperature_and_top_p(),
            _ => false,
        };
        let fits =
            |top_p: &f64| !(exclusive && temperature.is_some() || thinks && *top_p < LEAST_TOP_P);
        self.inference.top_p = sampling.top_p.filter(fits);
        // 1 is everyone's default: leaving it out changes nothing.
        let lost = self.inference.top_p != sampling.top_p && sampling.top_p != Some(1.0);
        losses.lose_if(lost, "top_p")?;

        match (sampling.top_k, family) {
            (None, _) => Ok(()),
            (top_k, Family::Claude(_)) if !thinks => {
                self.fields.top_k = top_k;
                Ok(())
            }
            (top_k, Family::Nova { .. }) => {
                self.fields.nova_top_k = top_k;
                Ok(())
            }
            (Some(_), _) => losses.lose("top_k"),
        }
    }
}

/// A budget below the client's limit, four fifths of it at most so that an answer fits too; without
/// a limit of the client's, the budget goes on top of the default.
fn within_limit(budget: u64, limit: Option<u64>, default: impl Fn() -> u64) -> Option<(u64, u64)> {
    match limit {
        None => Some((budget, default().saturating_add(budget))),
        Some(limit) if limit <= LEAST_BUDGET => None,
        Some(limit) if budget < limit => Some((budget, limit)),
        Some(limit) => Some(((limit / 5 * 4).max(LEAST_BUDGET), limit)),
    }
}

/// Whether the model waits for tools in a turn without thinking of Anthropic's, as after a failover
/// from another vendor. Such a request is refused when thinking is enabled.
fn lacks_signed_thinking(turns: &[Merged<'_>]) -> bool {
    let [.., called, results] = turns else { return false };
    let has = |turn: &Merged<'_>, is: fn(&Part) -> bool| turn.parts.iter().any(|part| is(part));
    called.role == Role::Assistant
        && has(results, |part| matches!(part.content, Content::ToolResult(_)))
        && !has(called, |part| part.signature_of(Protocol::Anthropic).is_some())
}

/// Anthropic's own words for the efforts; it has none below `low`.
fn claude_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        effort => effort.name(),
    }
}

/// The three words that every other model knows.
fn plain_word(effort: Effort) -> &'static str {
    effort.clamp(Effort::Low, Effort::High).name()
}

const LEAST_BUDGET: u64 = 1_024;
const LEAST_TOP_P: f64 = 0.95;
