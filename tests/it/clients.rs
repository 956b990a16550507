//! What clients get wrong, and what must happen then: rows A1 to A20.
//!
//! Never: no misbehaviour of one client is felt by another.

mod bodies;
mod headers;
mod leaving;
mod slow;
mod tls;
mod wire;
mod h2;
