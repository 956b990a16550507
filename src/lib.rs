//! Onwards: one binary and one JSON file between applications and their LLM providers.

pub mod secret;
pub mod body;
pub mod sse;
pub mod path;
pub mod config;
