//! The requests in flight of each account through an alias.
//!
//! Accounts are named by keys of the file, so there are few; unused ones are removed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Cap, Permit};

/// The counts of one alias.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashMap<Box<str>, Arc<Cap>>>);

impl InFlight {
    /// Counts a request of the account until the permit is dropped; `None` if the account is at its
    /// limit.
    pub(crate) fn take(&self, account: &str, most: u32) -> Option<Permit> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cap) = counts.get(account) {
            return cap.try_acquire(Some(most));
        }
        if counts.len() >= MANY {
            counts.retain(|_, cap| Arc::strong_count(cap) > 1);
        }
        let cap = Arc::<Cap>::default();
        let permit = cap.try_acquire(Some(most));
        counts.insert(account.into(), cap);
        permit
    }
}

/// The number of accounts from which unused ones are removed before another is added.
const MANY: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_its_own_count() {
        let counts = InFlight::default();
        let first = counts.take("acme", 2).unwrap();
        let second = counts.take("acme", 2).unwrap();
        assert!(counts.take("acme", 2).is_none());
        let other = counts.take("globex", 1).unwrap();
        drop(first);
        // The number may have become smaller meanwhile.
        assert!(counts.take("acme", 1).is_none());
        let third = counts.take("acme", 2).unwrap();
        drop((second, third, other));
        assert!(counts.take("acme", 1).is_some());
    }

    #[test]
    fn accounts_without_requests_are_forgotten() {
        let counts = InFlight::default();
        let kept = counts.take("kept", 1).unwrap();
        (0..3 * MANY).for_each(|nth| drop(counts.take(&nth.to_string(), 1)));
        assert!(counts.0.lock().unwrap().len() <= MANY + 1);
        assert!(counts.take("kept", 1).is_none());
        drop(kept);
    }
}
