//! A Responses request, read into a conversation and written from one.
//!
//! | here | in the conversation |
//! |---|---|
//! | `instructions`, `system` and `developer` messages before the first turn | `system` |
//! | `reasoning`, `message` of the assistant, `function_call`, one after the other | one turn |
//! | `function_call_output`, one after the other | one user's turn of tool results |
//! | `encrypted_content` of reasoning | its signature |
//! | `custom` tools and their calls | functions with one text, see `custom` |
//! | `reasoning.effort` | `Thinking::Effort` |
//! | `text.format`, `text.verbosity` | the format, `verbosity` in `extras` |
//! | `include`, `truncation`, tools that OpenAI runs, … | `extras` |
//! | `previous_response_id`, `conversation`, `prompt`, `background` | refused |

mod read;
mod items;
mod write;
mod turns;
mod form;

pub(super) use read::read;
pub(super) use write::write;

/// Extra fields that Chat Completions and this protocol both have, under one name.
const PLAIN_EXTRAS: &[&str] = &[
    "metadata",
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "truncation",
    "max_tool_calls",
];

/// Those that stand inside of another field here.
const NESTED_EXTRAS: &[&str] = &["verbosity", "reasoning.summary"];

#[cfg(test)]
mod tests;
