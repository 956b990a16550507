//! Strict mode and its like: nothing of a provider's but the answer reaches a client, nothing malformed
//! reaches a provider, and with everything off nothing changes.
//!
//! Never: a marker is planted where the client itself or the contract has put it.

mod checked;
mod cleaned;
mod marked;
mod masked;
mod planted;
mod reasoning;

use serde_json::Value;

use crate::support::{Response, Upstream, open};

/// A strict router with the alias `m` at one provider.
fn strict(upstream: &Upstream) -> Value {
    let mut targets = open(upstream);
    targets["strict_mode"] = true.into();
    targets
}

/// All that a client sees of an answer.
fn seen(answer: &Response) -> String {
    format!("{} {:?} {}", answer.status, answer.headers, answer.text())
}
