//! What OpenAI's own models take, by their names. Only closed lists of old models and rules on
//! numbers stand here, so that a new model needs no new line.
//!
//! It never says anything of other vendors' models: whoever speaks this protocol is given what was
//! asked for.

use crate::protocol::codec::Refused;
use crate::protocol::conversation::{Effort, Losses, Sampling, Thinking};

/// A model of OpenAI's, or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    /// The o-series.
    O,
    /// A GPT of that generation, `5.1` as `(5, 1)`.
    Gpt(u32, u32),
    /// Another's, or one that does not reason.
    Other,
}

/// Whether the model refuses `max_tokens` and wants `max_completion_tokens`: OpenAI's reasoning
/// models. Everyone else who speaks this protocol knows `max_tokens`.
pub fn wants_max_completion_tokens(model: &str) -> bool {
    Model::of(model).is_reasoning()
}

/// Whether the model's reasoning can be asked for.
pub fn reasons(model: &str) -> bool {
    Model::of(model).is_reasoning() && !model.contains("-chat")
}

/// Whether the model answers any word on its reasoning with an error.
pub fn refuses_effort(model: &str) -> bool {
    known_efforts(model).is_none()
}

/// The effort in the words that the model knows; none where it knows none or nothing is said. What
/// was said in tokens never becomes more than `high`, which every reasoning model knows.
///
/// # Errors
/// The field, when an effort is asked of a model that refuses it.
pub fn fit_effort(
    asked: Option<Thinking>,
    model: &str,
    losses: &mut Losses,
) -> Result<Option<Effort>, Refused> {
    let effort = match asked {
        Some(Thinking::Adaptive) if reasons_only_when_told(model) => Some(Effort::Medium),
        asked => asked.and_then(Thinking::effort),
    };
    let Some(effort) = effort else { return Ok(None) };
    let in_tokens = matches!(asked, Some(Thinking::Budget(_)));
    let wanted = if in_tokens { effort.min(Effort::High) } else { effort };
    let Some(known) = known_efforts(model) else {
        losses.lose_if(wanted != Effort::None, "reasoning_effort")?;
        return Ok(None);
    };
    // The most of what is not more than was asked for, else the least there is.
    let fitted = known.iter().rev().find(|known| **known <= wanted).or(known.first()).copied();
    losses.lose_if(wanted == Effort::None && fitted != Some(Effort::None), "reasoning_effort")?;
    Ok(fitted)
}

/// What the model takes of sampling: reasoning models take none of it while they reason.
///
/// # Errors
/// The first field that it does not take, when losing is refused.
pub fn fit_sampling(
    from: &Sampling,
    effort: Option<Effort>,
    model: &str,
    losses: &mut Losses,
) -> Result<Sampling, Refused> {
    if !reasons(model) || may_not_reason(model, effort) {
        return Ok(from.clone());
    }
    // 1 is the default of both: leaving it out changes nothing.
    let is_lost = |value: Option<f64>| value.is_some_and(|value| value != 1.0);
    losses.lose_if(is_lost(from.temperature), "temperature")?;
    losses.lose_if(is_lost(from.top_p), "top_p")?;
    losses.lose_if(from.presence_penalty.is_some(), "presence_penalty")?;
    losses.lose_if(from.frequency_penalty.is_some(), "frequency_penalty")?;
    Ok(Sampling { top_k: from.top_k, seed: from.seed, ..Sampling::default() })
}

/// Whether the model takes texts that end the answer.
pub fn takes_stop(model: &str) -> bool {
    !reasons(model)
}

/// Whether a model that can do without reasoning does: from 5.1 to 5.5 unless it is asked to.
fn may_not_reason(model: &str, effort: Option<Effort>) -> bool {
    let has_none = known_efforts(model).is_some_and(|known| known.contains(&Effort::None));
    match (effort, Model::of(model)) {
        (Some(effort), _) => has_none && effort == Effort::None,
        (None, Model::Gpt(5, 1..=5)) => has_none,
        (None, _) => false,
    }
}

/// Whether the model reasons only when it is told how much: OpenAI's from 5.1 on. Others decide for
/// themselves.
fn reasons_only_when_told(model: &str) -> bool {
    reasons(model)
        && matches!(Model::of(model), Model::Gpt(major, minor) if (major, minor) > (5, 0))
}

/// The efforts that a model knows, least first; none where it refuses the field.
fn known_efforts(model: &str) -> Option<&'static [Effort]> {
    use Effort::{High, Low, Max, Medium, Minimal, None, XHigh};
    const CLASSIC: &[Effort] = &[Low, Medium, High];
    let (name, has) = (base_name(model), |word: &str| model.contains(word));
    if OLD.iter().any(|old| name.starts_with(old)) || (name.starts_with("gpt-5") && has("-chat")) {
        return Option::None;
    }
    Some(match Model::of(model) {
        Model::Other => &Effort::ALL,
        Model::O => CLASSIC,
        Model::Gpt(5, 0) if has("-pro") => &[High],
        Model::Gpt(5, 0) if has("-codex") => CLASSIC,
        Model::Gpt(5, 0) => &[Minimal, Low, Medium, High],
        Model::Gpt(5, 1) if has("-codex-max") => &[Low, Medium, High, XHigh],
        Model::Gpt(5, 1) if has("-codex") => CLASSIC,
        Model::Gpt(5, 1) => &[None, Low, Medium, High],
        Model::Gpt(5, 2..=5) if has("-pro") => &[Medium, High, XHigh],
        Model::Gpt(5, 2..=5) if has("-codex") => &[Low, Medium, High, XHigh],
        Model::Gpt(5, 2..=5) => &[None, Low, Medium, High, XHigh],
        Model::Gpt(..) => &[None, Low, Medium, High, XHigh, Max],
    })
}

