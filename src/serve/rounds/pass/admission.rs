//! The limits of a provider: taken, awaited, or exceeded.

use std::sync::atomic::AtomicBool;

use tokio::time::Instant;

use super::Pass;
use crate::{
    live::{Hold, Lane, Limited, Waiter},
    record::{Outcome, Record, Trail},
    refusal::{Refusal, Whose},
    serve::{
        permits, sharing,
        waiting::{self, Taken},
    },
};

impl Pass<'_> {
    /// Takes the limits of a provider, if no other request waits for them. A reservation of tokens
    /// and money is returned if the limits on requests refuse.
    pub(super) fn admit(&self, at: usize) -> Result<Taken, Limited> {
        if let Some(queue) = self.pool.providers[at].live.queue() {
            queue.may_pass()?;
        }
        let hold = self.hold_at(at)?;
        Ok((self.pool.providers[at].limits.admit()?, hold))
    }

    /// The same, but waits until it is known what replicas share.
    pub(super) async fn admit_when_known(&self, at: usize) -> Result<Taken, Limited> {
        let (mut taken, mut times) = (self.admit(at), 0);
        while sharing::again_at(&taken, &mut times) {
            // Boxed, since few files share their limits.
            let provider = &self.pool.providers[at];
            Box::pin(sharing::ready_at(self.pool, provider, self.inbound)).await;
            taken = self.admit(at);
        }
        taken
    }

    /// Reserves what an answer of a provider will probably use of its tokens and money.
    fn hold_at(&self, at: usize) -> Result<Option<Hold>, Limited> {
        let Some(demand) = &self.inbound.demand else { return Ok(None) };
        let provider = &self.pool.providers[at];
        permits::hold_at(&provider.limits, || demand.at(self.pool, provider))
    }

    /// Takes the limits in turn with waiting requests.
    pub(super) async fn admit_in_turn(
        &self,
        at: usize,
        (lane, until): (Lane, Option<Instant>),
        record: &mut Record,
    ) -> Result<Taken, Refusal> {
        let limited = match self.admit_when_known(at).await {
            Ok(taken) => return Ok(taken),
            Err(limited) => limited,
        };
        let provider = &self.pool.providers[at];
        let Some(queue) = provider.live.queue() else {
            return Err(permits::refusal(limited, Whose::Provider));
        };
        let demand = self.inbound.demand.as_deref();
        let amount = demand.map(|demand| demand.at(self.pool, provider));
        let served = AtomicBool::new(false);
        record.begins_to_wait();
        let waited = waiting::wait(queue, Waiter { lane, until, served: &served }, amount).await;
        record.ends_to_wait();
        waited.map_err(|turned| waiting::refusal(turned, Whose::Provider))
    }

    /// A provider's own limit on requests falls back only if the pool says so, or if it has a
    /// queue; then free providers come first. A limit on tokens or money always falls back.
    pub(super) fn limited(
        &mut self,
        at: usize,
        limited: Limited,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let fallback = &self.pool.fallback;
        record.trail.limited(self.provider_ref(at), limited);
        let is_spent = matches!(limited, Limited::Tokens(_) | Limited::Budget(_));
        let waits = self.pool.providers[at].live.queue().is_some();
        if !(is_spent || waits || fallback.enabled && fallback.on_rate_limit) {
            return Err(permits::refusal(limited, Whose::Provider));
        }
        self.out[at] = true;
        Ok(())
    }

    /// Whether another attempt may be made at a provider that was not asked yet.
    pub(in crate::serve::rounds) fn may_ask(&self, at: usize) -> bool {
        !self.tried[at] && self.attempts < self.pool.fallback.max_attempts + self.stayed
    }

    /// Whether a provider was passed over because of a limit with a queue.
    pub(in crate::serve::rounds) fn awaits(&self, trail: &Trail) -> bool {
        trail.steps().iter().any(|step| {
            let at = step.provider.provider as usize;
            matches!(step.outcome, Outcome::Limited(_))
                && step.provider.pool == self.id
                && self.pool.providers[at].live.queue().is_some()
                && self.may_ask(at)
        })
    }
}
