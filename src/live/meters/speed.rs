//! Histograms of providers' speed: to the answer, to the first token of a stream, and tokens per
//! second.
//!
//! A provider's histograms are created at its first attempt.

use std::time::Duration;

use prometheus::{Histogram, HistogramVec};

use super::maker::{Maker, SLOW};

/// The histograms of all providers.
#[derive(Debug)]
pub(super) struct SpeedMeters {
    pub(super) latencies: HistogramVec,
    pub(super) first_tokens: HistogramVec,
    pub(super) rates: HistogramVec,
}

/// The histograms of one provider.
#[derive(Debug)]
pub(super) struct Handles {
    latency: Histogram,
    first_token: Histogram,
    rate: Histogram,
}

/// The speed of one attempt.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// To the head or first content of its answer, or to its failure.
    pub latency: Duration,
    /// From the request's head to the first token of a stream that was passed on.
    pub first_token: Option<Duration>,
    /// Output tokens per second of the stream.
    pub rate: Option<f64>,
}

impl SpeedMeters {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        let labels = &["alias", "provider"];
        Ok(Self {
            latencies: make.histograms(
                "attempt_duration_seconds",
                "From an attempt's beginning to its answer or its failure.",
                SLOW,
                labels,
            )?,
            first_tokens: make.histograms(
                "time_to_first_token_seconds",
                "From the request's head to the first token of a stream.",
                SLOW,
                labels,
            )?,
            rates: make.histograms(
                "output_tokens_per_second",
                "Tokens of output for a second of a stream, from its first token on.",
                RATES,
                labels,
            )?,
        })
    }

    pub(super) fn handles(&self, alias: &str, provider: &str) -> Handles {
        let labels = &[alias, provider];
        Handles {
            latency: self.latencies.with_label_values(labels),
            first_token: self.first_tokens.with_label_values(labels),
            rate: self.rates.with_label_values(labels),
        }
    }
}

impl Handles {
    pub(super) fn observe(&self, speed: Speed) {
        self.latency.observe(speed.latency.as_secs_f64());
        if let Some(time) = speed.first_token {
            self.first_token.observe(time.as_secs_f64());
        }
        if let Some(rate) = speed.rate {
            self.rate.observe(rate);
        }
    }
}

const RATES: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0];
