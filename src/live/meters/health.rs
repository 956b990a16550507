//! Metrics of the providers' health: probes and credentials.

use prometheus::IntCounterVec;

use super::maker::Maker;

/// Counters of the providers' health.
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
