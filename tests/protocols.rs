//! Every protocol's reader and writer against reviewed snapshots, and every pair of protocols by its
//! properties, over the corpus in `tests/golden/<protocol>/<case>/`.
//!
//! A case is a folder with any of `request.json`, `response.json`, `stream.*` (the bytes as they
//! come from a provider) and `error.json` (`{"status", "body"}`). `tests/golden/<protocol>/path` is
//! the path that requests without a `path` file of their own are sent to. A protocol that is added
//! to the table is found here by itself, and asked for its corpus and its snapshots.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "protocols/agents.rs"]
mod agents;
#[path = "protocols/answers.rs"]
mod answers;
#[path = "protocols/bounds.rs"]
mod bounds;
#[path = "protocols/calls.rs"]
mod calls;
#[path = "protocols/conversations.rs"]
mod conversations;
#[path = "protocols/corpus.rs"]
mod corpus;
#[path = "protocols/cost.rs"]
mod cost;
#[path = "protocols/embeddings.rs"]
mod embeddings;
#[path = "protocols/essence.rs"]
mod essence;
#[path = "protocols/failures.rs"]
mod failures;
#[path = "protocols/carried.rs"]
mod carried;
#[path = "protocols/call_proofs.rs"]
mod call_proofs;
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
#[path = "protocols/media_types.rs"]
mod media_types;
#[path = "protocols/namespaces.rs"]
mod namespaces;
#[path = "protocols/newest.rs"]
mod newest;
#[path = "protocols/order.rs"]
mod order;
#[path = "protocols/pairs.rs"]
mod pairs;
#[path = "protocols/readers.rs"]
mod readers;
#[path = "protocols/strict.rs"]
mod strict;
#[path = "protocols/strictly.rs"]
mod strictly;
#[path = "protocols/round_trip.rs"]
mod round_trip;
#[path = "protocols/refused.rs"]
mod refused;
#[path = "protocols/rules.rs"]
mod rules;
#[path = "protocols/shown.rs"]
mod shown;
#[path = "protocols/snapshots.rs"]
mod snapshots;
#[path = "protocols/structured.rs"]
mod structured;
#[path = "protocols/switching.rs"]
mod switching;
#[path = "protocols/traps.rs"]
mod traps;
#[path = "protocols/vectors.rs"]
mod vectors;
#[path = "protocols/writers.rs"]
mod writers;
