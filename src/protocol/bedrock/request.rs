//! A Converse request, read into a conversation and written from one.
//!
//! | here | in the conversation |
//! |---|---|
//! | the path | the model, the delivery |
//! | `system` | `system` |
//! | `toolUse`, `toolResult` | tool calls, tool results |
//! | `reasoningContent` | reasoning with Anthropic's signature |
//! | `cachePoint` | the mark of the part before it |
//! | `additionalModelRequestFields` | thinking and `top_k`; the rest in `extras` |
//! | `outputConfig.textFormat` | the format; other models get a tool that must be called |
//! | `requestMetadata.user` | `user` |
//! | `guardrailConfig`, `performanceConfig`, … | `extras` |

mod read;
mod blocks;
mod write;
mod turns;
mod plan;
mod media;
mod form;

pub(super) use form::Medium;
pub(super) use media::{image, read_image};
pub(super) use read::read;
pub(super) use write::{path, write, write_count};

/// Extra fields that only this protocol has.
const OWN_EXTRAS: &[&str] = &[
    "guardrailConfig",
    "performanceConfig",
    "promptVariables",
    "projectIdentifier",
    "additionalModelResponseFieldPaths",
    "serviceTier",
];

/// Where an extra field of a model stands.
const MODEL_FIELDS: &str = "additionalModelRequestFields.";

#[cfg(test)]
mod tests;
