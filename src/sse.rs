//! Event streams (`text/event-stream`): read into events, watched for where an event ends, and
//! written.
//!
//! It never looks into an event's data, and never gives other events for the same bytes cut
//! differently.

mod parser;
mod boundary;
mod frame;

pub use boundary::Boundary;
pub use frame::frame;
pub use parser::{Event, LONGEST, Parser, TooLong};

#[cfg(test)]
mod tests;
