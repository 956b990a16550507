//! A Chat Completions stream: chunks as server-sent events, then `[DONE]`.

mod reader;
mod writer;

pub(super) use reader::State;
pub(super) use writer::Writer;
