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
    /// In words: whether `minimal` and `medium` are among them.
    Level {
        /// Whether it knows `minimal`.
        minimal: bool,
        /// Whether it knows `medium`.
        medium: bool,
    },
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
            Generation(3.., _) => {
                let first_pro = generation == Generation(3, 0) && has("-pro");
                Self::Level { minimal: !has("-pro"), medium: !first_pro }
            }
            Generation(2, 5..) if has("-image") || has("-tts") || has("-live") => Self::None,
            Generation(2, 5..) if has("-pro") => {
                Self::Budget { least: 128, most: 32_768, can_stop: false }
            }
            Generation(2, 5..) => Self::Budget { least: 512, most: 24_576, can_stop: true },
            _ => Self::None,
        }
    }
}

const NEWEST: Generation = Generation(u32::MAX, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
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
            ("gemini-3-pro-preview", ThinkingControl::Level { minimal: false, medium: false }),
            ("gemini-3.1-pro-preview", ThinkingControl::Level { minimal: false, medium: true }),
            ("gemini-3-flash-preview", ThinkingControl::Level { minimal: true, medium: true }),
            ("gemini-flash-latest", ThinkingControl::Level { minimal: true, medium: true }),
        ] {
            assert_eq!(ThinkingControl::of(model), control, "{model}");
        }
    }
}
