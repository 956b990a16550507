//! A `streamGenerateContent` stream: chunks of the form of a whole answer, as server-sent events or
//! as the elements of one JSON array. Nothing but the reason to finish says that it is complete.

mod reader;
mod elements;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;
