//! The memory budget of all bodies in the process, including what translation builds from them.
//! When it is used up, further bodies are refused, before the system kills the process.
//!
//! It never waits. The reader of a body decides from which size it counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// The budget.
#[derive(Debug)]
pub(crate) struct BodyBudget {
    most: u64,
    taken: AtomicU64,
}

/// The share of one body, returned on drop.
#[derive(Debug)]
pub(crate) struct Share {
    budget: &'static BodyBudget,
    bytes: u64,
}

impl BodyBudget {
    /// A budget of this many bytes, for the life of the process, so that requests need no reference
    /// count.
    pub(crate) fn new(most: u64) -> &'static Self {
        Box::leak(Box::new(Self { most, taken: AtomicU64::new(0) }))
    }

    /// An empty share.
    pub(crate) fn share(&'static self) -> Share {
        Share { budget: self, bytes: 0 }
    }
}

impl Share {
    /// Grows the share to this many bytes; `false` if they do not fit, and nothing is taken.
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

    /// Takes over another share.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Returns all but this many bytes.
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
