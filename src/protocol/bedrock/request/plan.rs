//! How much the model is to think and how its next token is drawn, within what its family takes.
//!
//! It never decides what Anthropic's models take: `anthropic::thinking` does.

use super::form::{Effort as EffortOut, Inference, ModelFields, NovaReasoning};
use crate::protocol::anthropic::model::Generation;
use crate::protocol::anthropic::thinking::{self, fit_sampling};
use crate::protocol::bedrock::model::Family;
use crate::protocol::codec::Refused;
use crate::protocol::conversation::{Conversation, Effort, Losses, Merged, Sampling};

/// What is written of limits, sampling and thinking.
pub(super) struct Plan<'a> {
    pub(super) inference: Inference<'a>,
    pub(super) fields: ModelFields<'a>,
    /// Whether Anthropic's model will think because it is asked to.
    thinks: bool,
    /// Whether a call of a tool can be forced.
    pub(super) can_force: bool,
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
        let mut plan = Self { inference, fields, thinks: false, can_force: true };
        plan.think(from, turns, family, losses)?;
        plan.draw(&from.sampling, plan.thinks, family, losses)?;
        let (blank, stop): (Vec<&str>, Vec<&str>) =
            from.stop.iter().map(String::as_str).partition(|text| text.trim().is_empty());
        losses.lose_if(!blank.is_empty(), "stop")?;
        plan.inference.stop_sequences = stop;
        Ok(plan)
    }

    fn think(
        &mut self,
        from: &Conversation,
        turns: &[Merged<'_>],
        family: Family,
        losses: &mut Losses,
    ) -> Result<(), Refused> {
        if let Family::Claude(generation) = family {
            let plan = thinking::Plan::of(from, turns, generation, losses)?;
            (self.thinks, self.can_force) = (plan.thinks(), plan.can_force());
            self.fields.thinking = plan.thinking;
            self.fields.output_config = plan.effort.map(|effort| EffortOut { effort });
            self.inference.max_tokens = plan.max_tokens;
            return Ok(());
        }
        let Some(asked) = from.thinking else { return Ok(()) };
        let is_off = asked.is_off();
        match family {
            Family::Nova { reasons: true } => {
                let effort = asked.effort().unwrap_or(Effort::Medium);
                let max_reasoning_effort = (!is_off).then(|| plain_word(effort));
                let r#type = if is_off { "disabled" } else { "enabled" };
                self.fields.reasoning_config = Some(NovaReasoning { r#type, max_reasoning_effort });
            }
            Family::GptOss => self.fields.reasoning_effort = asked.effort().map(plain_word),
            Family::Claude(_) | Family::Nova { .. } | Family::Other => {
                losses.lose_if(!is_off, "reasoning_effort")?
            }
        }
        Ok(())
    }

    /// Temperature is 0 to 1 here.
    fn draw(
        &mut self,
        from: &Sampling,
        thinks: bool,
        family: Family,
        losses: &mut Losses,
    ) -> Result<(), Refused> {
        // Every other model takes what a Claude of the oldest kind does, but for `top_k`.
        let generation = match family {
            Family::Claude(generation) => generation,
            _ => Generation::of(""),
        };
        let fitted = fit_sampling(from, thinks, generation, losses)?;
        self.inference.temperature = fitted.temperature;
        self.inference.top_p = fitted.top_p;
        match family {
            Family::Claude(_) => self.fields.top_k = fitted.top_k,
            Family::Nova { .. } => self.fields.nova_top_k = fitted.top_k,
            Family::GptOss | Family::Other => losses.lose_if(from.top_k.is_some(), "top_k")?,
        }
        Ok(())
    }
}

/// The three words that every other model knows.
fn plain_word(effort: Effort) -> &'static str {
    effort.clamp(Effort::Low, Effort::High).name()
}
