//! The part of a rate that one replica has for itself for a time, so that it does not ask for each piece.
//!
//! Meanwhile the store gives that part to no other replica. So all replicas together never get more than the rate.

use std::time::Duration;

use tokio::time::Instant;

/// This replica's own part of a rate.
#[derive(Debug, Default)]
pub(super) struct Inflow {
    per_second: f64,
    /// Up to when it was counted, and when it ends.
    at: Option<Instant>,
    until: Option<Instant>,
    /// What has come in beyond whole pieces.
    part: f64,
    /// The last rate that was granted.
    last: f64,
}

impl Inflow {
    /// The store has granted it.
    pub(super) fn begins(&mut self, per_second: f64, now: Instant, until: Instant) {
        (self.per_second, self.last) = (per_second, per_second);
        (self.at, self.until) = (Some(now), Some(until));
    }

    /// The store may give it to others from now on.
    pub(super) fn ends(&mut self) {
        self.per_second = 0.0;
    }

    /// What has come in since the last call. More than `room`, which is what was spent of the slice, is lost.
    #[inline]
    pub(super) fn flown(&mut self, room: u64, now: Instant) -> u64 {
        if self.per_second <= 0.0 {
            return 0;
        }
        let (Some(at), Some(until)) = (self.at, self.until) else { return 0 };
        let now = now.min(until).max(at);
        self.part += now.duration_since(at).as_secs_f64() * self.per_second;
        self.at = Some(now);
        let flown = (self.part as u64).min(room);
        self.part = if flown == room { 0.0 } else { self.part - flown as f64 };
        flown
    }

    /// Whether it is active.
    pub(super) fn runs(&self, now: Instant) -> bool {
        self.per_second > 0.0 && self.until.is_some_and(|until| now < until)
    }

    /// How long until this amount has come in.
    pub(super) fn brings(&self, amount: u64) -> Option<Duration> {
        let left = (amount as f64 - self.part).max(0.0);
        let is_there = self.per_second > 0.0;
        is_there.then(|| Duration::try_from_secs_f64(left / self.per_second).ok()).flatten()
    }

    /// The last rate that was granted; zero if there was none.
    pub(super) fn last(&self) -> f64 {
        self.last
    }

    /// Starts anew, for another limit.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// How long a replica has its part of a rate.
pub(crate) const LASTS: Duration = Duration::from_secs(4);
/// When it is renewed.
pub(super) const RENEW: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_flows_in_is_counted_once_and_no_longer_than_it_runs() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let mut inflow = Inflow::default();
        assert_eq!(inflow.flown(9, at(500)), 0);
        inflow.begins(10.0, at(1_000), at(2_000));
        assert_eq!(inflow.flown(9, at(1_250)), 2);
        assert_eq!(inflow.flown(9, at(1_300)), 1);
        assert_eq!(inflow.brings(1), Some(Duration::from_millis(100)));
        // What finds no room does not come later.
        assert_eq!(inflow.flown(1, at(1_700)), 1);
        assert_eq!(inflow.flown(9, at(1_750)), 0);
        assert_eq!(inflow.flown(99, at(9_000)), 3);
        assert!(!inflow.runs(at(2_000)));
        inflow.ends();
        assert_eq!((inflow.flown(9, at(9_500)), inflow.last()), (0, 10.0));
    }
}
