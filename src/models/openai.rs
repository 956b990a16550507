//! OpenAI's own models. Requests for other vendors' models in OpenAI's protocol are not changed.

use super::tools::{IdRule, NameRule};
use super::{Capability, Effort, Generation, MediaTypes, Model, Stated, Which, row, table};

/// Reads a name such as `gpt-5.1-codex` or `openai/o3-mini`. Models that do not reason and those of
/// other vendors are of no known generation.
pub(crate) fn model(name: &str) -> Model<'_> {
    let model = Model::named(name);
    Model { generation: generation(model.base), ..model }
}

fn generation(base: &str) -> Generation {
    if let Some(version) = base.strip_prefix("gpt-") {
        let (major, rest) = leading_number(version);
        let minor = rest.strip_prefix('.').and_then(|rest| leading_number(rest).0);
        return match major {
            Some(major @ 5..) => Generation(major, minor.unwrap_or_default()),
            _ => Generation::UNKNOWN,
        };
    }
    let is_o = base.strip_prefix('o').is_some_and(|rest| leading_number(rest).0.is_some());
    if is_o || base.starts_with("codex-mini") { O_SERIES } else { Generation::UNKNOWN }
}

fn leading_number(text: &str) -> (Option<u32>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// All of the o-series: before every GPT that reasons.
const O_SERIES: Generation = Generation(1, 0);
const O: Which = Which::only(1, 0);
const OTHERS: Which = Which::only(0, 0);
const REASONING: Which = Which::since(1, 0);
const OPENAIS: Which = Which::ANY.beginning(&["gpt-", "chatgpt-", "o1", "o3", "o4", "codex-"]);
const CHAT: Which = Which::ANY.holding(&["-chat"]);
const FROM_5_2_TO_5_5: Which = Which::between(Generation(5, 2), Generation(5, 5));

/// Whether a model refuses `max_tokens` and wants `max_completion_tokens`. Every other model that is
/// asked in this protocol knows `max_tokens`.
pub(crate) static MAX_COMPLETION_TOKENS: Capability<bool> =
    table(&[row(REASONING, true, REASONING_GUIDE)], false);

/// Whether a model's reasoning can be asked for.
pub(crate) static REASONS: Capability<bool> =
    table(&[row(CHAT, false, MODELS), row(REASONING, true, REASONING_GUIDE)], false);

/// Whether a model reasons only when it is told how much. Others decide for themselves.
pub(crate) static REASONS_WHEN_TOLD: Capability<bool> =
    table(&[row(CHAT, false, MODELS), row(Which::since(5, 1), true, REASONING_GUIDE)], false);

/// Whether a model that can do without reasoning does so when the request does not mention it.
pub(crate) static RESTS_UNTOLD: Capability<bool> =
    table(&[row(Which::between(Generation(5, 1), Generation(5, 5)), true, REASONING_GUIDE)], false);

/// Whether a prompt's cache is found by a key. Other vendors refuse the field.
pub(crate) static CACHE_KEYS: Capability<bool> = table(
    &[row(Which::ANY.beginning(BEFORE_REASONING), true, CACHING), row(REASONING, true, CACHING)],
    false,
);

/// How many texts that end the answer a model takes.
pub(crate) static STOPS: Capability<usize> =
    table(&[row(CHAT, 4, REFERENCE), row(REASONING, 0, REASONING_GUIDE)], 4);

/// The efforts that a model knows, least first; `None` where it refuses the field.
pub(crate) static EFFORTS: Capability<Option<&'static [Effort]>> = {
    use Effort::{High, Low, Max, Medium, Minimal, None as Zero, XHigh};
    const CLASSIC: Option<&[Effort]> = Some(&[Low, Medium, High]);
    const TO_XHIGH: Option<&[Effort]> = Some(&[Low, Medium, High, XHigh]);
    const EVERY: Option<&[Effort]> = Some(&Effort::ALL);
    const PRO: Option<&[Effort]> = Some(&[Medium, High, XHigh]);
    const FIRST: Option<&[Effort]> = Some(&[Minimal, Low, Medium, High]);
    const FROM_NONE: Option<&[Effort]> = Some(&[Zero, Low, Medium, High]);
    const NONE_TO_XHIGH: Option<&[Effort]> = Some(&[Zero, Low, Medium, High, XHigh]);
    const NONE_TO_MAX: Option<&[Effort]> = Some(&[Zero, Low, Medium, High, XHigh, Max]);
    table(
        &[
            row(Which::ANY.beginning(BEFORE_REASONING), None, MODELS),
            row(CHAT.beginning(&["gpt-5"]), None, MODELS),
            row(OTHERS, EVERY, REFERENCE),
            row(O, CLASSIC, REASONING_GUIDE),
            row(Which::only(5, 0).holding(&["-pro"]), Some(&[High]), REFERENCE),
            row(Which::only(5, 0).holding(&["-codex"]), CLASSIC, MODELS),
            row(Which::only(5, 0), FIRST, REFERENCE),
            row(Which::only(5, 1).holding(&["-codex-max"]), TO_XHIGH, REFERENCE),
            row(Which::only(5, 1).holding(&["-codex"]), CLASSIC, MODELS),
            row(Which::only(5, 1), FROM_NONE, REFERENCE),
            row(FROM_5_2_TO_5_5.holding(&["-pro"]), PRO, MODELS),
            row(FROM_5_2_TO_5_5.holding(&["-codex"]), TO_XHIGH, MODELS),
            row(FROM_5_2_TO_5_5, NONE_TO_XHIGH, MODELS),
        ],
        NONE_TO_MAX,
    )
};

