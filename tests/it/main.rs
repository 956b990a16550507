//! What the router promises, tested from outside: the real binary, real sockets, providers and clients that
//! misbehave. One file per promise; the names of tests begin with the row of the table of faults they hold.
//!
//! Never: no test here names a type of the router.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in the laboratory a panic is how a test fails"
)]

mod support;
mod lab;
mod clients;
mod upstream_faults;
mod failover;
mod translation;
mod models;
mod names;
mod embeddings;
mod identities;
mod vendors;
mod config_faults;
mod operations;
mod admin;
mod security;
mod limits;
mod strict;
