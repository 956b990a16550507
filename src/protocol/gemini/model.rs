//! What Google's models take, by the generation that their names tell. A name that tells none is
//! treated as the newest: such names (`gemini-flash-latest`) move with the models.
//!
//! Only closed lists of old models and rules on numbers stand here, so that a new model needs no
//! new line.

/// A model's generation, `2.5` as `(2, 5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u32, pub u32);

/// How a model is told how much to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThinkingControl {
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

impl Generation {
    /// The generation in a name such as `gemini-2.5-pro`, `models/gemini-3-flash-preview` or
    /// `google/gemini-2.0-flash-001`.
    pub fn of(model: &str) -> Self {
        let named = model.split_once("gemini-").map(|(_, rest)| rest);
        let version = named.and_then(|rest| rest.split('-').next()).unwrap_or_default();
        let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
        match (major.parse(), minor.parse()) {
            (Ok(major), Ok(minor)) => Self(major, minor),
            _ => NEWEST,
        }
    }

    /// Whether calls in the history must carry a signature.
    pub fn demands_signatures(self) -> bool {
        self >= Self(3, 0)
    }

    /// Whether calls can be held to their schemas without forcing one.
    pub fn validates_calls(self) -> bool {
        self >= Self(2, 5)
    }

    /// Whether tools and a form of the answer may be asked for together.
    pub fn formats_beside_tools(self) -> bool {
        self >= Self(3, 0)
    }
}

impl ThinkingControl {
    /// How this model is told.
    pub fn of(model: &str) -> Self {
        let generation = Generation::of(model);
        let has = |word: &str| model.contains(word);
        match generation {
            _ if has("gemma") => Self::None,
            Generation(2.., _) if has("-tts") || has("-live") => Self::None,
            Generation(3.., _) if has("-image") => {
                if has("-flash") {
                    Self::Level(&["minimal", "high"])
                } else {
                    Self::None
                }
            }
            Generation(3, 0) if has("-pro") => Self::Level(&["low", "high"]),
            Generation(3, 0..=5) if has("-flash") => Self::Level(EVERY_LEVEL),
            Generation(3.., _) if has("-flash-lite") => Self::Level(EVERY_LEVEL),
            // What every other one knows, also those to come.
            Generation(3.., _) => Self::Level(&["low", "medium", "high"]),
            Generation(2, 5..) if has("-image") => Self::None,
            Generation(2, 5..) if has("-pro") => {
                Self::Budget { least: 128, most: 32_768, can_stop: false }
            }
            Generation(2, 5..) => Self::Budget { least: 512, most: 24_576, can_stop: true },
            _ => Self::None,
        }
    }
}

const EVERY_LEVEL: &[&str] = &["minimal", "low", "medium", "high"];
const NEWEST: Generation = Generation(u32::MAX, 0);

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
            ("gemini-flash-latest", NEWEST),
            ("tunedModels/mine", NEWEST),
        ] {
            assert_eq!(Generation::of(model), generation, "{model}");
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
            ("gemini-3-flash-preview", ThinkingControl::Level(EVERY_LEVEL)),
            ("gemini-3.1-flash-lite", ThinkingControl::Level(EVERY_LEVEL)),
            ("gemini-3.1-flash-image", ThinkingControl::Level(&["minimal", "high"])),
            ("gemini-3.5-flash", ThinkingControl::Level(EVERY_LEVEL)),
            ("gemini-3.8-flash", ThinkingControl::Level(&["low", "medium", "high"])),
            ("gemini-flash-latest", ThinkingControl::Level(&["low", "medium", "high"])),
        ] {
            assert_eq!(ThinkingControl::of(model), control, "{model}");
        }
    }
}
