//! What reads the record of every request that has ended.

pub mod metrics;

pub use metrics::Metrics;
