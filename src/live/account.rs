//! The tokens and money that a key has used. The counts continue when the key's limits or token
//! change.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::secret::names::mask;

/// The usage of one key.
#[derive(Debug)]
pub(crate) struct Account {
    /// The key's name.
    pub(crate) name: Box<str>,
    /// Replaces the name wherever it is shown, if it looks like a credential.
    mask: Option<Box<str>>,
    tokens: [AtomicU64; KINDS],
    /// In picodollars.
    cost: AtomicU64,
    last_day: Mutex<Day>,
}

/// The cost of one day.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    /// Days since 1970, in UTC.
    day: u64,
    /// In picodollars.
    cost: u64,
}

impl Account {
    /// An account without usage.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            mask: mask(name),
            tokens: Default::default(),
            cost: AtomicU64::new(0),
            last_day: Mutex::default(),
        }
    }

    /// The key's name as it may be shown.
    pub(crate) fn shown(&self) -> &str {
        self.mask.as_deref().unwrap_or(&self.name)
    }

    /// Adds the tokens of one answer, by kind in a fixed order.
    pub(crate) fn used(&self, tokens: [u64; KINDS]) {
        for (sum, count) in self.tokens.iter().zip(tokens).filter(|(_, count)| *count > 0) {
            sum.fetch_add(count, Relaxed);
        }
    }

    /// Adds the cost of one answer, in picodollars, to the sum and to the UTC day on which it ended,
    /// in days since 1970.
    ///
    /// Cores count at the same time, so the last answers of a day may be counted after the first
    /// ones of the next. They then belong to neither day.
    pub(crate) fn spent(&self, cost: u64, day: u64) {
        self.cost.fetch_add(cost, Relaxed);
        let mut last = self.last_day.lock().unwrap_or_else(PoisonError::into_inner);
        if last.day < day {
            *last = Day { day, cost };
        } else if last.day == day {
            last.cost = last.cost.saturating_add(cost);
        }
    }

    /// The tokens so far, by kind.
    pub(crate) fn tokens(&self) -> [u64; KINDS] {
        std::array::from_fn(|kind| self.tokens[kind].load(Relaxed))
    }

    /// The cost so far, in picodollars.
    pub(crate) fn cost(&self) -> u64 {
        self.cost.load(Relaxed)
    }

    /// The cost on a UTC day, in picodollars, as far as this process has counted it.
    pub(crate) fn cost_on(&self, day: u64) -> u64 {
        let last = *self.last_day.lock().unwrap_or_else(PoisonError::into_inner);
        if last.day == day { last.cost } else { 0 }
    }
}

/// The kinds of tokens: `protocol::conversation::Usage` names them.
pub(crate) const KINDS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_of_a_day_begins_anew_with_the_next_and_the_sum_does_not() {
        let account = Account::new("team-a");
        account.spent(5, 20_000);
        account.spent(7, 20_000);
        assert_eq!((account.cost_on(20_000), account.cost_on(20_001)), (12, 0));
        account.spent(3, 20_001);
        assert_eq!((account.cost_on(20_001), account.cost_on(20_000)), (3, 0));
        // One of the day before that another core counts late.
        account.spent(100, 20_000);
        assert_eq!((account.cost_on(20_001), account.cost()), (3, 115));
    }
}
