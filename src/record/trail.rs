//! Every provider that was asked or passed over, in order, with the reason. The last resort and the
//! final refusal are pure functions of it.
//!
//! It refers to providers by their place in the table.

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::outcome::{Outcome, Rest};
use crate::{
    live::Limited,
    protocol::conversation::Usage,
    refusal::Refusal,
    table::{PoolId, ProviderRef},
};

/// The steps: providers, and pools without room.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    steps: SmallVec<[Step; 2]>,
    full: Vec<FullPool>,
    /// Why the provider that was looked at last cannot be given the request at all.
    unfit: Option<Box<Refusal>>,
    /// The tokens of attempts that failed and told them all the same, by the place of the step.
    spent: Vec<(usize, Usage)>,
    /// Attempts that have begun and not ended: a second one is a hedge.
    under_way: [Option<(ProviderRef, Instant)>; 2],
}

/// One provider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// The provider.
    pub(crate) provider: ProviderRef,
    /// Its result.
    pub(crate) outcome: Outcome,
    /// When it was asked; absent where it was passed over.
    pub(crate) asked: Option<Asked>,
    /// How soon it may work again, counted from this step, where that is known.
    pub(crate) again_in: Option<Duration>,
}

/// The time of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// When it began.
    pub(crate) started: Instant,
    /// To its answer's first byte, or to its failure.
    pub(crate) took: Duration,
}

/// A pool that should have taken over but had no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FullPool {
    pool: PoolId,
    limited: Limited,
    /// So many steps came before.
    after: usize,
}

impl Trail {
    /// An attempt begins.
    pub(crate) fn begins(&mut self, provider: ProviderRef, started: Instant) {
        if let Some(free) = self.under_way.iter_mut().find(|it| it.is_none()) {
            *free = Some((provider, started));
        }
    }

    /// One that has begun and not ended.
    pub(crate) fn under_way(&self) -> Option<(ProviderRef, Instant)> {
        self.under_way.iter().flatten().next().copied()
    }

    fn ends(&mut self, provider: ProviderRef) {
        let is_its = |it: &Option<_>| matches!(it, Some((its, _)) if *its == provider);
        if let Some(its) = self.under_way.iter_mut().find(|it| is_its(it)) {
            *its = None;
        }
    }

    /// Adds an attempt that has ended.
    pub(crate) fn asked(
        &mut self,
        provider: ProviderRef,
        outcome: Outcome,
        asked: Asked,
        again_in: Option<Duration>,
    ) {
        self.ends(provider);
        self.steps.push(Step { provider, outcome, asked: Some(asked), again_in });
    }

    /// The attempt that has ended last has told its tokens, and its answer is not passed on.
    pub(crate) fn spent(&mut self, usage: Usage) {
        self.spent.push((self.steps.len().saturating_sub(1), usage));
    }

    /// The tokens of attempts whose answers were not passed on, by the place of the step.
    pub(crate) fn all_spent(&self) -> &[(usize, Usage)] {
        &self.spent
    }

    /// Adds that the request was sent again, before all that ended later.
    pub(crate) fn resent(&mut self, provider: ProviderRef, asked: Asked) {
        let ended = asked.started + asked.took;
        let is_later = |step: &Step| step.asked.is_some_and(|it| it.started + it.took > ended);
        let at = self.steps.iter().rposition(|step| !is_later(step)).map_or(0, |last| last + 1);
        let step = Step { provider, outcome: Outcome::Resent, asked: Some(asked), again_in: None };
        self.steps.insert(at, step);
        self.spent.iter_mut().filter(|(nth, _)| *nth >= at).for_each(|(nth, _)| *nth += 1);
    }

    /// Adds an attempt that was still under way when the failure of the last one was the end.
    pub(crate) fn cut_off(&mut self, provider: ProviderRef, asked: Asked, told: Option<Usage>) {
        self.ends(provider);
        let step = Step { provider, outcome: Outcome::Hedged, asked: Some(asked), again_in: None };
        let at = self.steps.len().saturating_sub(1);
        self.steps.insert(at, step);
        self.spent.iter_mut().filter(|(nth, _)| *nth >= at).for_each(|(nth, _)| *nth += 1);
        self.spent.extend(told.map(|usage| (at, usage)));
    }

