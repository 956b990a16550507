//! Which conversations stay with one provider, up to a number: those whose hashes are lowest, as in a sketch of
//! minimum values (Bar-Yossef et al. 2002). Every process that sees the same conversations keeps the same ones,
//! without a word between them.
//!
//! It never asks a provider and knows no text of a conversation.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The numbers of one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AffinitySettings {
    /// How many conversations are to stay.
    pub(crate) target: usize,
    /// How far their number may be from that before it is set anew.
    pub(crate) margin: usize,
    /// A conversation of which nothing has come for so long is over.
    pub(crate) window: Duration,
    /// The least time between two moments at which conversations may come back.
    pub(crate) interval: Duration,
    /// How many conversations are remembered.
    pub(crate) most: usize,
}

/// The conversations of one pool.
#[derive(Debug, Default)]
pub(crate) struct Conversations(Mutex<State>);

/// How many conversations are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those that stay.
    pub(crate) staying: usize,
    /// The others.
    pub(crate) others: usize,
}

#[derive(Debug)]
struct State {
    /// By hash, when something of each came last.
    seen: BTreeMap<u64, Instant>,
    /// The highest hash that stays.
    bound: u64,
    /// How many of those that are remembered stay.
    staying: usize,
    /// When conversations could come back.
    updated: Option<Instant>,
}

impl Conversations {
    /// Something of a conversation has come. Where it stays: its place among those that do, 0 to 1.
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
    /// Only here may the bound rise: between two updates a conversation leaves once at most, and does not come
    /// back.
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

    /// So many stay, or all where there are fewer.
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

    /// The highest hashes are those that matter least.
    fn forget(&mut self, most: usize) {
        while self.seen.len() > most {
            let Some((key, _)) = self.seen.pop_last() else { return };
            self.staying -= usize::from(key <= self.bound);
        }
    }
}
