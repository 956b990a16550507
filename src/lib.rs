//! Onwards: one binary and one JSON file between applications and their LLM providers.

pub mod secret;
pub mod config;
pub mod protocol;
