//! A `streamGenerateContent` stream: chunks in the form of a whole answer, as server-sent events or
//! as elements of one JSON array. Only the finish reason marks it complete.

mod reader;
mod elements;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;