/// How Chat Completions handles an effort beside functions; Responses accepts both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BesideTools {
    /// Every effort that the model knows.
    Every,
    /// No effort, or `none`.
    Unsaid,
    /// `none`, which must be sent.
    MustBeNone,
}

/// What happens to an effort beside functions in Chat Completions.
pub(crate) static EFFORT_BESIDE_TOOLS: Capability<BesideTools> = table(
    &[
        row(CHAT, BesideTools::Every, MODELS),
        row(Which::since(5, 6), BesideTools::MustBeNone, LATEST_GUIDE),
        row(Which::since(5, 4), BesideTools::Unsaid, LATEST_GUIDE),
    ],
    BesideTools::Every,
);

/// Whether a strict tool must ask for every property that it has.
pub(crate) static STRICT_WANTS_ALL: Capability<bool> = table(&[row(OPENAIS, true, STRICT)], false);

/// The least limit of an answer. Models that reason end with an error where less is left for them.
pub(crate) static LEAST_TOKENS: Capability<u64> =
    table(&[row(CHAT, 1, MODELS), row(REASONING, 16, RESPONSES)], 1);

/// What Chat Completions takes as the id of a call. Mistral's models, wherever they are served, take nine
/// letters and digits; OpenAI's older models take 40 characters.
pub(crate) static CALL_IDS: Capability<IdRule> =
    table(&[row(MISTRALS, NINE, MISTRAL), row(Which::ANY, IdRule::ANY.up_to(40), REFERENCE)], NINE);

/// What Responses takes as the id of a call.
pub(crate) static RESPONSES_CALL_IDS: Capability<IdRule> =
    table(&[row(Which::ANY, IdRule::ANY.up_to(64), RESPONSES)], IdRule::ANY);

/// Whether a user may speak right after a tool, and the assistant last.
pub(crate) static FREE_ORDER: Capability<bool> = table(&[row(MISTRALS, false, MISTRAL)], true);

/// Which pictures OpenAI's models look at.
pub(crate) static IMAGES: Capability<MediaTypes> = table(
    &[row(OPENAIS, Some(&["image/png", "image/jpeg", "image/webp", "image/gif"]), VISION)],
    None,
);

/// The most characters of the name of an end user.
pub(crate) const LONGEST_USER: usize = 64;

/// What a tool may be called. Anthropic's and Bedrock's rule is the same.
pub(crate) static TOOL_NAMES: Capability<NameRule> =
    table(&[row(Which::ANY, NameRule::PLAIN, REFERENCE)], NameRule::PLAIN);

/// Mistral's models. Its API and its templates refuse other orders and ids.
const MISTRALS: Which = Which::ANY.beginning(&[
    "mistral",
    "Mistral",
    "ministral",
    "Ministral",
    "magistral",
    "Magistral",
    "codestral",
    "Codestral",
    "devstral",
    "Devstral",
    "pixtral",
    "Pixtral",
    "voxtral",
    "Voxtral",
    "mixtral",
    "Mixtral",
    "open-mistral",
    "open-mixtral",
    "labs-devstral",
    "labs-mistral",
]);
const NINE: IdRule = IdRule { shortest: 9, longest: 9, also: Some(&[]) };

/// Models that answer `reasoning_effort` with an error.
const BEFORE_REASONING: &[&str] = &["gpt-3", "gpt-4", "chatgpt-4", "o1-mini", "o1-preview"];

const fn page(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-21" }
}

const CACHING: Stated = page("platform.openai.com/docs/guides/prompt-caching");
const MODELS: Stated = page("platform.openai.com/docs/models");
const REASONING_GUIDE: Stated = page("platform.openai.com/docs/guides/reasoning");
const REFERENCE: Stated = page("platform.openai.com/docs/api-reference/chat/create");
const RESPONSES: Stated = lately("platform.openai.com/docs/api-reference/responses/create");
const STRICT: Stated = lately("platform.openai.com/docs/guides/function-calling");
const VISION: Stated = lately("platform.openai.com/docs/guides/images-vision");
const LATEST_GUIDE: Stated = lately("platform.openai.com/docs/guides/latest-model");
const MISTRAL: Stated = lately("docs.mistral.ai/capabilities/function_calling");

const fn lately(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-30" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_of_openai_tells_its_family() {
        for name in ["o1", "o3-mini", "gpt-5", "gpt-5.1-codex", "openai/gpt-5-mini", "gpt-10"] {
            assert!(MAX_COMPLETION_TOKENS.of(model(name)), "{name}");
        }
        for name in ["gpt-4o", "gpt-3.5-turbo", "qwen3", "opus", "gpt-oss-120b", "olmo-2"] {
            assert!(!MAX_COMPLETION_TOKENS.of(model(name)), "{name}");
        }
        assert!(!REASONS.of(model("gpt-5-chat-latest")) && REASONS.of(model("gpt-5")));
    }

    #[test]
    fn stop_texts_are_for_models_that_do_not_reason() {
        for (name, most) in [("gpt-4o", 4), ("qwen3", 4), ("gpt-5-chat-latest", 4), ("o3", 0)] {
            assert_eq!(STOPS.of(model(name)), most, "{name}");
        }
    }
}
