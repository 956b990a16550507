//! What Anthropic's models take, by the generation that their names tell. A name of Anthropic's that
//! tells none is treated as the newest, as such names move with the models; any other vendor's name
//! as the oldest: what everyone takes who speaks this protocol.
//!
//! It never lists models one by one, so that a new one needs no new line.

/// A model's generation, `4.5` as `(4, 5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u32, pub u32);

/// How a model is told not to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// It does not unless it is asked to.
    Unsaid,
    /// In words.
    Disabled,
    /// Not at all: it can only be told to think little.
    Never,
}

impl Generation {
    /// The generation in a name such as `claude-sonnet-4-5-20250929`, `claude-3-5-haiku-latest` or
    /// `us.anthropic.claude-opus-4-1-20250805-v1:0`.
    pub fn of(model: &str) -> Self {
        let Some(start) = model.find("claude-") else { return FOREIGN };
        let name = &model[start..];
        let mut numbers =
            name.split(['-', '.', '@', ':']).skip_while(|word| number(word).is_none()).map(number);
        let Some(major) = numbers.next().flatten() else { return NEWEST };
        let generation = Self(major, numbers.next().flatten().unwrap_or_default());
        // Ahead of their number: these two always think.
        let is_ahead = ["fable", "mythos"].iter().any(|family| name.contains(family));
        if is_ahead { generation.max(ALWAYS_THINKING) } else { generation }
    }

    /// Whether `output_config.format` and tools with `strict` are known.
    pub fn knows_output_format(self) -> bool {
        self >= Self(4, 5)
    }

    /// Whether it thinks when it is asked to.
    pub fn thinks(self) -> bool {
        self >= Self(3, 7) || self == FOREIGN
    }

    /// Whether `thinking: adaptive` with `output_config.effort` takes the place of a budget.
    pub fn thinks_adaptively(self) -> bool {
        self >= Self(4, 6)
    }

    /// Whether it thinks when nobody says anything of it.
    pub fn thinks_unasked(self) -> bool {
        self >= Self(5, 0)
    }

    /// How it is told not to think.
    pub fn quiet(self) -> Quiet {
        match self {
            FOREIGN | Self(5, 0) => Quiet::Disabled,
            generation if generation < Self(5, 0) => Quiet::Unsaid,
            _ => Quiet::Never,
        }
    }

    /// Whether thoughts are shown only to who asks to see them.
    pub fn hides_thoughts(self) -> bool {
        self >= Self(4, 7)
    }

    /// Whether the effort `xhigh` is known; `max` is where thinking is adaptive.
    pub fn knows_xhigh(self) -> bool {
        self >= Self(4, 7)
    }

    /// Whether `temperature`, `top_p` and `top_k` may be other than their defaults.
    pub fn takes_sampling(self) -> bool {
        self < Self(4, 7)
    }

    /// Whether `temperature` and `top_p` exclude each other.
    pub fn takes_one_of_temperature_and_top_p(self) -> bool {
        self >= Self(4, 1)
    }

    /// The `max_tokens` that is written when the client gave none, as the field is required: well
    /// within what the generation can write.
    pub fn default_max_tokens(self) -> u64 {
        match self {
            Self(4.., _) => 32_000,
            Self(3, 5..) => 8_192,
            _ => 4_096,
        }
    }

    /// The most that every model of the generation can write, thinking included.
    pub fn most_tokens(self) -> u64 {
        match self {
            FOREIGN => u64::MAX,
            Self(3, 7) | Self(4, 5..) | Self(5.., _) => 64_000,
            Self(4, _) => 32_000,
            _ => self.default_max_tokens(),
        }
    }
}

/// A number of a generation: dates have more digits.
fn number(word: &str) -> Option<u32> {
    if word.len() > 2 { None } else { word.parse().ok() }
}

/// Another vendor's.
const FOREIGN: Generation = Generation(0, 0);
const NEWEST: Generation = Generation(u32::MAX, 0);
/// The first that cannot be told not to think.
const ALWAYS_THINKING: Generation = Generation(5, 5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_of_anthropic_tells_its_generation() {
        for (model, generation) in [
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
            ("claude-latest", NEWEST),
            ("claude-mythos-preview", NEWEST),
            ("kimi-k2", FOREIGN),
        ] {
            assert_eq!(Generation::of(model), generation, "{model}");
        }
    }

    #[test]
    fn generations_tell_what_is_taken() {
        for (model, thinks, adaptive, quiet, sampling) in [
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
            let generation = Generation::of(model);
            assert_eq!(generation.thinks(), thinks, "{model}");
            assert_eq!(generation.thinks_adaptively(), adaptive, "{model}");
            assert_eq!(generation.quiet(), quiet, "{model}");
            assert_eq!(generation.takes_sampling(), sampling, "{model}");
        }
    }
}
