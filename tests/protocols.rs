//! Every protocol against every other, over the corpus in `tests/golden/<protocol>/<case>/`.
//!
//! A case is a folder with any of `request.json`, `response.json`, `stream.*` (the bytes as they
//! come from a provider) and `error.json` (`{"status", "body"}`). `tests/golden/<protocol>/path` is
//! the path that requests without a `path` file of their own are sent to. A protocol that is added
//! to the table is found here by itself, and asked for its corpus.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "protocols/agents.rs"]
mod agents;
#[path = "protocols/calls.rs"]
mod calls;
#[path = "protocols/corpus.rs"]
mod corpus;
#[path = "protocols/embeddings.rs"]
mod embeddings;
#[path = "protocols/given_back.rs"]
mod given_back;
#[path = "protocols/grammar.rs"]
mod grammar;
#[path = "protocols/long.rs"]
mod long;
#[path = "protocols/losses.rs"]
mod losses;
#[path = "protocols/made.rs"]
mod made;
#[path = "protocols/namespaces.rs"]
mod namespaces;
#[path = "protocols/order.rs"]
mod order;
#[path = "protocols/pairs.rs"]
mod pairs;
#[path = "protocols/round_trip.rs"]
mod round_trip;
#[path = "protocols/structured.rs"]
mod structured;
#[path = "protocols/traps.rs"]
mod traps;
