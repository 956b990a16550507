//! The state of every candidate of a pool for a request at this moment: pure functions of the
//! table, the live state and the time. Choosing and `explain` both use it.
//!
//! Limits and health are read, not taken.

#[cfg(test)]
mod tests;

use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use crate::{
    choose::{self, Candidate},
    live::Limited,
    live::State,
    protocol::{Endpoint, conversation::Usage},
    table::{
        Pool, Provider,
        policy::{Missed, Required},
    },
    upstream::{inbound::Inbound, request},
};

/// What a request needs from a provider.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs<'a> {
    /// A lower bound of the prompt's tokens.
    pub(crate) longer_than: u64,
    /// The endpoint, if only some protocols can serve it.
    pub(crate) particular: Option<&'a Endpoint>,
    /// The requirements of the request, the pool and the alias that led to it.
    pub(crate) required: [Option<&'a Required>; 3],
    /// The request, if there is one, whose path may name a model.
    pub(crate) inbound: Option<&'a Inbound>,
}

/// Why a provider cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Obstacle {
    /// It does not meet the requirements.
    Excluded,
    /// It is in cooldown, or its probes fail.
    Rests(State),
    /// The prompt exceeds its context window, in tokens.
    TooSmall(u64),
    /// Its protocol cannot express the request.
    Unfit,
    /// Its own limit on tokens or money is reached.
    Spent(Limited),
}

/// The lowest tier of a pool with a provider left.
#[derive(Debug, Default)]
pub(crate) struct Tier {
    /// The candidates of the strategy. In definition order they include those with an obstacle,
    /// which are passed over at their turn.
    pub(crate) candidates: SmallVec<[Candidate; 8]>,
    /// Those passed over before the choice.
    pub(crate) passed_over: SmallVec<[(usize, Obstacle); 4]>,
}

impl Needs<'_> {
    /// What excludes the provider: a label, or a missing capability.
    pub(crate) fn missed_by(&self, provider: &Provider) -> Option<Missed<'_>> {
        let mut required = self.required.iter().flatten();
        required.find_map(|one| one.missed_by(&provider.facts))
    }
}

/// The factor on a provider's weight.
///
/// # Errors
/// Why it cannot be asked.
pub(crate) fn verdict(
    provider: &Provider,
    needs: &Needs<'_>,
    now: Instant,
) -> Result<f32, Obstacle> {
    if needs.missed_by(provider).is_some() {
        return Err(Obstacle::Excluded);
    }
    if needs.particular.is_some_and(|endpoint| !endpoint.is_served_by(provider.protocol))
        || needs.inbound.is_some_and(|inbound| request::names_another(inbound, provider))
    {
        return Err(Obstacle::Unfit);
    }
    match provider.context_window {
        Some(window) if window <= needs.longer_than => return Err(Obstacle::TooSmall(window)),
        _ => {}
    }
    if let Some(limited) = provider.limits.spent() {
        return Err(Obstacle::Spent(limited));
    }
    match provider.live.state(now) {
        State::Ready { factor } => Ok(factor),
        State::HalfOpen { busy: false } => Ok(1.0),
        state => Err(Obstacle::Rests(state)),
    }
}

/// The lowest tier with a provider left; `None` if all are out.
pub(crate) fn tier(pool: &Pool, needs: &Needs<'_>, out: &[bool], now: Instant) -> Option<Tier> {
    let waiting = || pool.providers.iter().zip(out).filter(|(_, out)| !**out);
    let lowest = waiting().map(|(provider, _)| provider.tier).min()?;
    let mut tier = Tier::default();
    for (at, provider) in pool.providers.iter().enumerate() {
        if out[at] || provider.tier != lowest {
            continue;
        }
        match verdict(provider, needs, now) {
            Err(obstacle) if !pool.in_definition_order => tier.passed_over.push((at, obstacle)),
            Err(_) => tier.candidates.push(candidate(pool, at, needs, 1.0, now)),
            Ok(factor) => tier.candidates.push(candidate(pool, at, needs, factor, now)),
        }
    }
    steer(pool, &mut tier.candidates, now);
    Some(tier)
}

/// A provider as a candidate of the strategy.
pub(crate) fn candidate(
    pool: &Pool,
    index: usize,
    needs: &Needs<'_>,
    factor: f32,
    now: Instant,
) -> Candidate {
    let provider = &pool.providers[index];
    Candidate {
        index,
        weight: provider.weight,
        factor,
        in_flight: provider.limits.in_flight(),
        latency: provider.live.latency().seconds(now),
        cost: if pool.by_cost { cost(provider, needs) } else { None },
        identity: provider.live.identity(),
    }
}

