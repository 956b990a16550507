//! Counters and histograms for Prometheus. Their labels come only from the configuration.
//!
//! Handles are created once and kept beside what they count, so an event costs an atomic addition.
//! A series exists from its first event until its alias is removed. Levels are read from the table
//! at each scrape, in `admin::gauges`.

mod guarded;
mod health;
pub(crate) mod incidents;
mod maker;
mod process;
mod retain;
mod speed;
pub(crate) mod totals;
mod zeros;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, Registry};

pub use self::speed::Speed;
use self::{
    guarded::GuardMeters,
    maker::{Maker, SLOW},
};
pub(crate) use self::{health::HealthMeters, process::ProcessMeters};

/// Every metric of the process.
#[derive(Debug)]
pub struct Meters {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    first_bytes: HistogramVec,
    overheads: HistogramVec,
    attempts: IntCounterVec,
    fallbacks: IntCounterVec,
    rejections: IntCounterVec,
    broken: IntCounterVec,
    tokens: IntCounterVec,
    unpriced: IntCounterVec,
    guardrails: GuardMeters,
    speed: speed::SpeedMeters,
    /// The providers' health.
    pub health: HealthMeters,
    /// The prefix of each metric's name.
    pub(crate) prefix: Box<str>,
    /// The process.
    pub process: ProcessMeters,
}

/// One alias's handles.
pub struct PoolMeters {
    meters: Arc<Meters>,
    alias: Box<str>,
    handles: OnceLock<Handles>,
}

#[derive(Debug)]
struct Handles {
    succeeded: IntCounter,
    duration: Histogram,
    first_byte: Histogram,
    overhead: Histogram,
}

/// The handles of one provider for frequent events.
#[derive(Debug, Default)]
pub struct ProviderMeters {
    succeeded: OnceLock<IntCounter>,
    /// Input and output.
    tokens: OnceLock<[IntCounter; 2]>,
    speed: OnceLock<speed::Handles>,
    /// Whether the missing price of its model was logged.
    told_unpriced: AtomicBool,
    /// The cost of its answers, in picodollars.
    pub(crate) cost: AtomicU64,
}

/// The times of one request.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From the head of the request to the end of the response.
    pub total: Duration,
    /// The times of the response's head; absent if there was no head.
    pub head: Option<Head>,
}

/// The times of a response's head.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// From the head of the request to the head of the response.
    pub first_byte: Duration,
    /// The part of it that was not spent waiting for providers.
    pub overhead: Duration,
}

impl Meters {
    /// Registers all metrics under a prefix.
    ///
    /// # Errors
    /// Prometheus does not allow the prefix.
    pub fn new(prefix: &str) -> Result<Arc<Self>, prometheus::Error> {
        let registry = Registry::new();
        let make = Maker { registry: &registry, prefix };
        Ok(Arc::new(Self {
            requests: make.counters("requests_total", "Requests ended.", &["alias", "status"])?,
            durations: make.histograms(
                "request_duration_seconds",
                "From the request's head to the response's end.",
                SLOW,
                &["alias"],
            )?,
            first_bytes: make.histograms(
                "time_to_first_byte_seconds",
                "From the request's head to the response's first byte.",
                SLOW,
                &["alias"],
            )?,
            overheads: make.histograms(
                "overhead_seconds",
                "The router's own share of the time to the first byte.",
                FAST,
                &["alias"],
            )?,
            attempts: make.counters(
                "attempts_total",
                "Attempts by outcome.",
                &["alias", "provider", "outcome"],
            )?,
            fallbacks: make.counters(
                "fallbacks_total",
                "Times that another provider was tried, by reason.",
                &["alias", "reason"],
            )?,
            rejections: make.counters(
                "rejections_total",
                "Requests refused, by code and by whose limit.",
                &["alias", "code", "limit"],
            )?,
            broken: make.counters(
                "broken_answers_total",
                "Answers that broke off, or became an error, after their head had gone out.",
                &["alias", "reason"],
            )?,
            tokens: make.counters(
                "tokens_total",
                "Tokens by kind, as providers tell them.",
                &["alias", "provider", "kind"],
            )?,
            unpriced: make.counters(
                "unpriced_requests_total",
                "Answers whose tokens have no price in a file that has prices.",
                &["alias", "provider"],
            )?,
            guardrails: GuardMeters::new(&make)?,
            speed: speed::SpeedMeters::new(&make)?,
            health: HealthMeters::new(&make)?,
            prefix: prefix.into(),
            process: ProcessMeters::new(&make)?,
            registry,
        }))
    }

    /// All counters and histograms in the text format of Prometheus, with label values mapped by
    /// `shown`. Each alias and provider in `known` has counters from the start.
    ///
    /// # Errors
    /// A metric cannot be written as text.
    pub fn render(
        &self,
        shown: impl Fn(&str) -> std::borrow::Cow<'_, str>,
        known: &[(&str, Option<&str>)],
    ) -> Result<String, prometheus::Error> {
        let mut families = self.registry.gather();
        self.add_zeros(&mut families, known);
        let metrics = families.iter_mut().flat_map(|family| family.mut_metric());
        for pair in metrics.flat_map(|metric| metric.mut_label()) {
            if let std::borrow::Cow::Owned(masked) = shown(pair.value()) {
                pair.set_value(masked);
            }
        }
        let mut text = String::new();
        prometheus::TextEncoder::new().encode_utf8(&families, &mut text)?;
        Ok(text)
    }

