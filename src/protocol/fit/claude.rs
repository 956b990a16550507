//! Thinking and sampling of Anthropic's models, limited to what the generation and the request
//! allow; the same at Anthropic and on Bedrock.
//!
//! A budget is at least 1 024 tokens and below the output limit, and inside a tool loop the model's
//! last turn must contain thinking signed by Anthropic; otherwise thinking is not requested.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::models::anthropic::{self, Quiet};
use crate::models::{Effort, Model};
use crate::protocol::Protocol;
use crate::protocol::codec::{ReadError, Refused};
use crate::protocol::conversation::{
    Content, Conversation, Losses, Merged, OutputFormat, Part, Role, Sampling, Thinking, Tool,
    ToolChoice,
};
use crate::protocol::object::Object;
use crate::protocol::schema::refs::is_finite;
use crate::protocol::schema::{Fitted, Rule, complete};

/// What is written of thinking, and the limit of tokens that goes with it.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Plan {
    pub(in crate::protocol) thinking: Option<ThinkingOut>,
    pub(in crate::protocol) effort: Option<&'static str>,
    /// The client's limit, or what a budget needs; `None` for the model's default.
    pub(in crate::protocol) max_tokens: Option<u64>,
    /// Whether the model always thinks.
    always_thinks: bool,
}

/// The field `thinking`.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::protocol) enum ThinkingOut {
    Enabled {
        budget_tokens: u64,
    },
    Adaptive {
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<&'static str>,
    },
    Disabled,
}

/// Reads the field `thinking`.
///
/// # Errors
/// The field that is missing or has the wrong type.
pub(in crate::protocol) fn read_thinking(mut thinking: Object<'_>) -> Result<Thinking, ReadError> {
    let kind: String = thinking.require("type")?;
    Ok(match kind.as_str() {
        "enabled" => Thinking::Budget(thinking.require("budget_tokens")?),
        "disabled" => Thinking::Off,
        _ => Thinking::Adaptive,
    })
}

impl Plan {
    /// Whether a tool call can be forced, which thinking prevents.
    pub(in crate::protocol) fn can_force(&self) -> bool {
        !self.thinks() && !self.always_thinks
    }

    /// Whether the model will think because it is asked to: it then takes little of sampling.
    pub(in crate::protocol) fn thinks(&self) -> bool {
        matches!(self.thinking, Some(ThinkingOut::Enabled { .. } | ThinkingOut::Adaptive { .. }))
    }

    /// Makes the plan.
    pub(in crate::protocol) fn of(
        from: &Conversation,
        turns: &[Merged<'_>],
        model: Model<'_>,
        losses: &mut Losses,
    ) -> Result<Self, Refused> {
        let always_thinks = anthropic::QUIET.of(model) == Quiet::Never;
        let quiet = Self { max_tokens: from.max_tokens, always_thinks, ..Self::default() };
        match from.thinking {
            // A client that forces a tool and does not mention thinking needs the tool.
            None if anthropic::THINKS_UNASKED.of(model)
                && !always_thinks
                && forces_a_tool(from) =>
            {
                quiet.hushed(Thinking::Off, model, losses)
            }
            None => Ok(quiet),
            Some(asked) if asked.is_off() => quiet.hushed(asked, model, losses),
            Some(asked) if !anthropic::THINKING.of(model) => {
                losses.lose_if(asked.asks_for_some(), "reasoning_effort").map(|()| quiet)
            }
            Some(asked) if anthropic::ADAPTIVE.of(model) => {
                let display = anthropic::HIDES_THOUGHTS.of(model).then_some("summarized");
                Ok(Self {
                    thinking: Some(ThinkingOut::Adaptive { display }),
                    effort: asked.effort().map(|effort| effort_word(effort, model)),
                    ..quiet
                })
            }
            Some(asked) => {
                let budget = asked.budget().unwrap_or_else(|| Effort::Medium.budget());
                let within = within_limit(budget.max(LEAST_BUDGET), from.max_tokens, model);
                match within.filter(|_| !lacks_signed_thinking(turns)) {
                    Some((budget_tokens, limit)) => {
                        let thinking = Some(ThinkingOut::Enabled { budget_tokens });
                        Ok(Self { thinking, max_tokens: Some(limit), ..quiet })
                    }
                    None => losses.lose("thinking").map(|()| quiet),
                }
            }
        }
    }

    /// The same plan without thinking. A model that always thinks gets the lowest effort.
    fn hushed(
        self,
        asked: Thinking,
        model: Model<'_>,
        losses: &mut Losses,
    ) -> Result<Self, Refused> {
        Ok(match anthropic::QUIET.of(model) {
            Quiet::Unsaid => self,
            Quiet::Disabled => Self { thinking: Some(ThinkingOut::Disabled), ..self },
            Quiet::Never => {
                losses.lose_if(asked != Thinking::Off, "reasoning_effort")?;
                Self { effort: Some("low"), ..self }
            }
        })
    }
}

/// Sampling: temperature is 0 to 1 and fixed with thinking; newer models do not accept it with
/// `top_p`, and the newest accept no sampling.
pub(in crate::protocol) fn fit_sampling(
    from: &Sampling,
    thinks: bool,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Sampling, Refused> {
    losses.lose_if(from.seed.is_some(), "seed")?;
    losses.lose_if(from.presence_penalty.is_some(), "presence_penalty")?;
    losses.lose_if(from.frequency_penalty.is_some(), "frequency_penalty")?;
    let is_free = anthropic::SAMPLING.of(model);
    let range = if thinks { 1.0..=1.0 } else { 0.0..=1.0 };
    let temperature = from.temperature.filter(|value| is_free && range.contains(value));
    let exclusive = anthropic::TEMPERATURE_OR_TOP_P.of(model) && temperature.is_some();
    let fits = |top_p: &f64| is_free && !exclusive && (!thinks || *top_p >= LEAST_TOP_P);
    let top_p = from.top_p.filter(fits);
    let top_k = from.top_k.filter(|_| is_free && !thinks);
    // 1 is the default of both, so omitting it changes nothing.
    let is_lost = |now, was: Option<f64>| now != was && was != Some(1.0);
    losses.lose_if(is_lost(temperature, from.temperature), "temperature")?;
    losses.lose_if(is_lost(top_p, from.top_p), "top_p")?;
    losses.lose_if(top_k != from.top_k, "top_k")?;
    Ok(Sampling { temperature, top_p, top_k, ..Sampling::default() })
}

/// What answers and tools can be held to, at Anthropic's and on Bedrock alike.
pub(in crate::protocol) static SCHEMAS: Rule = Rule {
    removed: &[
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "contains",
        "minContains",
        "maxContains",
        "prefixItems",
        "additionalItems",
        "unevaluatedItems",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "if",
        "then",
        "else",
        "not",
    ],
    renamed: &[("oneOf", "anyOf")],
    most_min_items: Some(1),
    formats: Some(&[
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    ]),
    rich_patterns: false,
    rich_enums: false,
    closes_objects: true,
    completes: false,
};

/// A schema for an answer or a strict tool; `place` names its owner.
///
/// # Errors
/// The first refused keyword, if losing it is refused.
pub(in crate::protocol) fn fit_schema<'a>(
    schema: &'a RawValue,
    place: &str,
    losses: &mut Losses,
) -> Result<Cow<'a, RawValue>, Refused> {
    let Fitted { schema, lost, .. } = SCHEMAS.fit(schema);
    for keyword in lost {
        losses.lose(format!("{place}.{keyword}"))?;
    }
    Ok(schema)
}

