//! Google's models, by the generation in their names. A name without one counts as the newest,
//! since such names (`gemini-flash-latest`) move with the models.

use super::tools::{IdRule, NameRule};
use super::{Capability, Generation, MediaTypes, Model, Stated, Which, row, table};

/// How a model is told how much to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThinkingControl {
    /// It does not think.
    None,
    /// In tokens, between these; whether 0 is taken as well.
    Budget {
        /// The fewest.
        least: u64,
        /// The most.
        most: u64,
        /// Whether it can be told not to think.
        can_stop: bool,
    },
    /// In words, least first.
    Level(&'static [&'static str]),
}

/// Reads a name such as `gemini-2.5-pro`, `models/gemini-3-flash-preview` or
/// `google/gemini-2.0-flash-001`.
pub(crate) fn model(name: &str) -> Model<'_> {
    let named = name.split_once("gemini-").map(|(_, rest)| rest);
    let version = named.and_then(|rest| rest.split('-').next()).unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let generation = match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => Generation(major, minor),
        _ => Generation::NEWEST,
    };
    Model { generation, ..Model::named(name) }
}

/// Whether calls in the history must carry a signature.
pub(crate) static SIGNATURES: Capability<bool> =
    table(&[row(Which::since(3, 0), true, SIGNING)], false);

/// Whether calls can be held to their schemas without forcing one.
pub(crate) static VALIDATED_CALLS: Capability<bool> =
    table(&[row(Which::since(2, 5), true, CALLING)], false);

/// Whether tools and a form of the answer may be asked for together.
pub(crate) static FORMATS_BESIDE_TOOLS: Capability<bool> =
    table(&[row(Which::since(3, 0), true, FORMATS)], false);

/// Whether a history may end with what the model is to go on with.
pub(crate) static PREFILL: Capability<bool> = table(
    &[
        row(Which::since(3, 6), false, CHANGES),
        row(Which::only(3, 5).holding(&["-flash-lite"]), false, CHANGES),
    ],
    true,
);

/// Whether a function's result may hold media: of these types, in base64.
pub(crate) static MEDIA_IN_RESULTS: Capability<&'static [&'static str]> = table(
    &[row(
        Which::since(3, 0),
        &["image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"],
        RESULTS,
    )],
    &[],
);

/// Which pictures a model looks at.
pub(crate) static IMAGES: Capability<MediaTypes> =
    table(&[row(Which::ANY, PICTURES, VISION)], PICTURES);

/// What the id of a call may be.
pub(crate) static CALL_IDS: Capability<IdRule> =
    table(&[row(Which::ANY, IdRule::ANY, REFERENCE)], IdRule::ANY);

/// How many texts that end the answer a model takes.
pub(crate) static STOPS: Capability<usize> = table(&[row(Which::ANY, 5, REFERENCE)], 5);

/// What a tool may be called.
pub(crate) static TOOL_NAMES: Capability<NameRule> =
    table(&[row(Which::ANY, NAMES, CACHES)], NAMES);

/// How a model is told how much to think.
pub(crate) static THINKING: Capability<ThinkingControl> = table(
    &[
        row(Which::ANY.holding(&["gemma"]), ThinkingControl::None, THOUGHTS),
        row(Which::since(2, 0).holding(&["-tts"]), ThinkingControl::None, THOUGHTS),
        row(Which::since(2, 0).holding(&["-live"]), ThinkingControl::None, THOUGHTS),
        row(Which::since(3, 0).holding(&["-image", "-flash"]), FAST_IMAGE, THOUGHTS),
        row(Which::since(3, 0).holding(&["-image"]), ThinkingControl::None, THOUGHTS),
        row(Which::only(3, 0).holding(&["-pro"]), FIRST_PRO, THOUGHTS),
        row(UP_TO_3_5.holding(&["-flash"]), EVERY_LEVEL, THOUGHTS),
        row(Which::since(3, 0).holding(&["-flash-lite"]), EVERY_LEVEL, THOUGHTS),
        // What all others support, including future ones.
        row(Which::since(3, 0), THREE_LEVELS, THOUGHTS),
        row(Which::since(2, 5).holding(&["-image"]), ThinkingControl::None, THOUGHTS),
        row(Which::since(2, 5).holding(&["-pro"]), PRO_BUDGET, THOUGHTS),
        row(Which::since(2, 5), BUDGET, THOUGHTS),
    ],
    ThinkingControl::None,
);

