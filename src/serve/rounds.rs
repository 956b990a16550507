//! The attempt loop: choose a provider, make an attempt, judge it, and repeat until an answer is
//! accepted or no provider is left; then continue with the next pool, if the file names one.
//!
//! Nothing is sent to the client while this runs.

mod budget;
mod ended;
mod exhausted;
mod given_up;
mod hedge;
mod hurry;
mod pass;
mod queued;
mod second;
mod steer;
pub(super) mod tell;
#[cfg(test)]
mod tests;
mod trial;
pub(crate) mod view;
mod waits;

use std::{sync::Arc, time::Duration};

use smallvec::SmallVec;
use tokio::time::Instant;

use self::{
    budget::Budget,
    given_up::Asking,
    pass::{Attempt, Pass},
    waits::Waits,
};
use super::{
    admit::{self, Held},
    context::Context,
    permits::{self, Permits},
    sharing,
};
use crate::{
    live::{self, Entry, Retries},
    rare::Name,
    record::{Outcome, Record},
    refusal::Refusal,
    table::{Caller, Pool, PoolId, Provider, ProviderRef, Table, access},
    trace::Trace,
    upstream::{
        answer::Answer, attempt, client::Client, failed::Failed, inbound::Inbound,
        judge::Inspection,
    },
    words::Headers,
};

/// An answer that may be sent to the client.
pub(crate) struct Accepted {
    /// The answer.
    pub(crate) answer: Box<Answer>,
    /// The provider of the answer.
    pub(crate) provider: ProviderRef,
    /// The permits of the provider, and of its pool if that took over.
    pub(crate) permits: Permits,
    /// Receives how the answer ends; absent if the answer is a failure.
    pub(crate) entry: Option<Entry>,
}

/// Tries providers until an answer is accepted.
pub(crate) async fn run(
    context: &Context,
    held: &Held,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Accepted, Refusal> {
    let asking = Asking { record, inbound, table: &held.table };
    let record = &mut *asking.record;
    let mut rounds = Rounds::new(context, held, inbound, record.trace())?;
    if let Some(waited) = record.queued() {
        rounds.budget.began_before(waited);
    }
    while let Some(mut attempt) = rounds.next(record).await? {
        record.trail.begins(attempt.provider_ref, attempt.entry.started());
        let end = match rounds.patience() {
            None => {
                let tried = rounds.ask(&mut attempt).await;
                let now = Instant::now();
                record.waited(now.saturating_duration_since(attempt.entry.started()));
                rounds.judged_at(now, attempt, tried, record)
            }
            // Boxed, since two attempts are too large for every request to carry.
            Some(after) => Box::pin(rounds.hedged(attempt, after, record)).await,
        };
        if let Some(end) = end {
            return end;
        }
    }
    rounds.exhausted(record)
}

/// The deadline of a request that begins now, from its pool and its client.
///
/// # Errors
/// The client's deadline is invalid.
pub(crate) fn until(pool: &Pool, inbound: &Inbound) -> Result<Option<Instant>, Refusal> {
    let now = Instant::now();
    let left = Budget::new(&pool.fallback, inbound)?.left(now);
    Ok(left.map(|left| now + left))
}

/// The state of the loop.
pub(super) struct Rounds<'a> {
    client: &'a Client,
    retries: &'a Arc<Retries>,
    table: &'a Table,
    caller: Caller,
    inbound: &'a Inbound,
    first: PoolId,
    /// The pools that take over, in order.
    coming: &'a [PoolId],
    pass: Pass<'a>,
    /// The position in the trace, if the request is sampled.
    trace: Option<Arc<Trace>>,
    budget: Budget,
    /// A provider's refusal of the request, kept in case every other refuses it too.
    kept: Option<(ProviderRef, Box<Answer>)>,
    /// What it has waited for, if anything.
    waits: Option<Box<Waits>>,
}

impl<'a> Rounds<'a> {
    fn new(
        context: &'a Context,
        held: &'a Held,
        inbound: &'a Inbound,
        trace: Option<Arc<Trace>>,
    ) -> Result<Self, Refusal> {
        let table = &*held.table;
        let pool = table.pool(held.pool);
        Ok(Self {
            client: &context.client,
            retries: &context.retries,
            table,
            caller: held.caller,
            inbound,
            first: held.pool,
            coming: pool.coming(&inbound.path),
            pass: Pass::new(held.pool, pool, inbound),
            trace,
            budget: Budget::new(&pool.fallback, inbound)?,
            kept: None,
            waits: None,
        })
    }

