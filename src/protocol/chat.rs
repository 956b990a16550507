//! The messages and tools that OpenAI Chat Completions and Cohere v2 have in common: Cohere took the
//! form over and added to it.
//!
//! It never knows whose they are: what only one of the two has is the [`Dialect`]'s.

mod form;
pub(crate) mod proof;
mod read;
mod write;

pub(crate) use form::{File, InputAudio, PartOut, Text, ToolCallOut, ToolOut};
pub(crate) use proof::ExtraContent;
pub(crate) use read::{Dialect, read_function, read_messages};
pub(crate) use write::{write_image, write_result_media};
