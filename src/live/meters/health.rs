//! How the providers are, as series: their probes, their credentials.
//!
//! It never decides what a provider's state is.

use prometheus::IntCounterVec;

use super::maker::Maker;

/// What is counted of the providers' health.
#[derive(Debug)]
pub struct HealthMeters {
    /// Credentials that were refused.
    pub(super) credentials_refused: IntCounterVec,
    /// Attempts at providers that do not know their model.
    pub(super) models_missing: IntCounterVec,
    /// Active probes, by result.
    pub probes: IntCounterVec,
}

impl HealthMeters {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            credentials_refused: make.counters(
                "credential_refused_total",
                "Attempts whose credential the provider refused: an alert.",
                &["alias", "provider"],
            )?,
            models_missing: make.counters(
                "model_missing_total",
                "Attempts whose model the provider does not know: an alert.",
                &["alias", "provider"],
            )?,
            probes: make.counters(
                "probes_total",
                "Active probes by result.",
                &["alias", "provider", "result"],
            )?,
        })
    }
}
