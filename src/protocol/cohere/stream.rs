//! A v2 chat stream: named events from `message-start` to `message-end`, which may also report an
//! error.

mod reader;
mod writer;

pub(super) use reader::State;
pub(super) use writer::Writer;
