//! What is written down, held to what the router does: every example loads or is refused as told,
//! every key, refusal and metric is described, every path and link leads somewhere.
//!
//! Never: nothing here starts a router; what examples do on the wire is tested in `it`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is how it fails")]

mod page;
mod load;
mod examples;
mod keys;
mod tables;
mod levels;
mod links;
mod seeds;
mod security;
mod deploy;
mod explained;
mod gauges;
mod faults;
mod original;
mod editors;