    /// Adds that a provider's own limit was in the way.
    pub(crate) fn limited(&mut self, provider: ProviderRef, limited: Limited) {
        let outcome = Outcome::Limited(limited);
        self.steps.push(Step { provider, outcome, asked: None, again_in: limited.wait() });
    }

    /// Adds that a provider was passed over: once for each kind of reason, with the newest facts.
    pub(crate) fn passed_over(
        &mut self,
        provider: ProviderRef,
        outcome: Outcome,
        again_in: Option<Duration>,
    ) {
        let kind = std::mem::discriminant(&outcome);
        let is_same = |step: &&mut Step| {
            step.provider == provider && std::mem::discriminant(&step.outcome) == kind
        };
        match self.steps.iter_mut().find(is_same) {
            Some(step) => {
                step.outcome = outcome;
                step.again_in = sooner(step.again_in, again_in);
            }
            None => self.steps.push(Step { provider, outcome, asked: None, again_in }),
        }
    }

    /// Adds a provider whose protocol cannot express the request.
    pub(crate) fn unfit(&mut self, provider: ProviderRef, refusal: Refusal) {
        self.passed_over(provider, Outcome::Unfit, None);
        self.unfit = Some(Box::new(refusal));
    }

    /// Adds that a provider is not as required, or lacks what is needed.
    pub(crate) fn excluded(&mut self, provider: ProviderRef, outcome: Outcome, refusal: Refusal) {
        self.passed_over(provider, outcome, None);
        self.unfit = Some(Box::new(refusal));
    }

    /// The limit of a provider has been waited for: it is not in the way any more.
    pub(crate) fn waited_for(&mut self, provider: ProviderRef) {
        self.remove(|step| {
            step.provider == provider && matches!(step.outcome, Outcome::Limited(_))
        });
    }

    fn remove(&mut self, is_its: impl Fn(&Step) -> bool) {
        while let Some(at) = self.steps.iter().position(&is_its) {
            self.steps.remove(at);
            self.spent.iter_mut().filter(|(nth, _)| *nth > at).for_each(|(nth, _)| *nth -= 1);
            self.full.iter_mut().filter(|full| full.after > at).for_each(|full| full.after -= 1);
        }
    }

    /// The same for a pool that was to take over.
    pub(crate) fn waited_for_pool(&mut self, pool: PoolId) {
        self.remove(|step| step.provider.pool == pool && step.outcome == Outcome::PoolLimited);
        self.full.retain(|full| full.pool != pool);
    }

