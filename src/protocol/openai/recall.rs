//! Which models are given back what they thought before they called a tool, by their names: the
//! families whose makers ask for `reasoning_content` on such messages. DeepSeek's and Moonshot's
//! refuse a call that stands there without it, even when another model made it.
//!
//! It never names a model of OpenAI's: the field is not OpenAI's own, and others refuse it as unknown.

use super::model::base_name;

/// What a model wants with its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recall {
    /// Nothing: it may refuse the field.
    Nothing,
    /// Its reasoning, where there is any.
    Reasoning,
    /// The field, whatever it holds.
    Field,
}

impl Recall {
    /// What that model wants.
    pub(super) fn of(model: &str) -> Self {
        let name = base_name(model).to_ascii_lowercase();
        if THOUGHTLESS.iter().any(|word| name.contains(word)) {
            return Self::Nothing;
        }
        let family = FAMILIES.iter().find(|(family, _)| name.starts_with(family));
        family.map_or(Self::Nothing, |(_, wants)| *wants)
    }

    /// The field of a message that calls tools, from what was thought before it.
    pub(super) fn field(self, thought: &[&str]) -> Option<String> {
        let has_any = thought.iter().any(|text| !text.is_empty());
        match self {
            Self::Nothing => None,
            Self::Reasoning => has_any.then(|| thought.concat()),
            Self::Field => Some(thought.concat()),
        }
    }
}

const FAMILIES: &[(&str, Recall)] = &[
    ("deepseek", Recall::Field),
    ("kimi", Recall::Field),
    ("glm-", Recall::Reasoning),
    ("minimax-m", Recall::Reasoning),
    ("mimo-", Recall::Reasoning),
];
/// Of these families, those that do not think, and the first that did: its maker refused the field.
const THOUGHTLESS: &[&str] = &["instruct", "distill", "deepseek-r1"];
