//! The provider's side of a request: connections, the request for one provider, and the judgement
//! of its answer up to the commit point.
//!
//! It never chooses a provider and never sees a client's connection.

// ── the request
pub(crate) mod inbound;
pub(crate) mod demand;
pub(crate) mod given_up;
pub(crate) mod resends;
// ── the request for one provider
pub(crate) mod prepare;
mod reasoning;
mod translate;
pub(crate) mod attempt;
// ── one call
mod transport;
pub(crate) mod request;
pub(crate) mod headers;
mod gated;
mod caching;
mod scheduling;
mod usage;
pub(crate) mod mock;
// ── connections and credentials
pub(crate) mod client;
pub(crate) mod warm;
pub(crate) mod dial;
mod tcp;
mod tunnel;
pub(crate) mod names;
pub(crate) mod http1;
pub(crate) mod listen;
pub(crate) mod barrier;
mod framing;
pub(crate) mod identity;
// ── the answer
pub(crate) mod answer;
pub(crate) mod source;
mod read_ahead;
mod idle;
mod service;
mod peek;
mod awaited;
pub(crate) mod judge;
mod foreign;
mod whole;
pub(crate) mod failed;
mod wait;
pub(crate) mod timestamp;
pub(crate) mod headroom;
pub(crate) mod echoed;
// ── what may change it
mod strict;
pub(crate) mod guarded;
mod filtered;
pub(crate) mod webhook;
// ── beside requests
pub(crate) mod probe;
// ── used by several
pub(crate) mod off_core;
mod locked;
mod numbered;
