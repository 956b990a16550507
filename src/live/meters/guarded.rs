//! What guardrails found, and how long those whom they ask took.

use prometheus::{HistogramVec, IntCounterVec};

use super::maker::{Maker, QUICK};

/// The meters of guardrails.
#[derive(Debug)]
pub(super) struct GuardMeters {
    pub(super) matches: IntCounterVec,
    pub(super) webhooks: HistogramVec,
}

impl GuardMeters {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            matches: make.counters(
                "guardrail_matches_total",
                "Requests and answers in which a guardrail found something, by what was done.",
                &["alias", "rule", "action"],
            )?,
            webhooks: make.histograms(
                "guardrail_webhook_duration_seconds",
                "How long a question to a guardrail's webhook took, failures included.",
                QUICK,
                &["alias", "rule"],
            )?,
        })
    }
}
