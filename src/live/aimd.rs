//! The share of requests that ask one provider first: additive increase, multiplicative decrease,
//! as in TCP congestion control (Chiu and Jain 1989). It is steered by how many recent attempts
//! began late or were refused for overload.
//!
//! It never removes a provider: a request that does not ask it first may ask it later.

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The settings of a controller.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AimdSettings {
    /// An answer that begins later is a breach.
    pub(crate) budget: Duration,
    /// The share of breaches above which the share decreases.
    pub(crate) target: f64,
    /// The share of breaches up to which it increases.
    pub(crate) recovery: f64,
    /// How many recent attempts count.
    pub(crate) window: usize,
    /// The least attempts for a decision.
    pub(crate) least: usize,
    /// The amount of an increase.
    pub(crate) step: f64,
    /// The factor of a decrease.
    pub(crate) decay: f64,
    /// The least share.
    pub(crate) floor: f64,
    /// The least time between two changes.
    pub(crate) dwell: Duration,
    /// After this time without a decision, the share increases.
    pub(crate) idle: Option<Duration>,
    /// Statuses that are breaches.
    pub(crate) statuses: Box<[u16]>,
}

/// A controller and its observations.
#[derive(Debug)]
pub(crate) struct Aimd {
    settings: AimdSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    share: f64,
    /// Whether each recent attempt was a breach.
    samples: VecDeque<bool>,
    breaches: usize,
    /// Attempts that began earlier belong to another share.
    since: Instant,
    /// The last change of the share.
    changed: Option<Instant>,
    /// Since when few attempts have been breaches.
    low_since: Option<Instant>,
    /// When there were last enough attempts for a decision.
    judged: Instant,
}

impl Aimd {
    /// A new controller: every request may ask the provider first.
    pub(crate) fn new(settings: AimdSettings, now: Instant) -> Self {
        let state = State {
            share: 1.0,
            samples: VecDeque::new(),
            breaches: 0,
            since: now,
            changed: None,
            low_since: None,
            judged: now,
        };
        Self { settings, state: Mutex::new(state) }
    }

    /// The settings.
    pub(crate) fn settings(&self) -> &AimdSettings {
        &self.settings
    }

    /// The share of requests that ask the provider first, 0 to 1.
    pub(crate) fn share(&self, now: Instant) -> f64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.recover(&self.settings, now);
        state.share
    }

    /// An attempt that began at `began` was a breach or not.
    pub(crate) fn observe(&self, began: Instant, is_breach: bool, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.recover(&self.settings, now);
        if began >= state.since {
            state.add(is_breach, self.settings.window);
            state.judge(&self.settings, now);
        }
    }
}

impl State {
    fn add(&mut self, is_breach: bool, most: usize) {
        if self.samples.len() >= most && self.samples.pop_front() == Some(true) {
            self.breaches -= 1;
        }
        self.samples.push_back(is_breach);
        self.breaches += usize::from(is_breach);
    }

    fn judge(&mut self, rules: &AimdSettings, now: Instant) {
        if self.samples.len() < rules.least {
            return;
        }
        self.judged = now;
        let rate = self.breaches as f64 / self.samples.len() as f64;
        let since = |from: Option<Instant>| {
            from.is_none_or(|from| now.saturating_duration_since(from) >= rules.dwell)
        };
        if rate > rules.target {
            self.low_since = None;
            if self.share > rules.floor && since(self.changed) {
                self.share = (self.share * rules.decay).max(rules.floor);
                // Observations at the old share say nothing about the new one.
                self.samples.clear();
                (self.breaches, self.since, self.changed) = (0, now, Some(now));
            }
        } else if rate <= rules.recovery {
            let low_since = *self.low_since.get_or_insert(now);
            if self.share < 1.0 && since(Some(low_since)) && since(self.changed) {
                self.share = (self.share + rules.step).min(1.0);
                self.changed = Some(now);
            }
        } else {
            self.low_since = None;
        }
    }

    /// Increases for the time with too few attempts.
    fn recover(&mut self, rules: &AimdSettings, now: Instant) {
        let Some(idle) = rules.idle.filter(|_| self.share < 1.0) else { return };
        let mut from = self.changed.map_or(self.judged, |changed| changed.max(self.judged));
        while self.share < 1.0 && now.saturating_duration_since(from) >= idle {
            from += idle;
            self.share = (self.share + rules.step).min(1.0);
            self.changed = Some(from);
        }
    }
}
