//! What providers do wrong, and what the client sees of it: rows B1 to B26.
//!
//! Never: bytes of two attempts reach one client, and a broken answer never looks whole.

mod answers;
mod bodies;
mod connecting;
mod hostile;
mod judged;
mod multiplexed;
mod packed;
mod silence;
mod streams;
mod splits;
mod ways;