const PICTURES: MediaTypes =
    Some(&["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "image/bmp"]);
const NAMES: NameRule = NameRule { longest: 64, also: &['-', '.', ':'], begins_with_letter: true };
const UP_TO_3_5: Which = Which::between(Generation(3, 0), Generation(3, 5));
const FAST_IMAGE: ThinkingControl = ThinkingControl::Level(&["minimal", "high"]);
const FIRST_PRO: ThinkingControl = ThinkingControl::Level(&["low", "high"]);
const THREE_LEVELS: ThinkingControl = ThinkingControl::Level(&["low", "medium", "high"]);
const EVERY_LEVEL: ThinkingControl = ThinkingControl::Level(&["minimal", "low", "medium", "high"]);
const PRO_BUDGET: ThinkingControl =
    ThinkingControl::Budget { least: 128, most: 32_768, can_stop: false };
const BUDGET: ThinkingControl =
    ThinkingControl::Budget { least: 512, most: 24_576, can_stop: true };

const fn page(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-21" }
}

const THOUGHTS: Stated = page("ai.google.dev/gemini-api/docs/thinking");
const SIGNING: Stated = page("ai.google.dev/gemini-api/docs/thought-signatures");
const CALLING: Stated = page("ai.google.dev/gemini-api/docs/function-calling");
const REFERENCE: Stated = page("ai.google.dev/api/generate-content");
const CACHES: Stated = page("ai.google.dev/api/caching");
const CHANGES: Stated =
    Stated { page: "ai.google.dev/gemini-api/docs/changelog", on: "2026-11-30" };
const RESULTS: Stated =
    Stated { page: "ai.google.dev/gemini-api/docs/function-calling", on: "2026-11-30" };
const VISION: Stated =
    Stated { page: "ai.google.dev/gemini-api/docs/image-understanding", on: "2026-11-30" };
const FORMATS: Stated = page("ai.google.dev/gemini-api/docs/structured-output");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_of_gemini_tells_its_generation() {
        for (model, generation) in [
            ("gemini-2.5-pro", Generation(2, 5)),
            ("models/gemini-1.5-flash-002", Generation(1, 5)),
            ("google/gemini-2.0-flash-001", Generation(2, 0)),
            ("gemini-3-pro-preview", Generation(3, 0)),
            ("gemini-3.1-flash-lite", Generation(3, 1)),
            ("gemini-flash-latest", Generation::NEWEST),
            ("tunedModels/mine", Generation::NEWEST),
        ] {
            assert_eq!(super::model(model).generation, generation, "{model}");
        }
    }

    #[test]
    fn names_tell_how_to_think() {
        for (model, control) in [
            ("gemini-2.0-flash", ThinkingControl::None),
            ("gemini-2.5-flash-image", ThinkingControl::None),
            ("gemma-3-27b-it", ThinkingControl::None),
            (
                "gemini-2.5-pro",
                ThinkingControl::Budget { least: 128, most: 32_768, can_stop: false },
            ),
            (
                "gemini-2.5-flash-lite",
                ThinkingControl::Budget { least: 512, most: 24_576, can_stop: true },
            ),
            ("gemini-3-pro-preview", ThinkingControl::Level(&["low", "high"])),
            ("gemini-3.1-pro-preview", ThinkingControl::Level(&["low", "medium", "high"])),
            ("gemini-3-flash-preview", EVERY_LEVEL),
            ("gemini-3.1-flash-lite", EVERY_LEVEL),
            ("gemini-3.1-flash-image", ThinkingControl::Level(&["minimal", "high"])),
            ("gemini-3.5-flash", EVERY_LEVEL),
            ("gemini-3.8-flash", ThinkingControl::Level(&["low", "medium", "high"])),
            ("gemini-flash-latest", ThinkingControl::Level(&["low", "medium", "high"])),
        ] {
            assert_eq!(THINKING.of(super::model(model)), control, "{model}");
        }
    }
}
