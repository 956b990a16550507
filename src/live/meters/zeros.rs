//! Zeros for events that have not happened yet. They are added at a scrape and stored nowhere, so
//! that an unused provider costs no memory.
//!
//! Without a zero, `increase` misses the first event of a counter.

use std::collections::HashSet;

use prometheus::{
    IntCounterVec,
    core::Collector,
    proto::{Counter, LabelPair, Metric, MetricFamily},
};

use super::Meters;

/// A counter that every alias, or every provider of an alias, has from the start.
struct Row<'a> {
    counter: &'a IntCounterVec,
    by_provider: bool,
    /// The further label with its fixed value.
    fixed: Option<(&'static str, &'static str)>,
}

impl Meters {
    /// Adds a zero for each alias (without a provider) and each provider in `known` that has not
    /// been counted.
    pub(super) fn add_zeros(
        &self,
        families: &mut Vec<MetricFamily>,
        known: &[(&str, Option<&str>)],
    ) {
        if known.is_empty() {
            return;
        }
        let row = |counter, by_provider, fixed| Row { counter, by_provider, fixed };
        for row in [
            row(&self.requests, false, Some(("status", "200"))),
            row(&self.attempts, true, Some(("outcome", "200"))),
            row(&self.health.credentials_refused, true, None),
            row(&self.health.models_missing, true, None),
        ] {
            let Some(named) = row.counter.collect().pop() else { continue };
            let at = families.iter().position(|family| family.name() == named.name());
            let at = at.unwrap_or_else(|| {
                families.push(named);
                families.len() - 1
            });
            let metrics = families[at].mut_metric();
            let zeros = row.zeros(metrics, known);
            metrics.extend(zeros);
        }
    }
}

impl Row<'_> {
    fn zeros(&self, counted: &[Metric], known: &[(&str, Option<&str>)]) -> Vec<Metric> {
        let value = |metric: &Metric, name: &str| {
            let label = metric.get_label().iter().find(|label| label.name() == name);
            label.map(|label| label.value().to_owned())
        };
        let is_fixed = |metric: &&Metric| {
            self.fixed.is_none_or(|(name, fixed)| value(metric, name).as_deref() == Some(fixed))
        };
        let counted: HashSet<_> = counted
            .iter()
            .filter(is_fixed)
            .map(|metric| (value(metric, "alias").unwrap_or_default(), value(metric, "provider")))
            .collect();
        let known = known.iter().filter(|(_, provider)| provider.is_some() == self.by_provider);
        known
            .map(|(alias, provider)| ((*alias).to_owned(), provider.map(str::to_owned)))
            .filter(|known| !counted.contains(known))
            .map(|(alias, provider)| self.zero(alias, provider))
            .collect()
    }

    fn zero(&self, alias: String, provider: Option<String>) -> Metric {
        let mut labels = vec![pair("alias", alias)];
        labels.extend(self.fixed.map(|(name, value)| pair(name, value.to_owned())));
        labels.extend(provider.map(|provider| pair("provider", provider)));
        let mut metric = Metric::default();
        metric.set_label(labels);
        metric.set_counter(Counter::default());
        metric
    }
}

fn pair(name: &str, value: String) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value);
    pair
}
