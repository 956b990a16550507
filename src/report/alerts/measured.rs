//! The counters over the last minutes: their increase since the start of the window.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::live::{
    Meters,
    meters::{
        incidents::{Incident, Incidents},
        totals::Totals,
    },
};

/// The counters as they were at some moments, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Measured(VecDeque<(Instant, Arc<Counts>)>);

#[derive(Debug)]
struct Counts {
    totals: Totals,
    incidents: Incidents,
}

/// The counts of an alias in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) fallbacks: u64,
}

impl Measured {
    /// Stores the current counters, with enough history to look back for `longest`.
    pub(super) fn look(&mut self, meters: &Meters, now: Instant, longest: Duration) {
        let counts = Counts { totals: meters.totals(), incidents: meters.incidents() };
        self.0.push_back((now, Arc::new(counts)));
        // The first that is kept is as old as the window, or older.
        while self.0.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= longest) {
            self.0.pop_front();
        }
    }

    /// The counts of an alias.
    pub(super) fn of(&self, alias: &str, window: Duration) -> Came {
        let of = |counts: &Counts| {
            let pool = counts.totals.pool(alias);
            pool.map_or([0; 3], |it| [it.requests, it.errors, it.fallbacks])
        };
        let Some((before, now)) = self.ends(window) else { return Came::default() };
        let (before, now) = (of(before), of(now));
        let [requests, errors, fallbacks] =
            [0, 1, 2].map(|nth: usize| now[nth].saturating_sub(before[nth]));
        Came { requests, errors, fallbacks }
    }

    /// How often a provider has answered well.
    pub(super) fn answers(&self, alias: &str, provider: &str, window: Duration) -> u64 {
        let of = |counts: &Counts| {
            let pool = counts.totals.pool(alias);
            pool.map_or(0, |pool| {
                let it = pool.provider(provider);
                it.attempts.saturating_sub(it.failed)
            })
        };
        self.ends(window).map_or(0, |(before, now)| of(now).saturating_sub(of(before)))
    }

    /// How often this has happened to a provider.
    pub(super) fn incidents(
        &self,
        what: Incident,
        alias: &str,
        provider: &str,
        window: Duration,
    ) -> u64 {
        let of = |counts: &Counts| counts.incidents.count(what, alias, provider);
        self.ends(window).map_or(0, |(before, now)| of(now).saturating_sub(of(before)))
    }

    /// Whether the window has been looked at whole.
    pub(super) fn is_whole(&self, window: Duration) -> bool {
        match (self.0.front(), self.0.back()) {
            (Some((first, _)), Some((last, _))) => last.duration_since(*first) >= window,
            _ => false,
        }
    }

    /// The counters at the window's begin and at its end. What had come before the first look is not news.
    fn ends(&self, window: Duration) -> Option<(&Counts, &Counts)> {
        let (last, now) = self.0.back()?;
        let begin = self.0.iter().rev().find(|(at, _)| last.duration_since(*at) >= window);
        let (_, before) = begin.or(self.0.front())?;
        Some((before, now))
    }
}
