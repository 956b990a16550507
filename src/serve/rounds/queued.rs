//! Waits for limits of providers, and of pools that take over, when no other is free.
//!
//! It waits in all of their queues at once and takes the first that is free.

use std::{pin::Pin, sync::atomic::AtomicBool};

use tokio::time::Instant;

use super::{
    Rounds,
    pass::{Attempt, Pass},
};
use crate::{
    live::{Lane, Turned, Waiter, limit::window::Amount},
    record::{Outcome, Record},
    refusal::{Refusal, Whose},
    serve::waiting::{self, Taken},
    table::{PoolId, ProviderRef},
    upstream::{demand::Demand, inbound::Inbound},
};

/// The owner of a queue: a provider or a pool.
#[derive(Clone, Copy)]
enum Place {
    Provider(ProviderRef),
    Pool(PoolId),
}

/// The wait in one queue.
type Waiting<'w> =
    Pin<Box<dyn Future<Output = Result<(Place, Taken), (Place, Turned)>> + Send + 'w>>;

impl<'a> Rounds<'a> {
    /// Whether to wait for a provider of this pool before another pool takes over, because the pool
    /// does not fall back on limits.
    pub(super) fn must_wait(&self, record: &Record) -> bool {
        let rules = &self.pass.pool.fallback;
        let goes_on = rules.enabled && rules.on_rate_limit;
        !goes_on && self.pass.awaits(&record.trail) && self.can_wait(record)
    }

    /// Whether there is a queue to wait in.
    pub(super) fn can_wait(&self, record: &Record) -> bool {
        self.may_wait() && !self.places(record).is_empty()
    }

    fn may_wait(&self) -> bool {
        self.waits.as_ref().is_none_or(|waits| waits.turned.is_none())
    }

    /// Whether nothing was asked, and a failed wait does not fall back.
    pub(super) fn is_turned_away(&self) -> bool {
        let rules = &self.pass.pool.fallback;
        !self.may_wait() && self.budget.attempts == 0 && !(rules.enabled && rules.on_rate_limit)
    }

    /// The lane of the request in queues, and its deadline.
    pub(super) fn turn(&self) -> (Lane, Option<Instant>) {
        let now = Instant::now();
        let until = self.budget.left(now).map(|left| now + left);
        (waiting::lane(self.table, self.caller), until)
    }

    /// Waits for a limit, in turn with other requests; `None` means that the remaining providers
    /// are checked again.
    pub(super) async fn waited(
        &mut self,
        record: &mut Record,
    ) -> Result<Option<Box<Attempt<'a>>>, Refusal> {
        // Boxed, since few requests need this space.
        Box::pin(self.wait_in_turn(record)).await
    }

    async fn wait_in_turn(
        &mut self,
        record: &mut Record,
    ) -> Result<Option<Box<Attempt<'a>>>, Refusal> {
        let places = self.places(record);
        let (lane, until) = self.turn();
        let served = AtomicBool::new(false);
        let waits = places.iter().filter_map(|place| self.wait_at(*place, lane, until, &served));
        let waits: Vec<Waiting<'_>> = waits.collect();
        record.begins_to_wait();
        let waited = match waits.is_empty() {
            true => None,
            false => Some(futures_util::future::select_ok(waits).await.map(|(first, _)| first)),
        };
        record.ends_to_wait();
        let memory = self.waits.get_or_insert_default();
        match waited {
            None => Ok(None),
            Some(Err((place, turned))) => {
                let whose = match place {
                    Place::Provider(_) => Whose::Provider,
                    Place::Pool(_) => Whose::Pool,
                };
                memory.turned = Some(waiting::refusal(turned, whose));
                Ok(None)
            }
            Some(Ok((Place::Pool(id), taken))) => {
                record.trail.waited_for_pool(id);
                self.enter_pool(id, taken);
                Ok(None)
            }
            Some(Ok((Place::Provider(provider), taken))) => {
                memory.served.push(provider);
                record.trail.waited_for(provider);
                if !self.back_to(provider) {
                    return Ok(None);
                }
                self.pass.with(provider.provider as usize, taken, record).await
            }
        }
    }

    /// The queues of what was passed over for its limit; once a provider was asked, only those of
    /// this pool.
    fn places(&self, record: &Record) -> Vec<Place> {
        let limited = record.trail.steps().iter();
        let limited = limited.filter(|step| matches!(step.outcome, Outcome::Limited(_)));
        let is_new = |provider: &ProviderRef| {
            self.waits.as_ref().is_none_or(|waits| !waits.served.contains(provider))
        };
        let is_possible = |provider: &ProviderRef| match provider.pool == self.pass.id {
            true => self.pass.may_ask(provider.provider as usize),
            false => self.budget.attempts == 0,
        };
        let providers = limited.map(|step| step.provider).filter(is_new).filter(is_possible);
        let mut places: Vec<Place> = Vec::new();
        for provider in providers.filter(|it| it.of(self.table).live.queue().is_some()) {
            let is_known =
                |place: &Place| matches!(place, Place::Provider(other) if *other == provider);
            if !places.iter().any(is_known) {
                places.push(Place::Provider(provider));
            }
        }
        let pools = record.trail.full_pools().filter(|id| self.table.pool(*id).queue.is_some());
        places.extend(pools.map(Place::Pool));
        places
    }

    /// The wait in one queue.
    fn wait_at<'w>(
        &self,
        place: Place,
        lane: Lane,
        until: Option<Instant>,
        served: &'w AtomicBool,
    ) -> Option<Waiting<'w>>
    where
        'a: 'w,
    {
        let table = self.table;
        let (queue, amount) = match place {
            Place::Pool(id) => {
                let pool = table.pool(id);
                (pool.queue.as_ref()?, demand(self.inbound, |it| it.of_pool(pool)))
            }
            Place::Provider(provider) => {
                let (pool, one) = (table.pool(provider.pool), provider.of(table));
                (one.live.queue()?, demand(self.inbound, |it| it.at(pool, one)))
            }
        };
        let waiter = Waiter { lane, until, served };
        Some(Box::pin(async move {
            let waited = waiting::wait(queue, waiter, amount).await;
            waited.map(|taken| (place, taken)).map_err(|turned| (place, turned))
        }))
    }

    /// A pool takes over, whose limits are already taken.
    fn enter_pool(&mut self, id: PoolId, taken: Taken) {
        let pool = self.table.pool(id);
        self.budget.shorten(&pool.fallback);
        self.pass = Pass::taking_over(id, pool, self.inbound, taken);
        if let Some(leader) = self.leader(id, None) {
            self.pass.led_by(leader);
        }
    }
}

fn demand(inbound: &Inbound, of: impl FnOnce(&Demand) -> Amount) -> Option<Amount> {
    inbound.demand.as_deref().map(of)
}
