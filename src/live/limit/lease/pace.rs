//! How fast a slice is used up, and how fast it would be if there were enough.
//!
//! It has no clock.

use std::time::Duration;

/// What is asked of a slice in a second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    per_second: f64,
    /// What was taken, and what was taken or refused, since it was last measured.
    taken: u64,
    wished: u64,
    /// How often in a row nothing was wished for then.
    quiet: u8,
}

impl Pace {
    /// So much was taken.
    pub(super) fn takes(&mut self, amount: u64) {
        self.taken = self.taken.saturating_add(amount);
        self.wished = self.wished.saturating_add(amount);
    }

    /// So much was refused. It would be taken if it were there: of a limit that is used up as fast as it flows
    /// in, a replica that counted only what it gets would ask for less and less.
    pub(super) fn misses(&mut self, amount: u64) {
        self.wished = self.wished.saturating_add(amount);
    }

    /// Whether nothing was taken since.
    pub(super) fn is_idle(&self) -> bool {
        self.taken == 0
    }

    /// It was so long since it was last measured.
    pub(super) fn measure(&mut self, since: Duration) {
        let since = since.as_secs_f64().max(0.001);
        // Halves in a third of a second without requests.
        let weight = 1.0 - (-since * 2.0).exp();
        self.per_second += (self.wished as f64 / since - self.per_second) * weight;
        self.quiet = if self.wished == 0 { self.quiet.saturating_add(1) } else { 0 };
        if self.quiet > 2 {
            self.per_second = 0.0;
        }
        (self.taken, self.wished) = (0, 0);
    }

    /// What is asked of it in a second.
    pub(super) fn per_second(&self) -> f64 {
        self.per_second
    }

    /// What is asked of it in this time.
    pub(super) fn within(&self, time: Duration) -> f64 {
        self.per_second * time.as_secs_f64()
    }
}
