//! What Anthropic's models take, by the generation that their names tell. A name that tells none is
//! treated as the oldest: what every model takes.
//!
//! It never lists models one by one, so that a new one needs no new line.

/// A model's generation, `4.5` as `(4, 5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u32, pub u32);

impl Generation {
    /// The generation in a name such as `claude-sonnet-4-5-20250929`, `claude-3-5-haiku-latest` or
    /// `us.anthropic.claude-opus-4-1-20250805-v1:0`; `(0, 0)` when there is none.
    pub fn of(model: &str) -> Self {
        let Some(start) = model.find("claude-") else { return Self(0, 0) };
        let mut numbers = model[start..]
            .split(['-', '.', '@', ':'])
            .skip_while(|word| number(word).is_none())
            .map(number);
        let major = numbers.next().flatten().unwrap_or_default();
        Self(major, numbers.next().flatten().unwrap_or_default())
    }

    /// Whether `output_config.format` is known.
    pub fn knows_output_format(self) -> bool {
        self >= Self(4, 5)
    }

    /// Whether `thinking: adaptive` with `output_config.effort` takes the place of a budget.
    pub fn thinks_adaptively(self) -> bool {
        self >= Self(4, 6)
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
}

/// A number of a generation: dates have more digits.
fn number(word: &str) -> Option<u32> {
    if word.len() > 2 { None } else { word.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
        for (model, generation) in [
            ("claude-sonnet-4-5-20250929", (4, 5)),
            ("claude-sonnet-4-20250514", (4, 0)),
            ("claude-opus-4-1@20250805", (4, 1)),
            ("claude-opus-4@20250514", (4, 0)),
            ("claude-3-5-haiku-latest", (3, 5)),
            ("claude-3-opus-20240229", (3, 0)),
            ("us.anthropic.claude-opus-4-6-20260105-v1:0", (4, 6)),
            ("anthropic.claude-3-haiku-20240307-v1:0", (3, 0)),
            ("anthropic/claude-haiku-4.5", (4, 5)),
            ("claude-opus-5", (5, 0)),
            ("claude-latest", (0, 0)),
            ("kimi-k2", (0, 0)),
        ] {
            assert_eq!(Generation::of(model), Generation(generation.0, generation.1), "{model}");
        }
    }
}