    /// The next attempt with all that it holds; `None` if no provider is left.
    async fn next(&mut self, record: &mut Record) -> Result<Option<Box<Attempt<'a>>>, Refusal> {
        loop {
            let found = self.pass.next(&self.budget, record).await?;
            if found.is_none() && self.table.is_shared && self.pass.pool.fallback.enabled {
                Box::pin(sharing::ready_pools(self.table, self.coming, self.inbound)).await;
            }
            let found = match found {
                Some(attempt) => Some(attempt),
                None if self.budget.is_exhausted(Instant::now()) => None,
                None if self.must_wait(record) => match self.waited(record).await? {
                    Some(attempt) => Some(attempt),
                    None => continue,
                },
                None if self.is_turned_away() => None,
                None if self.take_over(record) => continue,
                None if self.can_wait(record) => match self.waited(record).await? {
                    Some(attempt) => Some(attempt),
                    None => continue,
                },
                None if self.budget.attempts > 0 => None,
                None => match record.trail.last_resort() {
                    // Boxed, since few requests need this space.
                    Some(provider) => Box::pin(self.force(provider, record)).await?,
                    None if self.waited_for_trial(record).await => continue,
                    None => None,
                },
            };
            let Some(mut attempt) = found else { return Ok(None) };
            if self.is_within_budget(&mut attempt) {
                return Ok(Some(attempt));
            }
            record.trail.passed_over(attempt.provider_ref, Outcome::Spared, None);
            self.pass.release(attempt);
        }
    }

    /// Moves to the next pool that this caller may use and that has room, if the current one falls
    /// back.
    fn take_over(&mut self, record: &mut Record) -> bool {
        if !self.pass.pool.fallback.enabled {
            return false;
        }
        while let Some((&next, rest)) = self.coming.split_first() {
            self.coming = rest;
            let alias = &self.table.pool(next).alias;
            let path = &self.inbound.path;
            let id = access::resolve(self.table, next, alias, path, self.caller);
            let Ok(id) = id else { continue };
            if admit::may_ask(self.table.pool(id), self.inbound).is_err() {
                continue;
            }
            if id == self.first {
                continue;
            }
            let pool = self.table.pool(id);
            match permits::admit(pool, self.inbound) {
                Ok(permit) => {
                    self.budget.shorten(&pool.fallback);
                    self.pass = Pass::taking_over(id, pool, self.inbound, permit);
                    self.pass.led_by(self.table.pool(next));
                    return true;
                }
                Err(limited) => {
                    let providers = pool.providers.len().try_into().unwrap_or(u32::MAX);
                    record.trail.pool_limited(id, limited, providers);
                }
            }
        }
        false
    }

    /// Every provider is in cooldown, or in a trial that does not end: one is asked anyway.
    async fn force(
        &mut self,
        provider: ProviderRef,
        record: &mut Record,
    ) -> Result<Option<Box<Attempt<'a>>>, Refusal> {
        if !self.back_to(provider) {
            return Ok(None);
        }
        let turn = self.turn();
        self.pass.force(provider.provider as usize, turn, record).await
    }

    /// Returns to the pool of a provider; `false` if its limits are exceeded by now. The
    /// requirements of the alias that led there still apply.
    fn back_to(&mut self, provider: ProviderRef) -> bool {
        let id = provider.pool;
        if id == self.pass.id {
            return true;
        }
        let pool = self.table.pool(id);
        self.pass = match id == self.first {
            true => Pass::new(id, pool, self.inbound),
            false => match permits::admit(pool, self.inbound) {
                Ok(permit) => Pass::taking_over(id, pool, self.inbound, permit),
                Err(_) => return false,
            },
        };
        if id != self.first
            && let Some(leader) = self.leader(id, Some(provider.of(self.table)))
        {
            self.pass.led_by(leader);
        }
        true
    }

    /// The alias that takes over and redirects to this pool; if there are several, the first that
    /// allows this provider.
    fn leader(&self, id: PoolId, provider: Option<&Provider>) -> Option<&'a Pool> {
        let coming = self.table.pool(self.first).coming(&self.inbound.path);
        let leads = |alias: &&PoolId| {
            let name = &self.table.pool(**alias).alias;
            access::resolve(self.table, **alias, name, &self.inbound.path, self.caller) == Ok(id)
        };
        let leaders = || coming.iter().filter(leads).map(|alias| &**self.table.pool(*alias));
        let lets = |leader: &&Pool| {
            let required = leader.required.as_deref().zip(provider);
            required.is_none_or(|(required, it)| required.missed_by(&it.facts).is_none())
        };
        leaders().find(lets).or_else(|| leaders().next())
    }

    /// If only providers on trial are left, waits until one trial ends and starts again; otherwise
    /// the request would ask a provider that may be unhealthy. A trial that takes too long is not
    /// awaited. `false` if no provider is on trial.
    async fn waited_for_trial(&mut self, record: &mut Record) -> bool {
        let providers: SmallVec<[&live::Provider; 2]> =
            record.trail.on_trial().map(|provider| &*provider.of(self.table).live).collect();
        if providers.is_empty() {
            return false;
        }
        let began = Instant::now();
        let end = self.budget.left(began).map_or(LONGEST_TRIAL, |left| left.min(LONGEST_TRIAL));
        let decided = trial::one_decided(&providers, began + end).await;
        record.waited(began.elapsed());
        if decided {
            record.trail.trials_ended();
            let pool = self.table.pool(self.first);
            self.pass = Pass::new(self.first, pool, self.inbound);
            self.coming = pool.coming(&self.inbound.path);
        } else {
            record.trail.trials_undecided();
        }
        true
    }

    /// A further attempt at a provider whose last attempt failed, for any request, can cause a
    /// retry storm: without a place in its pool's retry budget the provider is passed over.
    fn is_within_budget(&mut self, attempt: &mut Attempt<'a>) -> bool {
        let now = attempt.entry.started();
        // The budget of the requested alias, whichever pool takes over.
        let budget = &self.table.pool(self.first).live.retries;
        if self.budget.attempts == 0 {
            self.retries.began(budget, now);
        } else if attempt.provider.live.last_attempt_failed() {
            attempt.extra = self.retries.extra(budget, now);
            if attempt.extra.is_none() {
                return false;
            }
        }
        self.budget.attempts += 1;
        true
    }

    /// How many bytes of an answer are buffered until it is complete: as the pool says, or the
    /// client for a stream.
    fn holds(&self, stream: bool) -> usize {
        let rules = &self.pass.pool.fallback;
        // An answer whose head reports its tokens must be complete before the head is sent.
        let told = if self.table.headers == Headers::Full && !stream { TOLD } else { 0 };
        if !rules.enabled {
            return told;
        }
        let asked = self.inbound.rare.get(&self.inbound.headers, Name::Commit).filter(|_| stream);
        let holds = match asked.map(http::HeaderValue::as_bytes) {
            Some(b"end") => true,
            Some(b"content") => false,
            _ => rules.commits_at_end,
        };
        if holds { rules.commit_max_bytes } else { told }
    }

    /// Makes one attempt. It borrows nothing from the loop, so that another may run meanwhile.
    fn ask(
        &self,
        attempt: &mut Attempt<'a>,
    ) -> impl Future<Output = Result<Box<Answer>, Failed>> + use<'a> {
        let stream = self.inbound.stream;
        let timeouts = attempt.provider.timeouts;
        let patient = self.pass.pool.fallback.first_token.is_some() && stream;
        let timeouts = &if patient { self.hurried(attempt, timeouts) } else { timeouts };
        let inspection = Inspection {
            reads_errors: self.pass.pool.fallback.enabled || attempt.provider.strict.is_some(),
            needs_body: self.inbound.needs_body,
            waits_for_content: stream && timeouts.first_event.is_some(),
            holds: self.holds(stream),
        };
        let began = attempt.entry.started();
        let deadlines = self.budget.deadlines(timeouts, stream, began);
        let mut outgoing = std::mem::take(&mut attempt.outgoing);
        if let Some(trace) = self.trace.as_ref().filter(|_| attempt.provider.propagates_trace) {
            outgoing.is_child_of(trace.told_to(self.budget.attempts), trace.parent.is_none());
        }
        let Attempt { provider, .. } = *attempt;
        attempt::run(self.client, provider, self.inbound, outgoing, inspection, deadlines, began)
    }
}

/// The most bytes of an answer that is buffered so that its head can report its tokens.
const TOLD: usize = 64 * 1024;
/// The longest wait for the trial of another request.
const LONGEST_TRIAL: Duration = Duration::from_secs(10);
