//! What the models on Bedrock take beyond what all of them take, by their names.
//!
//! A name that tells nothing, as that of an application's inference profile, is given what every
//! model takes.

use crate::protocol::anthropic::model::Generation;

/// Whose model it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's, of that generation.
    Claude(Generation),
    /// Amazon's; the second generation reasons.
    Nova { reasons: bool },
    /// OpenAI's open ones.
    GptOss,
    /// Another's, or nobody knows whose.
    Other,
}

impl Family {
    /// By the model's id, or an ARN that holds it.
    pub(super) fn of(model: &str) -> Self {
        if model.contains("claude") {
            Self::Claude(Generation::of(model))
        } else if model.contains("amazon.nova") {
            Self::Nova { reasons: model.contains("nova-2") }
        } else if model.contains("gpt-oss") {
            Self::GptOss
        } else {
            Self::Other
        }
    }

    /// Whether system and turns take cache marks; a model without them answers with an error.
    pub(super) fn takes_cache_marks(self) -> bool {
        match self {
            Self::Claude(generation) => generation >= Generation(3, 7),
            Self::Nova { .. } => true,
            Self::GptOss | Self::Other => false,
        }
    }

    /// Whether the list of tools takes cache marks.
    pub(super) fn takes_cache_marks_in_tools(self) -> bool {
        matches!(self, Self::Claude(_)) && self.takes_cache_marks()
    }

    /// Whether answers and tools can be held to a schema.
    pub(super) fn keeps_to_schemas(self) -> bool {
        matches!(self, Self::Claude(generation) if generation.knows_output_format())
    }

    /// Whether it is Anthropic's: only these check proofs of reasoning.
    pub(super) fn is_claude(self) -> bool {
        matches!(self, Self::Claude(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_of_bedrock_tells_its_family() {
        let claude = |major, minor| Family::Claude(Generation(major, minor));
        for (model, family) in [
            ("anthropic.claude-3-haiku-20240307-v1:0", claude(3, 0)),
            ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", claude(4, 5)),
            (
                "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-6-v1",
                claude(4, 6),
            ),
            ("us.amazon.nova-pro-v1:0", Family::Nova { reasons: false }),
            ("amazon.nova-2-lite-v1:0", Family::Nova { reasons: true }),
            ("openai.gpt-oss-120b-1:0", Family::GptOss),
            ("meta.llama3-1-70b-instruct-v1:0", Family::Other),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
    }
}
