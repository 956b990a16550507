//! Effort, sampling, tools and users of OpenAI's models, in Chat Completions and Responses. Models
//! of other vendors are not changed.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::models::openai::{self, BesideTools};
use crate::models::{Effort, Model};
use crate::protocol::codec::Refused;
use crate::protocol::conversation::{Losses, Sampling, Thinking, Tool};
use crate::protocol::schema::{Rule, complete};
use crate::sigv4;

/// The effort in the model's words; `None` if it has none or none is asked for. A budget in tokens
/// becomes at most `high`, which every reasoning model has.
///
/// # Errors
/// The field, if the model refuses an effort.
pub(in crate::protocol) fn fit_effort(
    asked: Option<Thinking>,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Option<Effort>, Refused> {
    let effort = match asked {
        Some(Thinking::Adaptive) if openai::REASONS_WHEN_TOLD.of(model) => Some(Effort::Medium),
        asked => asked.and_then(Thinking::effort),
    };
    let Some(effort) = effort else { return Ok(None) };
    let in_tokens = matches!(asked, Some(Thinking::Budget(_)));
    let wanted = if in_tokens { effort.min(Effort::High) } else { effort };
    let Some(known) = openai::EFFORTS.of(model) else {
        losses.lose_if(wanted != Effort::None, "reasoning_effort")?;
        return Ok(None);
    };
    // The highest effort that does not exceed the request, otherwise the lowest.
    let fitted = known.iter().rev().find(|known| **known <= wanted).or(known.first()).copied();
    losses.lose_if(wanted == Effort::None && fitted != Some(Effort::None), "reasoning_effort")?;
    Ok(fitted)
}

/// The effort beside functions in Chat Completions, which newer models refuse.
///
/// # Errors
/// The field, if an effort is lost.
pub(in crate::protocol) fn beside_tools(
    effort: Option<Effort>,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Option<Effort>, Refused> {
    let rule = openai::EFFORT_BESIDE_TOOLS.of(model);
    let is_lost = effort.is_some_and(|effort| effort != Effort::None);
    match rule {
        BesideTools::Every => return Ok(effort),
        BesideTools::Unsaid if !is_lost => return Ok(effort),
        BesideTools::Unsaid | BesideTools::MustBeNone => {}
    }
    losses.lose_if(is_lost, "reasoning_effort")?;
    let knows_none = openai::EFFORTS.of(model).is_some_and(|known| known.contains(&Effort::None));
    Ok(knows_none.then_some(Effort::None))
}

/// The limit of the answer, raised to the least that the model takes: a probe that asks for one token is
/// an error there.
///
/// # Errors
/// The field, when it is raised and that is refused.
pub(in crate::protocol) fn fit_max_tokens(
    asked: Option<u64>,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Option<u64>, Refused> {
    let fitted = asked.map(|tokens| tokens.max(openai::LEAST_TOKENS.of(model)));
    losses.lose_if(fitted != asked, "max_tokens")?;
    Ok(fitted)
}

/// The end user's name; one that is too long is replaced by its hash.
pub(in crate::protocol) fn fit_user(user: Option<&str>) -> Option<Cow<'_, str>> {
    let fits = |user: &&str| user.chars().count() <= openai::LONGEST_USER;
    let user = user?;
    Some(match Some(user).filter(fits) {
        Some(user) => Cow::Borrowed(user),
        None => Cow::Owned(sigv4::payload_hash([user])),
    })
}

/// The schema of a tool, and whether it is strict. OpenAI's models are strict only where every property
/// must be there.
///
/// # Errors
/// The field, when strictness is lost.
pub(in crate::protocol) fn fit_tool<'a>(
    tool: &'a Tool,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<(Option<Cow<'a, RawValue>>, Option<bool>), Refused> {
    let Some(schema) = tool.schema.as_deref() else { return Ok((None, tool.strict)) };
    if tool.strict == Some(true) && openai::STRICT_WANTS_ALL.of(model) {
        let fitted = STRICT_SCHEMAS.fit(schema);
        if fitted.lost.is_empty() && !fitted.has_optional {
            return Ok((Some(fitted.schema), Some(true)));
        }
        losses.lose("tools.strict")?;
        return Ok((Some(complete(Cow::Borrowed(schema), losses)?), Some(false)));
    }
    Ok((Some(complete(Cow::Borrowed(schema), losses)?), tool.strict))
}

/// What a strict tool's schema must and must not contain.
pub(in crate::protocol) static STRICT_SCHEMAS: Rule = Rule {
    removed: &[
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "allOf",
        "not",
        "if",
        "then",
        "else",
    ],
    closes_objects: true,
    completes: true,
    ..Rule::ANY
};

/// Sampling: reasoning models accept none while they reason.
///
/// # Errors
/// The first field that is not accepted, if losing it is refused.
pub(in crate::protocol) fn fit_sampling(
    from: &Sampling,
    effort: Option<Effort>,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Sampling, Refused> {
    if !openai::REASONS.of(model) || rests(model, effort) {
        return Ok(from.clone());
    }
    // 1 is the default of both, so omitting it changes nothing.
    let is_lost = |value: Option<f64>| value.is_some_and(|value| value != 1.0);
    losses.lose_if(is_lost(from.temperature), "temperature")?;
    losses.lose_if(is_lost(from.top_p), "top_p")?;
    losses.lose_if(from.presence_penalty.is_some(), "presence_penalty")?;
    losses.lose_if(from.frequency_penalty.is_some(), "frequency_penalty")?;
    Ok(Sampling { top_k: from.top_k, seed: from.seed, ..Sampling::default() })
}

/// Whether a model that can do without reasoning does.
fn rests(model: Model<'_>, effort: Option<Effort>) -> bool {
    let has_none = openai::EFFORTS.of(model).is_some_and(|known| known.contains(&Effort::None));
    has_none && effort.map_or(openai::RESTS_UNTOLD.of(model), |effort| effort == Effort::None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::conversation::Lossy;

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
            let fitted =
                fit_effort(Some(Thinking::Effort(asked)), openai::model(model), &mut losses)
                    .unwrap();
            assert_eq!(fitted, given, "{model} {asked:?}");
            assert_eq!(!losses.into_names().is_empty(), lost, "{model} {asked:?}");
        }
        for (model, told) in
            [("gpt-5.1-codex", Some(Effort::Medium)), ("gpt-5", None), ("o3", None)]
        {
            let mut losses = Losses::new(Lossy::Warn);
            assert_eq!(
                fit_effort(Some(Thinking::Adaptive), openai::model(model), &mut losses).unwrap(),
                told
            );
        }
        let budget = Some(Thinking::Budget(60_000));
        let fitted =
            fit_effort(budget, openai::model("gpt-5.6"), &mut Losses::new(Lossy::Warn)).unwrap();
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
            let fitted = fit_sampling(&asked, effort, openai::model(model), &mut losses).unwrap();
            assert_eq!(fitted.temperature.is_some(), kept, "{model} {effort:?}");
            let lost = if kept { vec![] } else { vec!["temperature".to_owned()] };
            assert_eq!(losses.into_names(), lost, "{model}");
        }
    }
}
