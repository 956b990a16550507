//! Chooses the next provider: the view excludes some, the strategy chooses among the rest, and the
//! trail records the excluded ones.
//!
//! It takes nothing; the chosen provider is not entered yet.

use smallvec::SmallVec;
use tokio::time::Instant;

use super::Pass;
use crate::{
    choose::Candidate,
    live::State,
    record::{Outcome, Record, outcome::Rest, trail::AT_ONCE},
    serve::rounds::view::{self, Obstacle},
    table::{Provider, policy::Missed},
};

impl Pass<'_> {
    /// Chooses from the lowest tier with an available provider.
    pub(super) fn choose(&mut self, now: Instant, record: &mut Record) -> Option<usize> {
        if let [only] = &*self.pool.providers {
            return self.only(only, now, record);
        }
        if self.spared.is_some()
            && let Some(chosen) = self.choose_sparing(now, record)
        {
            return Some(chosen);
        }
        self.choose_among(now, record)
    }

    pub(super) fn choose_among(&mut self, now: Instant, record: &mut Record) -> Option<usize> {
        loop {
            let tier = view::tier(self.pool, &self.needs, &self.out, now)?;
            for (at, obstacle) in tier.passed_over {
                self.pass_over(at, obstacle, now, record);
            }
            if tier.candidates.is_empty() {
                continue;
            }
            let chosen = view::chosen(self.pool, &tier.candidates, self.key);
            if self.pool.in_definition_order
                && let Err(obstacle) = view::verdict(&self.pool.providers[chosen], &self.needs, now)
            {
                self.pass_over(chosen, obstacle, now, record);
                continue;
            }
            return Some(chosen);
        }
    }

    /// The only provider of a pool: no list of candidates is needed.
    fn only(&mut self, provider: &Provider, now: Instant, record: &mut Record) -> Option<usize> {
        if self.out[0] {
            return None;
        }
        let obstacle = view::verdict(provider, &self.needs, now).err();
        if let Some(obstacle) = obstacle {
            self.pass_over(0, obstacle, now, record);
        }
        obstacle.is_none().then_some(0)
    }

    /// An untried, healthy and available provider. Excluded ones are not recorded, since none of
    /// them is needed.
    pub(in crate::serve::rounds) fn beside(&self, now: Instant) -> Option<usize> {
        let mut candidates: SmallVec<[Candidate; 8]> = SmallVec::new();
        for (at, provider) in self.pool.providers.iter().enumerate() {
            if self.tried[at] || self.out[at] || provider.live.last_attempt_failed() {
                continue;
            }
            if let Ok(factor) = view::verdict(provider, &self.needs, now) {
                candidates.push(view::candidate(self.pool, at, &self.needs, factor, now));
            }
        }
        let tier = |one: &Candidate| self.pool.providers[one.index].tier;
        let lowest = candidates.iter().map(tier).min()?;
        candidates.retain(|one| tier(one) == lowest);
        Some(view::chosen(self.pool, &candidates, self.key))
    }

    fn pass_over(&mut self, at: usize, obstacle: Obstacle, now: Instant, record: &mut Record) {
        let (outcome, again_in) = match obstacle {
            Obstacle::Rests(state) => return self.rests(at, state, now, record),
            Obstacle::Excluded => {
                self.out[at] = true;
                if let Some(missed) = self.needs.missed_by(&self.pool.providers[at]) {
                    let outcome = match missed {
                        Missed::Label(_) => Outcome::Excluded,
                        Missed::Capability(_) => Outcome::Lacking,
                    };
                    record.trail.excluded(self.provider_ref(at), outcome, missed.refusal());
                }
                return;
            }
            Obstacle::Unfit => (Outcome::Unfit, None),
            Obstacle::Spent(limited) => (Outcome::Limited(limited), limited.wait()),
            Obstacle::TooSmall(window) => (Outcome::TooSmall(window), None),
        };
        self.out[at] = true;
        // One that has refused the prompt's length was not passed over.
        if !matches!(outcome, Outcome::TooSmall(_)) || !self.tried[at] {
            record.trail.passed_over(self.provider_ref(at), outcome, again_in);
        }
    }

    pub(super) fn rests(&mut self, at: usize, state: State, now: Instant, record: &mut Record) {
        self.out[at] = true;
        let (rest, again_in) = match state {
            State::Resting { until, reason } => {
                let again_in = until.saturating_duration_since(now);
                (Rest::Until(until), (!reason.is_open_ended()).then_some(again_in))
            }
            State::HalfOpen { .. } => (Rest::Trial, Some(AT_ONCE)),
            State::Unhealthy { .. } | State::Ready { .. } => (Rest::Unknown, Some(AT_ONCE)),
            State::Drained => (Rest::Drained, None),
        };
        let (provider, outcome) = (self.provider_ref(at), Outcome::Cooling(rest));
        record.trail.passed_over(provider, outcome, again_in);
    }
}
