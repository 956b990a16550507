//! Conversation affinity of a pool, for status and `explain`.

use std::fmt;

use serde::Serialize;
use tokio::time::Instant;

use crate::table::Pool;

/// The conversations of one pool.
#[derive(Debug, Serialize)]
pub(super) struct ConversationsTold {
    /// The provider with which they stay.
    provider: String,
    /// How many stay.
    staying: usize,
    /// How many go to other providers.
    others: usize,
    /// How many should stay.
    target: usize,
}

impl ConversationsTold {
    /// For a pool; `None` without affinity.
    pub(super) fn of(pool: &Pool, now: Instant) -> Option<Self> {
        let affinity = pool.affinity.as_ref()?;
        let provider = pool.providers.get(affinity.preferred)?.shown().to_owned();
        let counts = affinity.counts(now);
        let (staying, others) = (counts.staying, counts.others);
        Some(Self { provider, staying, others, target: affinity.target() })
    }
}

impl fmt::Display for ConversationsTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, staying, others, target } = self;
        write!(f, "{staying} of {target} conversations stay with {provider}, {others} go to others")
    }
}