    /// The pools that should have taken over but had no room.
    pub(crate) fn full_pools(&self) -> impl Iterator<Item = PoolId> + '_ {
        self.full.iter().map(|full| full.pool)
    }

    /// Adds a pool that should have taken over but had no room, with so many providers.
    pub(crate) fn pool_limited(&mut self, pool: PoolId, limited: Limited, providers: u32) {
        self.full.push(FullPool { pool, limited, after: self.steps.len() });
        for provider in 0..providers {
            self.passed_over(ProviderRef { pool, provider }, Outcome::PoolLimited, None);
        }
    }

    /// The trials that were waited for have ended.
    pub(crate) fn trials_ended(&mut self) {
        for step in &mut self.steps {
            if step.outcome == Outcome::Cooling(Rest::Trial) {
                step.outcome = Outcome::Cooling(Rest::Over);
            }
        }
    }

    /// The trials take longer than a request waits: the first of them may be asked all the same.
    pub(crate) fn trials_undecided(&mut self) {
        let first = self.on_trial().next();
        self.trials_ended();
        if let Some(first) = first {
            self.passed_over(first, Outcome::Cooling(Rest::Unknown), None);
        }
    }

    /// The results of all providers.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The results of the providers that were asked.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = Outcome> + Clone + '_ {
        self.steps.iter().map(|step| step.outcome).filter(|outcome| outcome.is_attempt())
    }

    /// The soonest moment at which one of them may work again, counted from its step.
    pub(crate) fn soonest(&self) -> Option<Duration> {
        let providers = self.steps.iter().filter_map(|step| step.again_in);
        providers.chain(self.full.iter().filter_map(|full| full.limited.wait())).min()
    }

    /// The limit of the router that was in the way last.
    pub(crate) fn last_limit(&self) -> Option<Limited> {
        let limited = |(at, step): (usize, &Step)| match step.outcome {
            Outcome::Limited(limited) => Some((at, limited)),
            _ => None,
        };
        let provider = self.steps.iter().enumerate().rev().find_map(limited);
        match (provider, self.full.last()) {
            (Some((at, limited)), Some(full)) if at >= full.after => Some(limited),
            (_, Some(full)) => Some(full.limited),
            (provider, None) => provider.map(|(_, limited)| limited),
        }
    }

    /// The limit of the router that admits again first.
    pub(crate) fn nearest_limit(&self) -> Option<Limited> {
        let of_provider = |step: &Step| match step.outcome {
            Outcome::Limited(limited) => Some(limited),
            _ => None,
        };
        let of_pools = self.full.iter().map(|full| full.limited);
        let all = self.steps.iter().filter_map(of_provider).chain(of_pools);
        all.min_by_key(|limited| limited.wait().unwrap_or(Duration::MAX))
    }

    /// The refusal of what was asked, where no provider that was looked at can be given it, rested or not.
    pub(crate) fn unfit_for_all(&self) -> Option<Refusal> {
        let is_unfit = |step: &Step| {
            let same = |other: &Step| other.provider == step.provider;
            let is_out = |other: &Step| {
                matches!(other.outcome, Outcome::Unfit | Outcome::Excluded | Outcome::Lacking)
            };
            self.steps.iter().any(|other| same(other) && is_out(other))
        };
        let mut steps =
            self.steps.iter().filter(|it| it.outcome != Outcome::PoolLimited).peekable();
        let all = steps.peek().is_some() && steps.all(is_unfit);
        let refusal = || self.unfit.as_deref().cloned().unwrap_or(Refusal::UnsupportedEndpoint);
        all.then(refusal)
    }

    /// The provider to ask when each rests or seems too small: the one whose rest ends soonest, else
    /// the one that takes most.
    pub(crate) fn last_resort(&self) -> Option<ProviderRef> {
        let rest = |step: &Step| match step.outcome {
            Outcome::Cooling(Rest::Until(until)) => Some((false, Some(until), step.provider)),
            Outcome::Cooling(Rest::Unknown) => Some((true, None, step.provider)),
            _ => None,
        };
        let resting = self.steps.iter().filter_map(rest);
        if let Some((.., provider)) = resting.min_by_key(|&(unknown, until, _)| (unknown, until)) {
            return Some(provider);
        }
        let window = |step: &Step| match step.outcome {
            Outcome::TooSmall(window) => Some((window, step.provider)),
            _ => None,
        };
        let windows = self.steps.iter().filter_map(window);
        let largest = windows.reduce(|most, other| if other.0 > most.0 { other } else { most });
        largest.map(|(_, provider)| provider)
    }

    /// The providers that would refuse the same request again.
    pub(crate) fn refused_for_good(&self) -> impl Iterator<Item = ProviderRef> + '_ {
        let refused = |step: &&Step| match step.outcome {
            Outcome::Failed(failure) => failure.class.is_lasting(),
            _ => false,
        };
        self.steps.iter().filter(refused).map(|step| step.provider)
    }

    /// The providers whose trial is under way.
    pub(crate) fn on_trial(&self) -> impl Iterator<Item = ProviderRef> + '_ {
        let on_trial = |step: &&Step| step.outcome == Outcome::Cooling(Rest::Trial);
        self.steps.iter().filter(on_trial).map(|step| step.provider)
    }

    /// The pools that it names.
    pub(crate) fn pools(&self) -> impl Iterator<Item = PoolId> + '_ {
        self.steps.iter().map(|step| step.provider.pool)
    }

    /// Whether no provider and no pool was looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.full.is_empty()
    }
}

fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// When to come back after what says nothing of it.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);
