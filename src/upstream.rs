//! The provider's side of a request: connections, the request for one provider, and the judgement
//! of its answer up to the commit point.
//!
//! It never chooses a provider and never sees a client's connection.

pub(crate) mod moment;
pub(crate) mod listen;
pub(crate) mod http1;
pub(crate) mod names;
mod tcp;
pub(crate) mod barrier;
mod tunnel;
pub(crate) mod dial;
pub(crate) mod identity;
mod locked;
mod numbered;
pub(crate) mod warm;
pub(crate) mod client;
mod gated;
pub(crate) mod headers;
mod framing;
mod foreign;
pub(crate) mod echoed;
pub(crate) mod off_core;
pub(crate) mod resends;
pub(crate) mod given_up;
pub(crate) mod demand;
pub(crate) mod inbound;
pub(crate) mod request;
mod service;
pub(crate) mod source;
pub(crate) mod mock;
pub(crate) mod answer;
pub(crate) mod failed;
pub(crate) mod headroom;
mod wait;
mod translate;
pub(crate) mod prepare;
mod transport;
mod caching;
mod usage;
mod peek;
mod filtered;
mod awaited;
pub(crate) mod guarded;
mod whole;
mod read_ahead;
mod reasoning;
mod scheduling;
mod strict;
pub(crate) mod judge;
pub(crate) mod attempt;
pub(crate) mod probe;
pub(crate) mod webhook;
