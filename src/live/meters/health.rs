//! How the providers are, as series: their states, their probes, their credentials.
//!
//! It never decides what a provider's state is.

use prometheus::{GaugeVec, IntCounterVec};

use super::Maker;

/// What is counted of the providers' health.
#[derive(Debug)]
pub struct HealthMeters {
    /// Credentials that were refused.
    pub(super) credentials_refused: IntCounterVec,
    /// Active probes, by result.
    pub probes: IntCounterVec,
    /// A provider's state, one of several; set when the metrics are read.
    pub provider_state: GaugeVec,
}

impl HealthMeters {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            credentials_refused: make.counters(
                "credential_refused_total",
                "Attempts whose credential the provider refused: an alert.",
                &["alias", "provider"],
            )?,
            probes: make.counters(
                "probes_total",
                "Active probes by result.",
                &["alias", "provider", "result"],
            )?,
            provider_state: make.gauges(
                "provider_state",
                "1 for the state that a provider is in.",
                &["alias", "provider", "state"],
            )?,
        })
    }
}