impl Model {
    fn of(model: &str) -> Self {
        let name = base_name(model);
        if let Some(version) = name.strip_prefix("gpt-") {
            let (major, rest) = leading_number(version);
            let minor = rest.strip_prefix('.').and_then(|rest| leading_number(rest).0);
            return match major {
                Some(major @ 5..) => Self::Gpt(major, minor.unwrap_or_default()),
                _ => Self::Other,
            };
        }
        let is_o = name.strip_prefix('o').is_some_and(|rest| leading_number(rest).0.is_some());
        if is_o || name.starts_with("codex-mini") { Self::O } else { Self::Other }
    }

    fn is_reasoning(self) -> bool {
        self != Self::Other
    }
}

/// The name without what routers put before it (`openai/gpt-5`).
pub(super) fn base_name(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

fn leading_number(text: &str) -> (Option<u32>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// Models that answer `reasoning_effort` with an error.
const OLD: &[&str] = &["gpt-3", "gpt-4", "chatgpt-4", "o1-mini", "o1-preview"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::conversation::Lossy;

    #[test]
    fn model_name_of_openai_tells_its_family() {
        for model in ["o1", "o3-mini", "gpt-5", "gpt-5.1-codex", "openai/gpt-5-mini", "gpt-10"] {
            assert!(wants_max_completion_tokens(model), "{model}");
        }
        for model in ["gpt-4o", "gpt-3.5-turbo", "qwen3", "opus", "gpt-oss-120b", "olmo-2"] {
            assert!(!wants_max_completion_tokens(model), "{model}");
        }
        assert!(!reasons("gpt-5-chat-latest") && reasons("gpt-5"));
    }

    #[test]
    fn efforts_are_what_the_model_knows() {
        use Effort::{High, Low, Max, Minimal, None as Zero, XHigh};
        for (model, asked, given, lost) in [
            ("gpt-4.1-mini", High, None, true),
            ("gpt-4.1-mini", Zero, None, false),
            ("chatgpt-4o-latest", Low, None, true),
            ("gpt-5-chat-latest", Low, None, true),
            ("o3", Minimal, Some(Low), false),
            ("o3", Max, Some(High), false),
            ("o3", Zero, Some(Low), true),
            ("gpt-5", Minimal, Some(Minimal), false),
            ("gpt-5", Zero, Some(Minimal), true),
            ("gpt-5-pro", Low, Some(High), false),
            ("gpt-5.1", Minimal, Some(Zero), false),
            ("gpt-5.1", XHigh, Some(High), false),
            ("gpt-5.2-codex", Zero, Some(Low), true),
            ("gpt-5.4", Max, Some(XHigh), false),
            ("gpt-5.6", Max, Some(Max), false),
            ("gpt-6", Minimal, Some(Zero), false),
            ("qwen3", Minimal, Some(Minimal), false),
        ] {
            let mut losses = Losses::new(Lossy::Warn);
            let fitted = fit_effort(Some(Thinking::Effort(asked)), model, &mut losses).unwrap();
            assert_eq!(fitted, given, "{model} {asked:?}");
            assert_eq!(!losses.into_names().is_empty(), lost, "{model} {asked:?}");
        }
        for (model, told) in
            [("gpt-5.1-codex", Some(Effort::Medium)), ("gpt-5", None), ("o3", None)]
        {
            let mut losses = Losses::new(Lossy::Warn);
            assert_eq!(fit_effort(Some(Thinking::Adaptive), model, &mut losses).unwrap(), told);
        }
        let budget = Some(Thinking::Budget(60_000));
        let fitted = fit_effort(budget, "gpt-5.6", &mut Losses::new(Lossy::Warn)).unwrap();
        assert_eq!(fitted, Some(High));
    }

    #[test]
    fn sampling_is_for_models_that_do_not_reason() {
        let asked = Sampling { temperature: Some(0.5), top_p: Some(1.0), ..Sampling::default() };
        for (model, effort, kept) in [
            ("gpt-4o", None, true),
            ("deepseek-chat", Some(Effort::High), true),
            ("gpt-5-chat-latest", None, true),
            ("o3", None, false),
            ("gpt-5", None, false),
            ("gpt-5.1", None, true),
            ("gpt-5.2", Some(Effort::None), true),
            ("gpt-5.2", Some(Effort::Low), false),
            ("gpt-5.1-codex", None, false),
            ("gpt-5.6", None, false),
            ("gpt-5.6", Some(Effort::None), true),
        ] {
            let mut losses = Losses::new(Lossy::Warn);
            let fitted = fit_sampling(&asked, effort, model, &mut losses).unwrap();
            assert_eq!(fitted.temperature.is_some(), kept, "{model} {effort:?}");
            let lost = if kept { vec![] } else { vec!["temperature".to_owned()] };
            assert_eq!(losses.into_names(), lost, "{model}");
        }
    }
}
