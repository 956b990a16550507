//! A ConverseStream: binary frames that begin and end blocks, then the reason and the usage.

mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;
