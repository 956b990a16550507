//! Further capabilities of models on Bedrock. A name that does not tell the model, such as an
//! application inference profile, gets what every model supports.

use super::tools::IdRule;
use super::{Capability, Model, Stated, Which, row, table};

/// Whose fields a model on Bedrock knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Anthropic's; `super::anthropic` says more. Only these check proofs of reasoning.
    Claude,
    /// Amazon's; the second generation reasons.
    Nova {
        /// Whether it can be asked to reason.
        reasons: bool,
    },
    /// OpenAI's open ones.
    GptOss,
    /// Another's, or the name does not tell.
    Other,
}

/// Which choices among tools a model knows besides its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choices {
    /// At least one must be called, or a certain one.
    All,
    /// At least one must be called.
    Any,
    /// None.
    Auto,
}

/// The body of a model of embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vectors {
    /// Amazon's: a text.
    TitanFirst,
    /// Amazon's: a text, and how long the vector is to be.
    Titan,
    /// Amazon's: a text, an image, or both.
    TitanImage,
    /// Cohere's; whether it is the third generation, which has fewer fields.
    Cohere {
        /// Whether it is the third generation.
        third: bool,
    },
    /// The name does not tell.
    Unknown,
}

/// Reads a model's id, or an ARN that holds it.
pub(crate) fn model(name: &str) -> Model<'_> {
    super::anthropic::model(name)
}

/// Whose fields a model knows.
pub(crate) static FAMILY: Capability<Family> = table(
    &[
        row(CLAUDE, Family::Claude, MODELS),
        row(Which::ANY.holding(&["amazon.nova", "nova-2"]), Family::Nova { reasons: true }, NOVA),
        row(Which::ANY.holding(&["amazon.nova"]), Family::Nova { reasons: false }, MODELS),
        row(Which::ANY.holding(&["gpt-oss"]), Family::GptOss, MODELS),
    ],
    Family::Other,
);

/// Whether system and turns take cache marks; a model without them answers with an error.
pub(crate) static CACHE_MARKS: Capability<bool> = table(
    &[
        row(Which::since(3, 7).holding(&["claude"]), true, CACHING),
        row(CLAUDE, false, CACHING),
        row(Which::ANY.holding(&["amazon.nova"]), true, CACHING),
    ],
    false,
);

/// Whether the list of tools takes cache marks.
pub(crate) static CACHE_MARKS_IN_TOOLS: Capability<bool> =
    table(&[row(Which::since(3, 7).holding(&["claude"]), true, CACHING)], false);

/// Whether answers and tools can be held to a schema.
pub(crate) static SCHEMAS: Capability<bool> =
    table(&[row(Which::since(4, 5).holding(&["claude"]), true, FORMATS)], false);

/// Whether a history may end with what the model is to go on with.
pub(crate) static PREFILL: Capability<bool> = table(
    &[
        row(Which::since(4, 6).holding(&["claude"]), false, CLAUDES),
        row(CLAUDE, true, CLAUDES),
        row(Which::ANY.holding(&["amazon.nova"]), true, CONVERSE),
    ],
    false,
);

/// Whether tools may be called in a stream. For a model that cannot, the whole answer is converted
/// to a stream. A name that does not tell the model is asked for a stream.
pub(crate) static STREAMS_TOOLS: Capability<bool> = table(
    &[
        row(Which::ANY.holding(&["llama"]), false, CONVERSE),
        row(Which::ANY.holding(&["mistral.mistral-large-3"]), true, CONVERSE),
        row(Which::ANY.holding(&["mistral.mistral-"]), false, CONVERSE),
        row(Which::ANY.holding(&["mistral.pixtral"]), false, CONVERSE),
        row(Which::ANY.holding(&["gpt-oss"]), false, CONVERSE),
        row(Which::ANY.holding(&["palmyra"]), false, CONVERSE),
    ],
    true,
);

/// Which choices among tools a model knows.
pub(crate) static TOOL_CHOICES: Capability<Choices> = table(
    &[
        row(CLAUDE, Choices::All, CHOICES),
        row(Which::ANY.holding(&["amazon.nova"]), Choices::All, CHOICES),
        row(Which::ANY.holding(&["nova-2"]), Choices::All, CHOICES),
        row(Which::ANY.holding(&["mistral.mistral-large"]), Choices::Any, CHOICES),
        row(Which::ANY.holding(&["mistral.pixtral"]), Choices::Any, CHOICES),
    ],
    Choices::Auto,
);

