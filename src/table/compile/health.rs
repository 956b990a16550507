//! Compiles cooldown, probes, hedging and sticky keys.

use std::time::Duration;

use http::HeaderName;

use super::Compiler;
use crate::{
    config::{Path, raw},
    failure::ErrorClasses,
    live::{Cooldown, HealthSettings, Probing},
    path,
    table::{
        Place, Probe, StickyBy,
        pool::{Hedge, HedgeAfter},
    },
};

impl Compiler<'_> {
    /// The probe of a provider; `mock:` providers have none.
    pub(super) fn probe(
        &mut self,
        raw: Option<&raw::HealthCheck>,
        place: &Place,
        pool: &Path,
    ) -> Option<Probe> {
        let raw = raw?;
        let path = raw.path.as_deref().unwrap_or(PROBE_PATH);
        if !path.starts_with('/') || path.contains('#') || path::check(path).is_err() {
            let hint = "write a path such as `/v1/models`";
            let place = pool.key("health_check").key("path");
            self.problem(&place, "this is not a path under the base URL", Some(hint.into()));
            return None;
        }
        let Place::Wire { base, .. } = place else { return None };
        let secs = raw.interval_secs.unwrap_or(PROBE_INTERVAL_SECS);
        Some(Probe {
            path: path::join(base, path).into(),
            interval: Duration::from_secs(secs),
            timeout: Duration::from_millis(raw.timeout_ms.unwrap_or(PROBE_TIMEOUT_MS)),
            expects: raw.expect_status,
        })
    }

    pub(super) fn hedge(&mut self, raw: Option<raw::Hedge>, pool: &Path) -> Option<Hedge> {
        let raw = raw?;
        let after = match (raw.after_ms, raw.after_percentile) {
            (Some(millis), None) => HedgeAfter::Time(Duration::from_millis(millis)),
            (None, Some(percent)) => HedgeAfter::Percentile(percent),
            _ => {
                let message = "exactly one of `after_ms` and `after_percentile` must be set";
                self.problem(&pool.key("hedge"), message, None);
                return None;
            }
        };
        let max_extra = raw.max_extra.unwrap_or(MOST_HEDGED);
        Some(Hedge { after, max_extra, side_effects: raw.side_effects.unwrap_or(false) })
    }

    pub(super) fn sticky(
        &mut self,
        strategy: raw::Strategy,
        raw: Option<&raw::Sticky>,
        own: bool,
        pool: &Path,
    ) -> Option<StickyBy> {
        let place = pool.key("sticky");
        let by = match raw.map(|raw| (&raw.header, raw.key, raw.prompt_prefix)) {
            None => StickyBy::Whatever,
            Some((Some(name), None, None)) => match HeaderName::try_from(name.as_str()) {
                Ok(name) => StickyBy::Header(name),
                Err(_) => {
                    self.problem(&place.key("header"), "this is not a valid header name", None);
                    return None;
                }
            },
            Some((None, Some(true), None)) => StickyBy::Key,
            Some((None, None, Some(bytes))) => StickyBy::Prefix(bytes as usize),
            Some(_) => {
                let hint = r#"write one of `{"header": "x-session-id"}`, `{"key": true}`, `{"prompt_prefix": 256}`"#;
                let message = "exactly one of `header`, `key` and `prompt_prefix` must be set";
                self.problem(&place, message, Some(hint.into()));
                return None;
            }
        };
        let asked = strategy == raw::Strategy::Sticky;
        if !asked && own {
            let hint = r#"add `"strategy": "sticky"`, or remove it"#;
            self.problem(&place, "this applies only to the strategy `sticky`", Some(hint.into()));
        }
        asked.then_some(by)
    }
}

/// When failures and probes take a provider out of rotation.
pub(super) fn settings(keys: &raw::PoolKeys) -> HealthSettings {
    HealthSettings {
        cooldown: keys.cooldown.map(cooldown),
        probing: keys.health_check.as_ref().map(|check| {
            let defaults = Probing::default();
            Probing {
                healthy_after: check.healthy_after.unwrap_or(defaults.healthy_after),
                unhealthy_after: check.unhealthy_after.unwrap_or(defaults.unhealthy_after),
            }
        }),
    }
}

/// The classes of a provider's own errors.
pub(super) fn own_classes(endpoint: &raw::Endpoint) -> ErrorClasses {
    let named = endpoint.error_classes.iter().flatten();
    let codes: ErrorClasses = named.map(|(code, &meant)| (code.as_str().into(), meant.0)).collect();
    let phrases = endpoint.error_phrases.iter().flatten().filter(|(text, _)| !text.is_empty());
    codes.with_phrases(phrases.map(|(text, &meant)| (text.as_str(), meant.0)))
}

fn cooldown(raw: raw::Cooldown) -> Cooldown {
    let defaults = Cooldown::default();
    let secs = |set: Option<u64>, otherwise| set.map_or(otherwise, Duration::from_secs);
    Cooldown {
        failures: raw.failures.unwrap_or(defaults.failures),
        window: secs(raw.window_secs, defaults.window),
        duration: secs(raw.duration_secs, defaults.duration),
        factor: raw.factor.unwrap_or(defaults.factor),
        max_duration: secs(raw.max_duration_secs, defaults.max_duration),
        // A configured duration is not shortened.
        trial_after: match (raw.trial_after_secs, raw.duration_secs) {
            (None, None) => defaults.trial_after,
            (after, _) => after.map(Duration::from_secs),
        },
        max_retry_after: secs(
            raw.max_retry_after_secs.or(raw.max_duration_secs),
            defaults.max_retry_after,
        ),
        slow_start: secs(raw.slow_start_secs, defaults.slow_start),
    }
}

const MOST_HEDGED: f64 = 0.05;
const PROBE_PATH: &str = "/v1/models";
const PROBE_INTERVAL_SECS: u64 = 30;
const PROBE_TIMEOUT_MS: u64 = 5_000;
