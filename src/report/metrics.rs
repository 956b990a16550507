//! Counts requests in counters and histograms; the only caller of their meters.
//!
//! Gauges are read at each scrape by the operations port; probes and reloads are not requests.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use crate::{
    failure::{Brief, Class},
    live::{Meters, Speed},
    moment,
    protocol::conversation::Usage,
    record::{End, Finished, Outcome, Report, trail::Asked},
    table::{Pool, Provider, prices::Pricing},
};

/// Counts each request once, when it has ended.
pub(crate) struct Metrics(Arc<Meters>);

impl Metrics {
    /// Counts in these series.
    pub(crate) fn new(meters: Arc<Meters>) -> Arc<Self> {
        Arc::new(Self(meters))
    }
}

impl Metrics {
    fn tokens(request: &Finished<'_>) {
        if let Some((usage, (pool, provider, _))) = request.usage.zip(request.served) {
            let cost = match request.spent {
                [] => request.cost,
                _ => provider.pricing.cost(usage, request.service),
            };
            Self::used(request, (pool, provider), usage, cost);
        } else if let (Some(cost), Some((pool, provider, _)), []) =
            (request.cost, request.served, request.spent)
        {
            Self::used(request, (pool, provider), Usage::default(), Some(cost));
        }
        // Paid for, though no client has seen them.
        for (pool, provider, usage) in request.all_spent() {
            Self::used(request, (pool, provider), usage, provider.pricing.cost(usage, None));
        }
    }

    fn used(
        request: &Finished<'_>,
        (pool, provider): (&Pool, &Provider),
        usage: Usage,
        cost: Option<u64>,
    ) {
        let tokens = usage.by_kind();
        pool.live.meters.used(&provider.meters, &provider.name, &tokens);
        let cost = cost.unwrap_or_default();
        provider.meters.cost.fetch_add(cost, Relaxed);
        if let Some(account) = request.account {
            account.used(tokens.map(|(_, count)| count));
            if cost > 0 {
                account.spent(cost, moment::utc_day(request.ended));
            }
        }
        if let Pricing::Unpriced = provider.pricing {
            pool.live.meters.unpriced(&provider.name);
            if provider.meters.is_first_unpriced() {
                let (alias, name) = (pool.shown(), provider.shown());
                let model = provider.shown_model();
                tracing::warn!(
                    alias,
                    provider = name,
                    model,
                    "the model has no price: what it takes costs nothing"
                );
            }
        }
    }
}

impl Report for Metrics {
    fn finished(&self, request: &Finished<'_>) {
        let pool = request.served_by.map(|served_by| served_by.pool);
        match (request.end, pool.or(request.refused_at)) {
            (End::Fault, _) => self.0.process.panics.inc(),
            (End::Refused { code, whose }, Some(pool)) => pool.live.meters.refused(code, whose),
            (End::Refused { code, .. }, None) => self.0.refused(code),
            // An error that was passed on and broke did not become one.
            (End::BrokeOff(reason), Some(pool)) if request.status < FIRST_ERROR => {
                pool.live.meters.broke_off(reason);
            }
            _ => {}
        }
        let Some(pool) = pool else { return };
        pool.live.meters.ended(request.status, request.times);
        for it in request.guarded {
            pool.live.meters.guarded(&it.rule.name, it.did);
        }
        Self::tokens(request);
        let last = request.steps.len().saturating_sub(1);
        let mut word = String::new();
        for (nth, (pool, provider, step)) in request.attempts().enumerate() {
            let meters = &pool.live.meters;
            if let (Outcome::Status(_) | Outcome::Failed(_), Some(asked)) =
                (step.outcome, step.asked)
            {
                let is_served = nth == last && step.outcome == Outcome::Status(OK);
                let speed = Speed { latency: asked.took, first_token: None, rate: None };
                let speed =
                    if is_served && request.stream { streamed(request, asked) } else { speed };
                meters.timed(&provider.meters, &provider.name, speed);
            }
            word.clear();
            match step.outcome {
                Outcome::Status(OK) => meters.served(&provider.meters, &provider.name),
                outcome => {
                    outcome.push_to(&mut word);
                    meters.attempted(&provider.name, &word);
                }
            }
            match step.outcome {
                Outcome::Failed(Brief { class: Class::Credential, .. }) => {
                    meters.credential_refused(&provider.name);
                }
                Outcome::Failed(Brief { class: Class::ModelMissing, .. }) => {
                    meters.model_missing(&provider.name);
                }
                _ => {}
            }
            let is_failure = !matches!(step.outcome, Outcome::Resent | Outcome::Abandoned);
            if nth < last && is_failure {
                if word.is_empty() {
                    step.outcome.push_to(&mut word);
                }
                meters.fell_back(&word);
            }
        }
    }
}

/// How quick a stream was. Where little of it came at different times, nothing is said of its rate.
fn streamed(request: &Finished<'_>, asked: Asked) -> Speed {
    let accepted = asked.started.into_std() + asked.took;
    let first_token = accepted.saturating_duration_since(request.started);
    let rest = request.times.total.saturating_sub(first_token);
    let told = request.usage.filter(|_| !request.estimated && rest >= SHORTEST);
    let rate = told.map(|usage| usage.output as f64 / rest.as_secs_f64());
    Speed { latency: asked.took, first_token: Some(first_token), rate }
}

const SHORTEST: Duration = Duration::from_millis(10);
const OK: u16 = 200;
const FIRST_ERROR: u16 = 400;
