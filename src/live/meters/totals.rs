//! The current totals by alias and provider, read from the counters for the status page.

use std::collections::HashMap;

use prometheus::{IntCounterVec, core::Collector as _};

use super::Meters;

/// Totals by alias.
#[derive(Debug, Default)]
pub(crate) struct Totals(HashMap<String, PoolTotals>);

/// Totals of one alias.
#[derive(Debug, Default)]
pub(crate) struct PoolTotals {
    /// Finished requests.
    pub(crate) requests: u64,
    /// Of these: 429 or 5xx, or broken off after the head.
    pub(crate) errors: u64,
    /// Fallbacks to another provider.
    pub(crate) fallbacks: u64,
    providers: HashMap<String, ProviderTotals>,
}

/// Totals of one provider.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ProviderTotals {
    /// Attempts.
    pub(crate) attempts: u64,
    /// Failed attempts, as by [`is_failure`].
    pub(crate) failed: u64,
    /// Input and output.
    pub(crate) tokens: [u64; 2],
}

impl Totals {
    /// The totals of an alias, if there are any.
    pub(crate) fn pool(&self, alias: &str) -> Option<&PoolTotals> {
        self.0.get(alias)
    }

    fn of(&mut self, alias: &str) -> &mut PoolTotals {
        self.0.entry(alias.to_owned()).or_default()
    }
}

impl PoolTotals {
    /// The totals of a provider.
    pub(crate) fn provider(&self, name: &str) -> ProviderTotals {
        self.providers.get(name).copied().unwrap_or_default()
    }

    fn of(&mut self, provider: &str) -> &mut ProviderTotals {
        self.providers.entry(provider.to_owned()).or_default()
    }
}

impl Meters {
    /// Reads all totals.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        each(&self.requests, ["alias", "status"], |[alias, status], count| {
            let pool = totals.of(alias);
            pool.requests += count;
            if status == "429" || status.starts_with('5') {
                pool.errors += count;
            }
        });
        each(&self.broken, ["alias", "reason"], |[alias, _], count| {
            totals.of(alias).errors += count;
        });
        each(&self.fallbacks, ["alias", "reason"], |[alias, _], count| {
            totals.of(alias).fallbacks += count;
        });
        let labels = ["alias", "provider", "outcome"];
        each(&self.attempts, labels, |[alias, provider, outcome], count| {
            let Some(failed) = is_failure(outcome) else { return };
            let provider = totals.of(alias).of(provider);
            provider.attempts += count;
            provider.failed += if failed { count } else { 0 };
        });
        each(&self.tokens, ["alias", "provider", "kind"], |[alias, provider, kind], count| {
            let nth = match kind {
                "input" => 0,
                "output" => 1,
                _ => return,
            };
            totals.of(alias).of(provider).tokens[nth] += count;
        });
        totals
    }
}

/// Whether an attempt with this outcome failed, by the words of `x-onwards-attempts`; `None` if the
/// provider was not asked. A client's mistake is not a failure of the provider.
pub(crate) fn is_failure(outcome: &str) -> Option<bool> {
    match outcome {
        "limited" | "cooling" | "context" | "spared" | "policy" | "capability" | "protocol"
        | "resent" => None,
        "hedged" | "abandoned" | "400" | "413" | "422" => Some(false),
        status => Some(!status.starts_with('2')),
    }
}

/// Every series with the values of these labels.
pub(super) fn each<const N: usize>(
    series: &IntCounterVec,
    names: [&str; N],
    mut tell: impl FnMut([&str; N], u64),
) {
    for family in series.collect() {
        for one in family.get_metric() {
            let value = |name: &str| {
                let label = one.get_label().iter().find(|label| label.name() == name);
                label.map(|label| label.value()).unwrap_or_default()
            };
            tell(names.map(value), one.get_counter().get_value() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Meters, Times};

    #[test]
    fn counts_are_those_of_the_counters() {
        let meters = Meters::new("x").unwrap();
        let pool = meters.pool("m");
        let times = Times { total: std::time::Duration::ZERO, head: None };
        [200, 200, 404, 429, 503].iter().for_each(|status| pool.ended(*status, times));
        ["200", "503", "timeout", "400", "cooling"].iter().for_each(|it| pool.attempted("p", it));
        pool.fell_back("503");
        pool.broke_off("server");
        let totals = meters.totals();
        let told = totals.pool("m").unwrap();
        assert_eq!((told.requests, told.errors, told.fallbacks), (5, 3, 1));
        let provider = told.provider("p");
        assert_eq!((provider.attempts, provider.failed), (4, 2));
        assert!(totals.pool("n").is_none());
    }
}
