//! What the holders of keys may do, and how much: keys, teams, tokens, budgets, waiting.
//!
//! Never: a rule that holds for one protocol alone.

mod accounts;
mod keys;
mod queues;
mod replicas;
mod restart;
mod tokens;
mod uncounted;
mod waiting;
