//! A Chat Completions request, read into a conversation and written from one.
//!
//! | here | in the conversation |
//! |---|---|
//! | `system` and `developer` messages before the first turn | `system` |
//! | the same in the midst of the turns | a turn of `Role::System` |
//! | `tool` messages, one after the other | one user's turn of tool results |
//! | `reasoning_effort` | `Thinking::Effort` |
//! | `n`, `logprobs`, `functions`, `audio`, `modalities`, … | `extras` |

mod read;
mod write;
mod form;

pub(super) use read::read;
pub(super) use write::write;

/// Extra fields that this protocol and OpenAI Responses both have, under one name.
const SHARED_EXTRAS: &[&str] = &[
    "metadata",
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "verbosity",
    "logit_bias",
    "prediction",
];
