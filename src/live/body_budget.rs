//! How many bytes of bodies the whole process holds, with what is built of them to translate them. Bodies
//! are let in while the budget lasts, so that many large ones at once are refused before the system ends
//! the process.
//!
//! It never waits. The reader of a body decides from which size on the body counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// The budget of a process.
#[derive(Debug)]
pub(crate) struct BodyBudget {
    most: u64,
    taken: AtomicU64,
}

/// What one body takes of it, given back on drop.
#[derive(Debug)]
pub(crate) struct Share {
    budget: &'static BodyBudget,
    bytes: u64,
}

impl BodyBudget {
    /// So many bytes, for as long as the process runs: a request that needs none does not
    /// count a reference to it.
    pub(crate) fn new(most: u64) -> &'static Self {
        Box::leak(Box::new(Self { most, taken: AtomicU64::new(0) }))
    }

    /// Nothing of it yet.
    pub(crate) fn share(&'static self) -> Share {
        Share { budget: self, bytes: 0 }
    }
}

impl Share {
    /// Takes what a body of so many bytes needs; `false`: they do not fit, and nothing more is taken.
    pub(crate) fn grow_to(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let grown = |taken: u64| taken.checked_add(more).filter(|taken| *taken <= self.budget.most);
        let fits =
            self.budget.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if fits {
            self.bytes += more;
        }
        fits
    }

    /// Takes over what another holds.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Gives back what is more than so many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let less = self.bytes.saturating_sub(bytes);
        self.budget.taken.fetch_sub(less, Ordering::Relaxed);
        self.bytes -= less;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let budget = BodyBudget::new(10);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert!(one.grow_to(4) && one.grow_to(6) && other.grow_to(4));
        assert!(!one.grow_to(7), "ten are taken");
        assert!(one.grow_to(6), "what it has it keeps");
        drop(other);
        assert!(one.grow_to(10));
        one.shrink_to(7);
        one.shrink_to(9);
        assert_eq!(budget.taken.load(Ordering::Relaxed), 7);
        drop(one);
        assert_eq!(budget.taken.load(Ordering::Relaxed), 0);
        assert!(!budget.share().grow_to(u64::MAX));
    }
}
