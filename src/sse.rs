//! Event streams (`text/event-stream`): read into events, and watched for where an event ends.
//!
//! It never looks into an event's data, and never gives other events for the same bytes cut
//! differently.

mod parser;
mod written;
mod boundary;

pub use boundary::Boundary;
pub use parser::{Event, Parser};
pub(crate) use parser::{LONGEST, TooLong};
pub(crate) use written::write;

#[cfg(test)]
mod tests;
