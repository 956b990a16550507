//! The tokens and money that a key has used. The counts continue when the key's limits or token
//! change.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
}

impl Account {
    /// An account without usage.
    pub(crate) fn new(name: &str) -> Self {
        let (tokens, cost) = (Default::default(), AtomicU64::new(0));
        Self { name: name.into(), mask: mask(name), tokens, cost }
    }

    /// The key's name as it may be shown.
    pub(crate) fn shown(&self) -> &str {
        self.mask.as_deref().unwrap_or(&self.name)
    }

    /// Adds the tokens of one answer, by kind in a fixed order, and its cost in picodollars.
    pub(crate) fn used(&self, tokens: [u64; KINDS], cost: u64) {
        for (sum, count) in self.tokens.iter().zip(tokens).filter(|(_, count)| *count > 0) {
            sum.fetch_add(count, Relaxed);
        }
        if cost > 0 {
            self.cost.fetch_add(cost, Relaxed);
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
}

/// The kinds of tokens: `protocol::conversation::Usage` names them.
pub(crate) const KINDS: usize = 5;
