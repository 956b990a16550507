//! Event streams (`text/event-stream`): a parser, and a detector of event boundaries. The result
//! does not depend on chunk boundaries.

mod parser;
mod written;
mod boundary;

pub use boundary::Boundary;
pub use parser::{Event, Parser};
pub(crate) use parser::{LONGEST, TooLong};
pub(crate) use written::write;

#[cfg(test)]
mod tests;
