//! How much the model thinks, within what its generation supports. Models without thinking are not
//! asked to think.

use crate::models::gemini::{self, ThinkingControl};
use crate::models::{Effort, Model};
use crate::protocol::codec::Refused;
use crate::protocol::conversation::{Losses, Thinking};

use super::form::ThinkingConfig;

/// What is written of thinking. Thoughts are asked for whenever thinking is.
pub(super) fn write(
    asked: Option<Thinking>,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Option<ThinkingConfig>, Refused> {
    let Some(asked) = asked else { return Ok(None) };
    let is_off = asked.is_off();
    let shown = ThinkingConfig { include_thoughts: Some(true), ..ThinkingConfig::default() };
    Ok(match gemini::THINKING.of(model) {
        ThinkingControl::None => {
            losses.lose_if(asked.asks_for_some(), "reasoning_effort")?;
            None
        }
        ThinkingControl::Budget { least, can_stop, .. } if is_off => {
            // The lowest available level; also for a client that turned thinking off.
            losses.lose_if(!can_stop && asked != Thinking::Off, "reasoning_effort")?;
            Some(budget(if can_stop { 0 } else { least }, ThinkingConfig::default()))
        }
        ThinkingControl::Budget { least, most, .. } => Some(match asked.budget() {
            Some(tokens) => budget(tokens.clamp(least, most), shown),
            None => ThinkingConfig { thinking_budget: Some(-1), ..shown },
        }),
        ThinkingControl::Level(levels) if is_off => {
            losses.lose_if(asked != Thinking::Off, "reasoning_effort")?;
            let thinking_level = levels.first().copied();
            Some(ThinkingConfig { thinking_level, ..ThinkingConfig::default() })
        }
        ThinkingControl::Level(levels) => {
            let thinking_level = asked.effort().and_then(|effort| level(effort, levels));
            Some(ThinkingConfig { thinking_level, ..shown })
        }
    })
}

/// The level of an effort, or where the model does not know it the next one, the upper first.
fn level(effort: Effort, known: &[&'static str]) -> Option<&'static str> {
    let wanted = effort.clamp(Effort::Minimal, Effort::High);
    let upper = known.iter().find(|name| Effort::from_name(name) >= wanted);
    upper.or(known.last()).copied()
}

fn budget(tokens: u64, config: ThinkingConfig) -> ThinkingConfig {
    ThinkingConfig { thinking_budget: i64::try_from(tokens).ok(), ..config }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::conversation::Lossy;

    #[test]
    fn thinking_keeps_to_the_model() {
        let budget = |tokens| ThinkingConfig {
            include_thoughts: Some(true),
            thinking_budget: Some(tokens),
            thinking_level: None,
        };
        let level = |thinking_level| ThinkingConfig {
            include_thoughts: Some(true),
            thinking_budget: None,
            thinking_level,
        };
        let quiet = |config: ThinkingConfig| ThinkingConfig { include_thoughts: None, ..config };
        let effort = Thinking::Effort;
        for (model, asked, written, lost) in [
            ("gemini-2.0-flash", effort(Effort::High), None, true),
            ("gemini-2.0-flash", Thinking::Off, None, false),
            ("gemini-2.0-flash", Thinking::Adaptive, None, false),
            ("gemini-2.5-pro", effort(Effort::Max), Some(budget(32_768)), false),
            ("gemini-2.5-pro", Thinking::Budget(10), Some(budget(128)), false),
            ("gemini-2.5-pro", Thinking::Adaptive, Some(budget(-1)), false),
            ("gemini-2.5-pro", Thinking::Off, Some(quiet(budget(128))), false),
            ("gemini-2.5-pro", effort(Effort::None), Some(quiet(budget(128))), true),
            ("gemini-2.5-flash", effort(Effort::None), Some(quiet(budget(0))), false),
            ("gemini-2.5-flash", Thinking::Budget(9_999), Some(budget(9_999)), false),
            ("gemini-3-pro-preview", effort(Effort::Minimal), Some(level(Some("low"))), false),
            ("gemini-3-pro-preview", effort(Effort::Medium), Some(level(Some("high"))), false),
            ("gemini-3-flash", effort(Effort::Medium), Some(level(Some("medium"))), false),
            ("gemini-3-flash", Thinking::Budget(1_000), Some(level(Some("minimal"))), false),
            ("gemini-3-flash", Thinking::Off, Some(quiet(level(Some("minimal")))), false),
            ("gemini-3-flash", Thinking::Adaptive, Some(level(None)), false),
        ] {
            let mut losses = Losses::new(Lossy::Warn);
            let config = write(Some(asked), gemini::model(model), &mut losses).unwrap();
            assert_eq!(config, written, "{model} {asked:?}");
            assert_eq!(!losses.into_names().is_empty(), lost, "{model} {asked:?}");
        }
    }
}
