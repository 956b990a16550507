//! Messages and tools that OpenAI Chat Completions and Cohere v2 share, since Cohere adopted and
//! extended the form.
//!
//! What only one of them has is in its [`Dialect`].

mod form;
pub(crate) mod proof;
mod read;
mod write;

pub(crate) use form::{File, InputAudio, PartOut, Text, ToolCallOut, ToolOut};
pub(crate) use proof::ExtraContent;
pub(crate) use read::{Dialect, read_function, read_messages};
pub(crate) use write::{write_image, write_result_media};
