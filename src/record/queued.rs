//! How long a request has waited for limits of the router. It counts as time of neither the router
//! nor a provider.

use std::time::{Duration, Instant};

/// How long a request has waited, and since when it waits.
#[derive(Debug, Default)]
pub(super) struct Queued {
    before: Duration,
    since: Option<Instant>,
}

impl Queued {
    /// It waits from now on.
    pub(super) fn begins(&mut self) {
        self.since = Some(Instant::now());
    }

    /// It does not wait any more. Answers how long it did; one that was refused at once has not waited.
    pub(super) fn ends(&mut self) -> Duration {
        let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let waited = if waited < SHORTEST { Duration::ZERO } else { waited };
        self.before += waited;
        waited
    }

    /// So long so far.
    pub(super) fn time(&self) -> Option<Duration> {
        let time = self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed());
        (!time.is_zero()).then_some(time)
    }
}

/// The shortest wait that is shown.
const SHORTEST: Duration = Duration::from_millis(1);
