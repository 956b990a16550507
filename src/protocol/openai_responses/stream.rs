//! A Responses stream: server-sent events that open and close items, and a last one with the whole
//! response.

mod reader;
mod writer;
mod form;

pub(super) use form::{write_broken, write_in_place_of};
pub(super) use reader::State;
pub(super) use writer::Writer;