/// Whether a model that knows strict tools can be held to this one.
pub(in crate::protocol) fn is_strict(tool: &Tool) -> bool {
    tool.strict == Some(true) && tool.schema.as_deref().is_none_or(is_finite)
}

/// The schema of a tool, complete; a strict one is held to it.
///
/// # Errors
/// As [`fit_schema`].
pub(in crate::protocol) fn fit_tool<'a>(
    schema: Cow<'a, RawValue>,
    is_strict: bool,
    losses: &mut Losses,
) -> Result<Cow<'a, RawValue>, Refused> {
    match complete(schema, losses)? {
        schema if !is_strict => Ok(schema),
        Cow::Borrowed(schema) => fit_schema(schema, "tools.schema", losses),
        Cow::Owned(schema) => fit_schema(&schema, "tools.schema", losses)
            .map(|fitted| Cow::Owned(fitted.into_owned())),
    }
}

/// Whether a tool must be called, including one that stands for a structured answer.
fn forces_a_tool(from: &Conversation) -> bool {
    let is_forced = matches!(from.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
    let is_answer = matches!(from.format, Some(OutputFormat::JsonObject));
    if from.tools.is_empty() { is_answer } else { is_forced }
}

/// A budget below the output limit, at most four fifths of it so that an answer fits. Without a
/// client's limit, the budget is added to the default.
fn within_limit(budget: u64, asked: Option<u64>, model: Model<'_>) -> Option<(u64, u64)> {
    let room = anthropic::DEFAULT_MAX_TOKENS
        .of(model)
        .saturating_add(budget)
        .min(anthropic::MOST_TOKENS.of(model));
    match asked.unwrap_or(room) {
        limit if limit <= LEAST_BUDGET => None,
        limit if budget < limit => Some((budget, limit)),
        limit => Some(((limit / 5 * 4).max(LEAST_BUDGET), limit)),
    }
}

/// Whether the model waits for tools in a turn without thinking of Anthropic's, as after a failover
/// from another vendor. Such a request is refused when thinking is enabled.
fn lacks_signed_thinking(turns: &[Merged<'_>]) -> bool {
    let behind = turns.iter().rposition(|turn| turn.role != Role::System);
    let turns = behind.map_or(&[][..], |last| &turns[..=last]);
    let [.., called, results] = turns else { return false };
    let has = |turn: &Merged<'_>, is: fn(&Part) -> bool| turn.parts.iter().any(|part| is(part));
    called.role == Role::Assistant
        && has(results, |part| matches!(part.content, Content::ToolResult(_)))
        && !has(called, |part| part.signature_of(Protocol::Anthropic).is_some())
}

/// Anthropic's efforts; it has none below `low`.
fn effort_word(effort: Effort, model: Model<'_>) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::XHigh if !anthropic::XHIGH.of(model) => "high",
        effort => effort.name(),
    }
}

const LEAST_BUDGET: u64 = 1_024;
const LEAST_TOP_P: f64 = 0.95;
