//! Creates metrics and registers them under one prefix.

use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

/// Registers metrics.
pub(super) struct Maker<'a> {
    pub(super) registry: &'a Registry,
    pub(super) prefix: &'a str,
}

impl Maker<'_> {
    fn add<M>(&self, metric: Result<M, prometheus::Error>) -> Result<M, prometheus::Error>
    where
        M: prometheus::core::Collector + Clone + 'static,
    {
        let metric = metric?;
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn opts(&self, name: &str, help: &str) -> Opts {
        Opts::new(format!("{}_{name}", self.prefix), help)
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.add(IntCounter::with_opts(self.opts(name, help)))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.add(Gauge::with_opts(self.opts(name, help)))
    }

    /// Always 1; the information is in its label.
    pub(super) fn info(
        &self,
        name: &str,
        help: &str,
        label: &str,
        value: &str,
    ) -> Result<(), prometheus::Error> {
        let gauge = self.add(Gauge::with_opts(self.opts(name, help).const_label(label, value)))?;
        gauge.set(1.0);
        Ok(())
    }

    pub(super) fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.add(IntCounterVec::new(self.opts(name, help), labels))
    }

    pub(super) fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, prometheus::Error> {
        let opts: HistogramOpts = self.opts(name, help).into();
        self.add(Histogram::with_opts(opts.buckets(buckets.to_vec())))
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[&str],
    ) -> Result<HistogramVec, prometheus::Error> {
        let opts: HistogramOpts = self.opts(name, help).into();
        self.add(HistogramVec::new(opts.buckets(buckets.to_vec()), labels))
    }
}

/// Buckets for short times, in seconds.
pub(super) const QUICK: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Buckets for long times, in seconds.
pub(super) const SLOW: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
