//! What reads the record of every request that has ended.

pub(crate) mod metrics;

pub(crate) use metrics::Metrics;
