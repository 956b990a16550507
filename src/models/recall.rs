//! Which models receive their earlier reasoning with tool calls: the families whose vendors require
//! `reasoning_content` on such messages. DeepSeek and Moonshot refuse a call without it, even if
//! another model made it.
//!
//! OpenAI's models are not among them, since the field is not OpenAI's own.

use super::{Capability, Model, Stated, Which, base, row, table};

/// What a model wants with its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recall {
    /// Nothing: it may refuse the field.
    Nothing,
    /// Its reasoning, where there is any.
    Reasoning,
    /// The field, whatever it holds.
    Field,
}

/// What the model of that name wants.
pub(crate) fn of(name: &str) -> Recall {
    RECALL.of(Model::named(&base(name).to_ascii_lowercase()))
}

/// By the name in small letters. The first rows are those of these families that do not think, and the
/// first that did: its maker refused the field.
pub(crate) static RECALL: Capability<Recall> = table(
    &[
        row(Which::ANY.holding(&["instruct"]), Recall::Nothing, DEEPSEEK),
        row(Which::ANY.holding(&["distill"]), Recall::Nothing, DEEPSEEK),
        row(Which::ANY.holding(&["deepseek-r1"]), Recall::Nothing, DEEPSEEK),
        row(Which::ANY.beginning(&["deepseek"]), Recall::Field, DEEPSEEK),
        row(Which::ANY.beginning(&["kimi"]), Recall::Field, MOONSHOT),
        row(Which::ANY.beginning(&["glm-"]), Recall::Reasoning, ZAI),
        row(Which::ANY.beginning(&["minimax-m"]), Recall::Reasoning, MINIMAX),
        row(Which::ANY.beginning(&["mimo-"]), Recall::Reasoning, MIMO),
    ],
    Recall::Nothing,
);

const fn page(page: &'static str) -> Stated {
    Stated { page, on: "2026-11-21" }
}

const DEEPSEEK: Stated = page("api-docs.deepseek.com/guides/thinking_mode");
const MOONSHOT: Stated = page("platform.moonshot.ai/docs");
const ZAI: Stated = page("docs.z.ai/guides/capabilities/thinking-mode");
const MINIMAX: Stated = page("platform.minimax.io/docs");
const MIMO: Stated = page("mimo.mi.com/docs");
