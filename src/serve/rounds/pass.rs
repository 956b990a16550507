//! Who is next inside one pool: the tiers, who is passed over and why, and the strategy's choice
//! among the rest.
//!
//! It makes no attempt; it sleeps only before a provider is tried again.

use std::time::Duration;

use rand::Rng;
use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use super::{budget::Budget, spent::Notes};
use crate::{
    choose::{self, Candidate},
    live::{Entry, Extra, Limited, Permit, State},
    protocol::{Endpoint, Operation},
    refusal::{Refusal, Whose},
    serve::{
        admit::{self, Permits},
        affinity,
        record::{Asked, Record, Step},
    },
    table::{Pool, PoolId, Provider},
    upstream::request::Inbound,
};

/// Who is tried, and what the attempt holds.
pub(in crate::serve) struct Chosen<'a> {
    pub asked: Asked,
    pub provider: &'a Provider,
    pub permit: Permit,
    pub entry: Entry,
    pub extra: Option<Extra>,
}

/// Where the loop stands in one pool.
pub(super) struct Pass<'a> {
    pub id: PoolId,
    pub pool: &'a Pool,
    /// This pool's own, if it has taken over from another.
    permit: Option<Permit>,
    /// Providers that are out for the rest of this pass.
    out: SmallVec<[bool; 8]>,
    /// Providers that were tried in any pass.
    tried: SmallVec<[bool; 8]>,
    attempts: u32,
    attempts_in_pass: u32,
    repetitions: u32,
    slept: Duration,
    /// What the request has in common with others, for `sticky`.
    key: u64,
    /// The prompt is certain to have more tokens than this.
    longer_than: u64,
    /// What only providers of some protocols can serve.
    particular: Option<&'a Endpoint>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(id: PoolId, pool: &'a Pool, inbound: &'a Inbound) -> Self {
        let providers = pool.providers.len();
        let particular = inbound
            .endpoint
            .as_ref()
            .filter(|endpoint| matches!(endpoint.operation, Operation::Embed | Operation::Native));
        // A batch is many prompts, each of which may fit.
        let measures = pool.has_windows && particular.is_none();
        Self {
            id,
            pool,
            permit: None,
            out: smallvec![false; providers],
            tried: smallvec![false; providers],
            attempts: 0,
            attempts_in_pass: 0,
            repetitions: 0,
            slept: Duration::ZERO,
            key: pool.sticky.as_ref().map_or(0, |by| affinity::key(by, inbound)),
            longer_than: if measures { affinity::certain_tokens(inbound) } else { 0 },
            particular,
        }
    }

    pub(super) fn taking_over(
        id: PoolId,
        pool: &'a Pool,
        inbound: &'a Inbound,
        permit: Permit,
    ) -> Self {
        Self { permit: Some(permit), ..Self::new(id, pool, inbound) }
    }

    /// The next to try; `None` when this pool is spent.
    pub(super) async fn next(
        &mut self,
        budget: &Budget,
        notes: &mut Notes,
        record: &mut Record,
    ) -> Result<Option<Chosen<'a>>, Refusal> {
        let mut now = Instant::now();
        while self.attempts < self.pool.fallback.max_attempts && !budget.is_spent(now) {
            let Some(at) = self.choose(now, notes, record) else {
                if self.attempts_in_pass == 0 {
                    break;
                }
                self.begin_pass();
                continue;
            };
            if self.tried[at] {
                if !self.wait(at, budget, now).await {
                    break;
                }
                now = Instant::now();
            }
            let entry = match self.pool.providers[at].live.enter(now) {
                Ok(entry) => entry,
                // Somebody was quicker to take the trial.
                Err(state) => {
                    self.rests(at, state, now, notes, record);
                    continue;
                }
            };
            match self.pool.providers[at].limits.admit() {
                Ok(permit) => return Ok(Some(self.chosen(at, entry, permit))),
                Err(limited) => self.limited(at, limited, notes, record)?,
            }
        }
        Ok(None)
    }

    /// The provider is asked although it rests.
    pub(super) fn insist(&mut self, at: usize) -> Result<Chosen<'a>, Refusal> {
        let entry = self.pool.providers[at].live.enter_resting(Instant::now());
        let permit = self.pool.providers[at].limits.admit();
        let permit = permit.map_err(|limited| admit::refusal(limited, Whose::Provider))?;
        Ok(self.chosen(at, entry, permit))
    }

    /// One that was not tried yet and may be asked at this moment; what is in the way of the others
    /// is nobody's business, since none of them is needed.
    pub(super) fn beside(&mut self, now: Instant) -> Option<Chosen<'a>> {
        let mut candidates: SmallVec<[Candidate; 8]> = SmallVec::new();
        for (at, provider) in self.pool.providers.iter().enumerate() {
            if self.tried[at] || self.out[at] {
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
        let at = candidates[chosen].index;
        let entry = self.pool.providers[at].live.enter(now).ok()?;
        let permit = self.pool.providers[at].limits.admit().ok()?;
        Some(self.chosen(at, entry, permit))
    }

    /// A provider has refused the prompt for its length: only larger ones are left.
    pub(super) fn refused_for_length(&mut self, provider: &Provider) {
        self.longer_than = self.longer_than.max(provider.context_window.unwrap_or(0));
    }

    /// What an answer of this pool holds.
    pub(super) fn permits(&mut self, own: Permit) -> Permits {
        let mut permits = Permits::new();
        permits.push(own);
        permits.extend(self.permit.take());
        permits
    }

    fn chosen(&mut self, at: usize, entry: Entry, permit: Permit) -> Chosen<'a> {
        self.attempts += 1;
        self.attempts_in_pass += 1;
        self.tried[at] = true;
        self.out[at] = !self.pool.fallback.with_replacement;
        let provider = &self.pool.providers[at];
        Chosen { asked: self.asked(at), provider, permit, entry, extra: None }
    }

    /// Draws from the lowest tier that still has someone.
    fn choose(&mut self, now: Instant, notes: &mut Notes, record: &mut Record) -> Option<usize> {
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
        if self.particular.is_some_and(|endpoint| !endpoint.is_served_by(provider.protocol)) {
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

    fn rests(
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

    /// A provider's own limit sends the request on only where the pool says so.
    fn limited(
        &mut self,
        at: usize,
        limited: Limited,
        notes: &mut Notes,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let fallback = &self.pool.fallback;
        record.trail.push(self.asked(at), Step::Limited);
        if !(fallback.enabled && fallback.on_rate_limit) {
            return Err(admit::refusal(limited, Whose::Provider));
        }
        self.out[at] = true;
        notes.limited(limited);
        Ok(())
    }

    fn begin_pass(&mut self) {
        self.out.fill(false);
        self.attempts_in_pass = 0;
    }

    /// Sleeps before a provider is tried again, unless its limit will pass it over anyway; `false`
    /// when there is no time left for it.
    async fn wait(&mut self, at: usize, budget: &Budget, now: Instant) -> bool {
        if self.pool.providers[at].limits.limited().is_some() {
            return true;
        }
        let chance = rand::rng().random();
        let Some(wait) = self.pool.fallback.wait(self.repetitions, chance, self.slept) else {
            return false;
        };
        if budget.left(now).is_some_and(|left| wait >= left) {
            return false;
        }
        self.repetitions += 1;
        self.slept += wait;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        true
    }

    fn asked(&self, at: usize) -> Asked {
        Asked { pool: self.id, provider: at as u32 }
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
