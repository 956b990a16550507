//! The provider's side of a request: connections, the request as one provider wants it, and the
//! judgement of what comes back, up to the commit point.
//!
//! It never chooses a provider and never sees a client's connection.

pub mod moment;
pub mod listen;
pub mod http1;
pub mod names;
pub mod dial;
pub mod identity;
mod locked;
pub mod warm;
pub mod client;
pub mod headers;
mod framing;
mod off_core;
pub mod inbound;
pub mod request;
pub mod source;
pub mod mock;
pub mod answer;
pub mod failed;
pub mod headroom;
mod translate;
pub mod prepare;
mod transport;
mod peek;
pub mod judge;
pub mod attempt;
pub mod probe;
