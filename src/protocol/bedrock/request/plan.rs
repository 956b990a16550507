//! Thinking and sampling parameters, limited to what the model's family supports. `fit::claude`
//! handles Anthropic's models.

use super::form::{Effort as EffortOut, ModelFields, NovaReasoning};
use crate::models::bedrock::{self, Family};
use crate::models::{Effort, Model};
use crate::protocol::bedrock::profile::FIELDS;
use crate::protocol::codec::Refused;
use crate::protocol::conversation::{Conversation, Losses, Merged, Sampling};
use crate::protocol::fields::Fields;
use crate::protocol::fit::{self, claude};

/// What is written of limits, sampling and thinking.
pub(super) struct Plan<'a> {
    pub(super) inference: Fields<'a>,
    pub(super) fields: ModelFields<'a>,
    /// Whether Anthropic's model will think because it is asked to.
    pub(super) thinks: bool,
    /// Whether a call of a tool can be forced.
    pub(super) can_force: bool,
}

impl<'a> Plan<'a> {
    /// Makes the plan.
    pub(super) fn of(
        from: &'a Conversation,
        turns: &[Merged<'_>],
        model: Model<'_>,
        losses: &mut Losses,
    ) -> Result<Self, Refused> {
        let max_tokens = from.max_tokens;
        let inference = Fields { table: &FIELDS, max_tokens, ..Fields::default() };
        let fields = ModelFields { extras: &from.extras, ..ModelFields::default() };
        let mut plan = Self { inference, fields, thinks: false, can_force: true };
        plan.think(from, turns, model, losses)?;
        plan.draw(&from.sampling, plan.thinks, model, losses)?;
        plan.inference.stop = fit::stops_with_text(&from.stop, losses)?;
        Ok(plan)
    }

    fn think(
        &mut self,
        from: &Conversation,
        turns: &[Merged<'_>],
        model: Model<'_>,
        losses: &mut Losses,
    ) -> Result<(), Refused> {
        let family = bedrock::FAMILY.of(model);
        if family == Family::Claude {
            let plan = claude::Plan::of(from, turns, model, losses)?;
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
            Family::Claude | Family::Nova { .. } | Family::Other => {
                losses.lose_if(asked.asks_for_some(), "reasoning_effort")?
            }
        }
        Ok(())
    }

    /// Temperature is 0 to 1 here.
    fn draw(
        &mut self,
        from: &Sampling,
        thinks: bool,
        model: Model<'_>,
        losses: &mut Losses,
    ) -> Result<(), Refused> {
        let family = bedrock::FAMILY.of(model);
        // Every other model supports what the oldest Claude does, except `top_k`.
        let like = if family == Family::Claude { model } else { Model::named("") };
        let fitted = claude::fit_sampling(from, thinks, like, losses)?;
        let (temperature, top_p) = (fitted.temperature, fitted.top_p);
        self.inference.sampling = Sampling { temperature, top_p, ..Sampling::default() };
        match family {
            Family::Claude => self.fields.top_k = fitted.top_k,
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
