//! Which conversations stay with one provider, up to a number: those with the lowest hashes, as in
//! a k-minimum-values sketch (Bar-Yossef et al. 2002). Every process that sees the same
//! conversations keeps the same ones, without communication.
//!
//! It knows only hashes of conversations.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The settings of one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AffinitySettings {
    /// How many conversations stay.
    pub(crate) target: usize,
    /// The tolerated deviation from that number.
    pub(crate) margin: usize,
    /// The idle time after which a conversation is over.
    pub(crate) window: Duration,
    /// The least time between two returns of conversations.
    pub(crate) interval: Duration,
    /// How many conversations are remembered.
    pub(crate) most: usize,
}

/// The conversations of one pool.
#[derive(Debug, Default)]
pub(crate) struct Conversations(Mutex<State>);

/// How many conversations are active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those that stay.
    pub(crate) staying: usize,
    /// The others.
    pub(crate) others: usize,
}

#[derive(Debug)]
struct State {
    /// The last activity of each conversation, by hash.
    seen: BTreeMap<u64, Instant>,
    /// The highest hash that stays.
    bound: u64,
    /// How many of the remembered ones stay.
    staying: usize,
    /// When conversations could last return.
    updated: Option<Instant>,
}

impl Conversations {
    /// Notes activity of a conversation. Returns its rank among those that stay, 0 to 1; `None` if
    /// it does not stay.
    pub(crate) fn seen(&self, key: u64, rules: &AffinitySettings, now: Instant) -> Option<f64> {
        let mut state = self.lock();
        state.update(rules, now);
        state.add(key, now);
        if state.staying > rules.target.saturating_add(rules.margin) {
            // Some of them may be over.
            state.expire(rules.window, now);
            if state.staying > rules.target {
                state.bind(rules.target);
            }
        }
        state.forget(rules.most);
        (key <= state.bound).then(|| key as f64 / state.bound.max(1) as f64)
    }

    /// How many there are.
    pub(crate) fn counts(&self, rules: &AffinitySettings, now: Instant) -> Counts {
        let state = self.lock();
        let is_over = |last: &Instant| now.saturating_duration_since(*last) >= rules.window;
        let staying = state.seen.range(..=state.bound).filter(|(_, last)| !is_over(last)).count();
        let all = state.seen.values().filter(|last| !is_over(last)).count();
        Counts { staying, others: all - staying }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        Self { seen: BTreeMap::new(), bound: u64::MAX, staying: 0, updated: None }
    }
}

impl State {
    /// Only here may the bound rise: between two updates a conversation leaves at most once and
    /// does not return.
    fn update(&mut self, rules: &AffinitySettings, now: Instant) {
        let since = |at: Instant| now.saturating_duration_since(at);
        if self.updated.is_some_and(|at| since(at) < rules.interval) {
            return;
        }
        self.updated = Some(now);
        self.expire(rules.window, now);
        let is_few = self.staying.saturating_add(rules.margin) < rules.target;
        if is_few || self.staying > rules.target.saturating_add(rules.margin) {
            self.bind(rules.target);
        }
    }

    fn add(&mut self, key: u64, now: Instant) {
        let is_new = self.seen.insert(key, now).is_none();
        self.staying += usize::from(is_new && key <= self.bound);
    }

    /// Lets this many stay, or all if there are fewer.
    fn bind(&mut self, target: usize) {
        let last = target.checked_sub(1).and_then(|nth| self.seen.keys().nth(nth));
        self.bound = match last.filter(|_| self.seen.len() > target) {
            Some(last) => *last,
            None => u64::MAX,
        };
        self.staying = self.seen.len().min(target);
    }

    fn expire(&mut self, window: Duration, now: Instant) {
        self.seen.retain(|_, last| now.saturating_duration_since(*last) < window);
        self.staying = self.seen.range(..=self.bound).count();
    }

    /// Drops the highest hashes, which matter least.
    fn forget(&mut self, most: usize) {
        while self.seen.len() > most {
            let Some((key, _)) = self.seen.pop_last() else { return };
            self.staying -= usize::from(key <= self.bound);
        }
    }
}
