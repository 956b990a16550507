//! Numbers for settings, so that state is found by number instead of by comparing settings. A
//! number is valid as long as something holds it, and is never reused.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use dashmap::DashMap;

/// A number that is unique to its settings.
#[derive(Debug)]
pub(crate) struct Number(u32);

impl Number {
    /// As an integer.
    pub(crate) fn get(&self) -> u32 {
        self.0
    }
}

/// Settings as text, with their numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    given: DashMap<String, Arc<Number>>,
    next: AtomicU32,
}

impl Numbers {
    /// The number of these settings.
    pub(super) fn of(&self, settings: &str) -> Arc<Number> {
        if let Some(known) = self.given.get(settings) {
            return Arc::clone(&known);
        }
        let fresh = || Arc::new(Number(self.next.fetch_add(1, Ordering::Relaxed)));
        Arc::clone(&self.given.entry(settings.to_owned()).or_insert_with(fresh))
    }

    /// Removes numbers that nothing holds.
    pub(super) fn sweep(&self) {
        self.given.retain(|_, number| Arc::strong_count(number) > 1);
    }

    /// How many are stored.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.given.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_forgotten_with_its_last_holder_and_given_to_nothing_else() {
        let numbers = Numbers::default();
        let (one, other) = (numbers.of("a"), numbers.of("b"));
        assert!(Arc::ptr_eq(&one, &numbers.of("a")) && one.get() != other.get());
        let before = one.get();
        drop(one);
        numbers.sweep();
        assert_eq!(numbers.len(), 1, "the other is held");
        let again = numbers.of("a");
        assert!(again.get() != before && again.get() != other.get());
    }
}
