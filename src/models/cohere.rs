//! Cohere's models: only closed lists of old models.

use super::tools::{IdRule, NameRule};
use super::{Capability, MediaTypes, Model, Stated, Which, row, table};

/// Reads a name such as `command-a-03-2025` or `cohere.command-r-v1:0`.
pub(crate) fn model(name: &str) -> Model<'_> {
    Model { base: name.rsplit(['/', '.']).next().unwrap_or(name), ..Model::named(name) }
}

/// Whether a model takes `thinking`; those from before reasoning answer it with an error.
pub(crate) static THINKING: Capability<bool> = table(
    &[
        row(Which::ANY.beginning(BEFORE_REASONING), false, REASONING),
        row(Which::ANY.beginning(&["command-"]), true, REASONING),
        row(Which::ANY.beginning(&["command"]).ending(&["command"]), false, REASONING),
    ],
    true,
);

/// Which pictures a model looks at.
pub(crate) static IMAGES: Capability<MediaTypes> =
    table(&[row(Which::ANY, PICTURES, VISION)], PICTURES);

/// How many texts that end the answer a model takes.
pub(crate) static STOPS: Capability<usize> = table(&[row(Which::ANY, 5, CHAT)], 5);

/// What a tool may be called.
pub(crate) static TOOL_NAMES: Capability<NameRule> = table(&[row(Which::ANY, NAMES, CHAT)], NAMES);

/// What the id of a call may be.
pub(crate) static CALL_IDS: Capability<IdRule> =
    table(&[row(Which::ANY, IdRule::ANY, CHAT)], IdRule::ANY);

/// Whether the length of vectors can be chosen.
pub(crate) static DIMENSIONS: Capability<bool> =
    table(&[row(Which::ANY.ending(&["-v2.0", "-v3.0"]), false, EMBED)], true);

const NAMES: NameRule = NameRule { longest: 64, also: &[], begins_with_letter: true };
const BEFORE_REASONING: &[&str] = &[
    "command-r",
    "command-light",
    "command-nightly",
    "command-a-03-2025",
    "command-a-vision",
    "command-a-translate",
    "c4ai-",
];

const REASONING: Stated = Stated { page: "docs.cohere.com/docs/reasoning", on: "2026-11-21" };
const CHAT: Stated = Stated { page: "docs.cohere.com/reference/chat", on: "2026-11-21" };
const EMBED: Stated = Stated { page: "docs.cohere.com/reference/embed", on: "2026-11-21" };

const PICTURES: MediaTypes = Some(&["image/png", "image/jpeg", "image/webp", "image/gif"]);
const VISION: Stated = Stated { page: "docs.cohere.com/docs/image-inputs", on: "2026-11-30" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_of_cohere_tells_whether_it_thinks() {
        for name in [
            "command-r-plus-08-2024",
            "command-r7b-12-2024",
            "cohere.command-r-v1:0",
            "command",
            "cohere/command",
        ] {
            assert!(!THINKING.of(model(name)), "{name}");
        }
        for name in ["command-a-reasoning-08-2025", "command-b", "model-1", "commander"] {
            assert!(THINKING.of(model(name)), "{name}");
        }
    }
}
