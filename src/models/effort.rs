//! Reasoning efforts, and the one table between efforts and token budgets.

/// A reasoning effort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// A little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
    /// Very much.
    XHigh,
    /// All it can.
    Max,
}

impl Effort {
    /// Every effort, least first.
    pub(crate) const ALL: [Self; 7] =
        [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh, Self::Max];

    /// Its name in OpenAI's and Anthropic's requests.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort of that name; `Medium`, every vendor's default, for an unknown one.
    pub(crate) fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|effort| effort.name() == name).unwrap_or(Self::Medium)
    }

    /// The tokens it stands for.
    pub(crate) fn budget(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal => 1_024,
            Self::Low => 2_048,
            Self::Medium => 8_192,
            Self::High => 16_384,
            Self::XHigh => 32_768,
            Self::Max => 65_536,
        }
    }

    /// The lowest effort for at least this many tokens.
    pub(crate) fn from_budget(tokens: u64) -> Self {
        Self::ALL.into_iter().find(|effort| effort.budget() >= tokens).unwrap_or(Self::Max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tokens_lead_back() {
        for effort in Effort::ALL {
            assert_eq!(Effort::from_budget(effort.budget()), effort);
            assert_eq!(Effort::from_name(effort.name()), effort);
        }
        assert_eq!(Effort::from_budget(10_000), Effort::High);
        assert_eq!(Effort::from_budget(1_000_000), Effort::Max);
        assert_eq!(Effort::from_name("turbo"), Effort::Medium);
    }
}