/// What the id of a call may be.
pub(crate) static CALL_IDS: Capability<IdRule> =
    table(&[row(Which::ANY, IdRule::PLAIN.up_to(64), CONVERSE)], IdRule::PLAIN);

/// The body in which a model is asked for vectors.
pub(crate) static VECTORS: Capability<Vectors> = table(
    &[
        row(Which::ANY.holding(&["titan-embed", "embed-image"]), Vectors::TitanImage, TITAN),
        row(Which::ANY.holding(&["titan-embed", "text-v1"]), Vectors::TitanFirst, TITAN),
        row(Which::ANY.holding(&["titan-embed", "g1-text"]), Vectors::TitanFirst, TITAN),
        row(Which::ANY.holding(&["titan-embed"]), Vectors::Titan, TITAN),
        row(Which::ANY.holding(&["cohere.embed", "-v3"]), Vectors::Cohere { third: true }, COHERE),
        row(Which::ANY.holding(&["cohere.embed"]), Vectors::Cohere { third: false }, COHERE),
    ],
    Vectors::Unknown,
);

const CLAUDE: Which = Which::ANY.holding(&["claude"]);

const fn page(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-21" }
}

const MODELS: Stated = page("docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html");
const NOVA: Stated = page("docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html");
const CACHING: Stated = page("docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html");
const FORMATS: Stated = page("docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html");
const CONVERSE: Stated = lately(
    "docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html",
);
const CHOICES: Stated =
    lately("docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html");
const CLAUDES: Stated = lately("platform.claude.com/docs/en/about-claude/models/migration-guide");

const fn lately(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-30" }
}

const TITAN: Stated =
    page("docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html");
const COHERE: Stated =
    page("docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Generation;

    #[test]
    fn model_name_of_bedrock_tells_its_family() {
        for (name, family, generation) in [
            ("anthropic.claude-3-haiku-20240307-v1:0", Family::Claude, Generation(3, 0)),
            ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Claude, Generation(4, 5)),
            (
                "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-6-v1",
                Family::Claude,
                Generation(4, 6),
            ),
            ("us.amazon.nova-pro-v1:0", Family::Nova { reasons: false }, Generation::UNKNOWN),
            ("amazon.nova-2-lite-v1:0", Family::Nova { reasons: true }, Generation::UNKNOWN),
            ("openai.gpt-oss-120b-1:0", Family::GptOss, Generation::UNKNOWN),
            ("meta.llama3-1-70b-instruct-v1:0", Family::Other, Generation::UNKNOWN),
        ] {
            let model = model(name);
            assert_eq!((FAMILY.of(model), model.generation), (family, generation), "{name}");
        }
    }

    #[test]
    fn cache_marks_are_for_models_that_know_them() {
        for (name, turns, tools) in [
            ("anthropic.claude-3-haiku-20240307-v1:0", false, false),
            ("anthropic.claude-3-7-sonnet-20250219-v1:0", true, true),
            ("us.amazon.nova-pro-v1:0", true, false),
            ("openai.gpt-oss-120b-1:0", false, false),
        ] {
            let model = model(name);
            let takes = (CACHE_MARKS.of(model), CACHE_MARKS_IN_TOOLS.of(model));
            assert_eq!(takes, (turns, tools), "{name}");
        }
    }

    #[test]
    fn model_name_tells_the_body_of_embeddings() {
        for (name, vectors) in [
            ("amazon.titan-embed-image-v1", Vectors::TitanImage),
            ("amazon.titan-embed-text-v1", Vectors::TitanFirst),
            ("amazon.titan-embed-g1-text-02", Vectors::TitanFirst),
            ("amazon.titan-embed-text-v2:0", Vectors::Titan),
            ("cohere.embed-english-v3", Vectors::Cohere { third: true }),
            ("cohere.embed-v4:0", Vectors::Cohere { third: false }),
            ("arn:aws:bedrock:eu-west-1:1:application-inference-profile/x", Vectors::Unknown),
        ] {
            assert_eq!(VECTORS.of(model(name)), vectors, "{name}");
        }
    }
}
