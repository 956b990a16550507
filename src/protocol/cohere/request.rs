//! A v2 chat request, read into a conversation and written from one.
//!
//! | here | in the conversation |
//! |---|---|
//! | `system` messages before the first turn | `system`; all instructions are written there |
//! | `tool_plan` | the model's text before its calls |
//! | `thinking` contents | reasoning; it is not given back, as nothing proves whose it is |
//! | `tool` messages, one after the other | one user's turn of tool results |
//! | `tool_choice: REQUIRED` with one tool | this tool must be called |
//! | `response_format: json_object` with a `json_schema` | a form with a schema |
//! | `thinking` | `Thinking::Budget`, `Adaptive` or `Off` |
//! | `documents`, `citation_options`, `safety_mode`, … | `extras` |

mod read;
mod write;
mod form;

pub(super) use read::read;
pub(super) use write::write;
