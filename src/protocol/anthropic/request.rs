//! A Messages request, read into a conversation and written from one.
//!
//! | here | in the conversation |
//! |---|---|
//! | `system`, a text or blocks | `system` |
//! | `tool_result` blocks | tool results, first in the user's turn |
//! | `thinking` blocks | reasoning with a signature; another vendor's is left out when writing |
//! | `thinking: enabled` / `adaptive` / `disabled` | `Thinking::Budget` / `Adaptive` / `Off` |
//! | `output_config.effort` | `Thinking::Effort` |
//! | `output_config.format` | the format; older models are given a tool that must be called |
//! | `metadata.user_id` | `user` |
//! | `thread` | refused: nothing is stored here |
//! | server tools, `context_management`, `container`, … | `extras` |

mod carried;
mod read;
mod write;
mod form;

pub(super) use read::read;
pub(super) use write::{write, write_count};

#[cfg(test)]
mod tests;