    /// The handles of an alias; a series appears at its first event.
    pub fn pool(self: &Arc<Self>, alias: &str) -> PoolMeters {
        PoolMeters { meters: Arc::clone(self), alias: alias.into(), handles: OnceLock::new() }
    }

    /// Counts a refusal without an alias.
    pub(crate) fn refused(&self, code: &str) {
        self.rejections.with_label_values(&["", code, ""]).inc();
    }
}

impl std::fmt::Debug for PoolMeters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolMeters").finish_non_exhaustive()
    }
}

impl ProviderMeters {
    /// Whether this is the first time that its model has no price.
    pub(crate) fn is_first_unpriced(&self) -> bool {
        !self.told_unpriced.load(Relaxed) && !self.told_unpriced.swap(true, Relaxed)
    }
}

impl PoolMeters {
    /// Counts a finished request.
    pub fn ended(&self, status: u16, times: Times) {
        let handles = self.handles.get_or_init(|| self.make());
        if status == OK {
            handles.succeeded.inc();
        } else {
            let status = status.to_string();
            self.meters.requests.with_label_values(&[&*self.alias, &*status]).inc();
        }
        handles.duration.observe(times.total.as_secs_f64());
        if let Some(head) = times.head {
            handles.first_byte.observe(head.first_byte.as_secs_f64());
            handles.overhead.observe(head.overhead.as_secs_f64());
        }
    }

    /// Counts a refusal, with the owner of the limit if there is one.
    pub fn refused(&self, code: &str, whose: &str) {
        self.meters.rejections.with_label_values(&[&*self.alias, code, whose]).inc();
    }

    /// Counts an answer that failed after its head was sent.
    pub fn broke_off(&self, reason: &str) {
        self.meters.broken.with_label_values(&[&*self.alias, reason]).inc();
    }

    /// Counts an attempt that succeeded.
    pub(crate) fn served(&self, provider: &ProviderMeters, name: &str) {
        provider.succeeded.get_or_init(|| self.attempts(name, "200")).inc();
    }

    /// Counts tokens by kind: first input and output, which nearly every answer has.
    pub fn used(&self, provider: &ProviderMeters, name: &str, tokens: &[(&'static str, u64)]) {
        let of = |kind| self.meters.tokens.with_label_values(&[&*self.alias, name, kind]);
        let handles = provider.tokens.get_or_init(|| [of("input"), of("output")]);
        for (nth, &(kind, count)) in tokens.iter().enumerate().filter(|(_, (_, count))| *count > 0)
        {
            match handles.get(nth) {
                Some(handle) => handle.inc_by(count),
                None => of(kind).inc_by(count),
            }
        }
    }

    /// Adds the speed of an attempt.
    pub fn timed(&self, provider: &ProviderMeters, name: &str, speed: Speed) {
        let make = || self.meters.speed.handles(&self.alias, name);
        provider.speed.get_or_init(make).observe(speed);
    }

    /// Counts an answer whose tokens have no price.
    pub fn unpriced(&self, provider: &str) {
        self.meters.unpriced.with_label_values(&[&*self.alias, provider]).inc();
    }

    /// Counts an attempt by how it ended.
    pub fn attempted(&self, provider: &str, outcome: &str) {
        self.attempts(provider, outcome).inc();
    }

    /// Counts a fallback to another provider.
    pub fn fell_back(&self, reason: &str) {
        self.meters.fallbacks.with_label_values(&[&*self.alias, reason]).inc();
    }

    /// Counts a credential that was refused.
    pub fn credential_refused(&self, provider: &str) {
        self.meters.health.credentials_refused.with_label_values(&[&*self.alias, provider]).inc();
    }

    /// Counts an attempt at a provider that does not know its model.
    pub fn model_missing(&self, provider: &str) {
        self.meters.health.models_missing.with_label_values(&[&*self.alias, provider]).inc();
    }

    /// Counts a request or an answer in which a guardrail found a match.
    pub fn guarded(&self, rule: &str, action: &str) {
        self.meters.guardrails.matches.with_label_values(&[&*self.alias, rule, action]).inc();
    }

    /// A question to a guardrail's webhook took so long.
    pub fn asked_webhook(&self, rule: &str, took: Duration) {
        let labels = &[&*self.alias, rule];
        self.meters.guardrails.webhooks.with_label_values(labels).observe(took.as_secs_f64());
    }

    /// Whether the alias has finished a request.
    pub(crate) fn is_used(&self) -> bool {
        self.handles.get().is_some()
    }

    fn attempts(&self, provider: &str, outcome: &str) -> IntCounter {
        self.meters.attempts.with_label_values(&[&*self.alias, provider, outcome])
    }

    fn make(&self) -> Handles {
        let alias = &[&*self.alias];
        Handles {
            succeeded: self.meters.requests.with_label_values(&[&*self.alias, "200"]),
            duration: self.meters.durations.with_label_values(alias),
            first_byte: self.meters.first_bytes.with_label_values(alias),
            overhead: self.meters.overheads.with_label_values(alias),
        }
    }
}

const OK: u16 = 200;
const FAST: &[f64] =
    &[0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25];
