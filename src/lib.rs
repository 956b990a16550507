//! Onwards: one binary and one JSON file between applications and their LLM providers.

// ── what the file says
pub mod config;
// ── what runs
pub mod table;
pub mod live;
pub mod gateway;
// ── one request
pub mod serve;
pub mod choose;
pub mod upstream;
pub mod protocol;
pub mod reload;
pub mod cli;
// ── vocabulary
pub mod refusal;
pub mod secret;
pub mod body;
pub mod sse;
pub mod path;
pub mod within;
