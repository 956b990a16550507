//! Metrics of the process itself. They have no alias.

use prometheus::{Gauge, Histogram, IntCounter, IntCounterVec};

use super::maker::Maker;
use crate::words::AlertKind;

/// Metrics of the process.
#[derive(Debug)]
pub struct ProcessMeters {
    /// Configurations loaded, by result.
    pub reloads: IntCounterVec,
    /// 1 if the file on disk is live, 0 if it was refused.
    pub(crate) last_reload_successful: Gauge,
    /// The number of warnings about the live configuration.
    pub(crate) warnings: Gauge,
    /// When the live configuration was read, in Unix seconds.
    pub(crate) loaded_at: Gauge,
    /// Requests lost to a panic.
    pub(crate) panics: IntCounter,
    /// Lost lines of the access log.
    pub(crate) log_lines_dropped: IntCounter,
    /// Writes of levels of limits to the store: `written` or `failed`.
    pub(crate) store_writes: IntCounterVec,
    /// Calls of the shared store: `answered`, `late` or `failed`, and their duration.
    pub(crate) store_calls: IntCounterVec,
    pub(crate) store_seconds: Histogram,
    /// Amounts that this replica admitted while the store did not answer, and what they spent above
    /// limits.
    pub(crate) store_local: IntCounter,
    pub(crate) store_above: IntCounter,
    /// Alerts raised, by kind.
    pub(crate) alerts: IntCounterVec,
    /// Posts to webhooks: `delivered` or `failed`.
    pub(crate) alert_posts: IntCounterVec,
    /// Spans by result: `sent`, `failed` or `dropped`.
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "spans alone read it"))]
    pub(crate) spans: IntCounterVec,
}

impl ProcessMeters {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        make.info("build_info", "What runs.", "version", env!("CARGO_PKG_VERSION"))?;
        // The standard names of process metrics, without a prefix.
        #[cfg(target_os = "linux")]
        make.registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let reloads = make.counters("config_reloads_total", "Configurations read.", &["result"])?;
        let spans = make.counters("spans_total", "Spans by what became of them.", &["result"])?;
        let alerts = make.counters("alerts_total", "Alerts raised, by kind.", &["kind"])?;
        let alert_posts =
            make.counters("alert_posts_total", "Posts to webhooks of alerts.", &["result"])?;
        let store_writes =
            make.counters("store_writes_total", "Writes of levels of limits.", &["result"])?;
        let store_calls = make.counters(
            "store_calls_total",
            "Calls of the store of shared limits.",
            &["result"],
        )?;
        let store_seconds = make.histogram(
            "store_call_duration_seconds",
            "How long the store of shared limits took.",
            super::maker::QUICK,
        )?;
        let kinds: Vec<&str> = AlertKind::ALL.iter().map(|kind| kind.name()).collect();
        // Starting at zero, so that a rule sees the first event.
        for (counter, results) in [
            (&reloads, &["success", "failure"][..]),
            (&spans, &["sent", "failed", "dropped"]),
            (&alert_posts, &["delivered", "failed"]),
            (&store_writes, &["written", "failed"]),
            (&store_calls, &["answered", "late", "failed"]),
            (&alerts, &kinds),
        ] {
            results.iter().for_each(|result| drop(counter.with_label_values(&[*result])));
        }
        Ok(Self {
            reloads,
            last_reload_successful: make.gauge(
                "config_last_reload_successful",
                "Whether the file on disk is the one that serves.",
            )?,
            warnings: make.gauge(
                "config_warnings",
                "What of the configuration that serves is probably not meant.",
            )?,
            loaded_at: make.gauge(
                "config_loaded_timestamp_seconds",
                "When the configuration that serves was read.",
            )?,
            panics: make.counter("panics_total", "Requests lost to a fault of the router.")?,
            store_writes,
            store_calls,
            store_seconds,
            store_local: make.counter(
                "store_local_decisions_total",
                "Takings of shared limits while their store did not answer.",
            )?,
            store_above: make.counter(
                "store_over_admitted_total",
                "What was taken above shared limits, seen when their store answered again.",
            )?,
            alerts,
            alert_posts,
            spans,
            log_lines_dropped: make.counter("log_lines_dropped_total", "Access log lines lost.")?,
        })
    }
}
