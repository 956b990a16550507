//! Removes the series of aliases and providers that no longer exist.

use std::collections::HashMap;

use prometheus::core::{Collector, MetricVec, MetricVecBuilder};

use super::Meters;

impl Meters {
    /// Removes the series of unknown aliases and providers.
    pub(crate) fn retain(&self, known: impl Fn(&str, Option<&str>) -> bool) {
        let known = &known;
        retain(&self.requests, known);
        retain(&self.durations, known);
        retain(&self.first_bytes, known);
        retain(&self.overheads, known);
        retain(&self.speed.latencies, known);
        retain(&self.speed.first_tokens, known);
        retain(&self.speed.rates, known);
        retain(&self.attempts, known);
        retain(&self.fallbacks, known);
        retain(&self.rejections, known);
        retain(&self.broken, known);
        retain(&self.tokens, known);
        retain(&self.unpriced, known);
        retain(&self.guardrails.matches, known);
        retain(&self.guardrails.webhooks, known);
        retain(&self.health.credentials_refused, known);
        retain(&self.health.models_missing, known);
        retain(&self.health.probes, known);
    }
}

fn retain<B: MetricVecBuilder>(series: &MetricVec<B>, known: &impl Fn(&str, Option<&str>) -> bool)
where
    MetricVec<B>: Collector,
{
    for family in series.collect() {
        for one in family.get_metric() {
            let labels = one.get_label().iter().map(|label| (label.name(), label.value()));
            let labels: HashMap<&str, &str> = labels.collect();
            let alias = labels.get("alias").copied().unwrap_or_default();
            // Refusals before an alias was found have no alias.
            if !alias.is_empty() && !known(alias, labels.get("provider").copied()) {
                let _ = series.remove(&labels);
            }
        }
    }
}
