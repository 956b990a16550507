//! The provider's side of a request: connections, the request as one provider wants it, and the
//! judgement of what comes back, up to the commit point.
//!
//! It never chooses a provider and never sees a client's connection.

pub mod moment;
pub mod heard;
pub mod http1;
pub mod names;
pub mod dial;
pub mod identity;
mod locked;
pub mod warm;
pub mod client;
pub mod headers;
mod framing;
pub mod request;
pub mod mock;
pub mod answer;
pub mod envelope;
pub mod translate;
pub mod headroom;
pub mod failed;
pub mod attempt;
pub mod probe;
