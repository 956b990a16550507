//! What the last requests show of a provider: how many attempts failed, and how long it took to answer.
//!
//! The latency that strategies compare falls without requests, so an operator who looks a minute
//! later would see a fast provider. This one does not.

use std::{collections::HashMap, time::Duration};

use crate::{
    live::meters::totals::is_failure,
    report::feed::Told,
    table::{Pool, Provider},
};

/// The attempts of the last minutes among the last requests, by alias, then by provider, as shown.
pub(super) struct Recent<'a>(HashMap<&'a str, HashMap<&'a str, Attempts>>);

/// The attempts at one provider.
#[derive(Default)]
pub(super) struct Attempts {
    pub(super) all: u32,
    pub(super) failed: u32,
    /// Times to the first byte of answers, in order of length.
    times: Vec<Duration>,
}

/// A provider that is much slower than another one of its tier.
pub(super) struct Slow<'a> {
    own: Duration,
    other: &'a str,
    others: Duration,
}

impl<'a> Recent<'a> {
    pub(super) fn of(last: &'a [Told]) -> Self {
        let mut recent = HashMap::<_, HashMap<_, Attempts>>::new();
        let is_recent = |told: &&Told| told.ended.elapsed().is_ok_and(|age| age < RECENT);
        for tried in last.iter().take_while(is_recent).flat_map(Told::tried) {
            let Some(failed) = is_failure(&tried.outcome.to_string()) else { continue };
            let attempts = recent.entry(tried.alias).or_default();
            let attempts = attempts.entry(tried.provider).or_default();
            attempts.all += 1;
            attempts.failed += u32::from(failed);
            attempts.times.extend(tried.took().filter(|_| !failed));
        }
        let all = recent.values_mut().flat_map(HashMap::values_mut);
        all.for_each(|attempts| attempts.times.sort_unstable());
        Self(recent)
    }

    pub(super) fn get(&self, pool: &Pool, provider: &Provider) -> Option<&Attempts> {
        self.0.get(pool.shown())?.get(provider.shown())
    }

    /// Whether a provider takes a multiple of what the fastest one of its tier takes.
    pub(super) fn slow<'p>(&self, pool: &'p Pool, provider: &Provider) -> Option<Slow<'p>> {
        let own = self.get(pool, provider)?.typical().filter(|own| *own >= NOTICED)?;
        let peers = pool.providers.iter().filter(|it| it.tier == provider.tier);
        let times = peers.filter_map(|it| Some((self.get(pool, it)?.typical()?, it.shown())));
        let (others, other) = times.min()?;
        (others * MULTIPLE <= own).then_some(Slow { own, other, others })
    }
}

impl Attempts {
    /// The median of its times, if it has answered at all.
    pub(super) fn median(&self) -> Option<Duration> {
        self.times.get(self.times.len() / 2).copied()
    }

    /// The median of enough times to compare.
    fn typical(&self) -> Option<Duration> {
        self.median().filter(|_| self.times.len() >= ENOUGH)
    }
}

impl Slow<'_> {
    /// In words, behind the state.
    pub(super) fn words(&self) -> String {
        let Self { own, other, others } = self;
        let (own, others) = (own.as_secs_f64(), others.as_secs_f64());
        format!("; slow: {own:.1} s to its first byte, {others:.1} s at {other}")
    }
}

/// Older attempts say nothing about the current state.
const RECENT: Duration = Duration::from_secs(300);
/// So many answers are compared at least.
const ENOUGH: usize = 5;
/// Slow is so many times as long as another one,
const MULTIPLE: u32 = 5;
/// and so long at least.
const NOTICED: Duration = Duration::from_secs(1);
