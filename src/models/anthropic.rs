//! Anthropic's models, by the generation in their names. A name of Anthropic's without one counts
//! as the newest; another vendor's name as unknown, which supports what every provider of the
//! protocol does.

use super::tools::IdRule;
use super::{Capability, Generation, MediaTypes, Model, Stated, Which, row, table};

/// How a model is told not to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// It does not unless it is asked to.
    Unsaid,
    /// In words.
    Disabled,
    /// Not at all: it can only be told to think little.
    Never,
}

/// Reads a name such as `claude-sonnet-4-5-20250929`, `claude-3-5-haiku-latest` or
/// `us.anthropic.claude-opus-4-1-20250805-v1:0`.
pub(crate) fn model(name: &str) -> Model<'_> {
    Model { generation: generation(name), ..Model::named(name) }
}

fn generation(name: &str) -> Generation {
    let Some(start) = name.find("claude-") else { return Generation::UNKNOWN };
    let name = &name[start..];
    let mut numbers =
        name.split(['-', '.', '@', ':']).skip_while(|word| number(word).is_none()).map(number);
    let Some(major) = numbers.next().flatten() else { return Generation::NEWEST };
    let generation = Generation(major, numbers.next().flatten().unwrap_or_default());
    let is_ahead = AHEAD.iter().any(|family| name.contains(family));
    if is_ahead { generation.max(ALWAYS_THINKING) } else { generation }
}

/// A number of a generation: dates have more digits.
fn number(word: &str) -> Option<u32> {
    if word.len() > 2 { None } else { word.parse().ok() }
}

/// Families that are ahead of their number: they always think.
const AHEAD: [&str; 2] = ["fable", "mythos"];
/// The first generation that cannot be told not to think.
const ALWAYS_THINKING: Generation = Generation(5, 5);
const UNKNOWN: Which = Which::only(0, 0);

/// Whether `output_config.format` and tools with `strict` are known.
pub(crate) static OUTPUT_FORMAT: Capability<bool> =
    table(&[row(Which::since(4, 5), true, FORMATS)], false);

/// Whether a model thinks when it is asked to.
pub(crate) static THINKING: Capability<bool> =
    table(&[row(UNKNOWN, true, BUDGETS), row(Which::since(3, 7), true, BUDGETS)], false);

/// Whether a history may end with what the model is to go on with.
pub(crate) static PREFILL: Capability<bool> =
    table(&[row(Which::since(4, 6), false, LATELY)], true);

/// Which pictures a model looks at.
pub(crate) static IMAGES: Capability<MediaTypes> = table(
    &[row(UNKNOWN, None, VISION)],
    Some(&["image/jpeg", "image/png", "image/gif", "image/webp"]),
);

/// What the id of a call may be.
pub(crate) static CALL_IDS: Capability<IdRule> =
    table(&[row(Which::ANY, IdRule::PLAIN, MESSAGES)], IdRule::PLAIN);

/// Whether `thinking: adaptive` with `output_config.effort` takes the place of a budget.
pub(crate) static ADAPTIVE: Capability<bool> =
    table(&[row(Which::since(4, 6), true, ADAPTING)], false);

/// Whether a model thinks when the request does not mention thinking.
pub(crate) static THINKS_UNASKED: Capability<bool> =
    table(&[row(Which::since(5, 0), true, MIGRATION)], false);

/// How a model is told not to think.
pub(crate) static QUIET: Capability<Quiet> = table(
    &[
        row(UNKNOWN, Quiet::Disabled, BUDGETS),
        row(Which::only(5, 0), Quiet::Disabled, MIGRATION),
        row(Which::since(5, 0), Quiet::Never, MIGRATION),
    ],
    Quiet::Unsaid,
);

/// Whether thoughts are shown only to clients that ask to see them.
pub(crate) static HIDES_THOUGHTS: Capability<bool> =
    table(&[row(Which::since(4, 7), true, MIGRATION)], false);

/// Whether the effort `xhigh` is known; `max` is where thinking is adaptive.
pub(crate) static XHIGH: Capability<bool> = table(&[row(Which::since(4, 7), true, EFFORT)], false);

/// Whether `temperature`, `top_p` and `top_k` may be other than their defaults.
pub(crate) static SAMPLING: Capability<bool> =
    table(&[row(Which::since(4, 7), false, MIGRATION)], true);

/// Whether `temperature` and `top_p` exclude each other.
pub(crate) static TEMPERATURE_OR_TOP_P: Capability<bool> =
    table(&[row(Which::since(4, 1), true, MIGRATION)], false);

/// The `max_tokens` that is written when the client gave none, as the field is required: well within
/// what the generation can write.
pub(crate) static DEFAULT_MAX_TOKENS: Capability<u64> = table(
    &[row(Which::since(4, 0), 32_000, OVERVIEW), row(Which::since(3, 5), 8_192, OVERVIEW)],
    4_096,
);

