//! Onwards, an LLM gateway: one binary and one JSON file between applications and their providers.
//!
//! The way of a request:
//! 1. A connection receives it (`serve/connection.rs`); `serve/routes.rs` answers what is not proxied.
//! 2. Its path, size, alias, key, rules and limits are checked (`serve/proxy.rs`, `serve/admit.rs`).
//! 3. Providers are chosen and tried, one after the other (`choose.rs`, `serve/rounds.rs`).
//! 4. Each attempt is prepared, sent and judged (`upstream/prepare.rs`, `upstream/transport.rs`,
//!    `upstream/judge.rs`, `protocol.rs`).
//! 5. The answer is passed on (`serve/relay.rs`), or the request is refused (`serve/answer.rs`).
//! 6. It is recorded (`record.rs`) and counted (`report/metrics.rs`).

// ── what the file says
pub mod config;
// ── what runs
pub mod table;
pub mod live;
pub(crate) mod store;
pub mod gateway;
pub mod reload;
// ── one request
pub mod serve;
pub mod choose;
pub(crate) mod upstream;
pub mod protocol;
pub(crate) mod record;
// ── who reads the record
pub(crate) mod report;
// ── who operates
pub mod admin;
pub mod cli;
// ── vocabulary
pub(crate) mod words;
pub mod failure;
pub mod refusal;
pub mod secret;
pub mod body;
pub mod sse;
pub mod path;
pub(crate) mod models;
pub(crate) mod sigv4;
pub(crate) mod within;
pub(crate) mod quiet;
pub(crate) mod moment;
pub(crate) mod rare;
pub(crate) mod trace;
pub(crate) mod guard;
