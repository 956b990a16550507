//! A `generateContent` request, read into a conversation and written from one.
//!
//! | here | in the conversation |
//! |---|---|
//! | `systemInstruction` | `system`; instructions in the midst of the turns are joined to it |
//! | `functionCall` without an id | a tool call with the id `call_0`, `call_1`, … |
//! | `functionResponse` | a tool result of the call with its id, else of the first open one with its name |
//! | `response: {"output": …}` / `{"error": …}` | the result's text, failed or not |
//! | `parameters`, `responseSchema` with Google's types | JSON Schema |
//! | parts with `thought` | reasoning; consecutive ones are one |
//! | `thinkingConfig` | `Thinking::Budget`, `Effort`, `Adaptive` or `Off` |
//! | `safetySettings`, `candidateCount`, Google's own tools, … | `extras` |

mod read;
mod parts;
mod write;
mod contents;
mod thinking;
mod form;

pub(super) use read::read;
pub(super) use write::{NOT_IN_PATHS, resource, write, write_count};
