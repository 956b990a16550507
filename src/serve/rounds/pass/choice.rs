//! Who may be asked at this moment, who is passed over and why, and the strategy's choice among the
//! rest.
//!
//! It takes nothing: who is chosen has not been entered yet.

use smallvec::SmallVec;
use tokio::time::Instant;

use super::Pass;
use crate::{
    choose::{self, Candidate},
    live::State,
    serve::{
        record::{Record, Step},
        rounds::spent::Notes,
    },
    table::Provider,
    upstream::request,
};

impl Pass<'_> {
    /// Draws from the lowest tier that still has someone.
    pub(super) fn choose(
        &mut self,
        now: Instant,
        notes: &mut Notes,
        record: &mut Record,
    ) -> Option<usize> {
        loop {
            let waiting = || self.pool.providers.iter().zip(&self.out).filter(|(_, out)| !**out);
            let tier = waiting().map(|(provider, _)| provider.tier).min()?;
            let mut candidates: SmallVec<[Candidate; 8]> = SmallVec::new();
            let mut obstacles: SmallVec<[(usize, Obstacle); 4]> = SmallVec::new();
            for (at, provider) in self.pool.providers.iter().enumerate() {
                if self.out[at] || provider.tier != tier {
                    continue;
                }
                let obstacle = self.obstacle(provider, now);
                match obstacle {
                    Err(obstacle) if !self.pool.in_definition_order => {
                        obstacles.push((at, obstacle));
                    }
                    Err(_) => candidates.push(candidate(at, provider, 1.0, now)),
                    Ok(factor) => candidates.push(candidate(at, provider, factor, now)),
                }
            }
            for (at, obstacle) in obstacles {
                self.pass_over(at, obstacle, now, notes, record);
            }
            if candidates.is_empty() {
                continue;
            }
            self.steer(&mut candidates, now);
            let chosen = match candidates.as_slice() {
                [only] => only.index,
                _ => {
                    let strategy = &*self.pool.strategy;
                    candidates[choose::next(strategy, &candidates, self.key, &mut rand::rng())]
                        .index
                }
            };
            if self.pool.in_definition_order
                && let Err(obstacle) = self.obstacle(&self.pool.providers[chosen], now)
            {
                self.pass_over(chosen, obstacle, now, notes, record);
                continue;
            }
            return Some(chosen);
        }
    }

    /// Leaves out who is better left alone, as long as somebody else is there. To leave the first
    /// of a `priority` tier is to fall back, so for a full one the rules on limits decide; one that
    /// is about to answer 429 is left where its 429 would be followed by the next anyway.
    fn steer(&self, candidates: &mut SmallVec<[Candidate; 8]>, now: Instant) {
        if candidates.len() < 2 {
            return;
        }
        let provider = |candidate: &Candidate| &self.pool.providers[candidate.index];
        if !self.pool.in_definition_order {
            keep_if_any(candidates, |one| provider(one).limits.has_room());
        }
        if !self.pool.in_definition_order || self.pool.fallback.enabled {
            keep_if_any(candidates, |one| !provider(one).live.headroom().is_low(now));
        }
    }

    /// What is in the way of asking a provider now, or the factor on its weight.
    fn obstacle(&self, provider: &Provider, now: Instant) -> Result<f32, Obstacle> {
        if self.particular.is_some_and(|endpoint| !endpoint.is_served_by(provider.protocol))
            || request::names_another(self.inbound, provider)
        {
            return Err(Obstacle::Unfit);
        }
        match provider.context_window {
            Some(window) if window <= self.longer_than => return Err(Obstacle::TooSmall),
            _ => {}
        }
        match provider.live.state(now) {
            State::Ready { factor } => Ok(factor),
            State::HalfOpen { busy: false } => Ok(1.0),
            state => Err(Obstacle::Rests(state)),
        }
    }

    /// One that was not tried yet, is well and may be asked at this moment; what is in the way of the
    /// others is nobody's business, since none of them is needed.
    pub(in crate::serve::rounds) fn beside(&self, now: Instant) -> Option<usize> {
        let mut candidates: SmallVec<[Candidate; 8]> = SmallVec::new();
        for (at, provider) in self.pool.providers.iter().enumerate() {
            if self.tried[at] || self.out[at] || provider.live.is_ailing() {
                continue;
            }
            if let Ok(factor) = self.obstacle(provider, now) {
                candidates.push(candidate(at, provider, factor, now));
            }
        }
        let tier = |one: &Candidate| self.pool.providers[one.index].tier;
        let lowest = candidates.iter().map(tier).min()?;
        candidates.retain(|one| tier(one) == lowest);
        let strategy = &*self.pool.strategy;
        let chosen = choose::next(strategy, &candidates, self.key, &mut rand::rng());
        Some(candidates[chosen].index)
    }

    fn pass_over(
        &mut self,
        at: usize,
        obstacle: Obstacle,
        now: Instant,
        notes: &mut Notes,
        record: &mut Record,
    ) {
        match obstacle {
            Obstacle::Rests(state) => self.rests(at, state, now, notes, record),
            Obstacle::Unfit => {
                self.out[at] = true;
                record.trail.passed_over(self.asked(at), Step::Unfit);
            }
            Obstacle::TooSmall => {
                self.out[at] = true;
                if !self.tried[at] {
                    record.trail.passed_over(self.asked(at), Step::TooSmall);
                }
                notes.too_small(self.asked(at), self.pool.providers[at].context_window);
            }
        }
    }

    pub(super) fn rests(
        &mut self,
        at: usize,
        state: State,
        now: Instant,
        notes: &mut Notes,
        record: &mut Record,
    ) {
        self.out[at] = true;
        record.trail.passed_over(self.asked(at), Step::Cooling);
        notes.rests(self.asked(at), state, now);
    }
}

/// Why a provider is passed over.
enum Obstacle {
    Rests(State),
    TooSmall,
    Unfit,
}

fn keep_if_any(candidates: &mut SmallVec<[Candidate; 8]>, keep: impl Fn(&Candidate) -> bool) {
    if candidates.iter().any(&keep) {
        candidates.retain(|candidate| keep(candidate));
    }
}

fn candidate(index: usize, provider: &Provider, factor: f32, now: Instant) -> Candidate {
    Candidate {
        index,
        weight: provider.weight,
        factor,
        in_flight: provider.limits.in_flight(),
        latency: provider.live.latency().seconds(now),
        identity: provider.live.identity(),
    }
}
