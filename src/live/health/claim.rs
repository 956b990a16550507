//! Which replica makes the trial of a provider after its rest, as far as this one knows.
//!
//! It does not call the store; the caller reports the result.

use tokio::time::Instant;

/// The claim on one trial in the whole cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Claim {
    /// Not requested.
    #[default]
    None,
    /// Requested. Without an answer by then, this replica decides by itself.
    Asked(Instant),
    /// This replica may make it until then.
    Granted(Instant),
    /// Another replica makes it, until then.
    Elsewhere(Instant),
}

impl Claim {
    /// Until when no trial may start here.
    pub(super) fn busy_until(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Asked(until) | Self::Elsewhere(until) => Some(until).filter(|until| now < *until),
            Self::None | Self::Granted(_) => None,
        }
    }

    /// Until when the store is awaited.
    pub(super) fn asked_until(self, now: Instant) -> Option<Instant> {
        self.busy_until(now).filter(|_| matches!(self, Self::Asked(_)))
    }

    /// Whether a trial may start here: it was granted, or the store did not answer in time.
    pub(super) fn allows(self, now: Instant) -> bool {
        match self {
            Self::Asked(until) => until <= now,
            Self::Granted(until) => now < until,
            Self::None | Self::Elsewhere(_) => false,
        }
    }

    /// Whether it was granted and not used.
    pub(super) fn is_unused(self, now: Instant) -> bool {
        matches!(self, Self::Granted(until) if until <= now)
    }
}
