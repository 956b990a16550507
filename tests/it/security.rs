//! What must not leak and must not be reached: rows E1 to E19.
//!
//! Never: a byte of the client decides which host is asked.

mod aliases;
mod capabilities;
mod crossing;
mod crumbs;
mod echoes;
mod escapes;
mod exposure;
mod guardrails;
mod headers;
mod keys;
mod large;
mod logs;
mod pasted;
mod paths;
mod policy;
mod reading;
mod signatures;
