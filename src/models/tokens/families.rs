//! Families of tokenizers and their models: weights for the counts of a text.
//!
//! The weights were fitted (non-negative least squares, all texts counting the same) to the
//! published tokenizers on 1 600 texts of prose in nine languages, code in six, and markup. If a
//! vendor publishes no tokenizer for its newest models, its newest published one is used.

use super::census::{Census, KINDS};
use crate::models::{Capability, Model, Stated, Which, row, table};

/// One family of tokenizers: hundredths of a token for each count of a text.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    #[cfg_attr(not(test), expect(dead_code, reason = "for tests and readers"))]
    pub(super) name: &'static str,
    weights: [u16; KINDS],
}

impl Tokenizer {
    /// That of a model, by its name.
    pub(crate) fn of(model: &str) -> &'static Self {
        FAMILIES.of(Model::named(model))
    }

    /// The tokens that it makes of a text.
    pub(crate) fn tokens(&self, text: &Census) -> u64 {
        let each = self.weights.iter().zip(text.counts());
        let hundredths: u64 =
            each.map(|(weight, count)| u64::from(*weight) * u64::from(*count)).sum();
        hundredths.div_ceil(100)
    }

    #[cfg(test)]
    pub(super) fn all() -> [&'static Self; 9] {
        [&O200K, &CL100K, &CLAUDE, &GEMMA, &LLAMA3, &COHERE, &QWEN, &DEEPSEEK, &TEKKEN]
    }
}

const fn stated(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-30" }
}

/// Which models have which.
pub(super) static FAMILIES: Capability<&'static Tokenizer> = table(
    &[
        row(
            Which::ANY.holding(&["claude"]),
            &CLAUDE,
            stated("github.com/anthropics/anthropic-tokenizer-typescript"),
        ),
        row(Which::ANY.holding(&["gemini"]), &GEMMA, stated("ai.google.dev/gemma/docs")),
        row(Which::ANY.holding(&["gemma"]), &GEMMA, stated("ai.google.dev/gemma/docs")),
        row(Which::ANY.holding(&["llama"]), &LLAMA3, stated("github.com/meta-llama/llama-models")),
        row(
            Which::ANY.beginning(&["gpt-4-", "gpt-3.5", "gpt-35", "text-embedding-"]),
            &CL100K,
            stated("github.com/openai/tiktoken"),
        ),
        row(
            Which::ANY.beginning(&["gpt-4"]).ending(&["gpt-4"]),
            &CL100K,
            stated("github.com/openai/tiktoken"),
        ),
        row(
            Which::ANY.holding(&["command"]),
            &COHERE,
            stated("docs.cohere.com/docs/tokens-and-tokenizers"),
        ),
        row(
            Which::ANY.beginning(&["c4ai-", "aya", "embed-", "cohere."]),
            &COHERE,
            stated("docs.cohere.com/docs/tokens-and-tokenizers"),
        ),
        row(
            Which::ANY.beginning(&["qwen", "Qwen", "qwq", "QwQ"]),
            &QWEN,
            stated("github.com/QwenLM/Qwen"),
        ),
        row(
            Which::ANY.holding(&["deepseek"]),
            &DEEPSEEK,
            stated("api-docs.deepseek.com/quick_start/token_usage"),
        ),
        row(
            Which::ANY.holding(&["DeepSeek"]),
            &DEEPSEEK,
            stated("api-docs.deepseek.com/quick_start/token_usage"),
        ),
        row(Which::ANY.holding(&["stral"]), &TEKKEN, stated("docs.mistral.ai/guides/tokenization")),
    ],
    &O200K,
);

#[rustfmt::skip]
static O200K: Tokenizer = Tokenizer {
    name: "o200k",
    weights: [89, 22, 0, 112, 0, 112, 56, 13, 126, 57, 76, 71, 71, 40, 31, 26, 35, 36, 98, 220],
};

#[rustfmt::skip]
static CL100K: Tokenizer = Tokenizer {
    name: "cl100k",
    weights: [91, 22, 0, 110, 0, 106, 54, 13, 119, 62, 102, 96, 121, 125, 140, 46, 90, 102, 55, 300],
};

#[rustfmt::skip]
static CLAUDE: Tokenizer = Tokenizer {
    name: "claude",
    weights: [98, 17, 10, 52, 16, 34, 98, 11, 106, 0, 90, 98, 138, 148, 243, 56, 108, 152, 55, 300],
};

#[rustfmt::skip]
static GEMMA: Tokenizer = Tokenizer {
    name: "gemma",
    weights: [90, 17, 5, 0, 94, 78, 108, 7, 131, 49, 62, 40, 81, 74, 18, 25, 40, 39, 57, 150],
};

#[rustfmt::skip]
static LLAMA3: Tokenizer = Tokenizer {
    name: "llama3",
    weights: [88, 27, 0, 108, 1, 106, 57, 12, 123, 56, 77, 62, 75, 62, 61, 31, 49, 52, 109, 220],
};

#[rustfmt::skip]
static COHERE: Tokenizer = Tokenizer {
    name: "cohere",
    weights: [92, 20, 11, 0, 98, 81, 105, 2, 125, 0, 66, 48, 64, 94, 6, 25, 40, 89, 119, 220],
};

#[rustfmt::skip]
static QWEN: Tokenizer = Tokenizer {
    name: "qwen",
    weights: [88, 27, 0, 19, 95, 104, 56, 12, 125, 57, 69, 64, 83, 0, 59, 34, 41, 70, 145, 220],
};

#[rustfmt::skip]
static DEEPSEEK: Tokenizer = Tokenizer {
    name: "deepseek",
    weights: [91, 20, 12, 107, 0, 74, 77, 10, 111, 46, 59, 65, 82, 55, 142, 30, 45, 44, 100, 220],
};

#[rustfmt::skip]
static TEKKEN: Tokenizer = Tokenizer {
    name: "nemo",
    weights: [90, 23, 13, 0, 108, 105, 65, 12, 126, 49, 99, 62, 65, 56, 37, 30, 34, 47, 96, 220],
};
