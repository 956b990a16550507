//! Failing over so that nobody notices: rests, times, classes of failure, chains of pools, budgets.
//!
//! Never: a client sees an error that another healthy provider could have served.

mod broken;
mod chains;
mod classes;
mod conversing;
mod crowds;
mod explaining;
mod fitting;
mod hedging;
mod keepalive;
mod holding;
mod mixing;
mod opening;
mod permits;
mod pools;
mod probing;
mod resting;
mod seeds;
mod sixteen;
mod statuses;
mod sharing;
mod staying;
mod steering;
mod successor;
mod times;
