//! Warnings about steering without effect: timeouts that end an attempt before it is slow enough to
//! count, and conversations without another provider.

use std::time::Duration;

use super::Warnings;
use crate::{
    config::{Path, raw},
    table::{
        Pool, Provider,
        compile::{provider::credentials, spelled::Spelled},
    },
};

/// A timeout: its key, its raw value, and its compiled value.
type Time = (&'static str, fn(&raw::Timeouts) -> Option<u64>, fn(&Provider) -> Option<Duration>);

const TIMES: [Time; 2] = [
    ("first_event_ms", |raw| raw.first_event_ms, |provider| provider.timeouts.first_event),
    ("total_ms", |raw| raw.total_ms, |provider| provider.timeouts.total),
];

impl Warnings<'_> {
    /// Timeouts of a pool and its providers that are shorter than the latency budget of `aimd`.
    pub(super) fn early_ends(&mut self, pool: &Pool, spelled: &Spelled<'_>) {
        let entries = spelled.providers.iter();
        let mut entries =
            entries.flat_map(|entry| credentials(entry.endpoint).into_iter().map(move |_| entry));
        for (at, provider) in pool.providers.iter().enumerate() {
            let entry = entries.next();
            let Some(budget) = pool.aimd(at).map(|aimd| aimd.settings().budget) else { continue };
            for (key, written, compiled) in TIMES {
                let own = entry.and_then(|entry| Some((entry, entry.own?.timeouts.as_ref()?)));
                let own = own.filter(|(_, timeouts)| written(timeouts).is_some());
                let place = own.map_or(&spelled.path, |(entry, _)| &entry.path);
                self.early_end(place, ["timeouts", key], compiled(provider), budget);
            }
            let fallback = |key| ["fallback", key];
            let first_token = pool.fallback.first_token;
            self.early_end(&spelled.path, fallback("first_token_timeout_ms"), first_token, budget);
            self.early_end(&spelled.path, fallback("deadline_ms"), pool.fallback.deadline, budget);
        }
    }

    /// Affinity without another provider.
    pub(super) fn no_other(&mut self, pool: &Pool, spelled: &Spelled<'_>) {
        let Some(affinity) = &pool.affinity else { return };
        let mut others = pool.providers.iter().enumerate();
        let has_other = others.any(|(at, it)| at != affinity.preferred && it.weight > 0);
        let path = self.source.settled(&spelled.path.key("fallback").key("affinity"));
        // Keys of `defaults` apply to other aliases too.
        if !has_other && self.source.has(&path) {
            let message =
                "every conversation stays: no other provider of this pool has a weight above 0";
            self.warn(&path, message, "add a provider, or remove it");
        }
    }

    fn early_end(
        &mut self,
        path: &Path,
        [object, key]: [&str; 2],
        time: Option<Duration>,
        budget: Duration,
    ) {
        let Some(time) = time.filter(|time| *time < budget) else { return };
        let own = self.source.settled(&path.key(object).key(key));
        let defaults = Path::root().key("defaults").key(object).key(key);
        let path = if self.source.has(&own) { own } else { defaults };
        // Many providers may share one timeout.
        if self.found.iter().any(|known| known.path == path) {
            return;
        }
        let message = format!(
            "attempts end after {} ms, before the `latency_budget_ms` of `aimd` ({}), so that none is slow \
             enough to be a breach",
            time.as_millis(),
            budget.as_millis()
        );
        self.warn(&path, &message, "raise it, or lower `latency_budget_ms`");
    }
}
