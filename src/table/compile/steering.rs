//! Compiles which provider is asked first, by a controller or by the conversation.

use std::time::Duration;

use super::Compiler;
use crate::{
    config::{Path, raw},
    live::{AffinitySettings, AimdSettings},
};

impl Compiler<'_> {
    /// The settings of a pool's AIMD controllers; `None` if it has none.
    pub(super) fn aimd(
        &mut self,
        fallback: Option<&raw::Fallback>,
        path: &Path,
    ) -> Option<AimdSettings> {
        let fallback = fallback?;
        let raw = fallback.aimd.as_ref()?;
        let path = path.key("fallback").key("aimd");
        let settings = settings(raw);
        let mut demand = |key: &str, is_met: bool, message: &str| {
            if !is_met {
                self.problem(&path.key(key), message, None);
            }
        };
        let AimdSettings { target, recovery, step, decay, floor, .. } = settings;
        demand("breach_rate_target", target < 1.0, "must be below 1");
        let is_met = recovery <= target;
        demand("recovery_breach_rate", is_met, "must not be above `breach_rate_target`");
        let is_met = settings.least <= settings.window;
        demand("min_samples", is_met, "must not be above `window_samples`");
        demand("share_step", step > 0.0, "must be above 0");
        demand("share_decay", decay > 0.0 && decay < 1.0, "must be above 0 and below 1");
        demand("share_floor", floor > 0.0, "must be above 0");
        demand("overload_statuses", settings.statuses.len() <= 32, "must be 32 at most");
        let is_on = fallback.enabled == Some(true) && raw.enabled != Some(false);
        is_on.then_some(settings)
    }

    /// The settings of conversation affinity; `None` if it has none.
    pub(super) fn affinity(
        &mut self,
        fallback: Option<&raw::Fallback>,
        path: &Path,
    ) -> Option<AffinitySettings> {
        let fallback = fallback?;
        let raw = fallback.affinity.as_ref()?;
        let path = path.key("fallback").key("affinity");
        let margin = raw.margin.unwrap_or((raw.target_conversations / 10).max(1));
        let most = raw.max_tracked.unwrap_or(MAX_TRACKED);
        if margin > raw.target_conversations {
            let message = "must not be above `target_conversations`";
            self.problem(&path.key("margin"), message, None);
        }
        if most < raw.target_conversations.saturating_add(margin) {
            let message = format!(
                "must not be below the sum of `target_conversations` and `margin`, but is {most}"
            );
            self.problem(&path.key("max_tracked"), message, None);
        }
        let millis = |set: Option<u64>, otherwise| Duration::from_millis(set.unwrap_or(otherwise));
        let is_on = fallback.enabled == Some(true) && raw.enabled != Some(false);
        is_on.then(|| AffinitySettings {
            target: raw.target_conversations as usize,
            margin: margin as usize,
            window: millis(raw.active_window_ms, ACTIVE_WINDOW_MS),
            interval: millis(raw.update_interval_ms, UPDATE_INTERVAL_MS),
            most: most as usize,
        })
    }
}

fn settings(raw: &raw::Aimd) -> AimdSettings {
    let millis = Duration::from_millis;
    let idle = raw.idle_recovery_ms.unwrap_or(IDLE_RECOVERY_MS);
    AimdSettings {
        budget: millis(raw.latency_budget_ms.unwrap_or(LATENCY_BUDGET_MS)),
        target: raw.breach_rate_target.unwrap_or(BREACH_RATE_TARGET),
        recovery: raw.recovery_breach_rate.unwrap_or(RECOVERY_BREACH_RATE),
        window: raw.window_samples.unwrap_or(WINDOW_SAMPLES) as usize,
        least: raw.min_samples.unwrap_or(MIN_SAMPLES) as usize,
        step: raw.share_step.unwrap_or(SHARE_STEP),
        decay: raw.share_decay.unwrap_or(SHARE_DECAY),
        floor: raw.share_floor.unwrap_or(SHARE_FLOOR),
        dwell: millis(raw.dwell_ms.unwrap_or(DWELL_MS)),
        idle: (idle > 0).then(|| millis(idle)),
        statuses: raw.overload_statuses.as_deref().unwrap_or(&OVERLOAD_STATUSES).into(),
    }
}

const LATENCY_BUDGET_MS: u64 = 10_000;
const BREACH_RATE_TARGET: f64 = 0.1;
const RECOVERY_BREACH_RATE: f64 = 0.03;
const WINDOW_SAMPLES: u32 = 100;
const MIN_SAMPLES: u32 = 20;
const SHARE_STEP: f64 = 0.05;
const SHARE_DECAY: f64 = 0.8;
const SHARE_FLOOR: f64 = 0.05;
const DWELL_MS: u64 = 30_000;
const IDLE_RECOVERY_MS: u64 = 300_000;
const OVERLOAD_STATUSES: [u16; 3] = [429, 503, 529];
const ACTIVE_WINDOW_MS: u64 = 600_000;
const UPDATE_INTERVAL_MS: u64 = 60_000;
const MAX_TRACKED: u32 = 100_000;