/// The cost of the request at a provider, in picodollars, with estimated input and typical output.
pub(crate) fn cost(provider: &Provider, needs: &Needs<'_>) -> Option<u64> {
    let input = match needs.inbound {
        Some(inbound) => inbound.input().tokens(provider.tokenizer_for(inbound.asked_name())),
        None => needs.longer_than.max(USUAL_INPUT),
    };
    let is_embed = needs.particular.is_some_and(|endpoint| endpoint.operation.is_embed());
    let output = if is_embed { 0 } else { USUAL_OUTPUT };
    provider.pricing.cost(Usage { input, output, ..Usage::default() }, None)
}

/// The providers that a request may ask first now; empty if a limit refuses it, or if all are
/// passed over.
pub(crate) fn first(pool: &Pool, needs: &Needs<'_>, now: Instant) -> SmallVec<[usize; 8]> {
    let mut out: SmallVec<[bool; 8]> = smallvec![false; pool.providers.len()];
    while let Some(tier) = tier(pool, needs, &out, now) {
        for (at, _) in tier.passed_over {
            out[at] = true;
        }
        let drawn = drawn(pool, &tier.candidates);
        let is_limited = |at: &usize| pool.providers[*at].limits.limited().is_some();
        let (obstructed, free): (SmallVec<[usize; 8]>, SmallVec<[usize; 8]>) =
            drawn.into_iter().partition(|at| verdict(&pool.providers[*at], needs, now).is_err());
        let (limited, asked): (SmallVec<[usize; 8]>, SmallVec<[usize; 8]>) =
            free.into_iter().partition(is_limited);
        if !asked.is_empty() {
            return asked;
        }
        let goes_on = pool.fallback.enabled && pool.fallback.on_rate_limit;
        if !limited.is_empty() && !goes_on {
            break;
        }
        for at in obstructed.into_iter().chain(limited) {
            out[at] = true;
        }
    }
    SmallVec::new()
}

/// The candidates that the strategy may choose: in definition order the first, otherwise all with
/// weight, or all if none has weight.
fn drawn(pool: &Pool, candidates: &[Candidate]) -> SmallVec<[usize; 8]> {
    let has_weight = candidates.iter().any(|candidate| candidate.weight > 0);
    let may = candidates.iter().filter(|candidate| candidate.weight > 0 || !has_weight);
    let cost = |candidate: &Candidate| candidate.cost.unwrap_or(u64::MAX);
    let least = may.clone().map(cost).min().unwrap_or_default();
    let may = may.filter(|candidate| !pool.by_cost || cost(candidate) == least);
    let most = if pool.in_definition_order { 1 } else { usize::MAX };
    may.take(most).map(|candidate| candidate.index).collect()
}

/// Removes candidates that should be spared as long as another is left. Leaving the first of a
/// `priority` tier is a fallback, so for a full provider the rules on limits decide. A provider
/// that will probably answer 429 is spared if its 429 would fall back anyway.
fn steer(pool: &Pool, candidates: &mut SmallVec<[Candidate; 8]>, now: Instant) {
    if candidates.len() < 2 {
        return;
    }
    let provider = |candidate: &Candidate| &pool.providers[candidate.index];
    if !pool.in_definition_order {
        keep_if_any(candidates, |one| provider(one).limits.has_room());
    }
    if !pool.in_definition_order || pool.fallback.enabled {
        keep_if_any(candidates, |one| !provider(one).live.headroom().is_low(now));
    }
}

fn keep_if_any(candidates: &mut SmallVec<[Candidate; 8]>, keep: impl Fn(&Candidate) -> bool) {
    if candidates.iter().any(&keep) {
        candidates.retain(|candidate| keep(candidate));
    }
}

/// The strategy's choice among candidates, which must not be empty.
pub(crate) fn chosen(pool: &Pool, candidates: &[Candidate], key: u64) -> usize {
    match candidates {
        [only] => only.index,
        _ => {
            let strategy = &*pool.strategy;
            candidates[choose::next(strategy, candidates, key, &mut rand::rng())].index
        }
    }
}

/// The assumed output of an answer, and of a request that does not exist.
const USUAL_OUTPUT: u64 = 500;
const USUAL_INPUT: u64 = 1_000;
