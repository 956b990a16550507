//! A Messages stream: named server-sent events from `message_start` to `message_stop`.

mod reader;
mod writer;

pub(super) use reader::State;
pub(super) use writer::Writer;
