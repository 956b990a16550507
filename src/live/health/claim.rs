//! Who of several replicas makes the trial of a provider whose rest is over, as far as this one knows.
//!
//! It asks no store: who asks says here what came of it.

use tokio::time::Instant;

/// The right to one trial in the whole cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Claim {
    /// It was not asked for.
    #[default]
    None,
    /// The store was asked. What it has not answered by then is decided here.
    Asked(Instant),
    /// This replica may make it until then.
    Granted(Instant),
    /// Another replica makes it, and has until then.
    Elsewhere(Instant),
}

impl Claim {
    /// Until when no trial may begin here.
    pub(super) fn busy_until(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Asked(until) | Self::Elsewhere(until) => Some(until).filter(|until| now < *until),
            Self::None | Self::Granted(_) => None,
        }
    }

    /// Until when the store is waited for.
    pub(super) fn asked_until(self, now: Instant) -> Option<Instant> {
        self.busy_until(now).filter(|_| matches!(self, Self::Asked(_)))
    }

    /// Whether a trial may begin here: the store has said so, or has not answered in time.
    pub(super) fn allows(self, now: Instant) -> bool {
        match self {
            Self::Asked(until) => until <= now,
            Self::Granted(until) => now < until,
            Self::None | Self::Elsewhere(_) => false,
        }
    }

    /// Whether it was granted and nothing was made of it until now.
    pub(super) fn is_unused(self, now: Instant) -> bool {
        matches!(self, Self::Granted(until) if until <= now)
    }
}