/// The most tokens that every model of the generation can write, thinking included.
pub(crate) static MOST_TOKENS: Capability<u64> = table(
    &[
        row(UNKNOWN, u64::MAX, OVERVIEW),
        row(Which::since(4, 5), 64_000, OVERVIEW),
        row(Which::since(4, 0), 32_000, OVERVIEW),
        row(Which::only(3, 7), 64_000, OVERVIEW),
        row(Which::since(3, 5), 8_192, OVERVIEW),
    ],
    4_096,
);

/// Whether instructions may stand in the midst of the turns. Pages differ on Sonnet 5.
pub(crate) static LATE_SYSTEM: Capability<bool> = table(
    &[
        row(Which::only(5, 0).holding(&["sonnet"]), false, IN_THE_MIDST),
        row(Which::since(4, 8), true, IN_THE_MIDST),
    ],
    false,
);

const fn page(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-21" }
}

const OVERVIEW: Stated = page("platform.claude.com/docs/en/about-claude/models/overview");
const MIGRATION: Stated = page("platform.claude.com/docs/en/about-claude/models/migration-guide");
const BUDGETS: Stated = page("platform.claude.com/docs/en/build-with-claude/extended-thinking");
const ADAPTING: Stated = page("platform.claude.com/docs/en/build-with-claude/adaptive-thinking");
const EFFORT: Stated = page("platform.claude.com/docs/en/build-with-claude/effort");
const LATELY: Stated = Stated {
    page: "platform.claude.com/docs/en/about-claude/models/migration-guide",
    on: "2026-11-30",
};
const MESSAGES: Stated =
    Stated { page: "platform.claude.com/docs/en/api/messages", on: "2026-11-30" };
const VISION: Stated =
    Stated { page: "platform.claude.com/docs/en/build-with-claude/vision", on: "2026-11-30" };
const IN_THE_MIDST: Stated =
    page("platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages");
const FORMATS: Stated = page("platform.claude.com/docs/en/build-with-claude/structured-outputs");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_of_anthropic_tells_its_generation() {
        for (name, generation) in [
            ("claude-sonnet-4-5-20250929", Generation(4, 5)),
            ("claude-sonnet-4-20250514", Generation(4, 0)),
            ("claude-opus-4-1@20250805", Generation(4, 1)),
            ("claude-opus-4@20250514", Generation(4, 0)),
            ("claude-3-5-haiku-latest", Generation(3, 5)),
            ("claude-3-opus-20240229", Generation(3, 0)),
            ("claude-instant-1.2", Generation(1, 2)),
            ("us.anthropic.claude-opus-4-6-20260105-v1:0", Generation(4, 6)),
            ("anthropic.claude-opus-4-6-v1", Generation(4, 6)),
            ("anthropic.claude-3-haiku-20240307-v1:0", Generation(3, 0)),
            ("anthropic/claude-haiku-4.5", Generation(4, 5)),
            ("claude-opus-5", Generation(5, 0)),
            ("claude-sonnet-5-5", Generation(5, 5)),
            ("claude-fable-5", ALWAYS_THINKING),
            ("claude-latest", Generation::NEWEST),
            ("claude-mythos-preview", Generation::NEWEST),
            ("kimi-k2", Generation::UNKNOWN),
        ] {
            assert_eq!(model(name).generation, generation, "{name}");
        }
    }

    #[test]
    fn generation_of_anthropic_tells_what_is_taken() {
        for (name, thinks, adaptive, quiet, sampling) in [
            ("claude-3-5-haiku-latest", false, false, Quiet::Unsaid, true),
            ("claude-3-7-sonnet-20250219", true, false, Quiet::Unsaid, true),
            ("claude-haiku-4-5", true, false, Quiet::Unsaid, true),
            ("claude-sonnet-4-6", true, true, Quiet::Unsaid, true),
            ("claude-opus-4-7", true, true, Quiet::Unsaid, false),
            ("claude-opus-5", true, true, Quiet::Disabled, false),
            ("claude-mythos-5", true, true, Quiet::Never, false),
            ("claude-opus-5-5", true, true, Quiet::Never, false),
            ("claude-mythos-preview", true, true, Quiet::Never, false),
            ("glm-5", true, false, Quiet::Disabled, true),
        ] {
            let model = model(name);
            assert_eq!(THINKING.of(model), thinks, "{name}");
            assert_eq!(ADAPTIVE.of(model), adaptive, "{name}");
            assert_eq!(QUIET.of(model), quiet, "{name}");
            assert_eq!(SAMPLING.of(model), sampling, "{name}");
        }
    }

    #[test]
    fn limit_of_tokens_is_that_of_the_generation() {
        for (name, default, most) in [
            ("claude-3-opus-20240229", 4_096, 4_096),
            ("claude-3-5-haiku-latest", 8_192, 8_192),
            ("claude-3-7-sonnet-20250219", 8_192, 64_000),
            ("claude-opus-4-1", 32_000, 32_000),
            ("claude-haiku-4-5", 32_000, 64_000),
            ("claude-latest", 32_000, 64_000),
            ("glm-5", 4_096, u64::MAX),
        ] {
            let model = model(name);
            assert_eq!(
                (DEFAULT_MAX_TOKENS.of(model), MOST_TOKENS.of(model)),
                (default, most),
                "{name}"
            );
        }
    }
}
