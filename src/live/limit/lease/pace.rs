//! How fast a slice is used, and how fast it would be used if there were enough. It reads no clock.

use std::time::Duration;

/// The demand on a slice per second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    per_second: f64,
    /// What was taken, and what was taken or refused, since the last measurement.
    taken: u64,
    wished: u64,
    /// How many measurements in a row had no demand.
    quiet: u8,
}

impl Pace {
    /// This amount was taken.
    pub(super) fn takes(&mut self, amount: u64) {
        self.taken = self.taken.saturating_add(amount);
        self.wished = self.wished.saturating_add(amount);
    }

    /// This amount was refused. It counts as demand: otherwise, at a limit that is always
    /// exhausted, a replica would request less and less.
    pub(super) fn misses(&mut self, amount: u64) {
        self.wished = self.wished.saturating_add(amount);
    }

    /// Whether nothing was taken since.
    pub(super) fn is_idle(&self) -> bool {
        self.taken == 0
    }

    /// Measures, given the time since the last measurement.
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

    /// The demand per second.
    pub(super) fn per_second(&self) -> f64 {
        self.per_second
    }

    /// The demand over this time.
    pub(super) fn within(&self, time: Duration) -> f64 {
        self.per_second * time.as_secs_f64()
    }
}
