//! A ConverseStream: binary frames that start and end blocks, then the stop reason and the usage.

mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;
